import { expect } from "bun:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { readProtobuf } from "../conformance/protobuf.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import type { Dice } from "../fuzz/dice.ts";
import { MARK } from "./groups-world.ts";

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Sends a request in the name of somebody; the path is what stands behind the host. */
export type Ask = (
  method: string,
  path: string,
  init?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Uint8Array },
) => Promise<Answered>;

/** A reader who may see all groups, and one who may see some. */
export interface Readers {
  readonly all: Ask;
  readonly some: Ask;
  /** The marks of the groups that the second one may see, and of these and all that were or would be there. */
  readonly seen: ReadonlySet<string>;
  readonly visible: ReadonlySet<string>;
}

const plain = ({ bytes }: Answered): Buffer => {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes);
  return bytes[0] === 0x28 && bytes[1] === 0xb5 ? zstdDecompressSync(bytes) : bytes;
};

export const textOf = (answered: Answered): string => plain(answered).toString();

/** The content of an answer of 200. */
function goodBytes(answered: Answered): Buffer {
  const bytes = plain(answered);
  if (answered.status !== 200) throw new Error(`asking for what is seen: ${answered.status} ${bytes}`);
  return bytes;
}

/** What an answer has in the header and in the body, decompressed. */
const wholeOf = (answered: Answered): string => `${JSON.stringify([...answered.headers])}\n${textOf(answered)}`;

/** Asks in the name of who sees some groups, and fails where the answer has a mark of another group anywhere. */
export async function askSeen({ some, visible }: Readers, ...request: Parameters<Ask>): Promise<Answered> {
  const answered = await some(...request);
  const others = [...wholeOf(answered).matchAll(MARK)].map(([mark]) => mark).filter((mark) => !visible.has(mark));
  expect([request[0], request[1], others]).toEqual([request[0], request[1], []]);
  return answered;
}

const marksIn = (text: string): string[] => [...text.matchAll(MARK)].map(([mark]) => mark);

/** Whether a line, an entry or a message is of one of the groups. */
const isOf = (text: string, seen: ReadonlySet<string>): boolean => {
  const marks = marksIn(text);
  return marks.length > 0 && marks.every((mark) => seen.has(mark));
};

export interface TextFamily {
  readonly name: string;
  readonly help: string | null;
  readonly type: string;
  readonly lines: string[];
}

/** The families of a text, or OpenMetrics, exposition, in its order. */
export function familiesOf(text: string): TextFamily[] {
  const families: TextFamily[] = [];
  let help: { name: string; text: string } | null = null;
  for (const line of text.split("\n")) {
    const head = /^# (HELP|TYPE|UNIT) ("(?:[^"\\]|\\.)*"|\S+) ?(.*)$/.exec(line);
    if (head === null) {
      if (line !== "" && line !== "# EOF") families.at(-1)?.lines.push(line);
      continue;
    }
    const [, kind, name = "", words = ""] = head;
    if (kind === "HELP") help = { name, text: words };
    if (kind !== "TYPE") continue;
    families.push({ name, help: help?.name === name ? help.text : null, type: words, lines: [] });
    help = null;
  }
  return families;
}

/** What of the families of a full scrape are of some groups. */
function filtered(families: readonly TextFamily[], seen: ReadonlySet<string>): Omit<TextFamily, "help">[] {
  return families
    .map(({ name, type, lines }) => ({ name, type, lines: lines.filter((line) => isOf(line, seen)).sort() }))
    .filter(({ lines }) => lines.length > 0);
}

const withoutHelp = (families: readonly TextFamily[]): Omit<TextFamily, "help">[] =>
  families.map(({ name, type, lines }) => ({ name, type, lines: [...lines].sort() }));

const TEXT_HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { accept: "text/plain;version=0.0.4;escaping=allow-utf-8" },
  { accept: "text/plain;version=0.0.4;escaping=values" },
  { "accept-encoding": "gzip" },
  { "accept-encoding": "gzip", accept: "text/plain;version=0.0.4;escaping=allow-utf-8" },
  { "accept-encoding": "zstd" },
  { accept: "application/openmetrics-text;version=1.0.0" },
  { accept: "application/openmetrics-text;version=1.0.0", "accept-encoding": "gzip" },
];

/** The help texts that groups, by their marks, gave a family; with null where one gave none. */
export type HelpsOf = (family: string, marks: Iterable<string>) => ReadonlySet<string | null>;

/** A scrape has the families and lines of the full one that are of the groups, and help texts of theirs. */
export async function scrapes(readers: Readers, dice: Dice, query: string, helpsOf: HelpsOf): Promise<void> {
  const headers = dice.pick(TEXT_HEADERS);
  const path = `/metrics${query}`;
  const all = familiesOf(goodBytes(await readers.all("GET", path, { headers })).toString());
  const some = familiesOf(goodBytes(await askSeen(readers, "GET", path, { headers })).toString());
  expect([headers, path, withoutHelp(some)]).toEqual([headers, path, filtered(all, readers.seen)]);
  for (const { name, help, lines } of some)
    if (!isOurs(name)) expectHelp(helpsOf(name, lines.flatMap(marksIn)), name, help);
}

const isOurs = (name: string): boolean => /^(?:push_|pushgateway_)/.test(name);

function expectHelp(helps: ReadonlySet<string | null>, name: string, help: string | null): void {
  if (helps.size === 0) return; // Its name is escaped.
  const expected = [...helps].filter((one) => one !== null);
  if (expected.length === 0) expect([name, help]).toEqual([name, null]);
  else expect([name, expected]).toEqual([name, expect.arrayContaining([help ?? ""])]);
}

const metricsOf = (families: readonly string[]): string[] =>
  families.flatMap((family) => family.match(/ 4=\{.*?\}(?= [45]=|\}$)/g) ?? []).sort();

/** The metrics of protobuf messages are those of the full scrape that are of the groups. */
export async function protobufScrapes(readers: Readers, dice: Dice, query: string): Promise<void> {
  const headers: Record<string, string> = { accept: PROTOBUF_TYPE };
  if (dice.chance(0.5)) headers["accept-encoding"] = dice.pick(["gzip", "zstd"]);
  if (dice.chance(0.5)) headers["x-prometheus-scrape-timeout-seconds"] = "10";
  const read = (answered: Answered) => metricsOf(readProtobuf(goodBytes(answered)));
  const all = read(await readers.all("GET", `/metrics${query}`, { headers }));
  const some = read(await askSeen(readers, "GET", `/metrics${query}`, { headers }));
  expect(some).toEqual(all.filter((metric) => isOf(metric, readers.seen)));
}

const jsonOf = (answered: Answered) => JSON.parse(textOf(answered)).data;

const MOMENT = /"as_of":[\d.]+/g;

/** A group that may be read is answered as to all; another one as if it were not there. */
export async function oneGroup(readers: Readers, dice: Dice, mark: string, path: string): Promise<void> {
  const absent = `${path}/nobody/x`;
  // What is asked for may be told again.
  const told = { ...readers, visible: new Set([...readers.visible, mark]) };
  for (const [base, headers] of [
    ["/metrics", {}],
    ["/api/v1/groups", {}],
    ["/api/v1/groups", { accept: "text/plain" }],
  ] as const) {
    const asked = await askSeen(told, "GET", base + path, { headers });
    if (readers.seen.has(mark)) {
      const all = await readers.all("GET", base + path, { headers });
      expect([asked.status, withoutHelps(asked)]).toEqual([all.status, withoutHelps(all)]);
      continue;
    }
    const none = await readers.some("GET", base + absent, { headers });
    expect([base + path, asked.status, lengthOf(asked)]).toEqual([base + path, none.status, lengthOf(none)]);
    expect(asked.status).toBeGreaterThanOrEqual(400);
  }
  if (dice.chance(0.3) && !readers.seen.has(mark))
    await askSeen(readers, "GET", `/group?g=${encodeURIComponent(path)}`);
}

const withoutHelps = (answered: Answered): string =>
  textOf(answered)
    .replace(MOMENT, "")
    .replace(/^# HELP .*\n/gm, "");

/** What is told of no group, but for its name. */
const lengthOf = (answered: Answered): string => textOf(answered).replace(/\{.*\}/s, "");

/** /api/v1/metrics has the groups that may be read as it has them for all. */
export async function metricsApi(readers: Readers): Promise<void> {
  const all: unknown[] = jsonOf(await readers.all("GET", "/api/v1/metrics"));
  const some: unknown[] = jsonOf(await askSeen(readers, "GET", "/api/v1/metrics"));
  expect(some).toEqual(all.filter((group) => isOf(JSON.stringify(group), readers.seen)));
}

interface Listed {
  readonly labels: Readonly<Record<string, string>>;
  readonly last_push_successful: boolean;
}

/** Page after page to the end. */
async function listed(ask: Ask, query: string, limit: number): Promise<{ groups: Listed[]; first: FirstPage }> {
  const groups: Listed[] = [];
  let first: FirstPage | null = null;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const more: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: FirstPage = jsonOf(await ask("GET", `/api/v1/groups?facets=true&limit=${limit}&${query}${more}`));
    first ??= page;
    groups.push(...page.groups);
    cursor = page.cursor;
  }
  if (first === null) throw new Error("listing groups: there is no page");
  return { groups, first };
}

interface FirstPage {
  readonly total: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly groups: readonly Listed[];
  readonly cursor: string | null;
  readonly facets: {
    readonly jobs: readonly { readonly value: string; readonly groups: number; readonly failing: number }[];
    readonly jobs_total: number;
    readonly ages: readonly number[];
    readonly failing: number;
  };
}

/** Lists, counts, facets and cursors are those of the groups that may be read, in the order of all. */
export async function lists(readers: Readers, dice: Dice, query: string): Promise<void> {
  const isSeen = ({ labels }: Listed) => readers.seen.has(labels.mark ?? "");
  const asReader: Ask = (...request) => askSeen(readers, ...request);
  const all = await listed(readers.all, query, 500);
  const some = await listed(asReader, query, 1 + dice.below(5));
  const expected = all.groups.filter(isSeen);
  expect([query, some.groups]).toEqual([query, expected]);
  const { facets, matched, partial, total } = some.first;
  expect([matched, partial, total]).toEqual([expected.length, false, readers.seen.size]);
  const jobs = new Map<string, number>();
  for (const { labels } of expected) jobs.set(labels.job ?? "", (jobs.get(labels.job ?? "") ?? 0) + 1);
  expect(facets.jobs_total).toBe(jobs.size);
  expect(new Map(facets.jobs.map(({ value, groups }) => [value, groups]))).toEqual(jobs);
  expect(facets.failing).toBe(expected.filter(({ last_push_successful: isGood }) => !isGood).length);
  expect(facets.ages.reduce((sum, count) => sum + count, 0)).toBe(expected.length);
}

interface RefusedPage {
  readonly total: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly refused: readonly { readonly count: number; readonly group: unknown; readonly contradicts: unknown }[];
}

/** Of refused requests those to groups that may be read are listed, and no other group is named. */
export async function refusedList(readers: Readers): Promise<void> {
  const all: RefusedPage = jsonOf(await readers.all("GET", "/api/v1/refused"));
  const some: RefusedPage = jsonOf(await askSeen(readers, "GET", "/api/v1/refused"));
  const isSeen = (group: unknown) => group !== null && isOf(JSON.stringify(group), readers.visible);
  const expected = all.refused
    .filter(({ group }) => isSeen(group))
    .map((entry) => (isSeen(entry.contradicts) ? entry : { ...entry, contradicts: null }));
  expect(some.refused).toEqual(expected);
  const counts = Object.values(some.kinds).reduce((sum, count) => sum + count, 0);
  const total = expected.reduce((sum, { count }) => sum + count, 0);
  expect([some.total, counts]).toEqual([total, total]);
}

/** Status and views of the page count the groups that may be read, and no others. */
export async function views(readers: Readers, dice: Dice): Promise<void> {
  const { store } = jsonOf(await askSeen(readers, "GET", "/api/v1/status/runtime"));
  const groups: Listed[] = jsonOf(await readers.all("GET", "/api/v1/groups?limit=500")).groups;
  const seen = groups.filter(({ labels }) => readers.seen.has(labels.mark ?? "")) as (Listed & Sized)[];
  const sum = (of: "series" | "bytes") => seen.reduce((total, group) => total + group[of], 0);
  expect(store).toMatchObject({ groups: seen.length, series: sum("series"), size_bytes: sum("bytes") });
  await askSeen(readers, "GET", "/api/v1/status");
  await askSeen(readers, "GET", "/-/metrics");
  await askSeen(readers, "GET", dice.pick(["/", "/status", "/refused", "/?view=jobs", "/?q=batch", "/?sort=labels"]));
}

interface Sized {
  readonly series: number;
  readonly bytes: number;
}

/** A dry run counts groups that may be administered, and a deletion takes those: the marks that are gone. */
export async function removal(readers: Readers, query: string, isDry: boolean): Promise<string[]> {
  const matching: Listed[] = jsonOf(await readers.all("GET", `/api/v1/groups?limit=500&${query}`)).groups;
  const expected = matching.map(({ labels }) => labels.mark ?? "").filter((mark) => readers.seen.has(mark));
  const plan = jsonOf(await askSeen(readers, "DELETE", `/api/v1/groups?${query}`));
  expect([query, plan.matched]).toEqual([query, expected.length]);
  if (isDry) return [];
  const confirmed = `${query}&dry_run=false&as_of=${plan.as_of}`;
  if (expected.length > 0) {
    const refused = await askSeen(readers, "DELETE", `/api/v1/groups?${confirmed}&expect=${expected.length - 1}`);
    expect(refused.status).toBe(409);
  }
  const removed = jsonOf(await askSeen(readers, "DELETE", `/api/v1/groups?${confirmed}&expect=${expected.length}`));
  expect(removed).toEqual({ deleted: expected.length, left_alone: 0 });
  return expected;
}
