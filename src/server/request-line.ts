import { hexDigit } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import { CR, DELETE, PERCENT, QUESTION_MARK, SLASH, SPACE, ZERO } from "../bytes/characters.ts";
import type { RefusalReason } from "../model/refusals.ts";

/** The first line of a request (RFC 9112, section 3). */
export interface RequestLine {
  readonly method: string;
  /** The target as it was sent. */
  readonly target: Uint8Array;
  readonly majorVersion: number;
  readonly minorVersion: number;
}

/** Why a request is refused before its handler sees it: the status, and the reason in words. */
export class Refusal {
  constructor(
    readonly status: number,
    /** What it is counted as. */
    readonly reason: RefusalReason,
    readonly words: string,
  ) {}
}

const METHODS = ["POST", "PUT", "GET", "DELETE", "HEAD", "OPTIONS"].map((name) => ({ name, bytes: Buffer.from(name) }));

/**
 * Reads bytes[start, end), a line without its LF. As Go reads it: everything behind the second blank is the version,
 * the target may hold any byte but blanks and controls.
 */
export function readRequestLine(bytes: Uint8Array, start: number, lineEnd: number): RequestLine | Refusal {
  const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
  const methodEnd = bytes.indexOf(SPACE, start);
  const targetEnd = methodEnd < 0 ? -1 : bytes.indexOf(SPACE, methodEnd + 1);
  if (targetEnd < 0 || targetEnd >= end) return malformed("the request line has fewer than three parts");
  const method = readMethod(bytes, start, methodEnd);
  if (method === null) return malformed("the method is no token");
  const version = readVersion(bytes, targetEnd + 1, end);
  if (version === null) return malformed("malformed HTTP version");
  const fault = targetFault(bytes, methodEnd + 1, targetEnd);
  if (fault !== null) return fault;
  const { majorVersion, minorVersion } = version;
  return { method, target: bytes.subarray(methodEnd + 1, targetEnd), majorVersion, minorVersion };
}

/**
 * What is wrong with the target bytes[start, end), or null: a control, or a percent sign in its path that escapes
 * nothing.
 */
export function targetFault(bytes: Uint8Array, start: number, end: number): Refusal | null {
  let isPath = true;
  for (let i = start; i < end; i++) {
    const byte = byteAt(bytes, i);
    if (byte < SPACE || byte === DELETE) return malformed("invalid control character in URL");
    if (byte === QUESTION_MARK) isPath = false;
    if (byte === PERCENT && isPath && (i + 2 >= end || !isHexDigit(bytes[i + 1]) || !isHexDigit(bytes[i + 2])))
      return malformed("invalid URL escape");
  }
  return null;
}

const isHexDigit = (byte: number | undefined): boolean => hexDigit(byte) >= 0;

function readMethod(bytes: Uint8Array, start: number, end: number): string | null {
  for (const { name, bytes: known } of METHODS) {
    if (known.length !== end - start) continue;
    let i = 0;
    while (i < known.length && bytes[start + i] === known[i]) i++;
    if (i === known.length) return name;
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text) ? text : null;
}

const HTTP_1_1 = { majorVersion: 1, minorVersion: 1 };

function readVersion(
  bytes: Uint8Array,
  start: number,
  end: number,
): Pick<RequestLine, "majorVersion" | "minorVersion"> | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
  if (text === "HTTP/1.1") return HTTP_1_1;
  if (!/^HTTP\/\d\.\d$/.test(text)) return null;
  return { majorVersion: text.charCodeAt(5) - ZERO, minorVersion: text.charCodeAt(7) - ZERO };
}

export function malformed(words: string): Refusal {
  return new Refusal(400, "malformed", words);
}

/** Path and query of a target. */
export interface Target {
  readonly path: Uint8Array;
  readonly query: string;
}

/**
 * Where a target leads: of a URL what follows the authority, which may be nothing. null: it is no URL, as `*` and
 * `a/b`.
 */
export function targetOf(target: Uint8Array): Target | null {
  const origin = target[0] === SLASH ? target : behindAuthority(target);
  if (origin === null) return null;
  const at = origin.indexOf(QUESTION_MARK);
  if (at < 0) return { path: origin, query: "" };
  const query = Buffer.from(origin.buffer, origin.byteOffset + at, origin.length - at).toString();
  return { path: origin.subarray(0, at), query };
}

/** Of a host and its port those that Go's net/url takes. */
const AUTHORITY =
  /^(?:[\w.~!$&'()*+,;=:%-]*@)?(?:\[[^\]]*\]|(?:[\w.~!$&'()*+,;=[<>"-]|[^\0-\x7f]|%[89a-f][0-9a-f])*)(?::\d*)?$/i;

function behindAuthority(target: Uint8Array): Uint8Array | null {
  const text = Buffer.from(target.buffer, target.byteOffset, target.length).toString("latin1");
  const [, rest = ""] = /^[a-z][a-z0-9+.-]*:(.*)$/is.exec(text) ?? [];
  if (rest === "" && !text.endsWith(":")) return null;
  const [, authority, path = ""] = /^\/\/([^/?]*)(.*)$/s.exec(rest) ?? [];
  // What follows a scheme without a slash is no path.
  if (authority === undefined) return Buffer.from(rest.startsWith("/") ? rest : rest.replace(/^[^?]*/, ""), "latin1");
  return AUTHORITY.test(authority) ? Buffer.from(path, "latin1") : null;
}
