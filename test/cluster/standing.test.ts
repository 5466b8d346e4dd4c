import { describe, expect, test } from "bun:test";
import { ClusterStanding } from "../../src/program/cluster-standing.ts";

const ENGINE = { server: "a", leader: "b", copies: [{ server: "b", isCurrent: true }] };

/** A replica that has joined, and the clocks that it reads. */
function joined(): { readonly standing: ClusterStanding; readonly clock: { wallMs: number; ms: number } } {
  const clock = { wallMs: 1_000_000, ms: 0 };
  const standing = new ClusterStanding("c", { now: () => clock.wallMs, nowMs: () => clock.ms }, () => 3);
  standing.noteHead({ position: 5, sizeBytes: 100, engine: ENGINE });
  standing.readTo(5);
  standing.beJoined();
  return { standing, clock };
}

describe("where a replica stands", () => {
  const SKEWS: readonly (readonly [storedMs: number, seconds: number])[] = [
    [1_000_000, 0],
    [1_000_010, 0],
    [999_000, 1],
    [1_002_020, -2],
  ];

  test.each(SKEWS)(
    "its clock is ahead of the log's that stored a batch of 1,000,000 to 1,000,020 at %i by %d s",
    (storedMs, seconds) => {
      const { standing, clock } = joined();
      standing.noteAppend();
      clock.wallMs += 20;
      clock.ms += 20;
      standing.noteOwn(storedMs);
      expect(standing.state().clockSkewSeconds).toBe(seconds);
      expect(standing.appendSeconds).toBe(0.02);
    },
  );

  test("it lags from when it had all, while the log goes on or does not answer, and not where it has all again", () => {
    const { standing, clock } = joined();
    expect(standing.state()).toMatchObject({
      status: "joined",
      reason: "",
      position: 5,
      head: 5,
      lagSeconds: 0,
      waiting: 3,
    });
    clock.ms = 1000;
    standing.noteHead({ position: 9, sizeBytes: 200, engine: ENGINE });
    clock.ms = 3000;
    expect(standing.state()).toMatchObject({ head: 9, lagSeconds: 3, logSizeBytes: 200, server: "a", leader: "b" });
    standing.lastEntry = 9;
    standing.readTo(9);
    expect(standing.state().position).toBe(0);
    standing.folded(9);
    expect(standing.state()).toMatchObject({ position: 9, lagSeconds: 0 });
    standing.lose("it is away");
    clock.ms = 7000;
    expect(standing.state()).toMatchObject({ status: "lost", lagSeconds: 4 });
    expect([standing.fault, standing.unavailable]).toEqual(["the cluster's log does not answer: it is away", null]);
  });

  test("once it has met what it cannot use nothing is taken any more, whatever else happens", () => {
    const { standing } = joined();
    standing.stop("it is broken");
    standing.lose("it is away");
    standing.find();
    expect([standing.status, standing.fault, standing.unavailable]).toEqual([
      "stopped",
      "it is broken",
      "it is broken",
    ]);
  });
});
