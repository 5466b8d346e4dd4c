import { isIP } from "node:net";
import { plainIp } from "../config/address.ts";

const QUOTE = '"';
const BACKSLASH = "\\";

/**
 * The hops of an X-Forwarded-For header, the nearest first: the address that each had for the one before, or null where
 * it is none.
 */
export function* hopsOfForwardedFor(header: string): Generator<string | null> {
  for (let end = header.length; end >= 0; ) {
    const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
    yield addressOf(header.slice(comma + 1, end).trim());
    end = comma;
  }
}

/** The same of a Forwarded header (RFC 7239): of each element what it has behind `for`. */
export function* hopsOfForwarded(header: string): Generator<string | null> {
  for (let end = header.length; end >= 0; ) {
    const comma = lastCommaOutsideQuotes(header, end);
    yield forOf(header.slice(comma + 1, end).trim());
    end = comma;
  }
}

/**
 * The last comma of a text up to `end` that is in no quotes; -1: there is none. It is looked for from the right: what a
 * client wrote stands on the left, and an open quote there must not take in what proxies have added.
 */
function lastCommaOutsideQuotes(text: string, end: number): number {
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    if (text[at] === QUOTE && !isEscaped(text, at)) isQuoted = !isQuoted;
    else if (text[at] === "," && !isQuoted) return at;
  }
  return -1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (before > 0 && text[before - 1] === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

/** One pair of an element, from its start or its semicolon on: a token, `=`, a token or a quoted text. */
const PAIR = /[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)=(?:([!#$%&'*+.^_`|~0-9a-z-]+)|"((?:[^"\\]|\\.)*)")[ \t]*(;|$)/iy;

/** The address behind `for`; null: there is none, it is hidden, or the element is malformed. */
function forOf(element: string): string | null {
  const pair = new RegExp(PAIR);
  let found: string | null = null;
  for (let isLast = false; !isLast; ) {
    const [, name = "", token, quoted = "", end] = pair.exec(element) ?? [];
    if (name === "") return null;
    isLast = end === "";
    if (name.toLowerCase() !== "for") continue;
    // Whoever is named twice is not known.
    if (found !== null) return null;
    found = token ?? quoted.replace(/\\(.)/gs, "$1");
  }
  return found === null ? null : addressOf(found);
}

/** An IP address as proxies write it: bare, in brackets, with a port or without. null: it is none. */
function addressOf(text: string): string | null {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? plainIp(bracketed) : null;
  const [, address = text] = /^([^:]*):\d{1,5}$/.exec(text) ?? [];
  if (isIP(address) === 0 || address.includes("%")) return null;
  return plainIp(address);
}
