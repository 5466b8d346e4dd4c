import { hashOf } from "./placement.ts";

/** A population of jobs: the share of a job falls with its rank, to this power. */
export interface Jobs {
  readonly title: string;
  readonly count: number;
  readonly exponent: number;
}

export const POPULATIONS: readonly Jobs[] = [
  { title: "alike", count: 100_000, exponent: 0 },
  { title: "skewed", count: 100_000, exponent: 0.8 },
  { title: "few and skewed", count: 1_000, exponent: 1 },
];

/** The series of each job, the largest first. */
export function seriesOf({ count, exponent }: Jobs, total: number): Float64Array {
  const shares = Float64Array.from({ length: count }, (_, rank) => (rank + 1) ** -exponent);
  const sum = shares.reduce((all, share) => all + share, 0);
  return shares.map((share) => (share / sum) * total);
}

/** The series of each shard: a job is in one of them, by the hash of its name. */
export function shardSeries(jobs: Float64Array, logs: number): Float64Array {
  const shards = new Float64Array(logs);
  jobs.forEach((series, job) => {
    const shard = hashOf(job + 1, 0) % logs;
    shards[shard] = (shards[shard] ?? 0) + series;
  });
  return shards;
}
