import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { Selector } from "../match/selector.ts";
import type { ExposedFamily } from "../model/exposition.ts";
import type { MetricType } from "../model/metric-type.ts";
import type { GroupReach } from "../model/principal.ts";
import { Rejection } from "../model/rejection.ts";
import { NO_NOTE } from "../model/type-note.ts";
import { PAGES } from "../serialise/exposition.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { pickGroups } from "../store/search/pick-groups.ts";
import type { Store } from "../store/store.ts";
import type { HelpOf, PartFamily, StorePart } from "../store/table/part.ts";
import { OWN_FAMILIES } from "../telemetry/own-families.ts";
import type { HttpContext } from "./context.ts";
import { expositionAnswer } from "./exposition-answer.ts";
import { readSelectors, Selectors } from "./groups-query.ts";
import { readParameter } from "./query-parameters.ts";
import { rejected } from "./reply.ts";
import { toEnd } from "./store-turns.ts";

/** What some groups are scraped with. */
export type PartScrapeDeps = Pick<
  HttpContext,
  "clock" | "gzip" | "longAnswers" | "settings" | "ownMetrics" | "refusals" | "store" | "storeTurns"
>;

const MATCH = "match[]";
/** So often groups are looked for anew because others were being changed; then these changes are made at once. */
const MAX_TRIES = 3;
/** Families that are handed on before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;
/** Of a page that a reader sees only a part of, from this size on its deflated form is kept. */
const KEPT_PART_BYTES = 512;
const NOBODY_WAITS = new Rejection("gone", "the client went away");

/** The selectors in the query of a scrape; null where there are none: all groups are scraped. */
export function readScrapedPart(query: string): readonly Selector[] | Rejection | null {
  if (query.length < MATCH.length) return null;
  const texts = readParameter(MATCH, Selectors, new URLSearchParams(query));
  return texts === undefined || texts instanceof Rejection ? (texts ?? null) : readSelectors(texts);
}

/** Groups that any of the selectors selects, and a reach covers where there is one; or all that it covers. */
export type ScrapedGroups =
  | { readonly selectors: readonly Selector[]; readonly reach: GroupReach | null }
  | { readonly selectors: null; readonly reach: GroupReach };

/** What some groups hold; `sent` is called once all of it is sent, or given up. */
export async function scrapePart(
  deps: PartScrapeDeps,
  exchange: Exchange,
  groups: ScrapedGroups,
  sent: () => void,
): Promise<Answer> {
  const part = await partOf(deps, exchange, groups);
  return part instanceof Rejection ? rejected(deps.refusals, part, exchange) : exposition(deps, exchange, part, sent);
}

/** What one group holds; null where there is none of that key, as far as a reach covers it. */
export async function scrapeGroup(
  deps: PartScrapeDeps,
  exchange: Exchange,
  { key, reach }: { readonly key: GroupingKey; readonly reach: GroupReach | null },
  sent: () => void = () => {},
): Promise<Answer | null> {
  const { store, storeTurns } = deps;
  if (reach?.covers(key.block) === false) return null;
  for (let calm = storeTurns.calm(); calm !== null; calm = storeTurns.unbroken()) await calm;
  const group = store.groupOf(key.block);
  return group < 0 ? null : exposition(deps, exchange, store.part(Int32Array.of(group), helpOf(reach)), sent);
}

/** Who sees some groups alone is told nothing that comes of others. */
const helpOf = (reach: GroupReach | null): HelpOf => (reach === null ? "all" : "shown");

async function partOf(
  { clock, store, storeTurns }: PartScrapeDeps,
  exchange: Exchange,
  groups: ScrapedGroups,
): Promise<StorePart | Rejection> {
  for (let tries = 1; ; tries++) {
    await storeTurns.calm();
    const { searched } = store;
    const unlessChanging = (take: () => StorePart): StorePart | null => {
      const isChanging = tries < MAX_TRIES && (store.isChanging || store.isStoring);
      return isChanging || store.searched !== searched ? null : take();
    };
    const part = await toEnd(clock, taken(store, groups, unlessChanging), () => exchange.isGone);
    if (part !== null) return part;
    if (exchange.isGone) return NOBODY_WAITS;
  }
}

type Taken = Generator<null, StorePart | Rejection | null>;

/** Has `when` take the part once its groups are found, within the same turn. */
function taken(
  store: Store,
  { selectors, reach }: ScrapedGroups,
  when: (take: () => StorePart) => StorePart | null,
): Taken {
  if (selectors === null)
    return store.searched.reaches.judged(reach, (reached) => when(() => store.reachedPart(reached)));
  return pickGroups(store.searched, { selectors, reach }, ({ ids, isPartial }) => {
    if (isPartial) return new Rejection("too-large", "scraping groups: looking for them takes too long");
    return when(() => store.part(ids, helpOf(reach)));
  });
}

async function exposition(
  deps: PartScrapeDeps,
  exchange: Exchange,
  part: StorePart,
  sent: () => void,
): Promise<Answer> {
  try {
    const prepared = await toEnd(deps.clock, prepare(part), () => exchange.isGone);
    if (prepared === null) {
      part.release();
      return rejected(deps.refusals, NOBODY_WAITS, exchange);
    }
    const { families, isOurs, linesBytes } = prepared;
    const heads = isOurs ? ownHeads(deps.ownMetrics) : new Map();
    return expositionAnswer(deps, exchange, {
      families: () => exposedPart(families, heads),
      linesBytes,
      isSized: false,
      leastKeptBytes: part.isKept ? KEPT_PART_BYTES : PAGES.pageBytes,
      release: () => {
        part.release();
        sent();
      },
    });
  } catch (fault) {
    part.release();
    throw fault;
  }
}

interface Prepared {
  readonly families: readonly PartFamily[];
  /** One of them has the name of one of our own. */
  readonly isOurs: boolean;
  readonly linesBytes: number;
}

/** What a part holds, and what is to be known of all of it, over any number of turns. */
function* prepare(part: StorePart): Generator<null, Prepared> {
  const families = yield* part.prepare();
  let [isOurs, linesBytes, passed] = [false, 0, 0];
  for (const { name, pages } of families) {
    isOurs ||= Object.hasOwn(OWN_FAMILIES, name);
    linesBytes += bytesOf(pages);
    if (++passed % FAMILIES_A_TURN === 0) yield null;
  }
  return { families, isOurs, linesBytes };
}

type OwnHeads = ReadonlyMap<string, { readonly type: MetricType; readonly help: string }>;

const ownHeads = (ownMetrics: HttpContext["ownMetrics"]): OwnHeads =>
  new Map(ownMetrics.gather().map((own) => [own.name, own]));

/** Without our own lines; if we have a family of the same name, type and help are ours, as where all is scraped. */
function* exposedPart(families: readonly PartFamily[], heads: OwnHeads): Generator<ExposedFamily | null> {
  let passed = 0;
  for (const family of families) {
    const own = heads.get(family.name);
    if (own === undefined) yield { ...family, ownLines: null };
    else yield { ...family, type: own.type, typeNote: NO_NOTE, help: Buffer.from(own.help), ownLines: null };
    if (++passed % FAMILIES_A_TURN === 0) yield null;
  }
}

function bytesOf(pages: PartFamily["pages"]): number {
  let sizeBytes = 0;
  for (const { used } of pages) sizeBytes += used;
  return sizeBytes;
}
