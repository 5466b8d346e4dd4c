import { type Address, AGE_SECONDS, type GroupAddress, type GroupsAddress } from "./address.ts";
import type { GroupAnswer, GroupsAnswer, RefusedAnswer, RuntimeAnswer } from "./answers.ts";

/** Rows of one page of the list. */
export const PAGE_ROWS = 50;
/** Families of a group that are shown at once, and series of each; of more series there is the exposition. */
export const PAGE_FAMILIES = 50;
const FAMILY_SERIES = 2000;
/** Characters of a help text, and of the labels of a series, that are asked for. */
const TEXT_CHARACTERS = 2000;
/** Characters of an exposition that are shown; more of it can be downloaded. */
export const EXPOSITION_CHARACTERS = 400_000;

/** The beginning of an exposition, or all of it. */
export interface Exposition {
  readonly text: string;
  readonly isWhole: boolean;
}

/** The answers that a view is drawn from, by what they are for. */
export interface Answers {
  /** The page of the list. */
  readonly list?: GroupsAnswer;
  /** Ages and failures of all that the search finds, whatever its age or state. */
  readonly spread?: GroupsAnswer;
  /** Jobs of all groups. */
  readonly jobs?: GroupsAnswer;
  readonly group?: GroupAnswer;
  readonly exposition?: Exposition;
  readonly refused?: RefusedAnswer;
  readonly runtime?: RuntimeAnswer;
}
export type Slot = keyof Answers;

/** Why a slot has no newer answer. `status` 0: there was none from the server. */
export interface Failure {
  readonly status: number;
  readonly message: string;
}
export type Failures = Readonly<Partial<Record<Slot, Failure>>>;

/** A path of the API, relative to the page, with its query. */
export type SourceUrl = string;
export type Sources = Readonly<Partial<Record<Slot, SourceUrl>>>;

/** What a view asks the API, as of a time in seconds since 1970. */
export function sourcesOf(address: Address, nowSeconds: number): Sources {
  const runtime = "api/v1/status/runtime";
  switch (address.view) {
    case "groups":
      return { ...groupsSources(address, nowSeconds), runtime };
    case "group":
      return { ...groupSources(address), runtime };
    case "refused":
      return { refused: refusedUrl(address.kind), runtime };
    case "status":
      return { runtime };
  }
}

export function refusedUrl(kind: string): SourceUrl {
  return kind === "" ? "api/v1/refused" : `api/v1/refused?${new URLSearchParams({ kind })}`;
}

/** Nothing where the path names no group: it is asked for as it was given, and must not lead anywhere else. */
function groupSources({ path, tab, from }: GroupAddress): Sources {
  const segments = path.split("/");
  const isPath = /^\/job(?:@base64)?\//.test(path) && !segments.some((one) => one === "." || one === "..");
  if (!isPath || /[?#\\]/.test(path)) return {};
  const group = `api/v1/groups${path}`;
  const families = { family_offset: String(from), family_limit: String(PAGE_FAMILIES) };
  const part = { ...families, limit: String(FAMILY_SERIES), max_characters: String(TEXT_CHARACTERS) };
  return {
    group: `${group}?${new URLSearchParams(part)}`,
    refused: "api/v1/refused",
    ...(tab === "exposition" && { exposition: group }),
  };
}

function groupsSources(address: GroupsAddress, nowSeconds: number): Sources {
  const search = searchOf(address.q);
  const narrow = narrowingOf(address, nowSeconds);
  const isNarrow = Object.keys(narrow).length > 0;
  const page = {
    ...narrow,
    sort: address.sort,
    limit: String(PAGE_ROWS),
    ...(address.cursor && { cursor: address.cursor }),
  };
  return {
    list: urlOf({ ...search, ...page, ...(!isNarrow && { facets: "true" }) }),
    ...(isNarrow && { spread: urlOf({ ...search, limit: "0", facets: "true" }) }),
    ...((isNarrow || address.q.trim() !== "") && { jobs: urlOf({ limit: "0", facets: "true" }) }),
  };
}

/** What `q` asks for: a selector, or words. */
export function searchOf(q: string): Record<string, string> {
  const text = q.trim();
  if (text === "") return {};
  return text.startsWith("{") ? { "match[]": text } : { search: text };
}

/** State and age as parameters. */
export function narrowingOf({ state, age, asOf }: GroupsAddress, nowSeconds: number): Record<string, string> {
  const oldest = age === null ? undefined : AGE_SECONDS[age];
  const youngest = age === null ? undefined : AGE_SECONDS[age - 1];
  const asOfSeconds = asOf ?? nowSeconds;
  return {
    ...(state !== null && { state }),
    ...(oldest !== undefined && { pushed_after: String(asOfSeconds - oldest) }),
    ...(youngest !== undefined && { pushed_before: String(asOfSeconds - youngest) }),
  };
}

const urlOf = (parameters: Record<string, string>): SourceUrl => `api/v1/groups?${new URLSearchParams(parameters)}`;
