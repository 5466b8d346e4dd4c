import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";

const MAX_CHARACTERS = 255;
const QUOTE = '"';
/** A String of RFC 9651, section 3.3.3. */
const STRING = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/;
const ESCAPED = /\\(["\\])/g;
/** What is written without quotes. */
const BARE = /^[!-~]*$/;

/**
 * The key that a header Idempotency-Key has: a String as draft-ietf-httpapi-idempotency-key-header has it, or the bare
 * key, as most clients write it. Both may be of the same key.
 */
export function readIdempotencyKey(text: string): string | Rejection {
  const key = text.startsWith(QUOTE) ? STRING.exec(text)?.[1]?.replace(ESCAPED, "$1") : BARE.exec(text)?.[0];
  if (key === undefined) return invalid(text, `expected visible ASCII characters, or a string in double quotes`);
  if (key.length >= 1 && key.length <= MAX_CHARACTERS) return key;
  return invalid(text, `expected 1 to ${MAX_CHARACTERS} characters, got ${key.length}`);
}

const invalid = (text: string, expected: string): Rejection =>
  new Rejection("malformed", `invalid Idempotency-Key ${quoteTokenText(text)}: ${expected}`);
