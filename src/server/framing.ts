import { malformed, Refusal, type RequestLine } from "./request-line.ts";

/** The value of a header in llhttp's list of names and values, of several fields all joined; null if there is none. */
export function fieldOf(fields: readonly string[], name: string): string | null {
  let found: string | null = null;
  for (let i = 0; i < fields.length; i += 2) {
    const field = fields[i] as string;
    if (field.length !== name.length || (field !== name && field.toLowerCase() !== name)) continue;
    const value = fields[i + 1] as string;
    found = found === null ? value : `${found}, ${value}`;
  }
  return found;
}

/** What the header of a message says of its body and its connection. */
export interface Framing {
  /** null: in chunks. */
  readonly bodyBytes: number | null;
  readonly keepsAlive: boolean;
  /** The client waits for "100 Continue" before it sends the body. */
  readonly expectsContinue: boolean;
}

/** What Go accepts as a length. From 2^53 on lengths are not exact here; no body is so long. */
const MAX_BODY_BYTES = 2 ** 63;
/** Of characters that a Host may have, as Go's ValidHostHeader has them. */
const HOST = /^[!$%&'()*+,\-.0-9:;=A-Z[\]_a-z~]*$/;

/** Reads RFC 9112, sections 3.2, 6 and 9.3, as Go does. */
export function readFraming(fields: readonly string[], line: RequestLine): Framing | Refusal {
  const { majorVersion, minorVersion } = line;
  const encoding = fieldOf(fields, "transfer-encoding");
  const length = fieldOf(fields, "content-length");
  const host = fieldOf(fields, "host");
  if (host?.includes(", ")) return malformed("too many Host headers");
  const isOld = majorVersion < 1 || (majorVersion === 1 && minorVersion === 0);
  if (encoding !== null && !isOld && encoding.toLowerCase() !== "chunked")
    return new Refusal(501, "transfer-encoding", "Unsupported transfer encoding");
  if (majorVersion !== 1) return new Refusal(505, "version", "unsupported protocol version");
  if (encoding !== null && isOld) return malformed("Transfer-Encoding in HTTP/1.0");
  if (encoding !== null && length !== null) return malformed("Transfer-Encoding and Content-Length");
  if (host === null && !isOld && line.method !== "CONNECT") return malformed("missing required Host header");
  if (host !== null && !HOST.test(host)) return malformed("malformed Host header");
  const bodyBytes = encoding !== null ? null : length === null ? 0 : Number(length);
  if (bodyBytes !== null && !(bodyBytes < MAX_BODY_BYTES)) return malformed("bad Content-Length");
  const isContinue = readExpectation(fields);
  if (isContinue instanceof Refusal) return isContinue;
  return {
    bodyBytes,
    keepsAlive: keepsAlive(fieldOf(fields, "connection"), minorVersion),
    expectsContinue: isContinue && minorVersion > 0 && bodyBytes !== 0,
  };
}

/** Whether the client waits for "100 Continue"; no other expectation can be met (RFC 9110, section 10.1.1). */
export function readExpectation(fields: readonly string[]): boolean | Refusal {
  const expect = fieldOf(fields, "expect");
  if (expect === null || expect === "") return false;
  return hasToken(expect, "100-continue") || new Refusal(417, "expectation", "unknown Expect");
}

function keepsAlive(connection: string | null, minorVersion: number): boolean {
  if (connection === null) return minorVersion > 0;
  return !hasToken(connection, "close") && (minorVersion > 0 || hasToken(connection, "keep-alive"));
}

/** Whether a list of tokens has this one, given in lower case. */
function hasToken(list: string, token: string): boolean {
  const lower = list.toLowerCase();
  return lower === token || (lower.includes(token) && lower.split(",").some((one) => one.trim() === token));
}
