/** Where the shards are: for each shard the gateways that hold it, the best first. */
export type Placement = readonly (readonly number[])[];

/** How much more than its share of the shards a gateway may hold. */
export const ROOM = 1.25;

/** A hash of two integers (the finaliser of murmur3, twice). */
export function hashOf(a: number, b: number): number {
  return mixed(mixed(a) ^ Math.imul(b, 0x9e3779b1));
}

function mixed(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The most shards that one gateway may hold. */
export function roomOf(logs: number, gateways: number, copies: number): number {
  return Math.ceil(((logs * copies) / gateways) * ROOM);
}

/**
 * Each shard on `copies` of the gateways. Every pair of a shard and a gateway has a score that nothing else changes;
 * the highest scores come first, and a gateway that is full is passed over. So everybody who knows the same gateways,
 * in whatever order, comes to the same placement, and one gateway more or less changes little.
 */
export function place(logs: number, gateways: readonly number[], copies: number): Placement {
  const room = roomOf(logs, gateways.length, copies);
  const placed: number[][] = Array.from({ length: logs }, () => []);
  const held = new Map(gateways.map((gateway) => [gateway, 0]));
  for (const { shard, gateway } of pairs(logs, gateways)) {
    const holders = placed[shard] ?? [];
    const load = held.get(gateway) ?? 0;
    if (holders.length === copies || load === room) continue;
    holders.push(gateway);
    held.set(gateway, load + 1);
  }
  return placed;
}

function pairs(logs: number, gateways: readonly number[]): { shard: number; gateway: number; score: number }[] {
  const all = gateways.flatMap((gateway) =>
    Array.from({ length: logs }, (_, shard) => ({ shard, gateway, score: hashOf(shard + 1, gateway + 1) })),
  );
  return all.sort((a, b) => b.score - a.score || a.shard - b.shard || a.gateway - b.gateway);
}

/** The shards that a gateway holds, as they are numbered. */
export function shardsOf(placement: Placement, gateway: number): number[] {
  return placement.flatMap((holders, shard) => (holders.includes(gateway) ? [shard] : []));
}

/** What a change of the gateways moves. */
export interface Moves {
  /** Copies of shards that a gateway has to load. */
  readonly loaded: number;
  /** Those of them that go from one gateway to another although both stay. */
  readonly needless: number;
}

/** `before` and `after` are placements on the gateways of `from` and `to`. */
export function movesBetween(
  before: Placement,
  after: Placement,
  from: readonly number[],
  to: readonly number[],
): Moves {
  let [loaded, byOld, lost] = [0, 0, 0];
  after.forEach((holders, shard) => {
    const former = before[shard] ?? [];
    const news = holders.filter((gateway) => !former.includes(gateway));
    loaded += news.length;
    byOld += news.filter((gateway) => from.includes(gateway)).length;
    lost += former.filter((gateway) => !to.includes(gateway)).length;
  });
  return { loaded, needless: Math.max(0, byOld - lost) };
}
