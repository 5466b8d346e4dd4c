import { DELIMITED_PROTOBUF, METRIC_FAMILY, OPENMETRICS, PROTOBUF } from "../model/media-types.ts";
import type { EscapingScheme } from "../model/names.ts";

export type FormatKind = "text" | "protobuf" | "openmetrics";

/** What a scrape is answered with. `contentType` says the same for the response's header. */
export interface Format {
  readonly kind: FormatKind;
  readonly escaping: EscapingScheme;
  readonly contentType: string;
}

/** One media range of an Accept header. */
interface AcceptClause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

const TEXT_VERSION = "0.0.4";
/** The versions of OpenMetrics, which are alike. */
const OPENMETRICS_VERSIONS = ["0.0.1", "1.0.0"];
const CONTENT_TYPES: Readonly<Record<Exclude<FormatKind, "openmetrics">, string>> = {
  text: `text/plain; version=${TEXT_VERSION}; charset=utf-8`,
  protobuf: DELIMITED_PROTOBUF,
};
/** Up to this many clauses Go sorts by insertion. That shows, because its order of clauses is not a strict one. */
const INSERTION_SORT_CLAUSES = 12;

/**
 * The format for a scrape with this Accept header, as prometheus/common v0.67 (expfmt.Negotiate, or where OpenMetrics
 * is offered NegotiateIncludingOpenMetrics) and goautoneg choose it. Protobuf as text, the blanks of which are not
 * stable in Go, is never offered; the text format is the answer to everything unknown. The last known `escaping`
 * parameter on the way to the chosen clause counts, that of clauses passed over included; "underscores" without any.
 */
export function negotiateFormat(accept: string | null, offersOpenMetrics = false): Format {
  let escaping: EscapingScheme = "underscores";
  for (const clause of parseAccept(accept ?? "")) {
    escaping = escapingScheme(clause.parameters.get("escaping")) ?? escaping;
    const kind = kindOf(clause, offersOpenMetrics);
    if (kind === "openmetrics") return openMetricsOf(clause, escaping);
    if (kind !== null) return formatOf(kind, escaping);
  }
  return formatOf("text", escaping);
}

/** Whether a reader asks for an exposition, in a format that is offered, before JSON. */
export function prefersExposition(accept: string | null, offersOpenMetrics: boolean): boolean {
  for (const clause of parseAccept(accept ?? "")) {
    if (clause.quality === 0) continue;
    if (kindOf(clause, offersOpenMetrics) !== null) return true;
    if (isJson(clause)) return false;
  }
  return false;
}

function isJson({ type, subtype }: AcceptClause): boolean {
  return type === "*" || (type === "application" && (subtype === "json" || subtype === "*"));
}

function formatOf(kind: Exclude<FormatKind, "openmetrics">, escaping: EscapingScheme): Format {
  return { kind, escaping, contentType: `${CONTENT_TYPES[kind]}; escaping=${escaping}` };
}

function openMetricsOf({ parameters }: AcceptClause, escaping: EscapingScheme): Format {
  const version = openMetricsVersion(parameters);
  const contentType = `${OPENMETRICS}; version=${version}; charset=utf-8; escaping=${escaping}`;
  return { kind: "openmetrics", escaping, contentType };
}

/** The first one is meant where none is named. */
const openMetricsVersion = (parameters: AcceptClause["parameters"]): string => parameters.get("version") || "0.0.1";

function escapingScheme(word: string | undefined): EscapingScheme | null {
  return word === "allow-utf-8" || word === "underscores" || word === "dots" || word === "values" ? word : null;
}

/** The format that a clause names; null for wildcards and formats that are not offered. */
function kindOf({ type, subtype, parameters }: AcceptClause, offersOpenMetrics: boolean): FormatKind | null {
  if (type === "text" && subtype === "plain") {
    const version = parameters.get("version") ?? "";
    return version === "" || version === TEXT_VERSION ? "text" : null;
  }
  if (`${type}/${subtype}` === OPENMETRICS) {
    return offersOpenMetrics && OPENMETRICS_VERSIONS.includes(openMetricsVersion(parameters)) ? "openmetrics" : null;
  }
  if (`${type}/${subtype}` !== PROTOBUF) return null;
  if (parameters.get("proto") !== METRIC_FAMILY) return null;
  return parameters.get("encoding") === "delimited" ? "protobuf" : null;
}

/** The clauses of an Accept header, best first; what is not a media range is left out. */
function parseAccept(header: string): readonly AcceptClause[] {
  const clauses: AcceptClause[] = [];
  const parts = header.split(",");
  const isLong = parts.length > INSERTION_SORT_CLAUSES;
  for (const part of parts) {
    const clause = isLong && !mayCount(part) ? null : parseClause(trimSpaces(part));
    if (clause !== null) clauses.push(clause);
  }
  return sortClauses(clauses);
}

/** Clauses of other types, without an escaping, change nothing but the steps of Go's sort. */
function mayCount(part: string): boolean {
  return (
    part.includes("plain") || part.includes("openmetrics") || part.includes("protobuf") || part.includes("escaping")
  );
}

function parseClause(part: string): AcceptClause | null {
  const [range, rest] = cut(part, ";");
  const [first, afterType] = cut(range, "/");
  const type = trimSpaces(first);
  if (afterType === "") return type === "*" ? { type, subtype: "*", ...parseParameters(rest) } : null;
  const [subtype, surplus] = cut(afterType, "/");
  if (surplus !== "") return null;
  return { type, subtype: trimSpaces(subtype), ...parseParameters(rest) };
}

/** `name=value` pairs; pairs with no value or several are passed over, `q` is the quality, 1 without it. */
function parseParameters(text: string): Pick<AcceptClause, "quality" | "parameters"> {
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const pair of text.split(";")) {
    const [name, afterName] = cut(pair, "=");
    const [value, surplus] = cut(afterName, "=");
    if (afterName === "" || surplus !== "") continue;
    const key = trimSpaces(name);
    if (key === "q") quality = parseQuality(value);
    else parameters.set(key, trimSpaces(value));
  }
  return { quality, parameters };
}

/** A decimal number in single precision, as the reference compares them; 0 for anything else. */
function parseQuality(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Math.fround(Number(text)) : 0;
}

/** What is before and after the first `separator`; nothing after it if there is none. */
function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Without the spaces at both ends; other white space stays. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}

/** goautoneg's order: better quality, then no wildcard. It is not symmetric, so the steps of the sort matter. */
function precedes(a: AcceptClause, b: AcceptClause): boolean {
  if (a.quality > b.quality) return true;
  return (a.type !== "*" && b.type === "*") || (a.subtype !== "*" && b.subtype === "*");
}

/** Sorts in place. Longer headers than real ones are sorted fast, not in Go's very steps. */
function sortClauses(clauses: AcceptClause[]): AcceptClause[] {
  if (clauses.length > INSERTION_SORT_CLAUSES) {
    return clauses.sort((a, b) => (precedes(a, b) ? -1 : precedes(b, a) ? 1 : 0));
  }
  for (let i = 1; i < clauses.length; i++) {
    for (let j = i; j > 0; j--) {
      const before = clauses[j - 1];
      const clause = clauses[j];
      if (before === undefined || clause === undefined || !precedes(clause, before)) break;
      clauses[j - 1] = clause;
      clauses[j] = before;
    }
  }
  return clauses;
}

/** One element of an Accept-Encoding header: the coding, a semicolon, the digits of `q`, a comma. */
const CODING =
  /([!#$%&'*+\-.^_`|~0-9A-Za-z/]+)[ \t\r\n]*(;[ \t\r\n]*(?:q=([01](?:\.\d*)?)[ \t\r\n]*)?)?(,[ \t\r\n]*)?/gy;

/** How much a client wants each encoding; below 0: it does not name it. */
interface EncodingQualities {
  readonly identity: number;
  readonly gzip: number;
  readonly zstd: number;
}

/**
 * The encoding for an answer, as promhttp of client_golang 1.23 chooses it in the reference, where zstd is not built in
 * and so not offered: gzip if the client prefers it to identity, which wins a tie ("*" stands for both). The header's
 * values are joined by commas. Codings are case-sensitive; the header counts up to its first fault. Nothing acceptable
 * means identity.
 */
export function negotiateEncoding(acceptEncoding: string | null): "gzip" | "identity" {
  return withoutZstd(encodingQualities(acceptEncoding));
}

/** The same where zstd is offered, as promhttp chooses with it built in: only to who prefers it to all else. */
export function negotiateScrapeEncoding(acceptEncoding: string | null): "gzip" | "zstd" | "identity" {
  const qualities = encodingQualities(acceptEncoding);
  const { gzip, identity, zstd } = qualities;
  return zstd > Math.max(gzip, identity, 0) ? "zstd" : withoutZstd(qualities);
}

const withoutZstd = ({ gzip, identity }: EncodingQualities): "gzip" | "identity" =>
  gzip > Math.max(identity, 0) ? "gzip" : "identity";

function encodingQualities(acceptEncoding: string | null): EncodingQualities {
  let [identity, gzip, zstd] = [-1, -1, -1];
  for (const [coding, quality] of parseCodings(acceptEncoding ?? "")) {
    if (coding === "identity" || coding === "*") identity = Math.max(identity, quality);
    if (coding === "gzip" || coding === "*") gzip = Math.max(gzip, quality);
    if (coding === "zstd" || coding === "*") zstd = Math.max(zstd, quality);
  }
  return { identity, gzip, zstd };
}

/** The codings of a header and their qualities, up to the first fault. */
function parseCodings(header: string): (readonly [string, number])[] {
  const codings: (readonly [string, number])[] = [];
  for (const [, coding = "", semicolon, quality, comma] of header.matchAll(CODING)) {
    if (semicolon !== undefined && quality === undefined) break;
    codings.push([coding, Number(quality ?? 1)]);
    if (comma === undefined) break;
  }
  return codings;
}
