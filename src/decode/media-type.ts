import { LINE_FEED } from "../bytes/characters.ts";
import { DELIMITED_PROTOBUF, METRIC_FAMILY, OPENMETRICS, PROTOBUF } from "../model/media-types.ts";
import type { PushFormat } from "../model/push-format.ts";

/**
 * One parameter: its name, and its value as a token or quoted. The token and the special characters are RFC 2045's
 * (section 5.1); within quotes a backslash escapes special characters and is itself before any other, as in Go's mime
 * package.
 */
const PARAMETER =
  /\s*;\s*([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)\s*=\s*(?:([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)|"((?:[^"\\\r\n]|\\[()<>@,;:\\"/[\]?=]|\\(?![()<>@,;:\\"/[\]?=]))*)")/gy;
const FORM = /^\s*multipart\/form-data\s*;/i;
/** RFC 2046, section 5.1.1. */
const MOST_BOUNDARY_CHARACTERS = 70;
/** Of OpenMetrics (section "Overall Structure"). */
const LAST_LINE = Buffer.from("# EOF");
const ESCAPED = /\\([()<>@,;:\\"/[\]?=])/g;

/**
 * The format of a push with this Content-Type. OpenMetrics is so in every version, as for Prometheus. Whatever is
 * neither that nor said to be length-delimited MetricFamily messages, null and what cannot be parsed among it, is text,
 * as for the reference.
 *
 * The media type and the names of parameters are taken in any case, their values as they are. Parameters split or
 * encoded as RFC 2231 has it are not put together.
 */
export function pushFormat(contentType: string | null): PushFormat {
  if (contentType === null) return "text";
  if (contentType === DELIMITED_PROTOBUF) return "protobuf";
  const semicolon = contentType.indexOf(";");
  const typeEnd = semicolon < 0 ? contentType.length : semicolon;
  const type = contentType.slice(0, typeEnd).trim().toLowerCase();
  if (type !== PROTOBUF && type !== OPENMETRICS) return "text";
  const parameters = parseParameters(contentType.slice(typeEnd));
  if (parameters === null) return "text";
  if (type === OPENMETRICS) return "openmetrics";
  const isDelimited = parameters.get("encoding") === "delimited" && parameters.get("proto") === METRIC_FAMILY;
  return isDelimited ? "protobuf" : "text";
}

/**
 * What a body is that is said to be OpenMetrics: that, where it ends as OpenMetrics does. Else it is text, as for the
 * reference, but for a server that `expects` OpenMetrics.
 */
export function formatOfOpenMetrics(body: Uint8Array, expects: boolean): PushFormat {
  const end = body.at(-1) === LINE_FEED ? body.length - 1 : body.length;
  const start = end - LAST_LINE.length;
  const ends =
    start >= 0 && LAST_LINE.equals(body.subarray(start, end)) && (start === 0 || body[start - 1] === LINE_FEED);
  return ends || expects ? "openmetrics" : "text";
}

/** The boundary of a body that is said to be a form (RFC 7578), as its parameter is written; null where it is none. */
export function formBoundary(contentType: string | null): string | null {
  if (contentType === null || !FORM.test(contentType)) return null;
  const boundary = parseParameters(contentType.slice(contentType.indexOf(";")))?.get("boundary") ?? "";
  return boundary === "" || boundary.length > MOST_BOUNDARY_CHARACTERS ? null : boundary;
}

/** Parameters by lower-case name; null if malformed, or if one is given twice with different values. */
function parseParameters(text: string): Map<string, string> | null {
  const parameters = new Map<string, string>();
  let end = 0;
  for (const [pair, name = "", token, quoted = ""] of text.matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    const value = token ?? quoted.replace(ESCAPED, "$1");
    if ((parameters.get(key) ?? value) !== value) return null;
    parameters.set(key, value);
    end += pair.length;
  }
  const rest = text.slice(end).trim();
  return rest === "" || rest === ";" ? parameters : null;
}
