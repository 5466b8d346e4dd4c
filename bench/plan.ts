import type { BodyName } from "./load/bodies.ts";

/** How much is measured. Times in milliseconds. */
export interface Plan {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** Pushes of a round that has a number instead of a time. */
  readonly roundPushes: number;
  /** For each body the numbers of groups in the store, ascending. */
  readonly pushes: readonly { readonly body: BodyName; readonly groups: readonly number[] }[];
  /** The peer is left out of pushes into stores of more groups than this. */
  readonly peerPushGroups: number;
  /** Most time for the peer's rounds of one figure. */
  readonly peerLimitMs: number;
  /** Most time to load the peer. */
  readonly peerLoadMs: number;
  readonly scrapeRounds: number;
  /** The peer is left out of scrapes of more groups than this. */
  readonly peerScrapeGroups: number;
  readonly latencyGroups: readonly number[];
  readonly latencyMs: number;
  readonly slowReadersMs: number;
  readonly scrapesForMemory: number;
  /** Between loading a server and looking at its memory. */
  readonly loadedRestMs: number;
  /** Each opens 10,000 connections. */
  readonly idleRounds: number;
  readonly removedGroups: number;
  readonly settleMs: number;
  readonly churnedGroups: number;
  /** Groups that expire at once. */
  readonly expiringGroups: number;
  /** In the file that is restored. */
  readonly restoredGroups: number;
  readonly seed: number;
}

const SIZES = [1, 100, 1_000, 10_000, 100_000];

const FULL: Plan = {
  rounds: 5,
  roundMs: 500,
  warmUpMs: 400,
  roundPushes: 20_000,
  pushes: [
    { body: "gauges", groups: SIZES },
    { body: "histogram", groups: SIZES },
    { body: "series200", groups: SIZES },
    { body: "protobuf", groups: SIZES },
  ],
  peerPushGroups: 10_000,
  peerLimitMs: 6_000,
  peerLoadMs: 30_000,
  scrapeRounds: 5,
  peerScrapeGroups: 100_000,
  latencyGroups: [10_000, 100_000],
  latencyMs: 8_000,
  slowReadersMs: 10_000,
  scrapesForMemory: 50,
  loadedRestMs: 10_000,
  idleRounds: 3,
  removedGroups: 100_000,
  settleMs: 60_000,
  churnedGroups: 1_000_000,
  expiringGroups: 1_000_000,
  restoredGroups: 100_000,
  seed: 1,
};

const QUICK: Plan = {
  ...FULL,
  rounds: 3,
  roundMs: 200,
  warmUpMs: 150,
  roundPushes: 10_000,
  pushes: [
    { body: "gauges", groups: SIZES },
    { body: "histogram", groups: [1_000] },
    { body: "series200", groups: [100] },
    { body: "protobuf", groups: [1_000] },
  ],
  peerPushGroups: 1_000,
  peerLimitMs: 2_000,
  peerLoadMs: 10_000,
  scrapeRounds: 2,
  peerScrapeGroups: 10_000,
  latencyGroups: [100_000],
  latencyMs: 2_000,
  slowReadersMs: 2_000,
  scrapesForMemory: 12,
  loadedRestMs: 2_000,
  idleRounds: 1,
  removedGroups: 20_000,
  settleMs: 5_000,
  churnedGroups: 60_000,
  expiringGroups: 100_000,
  restoredGroups: 20_000,
};

export function makePlan(isQuick: boolean, rounds: number | null, seed: number): Plan {
  const plan = isQuick ? QUICK : FULL;
  return {
    ...plan,
    seed,
    rounds: rounds ?? plan.rounds,
    scrapeRounds: rounds ?? plan.scrapeRounds,
    idleRounds: Math.min(plan.idleRounds, rounds ?? plan.idleRounds),
  };
}
