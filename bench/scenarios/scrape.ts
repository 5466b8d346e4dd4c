import type { Bench, Contender, FigureShape, Scenario } from "../bench.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { get, scrape as scrapeOnce } from "./gets.ts";

const SIZES = [10_000, 100_000];
const FAMILIES = 12;
const LOAD_LIMIT_MS = 60_000;
const SHAPE: readonly FigureShape[] = [{ key: "ms", title: "", unit: "ms", better: "less" }];

/** How many of the groups are pushed between two scrapes. */
const CHANGES = [
  { key: "unchanged", title: "nothing changed", share: 0 },
  { key: "1-percent", title: "1 % of groups changed", share: 0.01 },
  { key: "100-percent", title: "all groups changed", share: 1 },
] as const;

/** Scrapes to the last byte. */
export const scrape: Scenario = {
  id: "scrape",
  run: async (bench) => {
    for (const groups of SIZES)
      for (const encoding of ["identity", "gzip"] as const)
        if (bench.wants(`scrape/${groups}/${encoding}`)) await scrapeSize(bench, groups, encoding === "gzip");
  },
};

async function scrapeSize(bench: Bench, groups: number, gzip: boolean): Promise<void> {
  const base = `scrape/${groups}/${gzip ? "gzip" : "identity"}`;
  bench.progress(`${base}: loading`);
  const ours = await bench.stands.shared(bench.programs.ours, groups);
  if (ours === null) throw new Error(`loading ${groups} groups: ours took too long`);
  const { bodyBytes } = await scrapeOnce(bench, ours, gzip);
  const theirs = await measurePeer(bench, base, groups, gzip);
  const limit = await Server.start(bench.programs.limit);
  try {
    for (const change of CHANGES) {
      const id = `${base}/${change.key}`;
      if (!bench.wants(id)) continue;
      const measureOurs = async (round: number) => {
        await pushShare(bench, ours, groups, change.share, round);
        return { ms: (await scrapeOnce(bench, ours, gzip)).ms };
      };
      const rounds = await bench.inTurns(id, bench.plan.scrapeRounds, [
        { who: "ours", measure: measureOurs },
        limitOf(bench, limit, bodyBytes),
      ]);
      const title = `scrape of ${(groups * FAMILIES).toLocaleString("en-US")} series, ${gzip ? "gzip" : "identity"}, ${change.title}`;
      const notes = [`${(bodyBytes / 1e6).toFixed(1)} MB`];
      if (theirs.length > 0) notes.push("theirs keeps nothing between scrapes: measured once for all changes");
      bench.add(id, title, SHAPE, { ...rounds, theirs: [...theirs] }, notes);
    }
  } finally {
    await limit.drop();
  }
}

function limitOf(bench: Bench, limit: Server, bodyBytes: number): Contender {
  return {
    who: "limit",
    measure: async () => ({ ms: (await get(await bench.loader("scrapes"), limit, `/bytes/${bodyBytes}`, false)).ms }),
  };
}

async function measurePeer(bench: Bench, base: string, groups: number, gzip: boolean): Promise<{ ms: number }[]> {
  const { peer } = bench.programs;
  const theirs = peer === null ? null : await bench.stands.shared(peer, groups);
  if (theirs === null) return [];
  const measure = async () => ({ ms: (await scrapeOnce(bench, theirs, gzip)).ms });
  const rounds = await bench.inTurns(base, bench.plan.scrapeRounds, [{ who: "theirs", measure }]);
  return rounds.theirs.map((measured) => ({ ms: measured.ms ?? Number.NaN }));
}

/** Pushes new values into a share of the groups, spread over all of them, other ones each round. */
async function pushShare(bench: Bench, server: Server, groups: number, share: number, round: number): Promise<void> {
  if (share === 0) return;
  const step = Math.round(1 / share);
  const range = instances(groups / step, round % step, step);
  const what = { method: "PUT", body: "gauges", groups: range, limitMs: LOAD_LIMIT_MS } as const;
  await bench.stands.requestEach(server, what, round + 1);
}
