import { expect, test } from "bun:test";
import { collectWhenCalm } from "../../src/program/garbage.ts";

const MB = 1024 * 1024;

/** What is in use at a look, in MB, and how much of a core was taken since the one before. */
type Look = readonly [mb: number, load?: number];

/** After which looks garbage is collected; a collection takes `pauseMs`. */
function collections(looks: readonly Look[], pauseMs = 10): number[] {
  const collected: number[] = [];
  let [nowMs, cpuSeconds, mb, at] = [1_000, 3, 0, -1];
  let [everyMs, look] = [0, () => {}];
  const memory = {
    residentBytes: () => mb * MB,
    cpuSeconds: () => cpuSeconds,
    collect: () => {
      collected.push(at);
      nowMs += pauseMs;
    },
  };
  const every = (ms: number, run: () => void) => {
    [everyMs, look] = [ms, run];
  };
  collectWhenCalm(memory, { nowMs: () => nowMs, every });
  for (const [needed, load = 0.1] of looks) {
    nowMs += everyMs;
    cpuSeconds += (load * everyMs) / 1000;
    [mb, at] = [needed, at + 1];
    look();
  }
  return collected;
}

const CASES: readonly { what: string; looks: readonly Look[]; pauseMs?: number; at: readonly number[] }[] = [
  { what: "once after the start, and not again where all is in use", looks: [[100], [100], [101], [100]], at: [0] },
  { what: "after a peak, once it is calm", looks: [[100], [100], [400, 1], [400, 0.9], [390], [110]], at: [0, 4] },
  {
    what: "not while it is busy",
    looks: [
      [100, 0.6],
      [200, 0.9],
      [300, 1.8],
    ],
    at: [],
  },
  { what: "not for a few more bytes", looks: [[100], [100], [105], [104], [105]], at: [0] },
  { what: "again as the store grows", looks: [[100], [100], [150], [150], [155], [200], [200]], at: [0, 2, 5] },
  { what: "where less was in use since", looks: [[400], [400], [100], [130], [130]], at: [0, 3] },
  {
    what: "no more than for a hundredth of the time",
    looks: [[100], [100], [200], [100], [200], [200]],
    pauseMs: 150,
    at: [0, 4],
  },
];

test.each(CASES)("garbage is collected $what", ({ looks, pauseMs, at }) => {
  expect(collections(looks, pauseMs)).toEqual([...at]);
});
