import type { Bench, Contender, Measured, Rounds, Scenario } from "../bench.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { get, scrape as scrapeOnce } from "./gets.ts";

const SIZES = [10_000, 100_000];
const FAMILIES = 12;
const LOAD_LIMIT_MS = 60_000;

/** How many of the groups are pushed between two scrapes. */
const CHANGES = [
  { key: "unchanged", title: "nothing changed", share: 0 },
  { key: "1-percent", title: "1 % of groups changed", share: 0.01 },
  { key: "100-percent", title: "all groups changed", share: 1 },
] as const;

const ENCODINGS = ["identity", "gzip"] as const;
type Encoding = (typeof ENCODINGS)[number];

/** Scrapes to the last byte. */
export const scrape: Scenario = {
  id: "scrape",
  run: async (bench) => {
    for (const groups of SIZES) if (bench.wants(`scrape/${groups}`)) await scrapeSize(bench, groups);
  },
};

/** A scrape in each encoding after each change; what is cached of one is of no use to the other. */
async function scrapeSize(bench: Bench, groups: number): Promise<void> {
  const base = `scrape/${groups}`;
  bench.progress(`${base}: loading`);
  const ours = await bench.stands.shared(bench.programs.ours, groups);
  if (ours === null) throw new Error(`loading ${groups} groups: ours took too long`);
  const sizes = { identity: 0, gzip: 0 };
  for (const encoding of ENCODINGS) sizes[encoding] = (await scrapeOnce(bench, ours, encoding === "gzip")).bodyBytes;
  const theirs = await measurePeer(bench, base, groups);
  const limit = await Server.start(bench.programs.limit);
  try {
    for (const change of CHANGES) {
      const rounds = await bench.inTurns(`${base}/${change.key}`, bench.plan.scrapeRounds, [
        oursAfter(bench, ours, groups, change.share),
        limitOf(bench, limit, sizes),
      ]);
      addFigures(bench, groups, change, { ...rounds, theirs }, sizes);
    }
  } finally {
    await limit.drop();
  }
}

function addFigures(
  bench: Bench,
  groups: number,
  change: (typeof CHANGES)[number],
  rounds: Rounds,
  sizes: Readonly<Record<Encoding, number>>,
): void {
  for (const encoding of ENCODINGS) {
    const title = `scrape of ${(groups * FAMILIES).toLocaleString("en-US")} series, ${encoding}, ${change.title}`;
    const notes = [`${(sizes[encoding] / 1e6).toFixed(1)} MB`];
    if (rounds.theirs.length > 0) notes.push("theirs keeps nothing between scrapes: measured once for all changes");
    const shape = { key: encoding, title: "", unit: "ms", better: "less" } as const;
    bench.add(`scrape/${groups}/${encoding}/${change.key}`, title, [shape], rounds, notes);
  }
}

function oursAfter(bench: Bench, server: Server, groups: number, share: number): Contender {
  const measure = async (round: number) => {
    await pushShare(bench, server, groups, share, round);
    return scrapeBoth(bench, server);
  };
  return { who: "ours", measure };
}

async function scrapeBoth(bench: Bench, server: Server): Promise<Measured> {
  const identity = (await scrapeOnce(bench, server, false)).ms;
  return { identity, gzip: (await scrapeOnce(bench, server, true)).ms };
}

function limitOf(bench: Bench, limit: Server, sizes: Readonly<Record<Encoding, number>>): Contender {
  const one = async (bodyBytes: number) => {
    const loader = await bench.loader("scrapes");
    await get(loader, limit, `/bytes/${bodyBytes}`, false);
    return (await get(loader, limit, `/bytes/${bodyBytes}`, false)).ms;
  };
  return { who: "limit", measure: async () => ({ identity: await one(sizes.identity), gzip: await one(sizes.gzip) }) };
}

async function measurePeer(bench: Bench, base: string, groups: number): Promise<Measured[]> {
  const { peer } = bench.programs;
  const isLeftOut = peer === null || groups > bench.plan.peerScrapeGroups;
  const server = isLeftOut ? null : await bench.stands.shared(peer, groups);
  if (server === null) return [];
  const contender = { who: "theirs", measure: () => scrapeBoth(bench, server) } as const;
  return (await bench.inTurns(base, bench.plan.scrapeRounds, [contender])).theirs;
}

/** Pushes new values into a share of the groups, spread over all of them, other ones each round. */
async function pushShare(bench: Bench, server: Server, groups: number, share: number, round: number): Promise<void> {
  if (share === 0) return;
  const step = Math.round(1 / share);
  const range = instances(groups / step, round % step, step);
  const what = { method: "PUT", body: "gauges", groups: range, limitMs: LOAD_LIMIT_MS } as const;
  await bench.stands.requestEach(server, what, round + 1);
}
