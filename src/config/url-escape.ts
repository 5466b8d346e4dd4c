import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";

/** The parts of a URL that have rules of their own (RFC 3986, as Go's net/url reads it). */
export type UrlPart = "path" | "host" | "zone" | "userinfo" | "fragment";

/** What is not escaped in each part, besides letters, digits and `-_.~`. */
const UNESCAPED: Record<UrlPart, RegExp> = {
  path: /[A-Za-z0-9\-_.~$&+,/:;=@]/,
  host: /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/,
  zone: /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/,
  userinfo: /[A-Za-z0-9\-_.~$&+,;=]/,
  fragment: /[A-Za-z0-9\-_.~$&+,/:;=?@!()*]/,
};

/** Whether a path may stay as it was written: nothing in it has to be escaped. `escaped` is one character a byte. */
export function isValidPath(escaped: string): boolean {
  return /^[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]*$/.test(escaped);
}

/** `decoded`, one character a byte, with %XX for each byte that `part` does not allow. */
export function escapeComponent(decoded: string, part: UrlPart): string {
  const allowed = UNESCAPED[part];
  let escaped = "";
  for (const byte of decoded) escaped += allowed.test(byte) ? byte : percent(byte);
  return escaped;
}

/** `escaped`, one character a byte, with each %XX replaced by its byte; refused in Go's words. */
export function unescapeComponent(escaped: string, part: UrlPart): string | Fault {
  let decoded = "";
  for (let at = 0; at < escaped.length; at++) {
    const byte = escaped.charAt(at);
    const sequence = escaped.slice(at, at + 3);
    if (byte !== "%") {
      if (!mayStand(byte, part)) return new Fault(`invalid character ${quoteText(byte)} in host name`);
      decoded += byte;
      continue;
    }
    if (!/^%[0-9a-f]{2}$/i.test(sequence) || !mayBeEscaped(sequence, part)) {
      return new Fault(`invalid URL escape ${quoteText(Buffer.from(sequence, "latin1").toString())}`);
    }
    decoded += String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    at += 2;
  }
  return decoded;
}

/** Hosts and zones are strict about unescaped characters, other parts accept any. */
function mayStand(byte: string, part: UrlPart): boolean {
  return (part !== "host" && part !== "zone") || byte >= "\x80" || UNESCAPED.host.test(byte);
}

/** A host may escape bytes above ASCII only, a zone also what it could hold anyway and a space. */
function mayBeEscaped(sequence: string, part: UrlPart): boolean {
  if (sequence === "%25" || (part !== "host" && part !== "zone")) return true;
  const code = Number.parseInt(sequence.slice(1), 16);
  if (part === "host") return code >= 0x80;
  return code === 0x20 || UNESCAPED.host.test(String.fromCharCode(code));
}

function percent(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
