import { expect, test } from "bun:test";
import { Activity, type ActivityCounts } from "../../src/telemetry/activity.ts";

const NONE: ActivityCounts = { pushes: 0, refused: 0, cpuSeconds: 0, commits: 0, commitSeconds: 0, monotonicMs: 0 };

function beating(beats: readonly Partial<ActivityCounts>[]): Activity {
  const activity = new Activity();
  for (const [i, counts] of beats.entries()) activity.beat({ ...NONE, ...counts }, null, 1000 * i);
  return activity;
}

test("the longest delay is how late a beat came after the one before, whatever the clock of the day does", () => {
  expect(new Activity().longestDelayMs).toBeNull();
  expect(beating([{ monotonicMs: 10 }]).longestDelayMs).toBeNull();
  expect(beating([0, 1000, 2060, 2990].map((monotonicMs) => ({ monotonicMs }))).longestDelayMs).toBe(60);
  expect(beating([0, 999, 1998].map((monotonicMs) => ({ monotonicMs }))).longestDelayMs).toBe(0);
});

test("of each second it is told what a commit took, and 0 where there was none", () => {
  const commits = [
    { commits: 1, commitSeconds: 0.5 },
    { commits: 3, commitSeconds: 0.7 },
    { commits: 3, commitSeconds: 0.7 },
  ];
  expect(beating([{}, ...commits]).commitTimes).toEqual([0.5, expect.closeTo(0.1), 0]);
});
