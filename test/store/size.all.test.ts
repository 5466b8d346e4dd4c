import { describe, expect, test } from "bun:test";
import type { MeasuredKind } from "./size/measure.ts";
import { KINDS } from "./size/pushes.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The count may be off by a fifth, and by what the runtime does meanwhile. */
const SHARE = 0.2;
const NOISE_BYTES = 1_000_000;
/** What a store that was emptied may go on counting. */
const EMPTY_BYTES = 1_000_000;

async function measure(): Promise<MeasuredKind[]> {
  const program = `${import.meta.dir}/size/measure.ts`;
  const measuring = Bun.spawn([process.execPath, program, String(seed)], { stderr: "inherit" });
  const lines = await new Response(measuring.stdout).text();
  expect(await measuring.exited).toBe(0);
  return lines
    .trim()
    .split("\n")
    .map((line): MeasuredKind => JSON.parse(line));
}

const measuredKinds = await measure();

describe(`the store counts what it has on the heap, as it grows and as it shrinks (MODEL_SEED=${seed})`, () => {
  test.each(measuredKinds)("$what", ({ measured, emptied }) => {
    const wrong = measured.filter(
      ({ countBytes, heapBytes }) =>
        Math.abs(countBytes - heapBytes) > SHARE * Math.max(countBytes, heapBytes) + NOISE_BYTES,
    );
    expect(wrong).toEqual([]);
    expect(emptied).toMatchObject({ groups: 0, families: 0, series: 0, chunkBytes: 0, pageBytes: 0 });
    expect(emptied.sizeBytes).toBeLessThan(EMPTY_BYTES);
  });

  test("each kind of push was measured", () => {
    expect(measuredKinds.map(({ what }) => what)).toEqual(KINDS.map(({ what }) => what));
  });
});
