import { compareNames, GroupingKey } from "../model/grouping-key.ts";
import { isLegacyLabelName, unescapeValuesName } from "../model/names.ts";
import { quoteText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";

const BASE64_SUFFIX = "@base64";
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** A grouping key read off a path. */
export interface KeyedPath {
  readonly key: GroupingKey;
  /** A value of the key that is not UTF-8, in the words of an error; null where all are. No stored group has such a key. */
  readonly undecodable: string | null;
}

/** A request path decoded once: `%xx` resolved. */
export interface DecodedPath {
  readonly text: string;
  /** It holds bytes that are not UTF-8; they are U+FFFD in `text`. */
  readonly lossy: boolean;
}

/** Resolves the %-escapes of a path. null: a percent sign without two hexadecimal digits, which is no path at all. */
export function decodePath(raw: string): DecodedPath | null {
  if (!raw.includes("%")) return { text: raw, lossy: false };
  if (/%(?![0-9a-fA-F]{2})/.test(raw)) return null;
  try {
    return { text: decodeURIComponent(raw), lossy: false };
  } catch {
    // Not UTF-8: told by the result, and no fault yet.
    const bytes = Buffer.from(
      raw.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    );
    return { text: lenient.decode(bytes), lossy: true };
  }
}

/**
 * The grouping key of a push path behind `/metrics/job`, decoded, as in `/j/instance/i` or `@base64/ag/path@base64/Lw`.
 * Source: the reference's push handler and its splitLabels, words included.
 */
export function readGroupingKey(path: DecodedPath, utf8Names: boolean): KeyedPath | Rejection {
  const isEncoded = path.text.startsWith(BASE64_SUFFIX);
  const start = isEncoded ? BASE64_SUFFIX.length + 1 : 1;
  const slash = path.text.indexOf("/", start);
  const written = path.text.slice(start, slash < 0 ? undefined : slash);
  const labels = new Map<string, string>();
  const values = new ValueDecoder(path.lossy);
  const job = isEncoded ? values.decode(written) : written;
  if (job instanceof Rejection)
    return new Rejection("malformed", `invalid base64 encoding in job name "": ${job.message}`);
  const rejection = splitLabels(slash < 0 ? "" : path.text.slice(slash), labels, values, utf8Names);
  if (rejection !== null) return rejection;
  if (job === "") return new Rejection("malformed", "job name is required");
  labels.set("job", job);
  const sorted = [...labels].map(([name, value]) => ({ name, value })).sort((a, b) => compareNames(a.name, b.name));
  return { key: new GroupingKey(sorted), undecodable: values.undecodable };
}

/** Reads `/name/value/name/value` into `labels`; the last of several values of a name counts. */
function splitLabels(
  path: string,
  labels: Map<string, string>,
  values: ValueDecoder,
  utf8Names: boolean,
): Rejection | null {
  if (path.length <= 1) return null;
  const parts = path.slice(1).split("/");
  if (parts.length % 2 !== 0)
    return new Rejection("malformed", `odd number of components in label string ${quoteText(path)}`);
  for (let i = 0; i < parts.length; i += 2) {
    const written = parts[i] ?? "";
    const value = parts[i + 1] ?? "";
    const isEncoded = written.endsWith(BASE64_SUFFIX);
    const name = isEncoded ? written.slice(0, -BASE64_SUFFIX.length) : written;
    const unescaped = utf8Names ? unescapeValuesName(name) : name;
    if (!isLabelName(unescaped, utf8Names) || name.startsWith("__"))
      return new Rejection("malformed", `improper label name ${quoteText(name)}`);
    const decoded = isEncoded ? values.decode(value) : value;
    if (decoded instanceof Rejection)
      return new Rejection(
        "malformed",
        `invalid base64 encoding for label ${name}=${quoteText(value)}: ${decoded.message}`,
      );
    labels.set(unescaped, decoded);
  }
  return null;
}

const isLabelName = (name: string, utf8Names: boolean): boolean => (utf8Names ? name !== "" : isLegacyLabelName(name));

/** Decodes base64url values, padded or not, and remembers whether one was no UTF-8. */
class ValueDecoder {
  undecodable: string | null;

  constructor(lossy: boolean) {
    this.undecodable = lossy ? "the path" : null;
  }

  decode(value: string): string | Rejection {
    const digits = value.replace(/=+$/, "");
    const bad = digits.search(/[^A-Za-z0-9_-]/);
    if (bad >= 0) return corrupt(bad);
    // Go reports where the last, incomplete group of four digits begins; trailing bits are not looked at.
    if (digits.length % 4 === 1) return corrupt(digits.length - 1);
    const bytes = Buffer.from(digits, "base64url");
    try {
      return strict.decode(bytes);
    } catch {
      this.undecodable = "a base64 value";
      return lenient.decode(bytes);
    }
  }
}

const corrupt = (at: number): Rejection => new Rejection("malformed", `illegal base64 data at input byte ${at}`);
