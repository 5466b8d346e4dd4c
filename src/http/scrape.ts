import { clientAddress } from "../config/address.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import { Rejection } from "../model/rejection.ts";
import { NO_NOTE } from "../model/type-note.ts";
import { PAGES } from "../serialise/exposition.ts";
import { type Answer, type Answers, type Exchange, textError } from "../server/exchange.ts";
import type { Snapshot } from "../store/table/snapshot.ts";
import type { OwnFamilyName } from "../telemetry/own-families.ts";
import type { OwnFamily } from "../telemetry/own-metrics.ts";
import type { HttpContext } from "./context.ts";
import { expositionAnswer } from "./exposition-answer.ts";
import { readGroupPath } from "./group-path.ts";
import { type PartScrapeDeps, readScrapedPart, scrapeGroup, scrapePart } from "./part-scrape.ts";
import { groupsOf } from "./reach.ts";
import { notYet, rejected } from "./reply.ts";

/** What is scraped with. */
export type ScrapeDeps = Pick<HttpContext, "activity" | "persistence" | "principalOf" | "reports" | "settings"> &
  PartScrapeDeps;

/** Families without a series that are skipped before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;

/** With more families than this an answer has no Content-Length: to add it up would take milliseconds. */
const SIZED_FAMILIES = 2000;

/**
 * What Prometheus scrapes: everything that it may see, or with `match[]` in the query the groups that are selected. A
 * scrape of less than that would end the series of the rest for Prometheus; a failed scrape is only a gap.
 */
export function scrape(deps: ScrapeDeps, exchange: Exchange): Answers {
  const notReady = deps.persistence.notReady();
  if (notReady !== null) return notYet(deps.refusals, notReady, exchange);
  const selectors = readScrapedPart(exchange.query);
  if (selectors instanceof Rejection) return rejected(deps.refusals, selectors, exchange);
  const reach = groupsOf(deps.principalOf(exchange), "scrape");
  if (selectors !== null) return scrapePart(deps, exchange, { selectors, reach }, beginScrape(deps, exchange));
  if (reach !== null) return scrapePart(deps, exchange, { selectors, reach }, beginScrape(deps, exchange));
  return scrapeAll(deps, exchange);
}

/**
 * What a group holds, at the path that is pushed to; null if it is no such path. Where there is no such group the
 * answer is that of the reference, where no group can be read.
 */
export async function scrapeAtPath(deps: ScrapeDeps, exchange: Exchange): Promise<Answer | null> {
  const { persistence, refusals, settings } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  const keyed = readGroupPath(exchange.path, `${settings.routePrefix}/metrics/job`, settings);
  if (keyed === null) return null;
  if (keyed instanceof Rejection || keyed.undecodable !== null) return NO_GROUP;
  const reach = groupsOf(deps.principalOf(exchange), "scrape");
  return (await scrapeGroup(deps, exchange, { key: keyed.key, reach }, beginScrape(deps, exchange))) ?? NO_GROUP;
}

const NO_GROUP = textError(405, "Method Not Allowed", { Allow: "DELETE, OPTIONS, POST, PUT" });

/** What is on its way out would be seen by halves: waits for `changing`. */
function scrapeAll(deps: ScrapeDeps, exchange: Exchange, changing = deps.storeTurns.calm()): Answers {
  if (changing === null) return exposition(deps, exchange);
  return changing.then(() => scrapeAll(deps, exchange, deps.storeTurns.unbroken()));
}

function exposition(deps: ScrapeDeps, exchange: Exchange): Answers {
  const snapshot = deps.store.snapshot();
  try {
    return expositionOf(deps, exchange, snapshot);
  } catch (fault) {
    snapshot.release();
    throw fault;
  }
}

/** The snapshot is released when the answer is sent. */
function expositionOf(deps: ScrapeDeps, exchange: Exchange, snapshot: Snapshot): Answers {
  const { ownMetrics, reports, store } = deps;
  const noteEnd = beginScrape(deps, exchange);
  reports.tellHelps(store);
  const own = ownMetrics.gather().map(ownExposed);
  const { chunkBytes, families } = store.stats;
  const release = () => {
    snapshot.release();
    noteEnd();
  };
  return expositionAnswer(deps, exchange, {
    families: () => exposedFamilies(own, snapshot),
    linesBytes: chunkBytes,
    isSized: families <= SIZED_FAMILIES,
    leastKeptBytes: PAGES.pageBytes,
    release,
  });
}

/** What says nothing of who pushes, scrapes, or of what there is. */
const TOLD_TO_ALL: ReadonlySet<string> = new Set<OwnFamilyName>([
  "process_start_time_seconds",
  "pushgateway_build_info",
]);

/**
 * GET /-/metrics: what the server says of itself and nothing that was pushed, whether it can be pushed to or not. Who
 * may not see all groups is not told what grows with those of others.
 */
export function scrapeOwn(
  deps: Pick<HttpContext, "gzip" | "longAnswers" | "ownMetrics" | "principalOf" | "settings">,
  exchange: Exchange,
): Answers {
  const seesAll = groupsOf(deps.principalOf(exchange), "scrape") === null;
  const gathered = deps.ownMetrics.gather();
  const own = (seesAll ? gathered : gathered.filter(({ name }) => TOLD_TO_ALL.has(name))).map(ownExposed);
  return expositionAnswer(deps, exchange, {
    families: () => own,
    linesBytes: 0,
    isSized: true,
    leastKeptBytes: PAGES.pageBytes,
    release: () => {},
  });
}

/** To be called at the end of the scrape that begins now. */
function beginScrape({ activity, clock }: ScrapeDeps, { client }: Exchange): () => void {
  const [startMs, sinceMs] = [clock.now(), clock.nowMs()];
  return () => activity.scraped(clientAddress(client), { startMs, tookMs: clock.nowMs() - sinceMs });
}

/** Our own families and the pushed ones, each sorted by name; if both have one, type and help are ours. */
function* exposedFamilies(ours: readonly NamedFamily[], snapshot: Snapshot): Generator<ExposedFamily | null> {
  let next = 0;
  let passed = 0;
  for (const pushed of snapshot.eachFamily()) {
    let order = -1;
    for (; next < ours.length; next++) {
      const one = ours[next] as NamedFamily;
      order = Buffer.compare(one.nameBytes, pushed.nameBytes);
      if (order >= 0) break;
      yield one;
    }
    if (!pushed.filled) {
      if (++passed % FAMILIES_A_TURN === 0) yield null;
    } else if (order === 0 && next < ours.length) {
      const { type, help, ownLines } = ours[next++] as NamedFamily;
      yield { ...pushed, type, typeNote: NO_NOTE, help, ownLines };
    } else yield { ...pushed, ownLines: null };
  }
  yield* ours.slice(next);
}

interface NamedFamily extends ExposedFamily {
  readonly nameBytes: Uint8Array;
}

function ownExposed({ name, nameBytes, helpBytes, type, lines }: OwnFamily): NamedFamily {
  return { name, nameBytes, help: helpBytes, type, quoted: false, ownLines: lines, pages: [] };
}
