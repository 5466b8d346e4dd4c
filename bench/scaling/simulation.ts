import type { Inputs, Measured } from "./inputs.ts";
import { type Jobs, POPULATIONS, seriesOf, shardSeries } from "./jobs.ts";
import { hashOf, movesBetween, type Placement, place, shardsOf } from "./placement.ts";

const MEGABYTE = 1e6;

export const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((all, value) => all + value, 0);
const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values));
const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** The series that each gateway holds. */
function gatewaySeries(placement: Placement, shards: Float64Array, gateways: readonly number[]): number[] {
  return gateways.map((gateway) => sum(shardsOf(placement, gateway).map((shard) => shards[shard] ?? 0)));
}

export interface Balance {
  readonly jobs: Jobs;
  readonly logs: number;
  readonly copies: number;
  /** Shares of all series. */
  readonly largestJob: number;
  readonly largestShard: number;
  /** Times the mean. */
  readonly shardOverMean: number;
  readonly gatewayOverMean: number;
}

/** How evenly jobs fall into shards, and shards onto gateways. */
export function balances(inputs: Inputs): Balance[] {
  const gateways = numbersTo(inputs.gateways);
  return POPULATIONS.flatMap((jobs) => {
    const series = seriesOf(jobs, inputs.series);
    return [
      { logs: inputs.logs, copies: inputs.copies },
      { logs: inputs.logs, copies: inputs.copies + 1 },
      { logs: inputs.logs * 4, copies: inputs.copies },
      { logs: inputs.logs * 16, copies: inputs.copies },
    ].map(({ logs, copies }) => {
      const shards = shardSeries(series, logs);
      const held = gatewaySeries(place(logs, gateways, copies), shards, gateways);
      return {
        jobs,
        logs,
        copies,
        largestJob: largest(series) / inputs.series,
        largestShard: largest(shards) / inputs.series,
        shardOverMean: largest(shards) / mean(shards),
        gatewayOverMean: largest(held) / mean(held),
      };
    });
  });
}

/** What one gateway has to do: the mean of all, or the one that holds most. */
export interface Load {
  readonly shards: number;
  readonly series: number;
  readonly memoryMegabytes: number;
  readonly takenPerSecond: number;
  readonly foldedPerSecond: number;
  readonly clientMegabytes: number;
  readonly forwardedMegabytes: number;
  readonly appendedMegabytes: number;
  readonly foldedMegabytes: number;
  readonly scrapedMegabytes: number;
}

/** The loads of all gateways, of a population of jobs. */
export function loads(inputs: Inputs, of: Measured, jobs: Jobs): { mean: Load; most: Load } {
  const gateways = numbersTo(inputs.gateways);
  const shards = shardSeries(seriesOf(jobs, inputs.series), inputs.logs);
  const placement = place(inputs.logs, gateways, inputs.copies);
  const counts = gateways.map((gateway) => shardsOf(placement, gateway).length);
  const held = gatewaySeries(placement, shards, gateways);
  return {
    mean: loadOf(inputs, of, mean(counts), mean(held)),
    most: loadOf(inputs, of, largest(counts), largest(held)),
  };
}

function loadOf(inputs: Inputs, of: Measured, shards: number, series: number): Load {
  const foldedPerSecond = series / inputs.seriesPerGroup / inputs.pushEverySeconds;
  // Clients go to any gateway, so that each takes as many; all but those of its own shards are passed on, and as many
  // are passed to it as are appended here.
  const takenPerSecond = pushesPerSecond(inputs) / inputs.gateways;
  const appendedPerSecond = foldedPerSecond / inputs.copies;
  const isElsewhere = 1 - shards / inputs.logs;
  const passedPerSecond = (takenPerSecond + appendedPerSecond) * isElsewhere;
  return {
    shards,
    series,
    memoryMegabytes: of.idleMegabytes + (series * of.memoryBytesPerSeries) / MEGABYTE,
    takenPerSecond,
    foldedPerSecond,
    clientMegabytes: (takenPerSecond * of.pushBytes) / MEGABYTE,
    forwardedMegabytes: (passedPerSecond * of.pushBytes) / MEGABYTE,
    appendedMegabytes: (appendedPerSecond * of.logBytesPerPush) / MEGABYTE,
    foldedMegabytes: (foldedPerSecond * of.logBytesPerPush) / MEGABYTE,
    scrapedMegabytes: (series * of.textBytesPerSeries) / inputs.copies / inputs.scrapeEverySeconds / MEGABYTE,
  };
}

export function pushesPerSecond(inputs: Inputs): number {
  return inputs.series / inputs.seriesPerGroup / inputs.pushEverySeconds;
}

export interface Moved {
  readonly from: number;
  readonly to: number;
  readonly copies: number;
  readonly loaded: number;
  readonly needless: number;
  /** How many copies a placement by `shard modulo gateways` would have to load. */
  readonly byModulo: number;
  readonly megabytes: number;
}

const CHANGES: readonly (readonly [from: number, to: number])[] = [
  [100, 101],
  [100, 99],
  [100, 90],
  [50, 100],
  [10, 11],
];

/** What joins and leaves move. */
export function moves(inputs: Inputs, of: Measured): Moved[] {
  return CHANGES.map(([from, to]) => {
    const [former, later] = [numbersTo(from), numbersTo(to)];
    const before = place(inputs.logs, former, inputs.copies);
    const after = place(inputs.logs, later, inputs.copies);
    const moved = movesBetween(before, after, former, later);
    const plain = movesBetween(byModulo(inputs, from), byModulo(inputs, to), former, later);
    const shardMegabytes = ((inputs.series / inputs.logs) * of.textBytesPerSeries) / MEGABYTE;
    return {
      from,
      to,
      copies: inputs.logs * inputs.copies,
      ...moved,
      byModulo: plain.loaded,
      megabytes: moved.loaded * shardMegabytes,
    };
  });
}

function byModulo({ logs, copies }: Inputs, gateways: number): Placement {
  return numbersTo(logs).map((shard) => numbersTo(copies).map((copy) => (shard * copies + copy) % gateways));
}

export interface Failure {
  /** Shards of which one copy is gone: mean, and at most. */
  readonly shards: number;
  readonly shardsAtMost: number;
  readonly series: number;
  readonly seriesAtMost: number;
  /** Gateways that take the copies over. */
  readonly heirsAtMost: number;
  /** Until all have their copies again. */
  readonly loadSecondsAtMost: number;
  /** Copies that move between gateways which both live. */
  readonly needless: number;
  /** Of all pairs of gateways, the share that leaves a shard without a copy where both fail at once. */
  readonly pairs: number;
  /** Series that such a pair leaves without a copy, at most. */
  readonly pairSeries: number;
}

/** Each gateway fails in turn. */
export function failures(inputs: Inputs, of: Measured, copies: number): Failure {
  const gateways = numbersTo(inputs.gateways);
  const before = place(inputs.logs, gateways, copies);
  const shardSize = inputs.series / inputs.logs;
  const held = gateways.map((gateway) => shardsOf(before, gateway).length);
  const after = gateways.map((gone) => afterFailure(inputs, before, gone, copies));
  const lostByPair = pairLosses(before, gateways);
  return {
    shards: mean(held),
    shardsAtMost: largest(held),
    series: mean(held) * shardSize,
    seriesAtMost: largest(held) * shardSize,
    heirsAtMost: largest(after.map(({ heirs }) => heirs)),
    loadSecondsAtMost: (largest(after.map(({ most }) => most)) * shardSize) / of.loadedSeriesPerSecond,
    needless: mean(after.map(({ needless }) => needless)),
    pairs: lostByPair.filter((lost) => lost > 0).length / lostByPair.length,
    pairSeries: largest(lostByPair) * shardSize,
  };
}

function afterFailure(inputs: Inputs, before: Placement, gone: number, copies: number) {
  const others = numbersTo(inputs.gateways).filter((gateway) => gateway !== gone);
  const after = place(inputs.logs, others, copies);
  const news = others.map((gateway) => {
    const known = shardsOf(before, gateway);
    return shardsOf(after, gateway).filter((shard) => !known.includes(shard)).length;
  });
  const { needless } = movesBetween(before, after, numbersTo(inputs.gateways), others);
  return { heirs: news.filter((count) => count > 0).length, most: largest(news), needless };
}

/** For each pair of gateways, the shards whose copies are all on them. */
function pairLosses(placement: Placement, gateways: readonly number[]): number[] {
  return gateways.flatMap((one) =>
    gateways
      .filter((other) => other > one)
      .map((other) => placement.filter((holders) => holders.every((holder) => [one, other].includes(holder))).length),
  );
}

/** What a server of the engine has to do. */
export interface EngineLoad {
  readonly leaders: number;
  readonly leadersAtMost: number;
  readonly keptLogs: number;
  readonly writtenMegabytes: number;
  readonly sentMegabytes: number;
}

/** Logs are spread over the servers, each of them on `engineReplicas`, led by one. */
export function engineLoad(inputs: Inputs, of: Measured): EngineLoad {
  const { logs, engineServers: servers, engineReplicas: replicas, copies } = inputs;
  const written = (pushesPerSecond(inputs) * of.logBytesPerPush) / MEGABYTE;
  const leaders = new Array<number>(servers).fill(0);
  for (const log of numbersTo(logs)) {
    const ranked = numbersTo(servers).sort((a, b) => hashOf(log + 1, b + 1) - hashOf(log + 1, a + 1));
    const [least = 0] = ranked.slice(0, replicas).sort((a, b) => (leaders[a] ?? 0) - (leaders[b] ?? 0));
    leaders[least] = (leaders[least] ?? 0) + 1;
  }
  return {
    leaders: logs / servers,
    leadersAtMost: largest(leaders),
    keptLogs: (logs * replicas) / servers,
    writtenMegabytes: (written * replicas) / servers,
    sentMegabytes: (written * (replicas - 1 + copies)) / servers,
  };
}
