import type { GroupRow } from "./answers.ts";

/** Orders of the list; with a minus the largest come first. */
export const SORTS = ["-pushed", "pushed", "labels", "-failed", "-series", "-bytes"] as const;
export type Sort = (typeof SORTS)[number];

export const TABS = ["metrics", "exposition", "push"] as const;
export type Tab = (typeof TABS)[number];

/** Upper bounds of ages in seconds; what is older than all has the last age. */
export const AGE_SECONDS = [60, 300, 3600, 21_600, 86_400] as const;

/** The list of groups: what is looked for, and which page of it. */
export interface GroupsAddress {
  readonly view: "groups";
  /** Words, or a selector where it begins with a brace. */
  readonly q: string;
  readonly state: "failing" | "ok" | null;
  /** Which of the ages; null: all. */
  readonly age: number | null;
  readonly sort: Sort;
  /** Of the page before; "": this is the first. */
  readonly cursor: string;
  /** Groups on the pages before. */
  readonly before: number;
  /** As of when ages are, in seconds since 1970, for all pages of a list; null: now. */
  readonly asOf: number | null;
  /** Whether all jobs are listed, not only the largest. */
  readonly allJobs: boolean;
  /** Age in seconds from which on it is amber. */
  readonly stale: number;
}

export interface GroupAddress {
  readonly view: "group";
  /** As behind /metrics in the URL that is pushed to. */
  readonly path: string;
  readonly tab: Tab;
  /** Families on the pages before. */
  readonly from: number;
}

export interface RefusedAddress {
  readonly view: "refused";
  /** "": all kinds. */
  readonly kind: string;
}

export interface StatusAddress {
  readonly view: "status";
  readonly allFlags: boolean;
}

/** Which view of the page, and of what. */
export type Address = GroupsAddress | GroupAddress | RefusedAddress | StatusAddress;
export type ViewName = Address["view"];

const STALE_SECONDS = 86_400;
/** Characters of what is searched for. */
export const MOST_SEARCHED = 4096;

export const ALL_GROUPS: GroupsAddress = {
  view: "groups",
  q: "",
  state: null,
  age: null,
  sort: "-pushed",
  cursor: "",
  before: 0,
  asOf: null,
  allJobs: false,
  stale: STALE_SECONDS,
};

/** The address of a URL: the last segment of its path, and its query with or without a question mark. */
export function readAddress(document: string, query: string): Address {
  const asked = new URLSearchParams(query);
  if (document === "group") return readGroupAddress(asked);
  if (document === "refused") return { view: "refused", kind: asked.get("kind") ?? "" };
  if (document === "status") return { view: "status", allFlags: asked.get("flags") === "all" };
  const state = asked.get("state");
  const age = wholeNumber(asked.get("age"), AGE_SECONDS.length);
  return {
    view: "groups",
    q: (asked.get("q") ?? "").slice(0, MOST_SEARCHED),
    state: state === "failing" || state === "ok" ? state : null,
    age,
    sort: oneOf(SORTS, asked.get("sort")),
    cursor: asked.get("cursor") ?? "",
    before: wholeNumber(asked.get("before"), Number.MAX_SAFE_INTEGER) ?? 0,
    asOf: age === null ? null : positiveNumber(asked.get("as_of")),
    allJobs: asked.get("jobs") === "all",
    stale: positiveNumber(asked.get("stale")) ?? STALE_SECONDS,
  };
}

function readGroupAddress(asked: URLSearchParams): GroupAddress {
  const from = wholeNumber(asked.get("from"), Number.MAX_SAFE_INTEGER) ?? 0;
  return { view: "group", path: asked.get("path") ?? "", tab: oneOf(TABS, asked.get("tab")), from };
}

/** A link to it that is relative to every document of the page. */
export function hrefOf(address: Address): string {
  const asked = new URLSearchParams();
  const set = (name: string, value: string | number | null, usual: string | number | null) => {
    if (value !== usual && value !== null) asked.set(name, String(value));
  };
  if (address.view === "groups") setGroups(address, set);
  else if (address.view === "group") {
    set("path", address.path, "");
    set("tab", address.tab, TABS[0]);
    set("from", address.from, 0);
  } else if (address.view === "refused") set("kind", address.kind, "");
  else set("flags", address.allFlags ? "all" : "", "");
  const document = address.view === "groups" ? "" : address.view;
  // A slash stands for itself in a query.
  return asked.size === 0 ? `./${document}` : `./${document}?${String(asked).replaceAll("%2F", "/")}`;
}

function setGroups(
  { q, state, age, sort, cursor, before, asOf, allJobs, stale }: GroupsAddress,
  set: (name: string, value: string | number | null, usual: string | number | null) => void,
): void {
  set("q", q, "");
  set("state", state, null);
  set("age", age, null);
  set("sort", sort, SORTS[0]);
  set("cursor", cursor, "");
  set("before", before, 0);
  if (cursor !== "") set("as_of", asOf, null);
  set("jobs", allJobs ? "all" : "", "");
  set("stale", stale, STALE_SECONDS);
}

/** The first page of other groups in the same order. */
export function refined(address: GroupsAddress, change: Partial<GroupsAddress>): GroupsAddress {
  return { ...address, cursor: "", before: 0, asOf: null, ...change };
}

export function addressOfGroup({ path }: Pick<GroupRow, "path">): GroupAddress {
  return { view: "group", path, tab: TABS[0], from: 0 };
}

/** A selector of one label value, as Prometheus writes it. */
export function selectorOf(name: string, value: string): string {
  return `{${matcherOf(name, value)}}`;
}

export function matcherOf(name: string, value: string): string {
  const written = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : quoted(name);
  return `${written}=${quoted(value)}`;
}

function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** The first one where it is none of them. */
function oneOf<T extends string>(words: readonly [T, ...T[]], word: string | null): T {
  return words.find((one) => one === word) ?? words[0];
}

function wholeNumber(text: string | null, most: number): number | null {
  const number = positiveNumber(text);
  if (text === "0") return 0;
  return number !== null && Number.isInteger(number) && number <= most ? number : null;
}

function positiveNumber(text: string | null): number | null {
  const number = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) && number > 0 ? number : null;
}
