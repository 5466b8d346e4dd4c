import { hexDigit } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { EQUALS, PERCENT, SLASH } from "../bytes/characters.ts";
import { compareNames, GroupingKey } from "../exposition/grouping-key.ts";
import { isLegacyLabelName, unescapeValuesName } from "../model/names.ts";
import { quoteToken, quoteTokenText, shownToken } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import type { LabelPair } from "../model/view.ts";

const BASE64_SUFFIX = "@base64";
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** A grouping key read off a path. */
export interface KeyedPath {
  readonly key: GroupingKey;
  /**
   * A value of the key that is not UTF-8, in the words of an error; null where all are. No stored group has such a key.
   */
  readonly undecodable: string | null;
}

/** A request path decoded once: `%xx` resolved. */
export interface DecodedPath {
  readonly text: string;
  /** It holds bytes that are not UTF-8; they are U+FFFD in `text`. */
  readonly lossy: boolean;
}

/** Resolves the %-escapes of a path. null: a percent sign without two hexadecimal digits, which is no path at all. */
export function decodePath(raw: Uint8Array): DecodedPath | null {
  const bytes = raw.includes(PERCENT) ? unescapePath(raw) : raw;
  if (bytes === null) return null;
  try {
    return { text: strict.decode(bytes), lossy: false };
  } catch {
    // Not UTF-8: the result says so; it is not a fault yet.
    return { text: lenient.decode(bytes), lossy: true };
  }
}

function unescapePath(raw: Uint8Array): Uint8Array | null {
  const bytes = new Uint8Array(raw.length);
  let size = 0;
  for (let at = 0; at < raw.length; at++) {
    const byte = byteAt(raw, at);
    if (byte !== PERCENT) {
      bytes[size++] = byte;
      continue;
    }
    const [high, low] = [hexDigit(raw[at + 1]), hexDigit(raw[at + 2])];
    if (high < 0 || low < 0) return null;
    bytes[size++] = high * 16 + low;
    at += 2;
  }
  return bytes.subarray(0, size);
}

/**
 * The grouping key of a push path behind `/metrics/job`, decoded, as in `/j/instance/i` or `@base64/ag/path@base64/Lw`.
 * Source: the reference's push handler and its splitLabels, words included. A job may be empty only where there need
 * not be any.
 */
export function readGroupingKey(path: DecodedPath, utf8Names: boolean, allowsNoJob = false): KeyedPath | Rejection {
  const { text } = path;
  const isEncoded = text.startsWith(BASE64_SUFFIX);
  const start = isEncoded ? BASE64_SUFFIX.length + 1 : 1;
  const slash = text.indexOf("/", start);
  const end = slash < 0 ? text.length : slash;
  const labels: LabelPair[] = [];
  const values = new ValueDecoder(path.lossy);
  const job = isEncoded ? values.decode(text.slice(start, end)) : text.slice(start, end);
  if (job instanceof Rejection)
    return new Rejection(
      "malformed",
      `invalid base64 encoding in job name ${quoteToken(values.partial)}: ${job.message}`,
    );
  const rejection = splitLabels(text, end, labels, values, utf8Names);
  if (rejection !== null) return rejection;
  if (job === "" && !allowsNoJob) return new Rejection("malformed", "job name is required");
  labels.push({ name: "job", value: job });
  return { key: new GroupingKey(sortedLabels(labels)), undecodable: values.undecodable };
}

/**
 * The grouping key of a push path behind `/metrics` that need not name a job, as prom-aggregation-gateway reads it:
 * nothing, or `/name/value...`, with or without a slash at its end. Without a job it is that of the empty job: for
 * Prometheus a label without a value is none.
 */
export function readKeyWithoutJob(path: DecodedPath, utf8Names: boolean): KeyedPath | Rejection {
  const text = path.text.endsWith("/") ? path.text.slice(0, -1) : path.text;
  const labels: LabelPair[] = [{ name: "job", value: "" }];
  const values = new ValueDecoder(path.lossy);
  const rejection = splitLabels(text, 0, labels, values, utf8Names);
  if (rejection !== null) return rejection;
  return { key: new GroupingKey(sortedLabels(labels)), undecodable: values.undecodable };
}

/** The labels by their names, each once: the last of several values of a name counts. */
function sortedLabels(labels: readonly LabelPair[]): LabelPair[] {
  const sorted = labels.toSorted((a, b) => compareNames(a.name, b.name));
  return sorted.filter(({ name }, i) => name !== sorted[i + 1]?.name);
}

/** Reads `/name/value/name/value` from `start` on into `labels`, in that order. */
function splitLabels(
  text: string,
  start: number,
  labels: LabelPair[],
  values: ValueDecoder,
  utf8Names: boolean,
): Rejection | null {
  if (text.length - start <= 1) return null;
  if (hasOddParts(text, start))
    return new Rejection("malformed", `odd number of components in label string ${quoteTokenText(text.slice(start))}`);
  for (let at = start + 1; ; ) {
    const nameEnd = text.indexOf("/", at);
    const slash = text.indexOf("/", nameEnd + 1);
    const valueEnd = slash < 0 ? text.length : slash;
    const rejection = readLabel(text.slice(at, nameEnd), text.slice(nameEnd + 1, valueEnd), labels, values, utf8Names);
    if (rejection !== null) return rejection;
    if (slash < 0) return null;
    at = slash + 1;
  }
}

function readLabel(
  written: string,
  value: string,
  labels: LabelPair[],
  values: ValueDecoder,
  utf8Names: boolean,
): Rejection | null {
  const isEncoded = written.endsWith(BASE64_SUFFIX);
  const name = isEncoded ? written.slice(0, -BASE64_SUFFIX.length) : written;
  const unescaped = utf8Names ? unescapeValuesName(name) : name;
  if (!isLabelName(unescaped, utf8Names) || name.startsWith("__"))
    return new Rejection("malformed", `improper label name ${quoteTokenText(name)}`);
  const decoded = isEncoded ? values.decode(value) : value;
  if (decoded instanceof Rejection)
    return new Rejection(
      "malformed",
      `invalid base64 encoding for label ${shownToken(name)}=${quoteTokenText(value)}: ${decoded.message}`,
    );
  labels.push({ name: unescaped, value: decoded });
  return null;
}

/** Whether the parts between slashes from `start` on do not pair up; that is found before any label is looked at. */
function hasOddParts(text: string, start: number): boolean {
  let slashes = 0;
  for (let i = start; i < text.length; i++) if (text.charCodeAt(i) === SLASH) slashes++;
  return slashes % 2 !== 0;
}

const isLabelName = (name: string, utf8Names: boolean): boolean => (utf8Names ? name !== "" : isLegacyLabelName(name));

/** Decodes base64url values, padded or not, and remembers whether one was no UTF-8. */
class ValueDecoder {
  undecodable: string | null;
  /** What was decoded before a value's fault. */
  partial: Uint8Array = new Uint8Array(0);

  constructor(lossy: boolean) {
    this.undecodable = lossy ? "the path" : null;
  }

  /** As Go's base64.RawURLEncoding reads it: line ends are passed over, and bits too many are not looked at. */
  decode(value: string): string | Rejection {
    let size = value.length;
    while (size > 0 && value.charCodeAt(size - 1) === EQUALS) size--;
    const written = value.slice(0, size);
    const bad = written.search(/[^A-Za-z0-9_\-\r\n]/);
    if (bad >= 0) return this.corrupt(written.slice(0, bad), bad);
    const digits = withoutLineEnds(written);
    if (digits.length % 4 === 1) return this.corrupt(written, size - 1);
    const bytes = Buffer.from(digits, "base64url");
    try {
      return strict.decode(bytes);
    } catch {
      this.undecodable = "a base64 value";
      return lenient.decode(bytes);
    }
  }

  /** Groups of four digits before the fault have been decoded. */
  private corrupt(before: string, at: number): Rejection {
    const digits = withoutLineEnds(before);
    this.partial = Buffer.from(digits.slice(0, digits.length - (digits.length % 4)), "base64url");
    return new Rejection("malformed", `illegal base64 data at input byte ${at}`);
  }
}

const withoutLineEnds = (text: string): string => text.replace(/[\r\n]/g, "");
