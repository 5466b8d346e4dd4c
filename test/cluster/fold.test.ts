import { describe, expect, test } from "bun:test";
import type { BatchContent, SeedStep } from "../../src/cluster/entry.ts";
import { Fold } from "../../src/cluster/fold.ts";
import { NO_REVISION, type Revision } from "../../src/cluster/revision.ts";
import { Revisions } from "../../src/cluster/revisions.ts";
import { seededBelow } from "../telemetry/fixtures.ts";

const seed = Number(process.env.FOLD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const NOBODY = { mayChange: () => {}, added: () => {} };
/** With keys of 46 bytes: the key, its place in a table, and 16 bytes. */
const MOST_BYTES_A_REVISION = 120;

const keyOf = (number: number): Uint8Array =>
  Buffer.from(`instance="10.0.0.${number}:9100",job="node"`.padEnd(46, " "));
const batch = (writerLow: number, number: number): BatchContent => ({
  id: { writerHigh: 0, writerLow, number },
  growth: NO_REVISION,
  seed: null,
  isWipe: false,
  removals: [keyOf(1)],
  expiries: [],
  puts: [],
});

describe(`the fold (FOLD_SEED=${seed})`, () => {
  test("revisions are those that were set last, of groups that are there", () => {
    const below = seededBelow(seed);
    const revisions = new Revisions();
    const known = new Map<number, Revision>();
    for (let step = 0; step < 20_000; step++) {
      const group = below(500);
      const revision = { writerHigh: below(2) * 0xffffffff, writerLow: below(2 ** 32), number: 1 + below(2 ** 40) };
      if (below(3) > 0) {
        revisions.set(keyOf(group), revision);
        known.set(group, revision);
      } else expect(revisions.remove(keyOf(group))).toBe(known.delete(group));
      const other = below(500);
      const expected = known.get(other) ?? NO_REVISION;
      expect(revisions.of(keyOf(other))).toEqual(expected);
      expect(revisions.is(keyOf(other), expected)).toBe(true);
      expect(revisions.is(keyOf(other), { ...revision, number: expected.number + 1 })).toBe(false);
      if (below(5000) === 0) {
        revisions.clear();
        known.clear();
      }
    }
    expect(revisions.count).toBe(known.size);
    revisions.verify();
  });

  test("a revision takes up little more than the key of its group", () => {
    const revisions = new Revisions();
    const count = 100_000;
    for (let group = 0; group < count; group++) revisions.set(keyOf(group), batch(1, group + 1).id);
    expect(revisions.sizeBytes / count).toBeLessThan(MOST_BYTES_A_REVISION);
  });

  test.each<{ steps: readonly [writer: number, seed: SeedStep | null][]; isSeeding: boolean }>([
    { steps: [[1, null]], isSeeding: false },
    { steps: [[1, "some"]], isSeeding: true },
    {
      steps: [
        [1, "some"],
        [2, null],
      ],
      isSeeding: true,
    },
    {
      steps: [
        [1, "some"],
        [1, "some"],
        [1, "all"],
      ],
      isSeeding: false,
    },
    {
      steps: [
        [1, "some"],
        [2, "all"],
      ],
      isSeeding: true,
    },
    {
      steps: [
        [1, "some"],
        [2, "some"],
        [1, "all"],
      ],
      isSeeding: true,
    },
    {
      steps: [
        [1, "some"],
        [2, "some"],
        [2, "all"],
      ],
      isSeeding: false,
    },
  ])("after batches of $steps a log is seeded in part: $isSeeding", ({ steps, isSeeding }) => {
    const fold = new Fold();
    for (const [i, [writer, seed]] of steps.entries()) fold.take(i + 1, { ...batch(writer, i + 1), seed }, NOBODY);
    expect(fold.seeding.number > 0).toBe(isSeeding);
  });

  test.each([
    { positions: 1_000_000, isRepetition: true },
    { positions: 1_000_001, isRepetition: false },
  ])(
    "a batch that comes again $positions positions later is a repetition: $isRepetition",
    ({ positions, isRepetition }) => {
      const fold = new Fold();
      expect(fold.take(7, batch(1, 5), NOBODY).isRepetition).toBe(false);
      expect(fold.take(8, batch(1, 5), NOBODY).isRepetition).toBe(true);
      expect(fold.take(9, batch(2, 1), NOBODY).isRepetition).toBe(false);
      expect(fold.take(7 + positions, batch(1, 5), NOBODY).isRepetition).toBe(isRepetition);
    },
  );
});
