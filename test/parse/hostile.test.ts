import { describe, expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { TextParser } from "../../src/parse/text.ts";

/** The time of parsing a body, in milliseconds: the best of three, so that a busy machine does not count. */
function parseMs(body: string): number {
  const bytes = new TextEncoder().encode(body);
  const parser = new TextParser(new PushColumns(), false);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const startMs = performance.now();
    expect(parser.parse(bytes)).toBeNull();
    best = Math.min(best, performance.now() - startMs);
  }
  return best;
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)]),
  );
}

const summary = (values: readonly (readonly number[])[]): string =>
  `# TYPE s summary\n${values.map((row) => `s_count{${row.map((value, i) => `l${i}="${value}"`).join(",")}} 1\n`).join("")}`;

describe("hostile text is parsed in a time that grows with its size only", () => {
  test("summaries that share out the same values among their labels in every way", () => {
    const shuffled = permutations(8);
    const plain = shuffled.map((_, i) => Array.from({ length: 8 }, (_, label) => ((i >> label) % 10) ^ i));
    expect(parseMs(summary(shuffled))).toBeLessThan(8 * parseMs(summary(plain)));
  });
});
