import { latin1Of } from "../bytes/ascii.ts";
import { CR, LINE_FEED } from "../bytes/characters.ts";
import type { PushFormat } from "../model/push-format.ts";
import { Rejection } from "../model/rejection.ts";
import { pushFormat } from "./media-type.ts";
import { stepOnLaterTurns } from "./turns.ts";

/*
 * multipart/form-data (RFC 7578) with one part, as `curl -F metrics=@file` sends it. The runtime's FormData reads a
 * body in one turn, and copies it twice; here the part stays where it is.
 */

/** The fields of a part are in so many bytes. */
const MOST_HEAD_BYTES = 8 * 1024;
/** What is searched for a delimiter before others have their turn. */
const SEARCHED_BYTES = 1024 * 1024;

/** What a form brings: the bytes of its part, which are borrowed of the body, and what they are. */
export interface FormPart {
  readonly bytes: Uint8Array;
  readonly format: PushFormat;
}

/** Whether a body begins as a form with this boundary does. */
export function isForm(body: Uint8Array, boundary: string): boolean {
  return Buffer.from(`--${boundary}`, "latin1").equals(body.subarray(0, boundary.length + 2));
}

/**
 * The one part of a form; the Content-Type of the part says what it is, as that of a push does. A "malformed" Rejection
 * where there is another number of parts, or the form is cut short. A large body is searched in slices, and must not
 * change until then.
 */
export async function readForm(body: Uint8Array, boundary: string): Promise<FormPart | Rejection> {
  const head = readHead(body, boundary.length + 2);
  if (head instanceof Rejection) return head;
  const delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  const search = new Search(body, delimiter, head.end);
  const end = search.searchOn() ?? (await stepOnLaterTurns(() => search.searchOn()));
  if (end < 0) return CUT_SHORT;
  const closing = latin1Of(body, end + delimiter.length, Math.min(body.length, end + delimiter.length + 2));
  if (closing === "\r\n") return malformed("expected one file, found another part");
  if (closing !== "--") return CUT_SHORT;
  return { bytes: body.subarray(head.end, end), format: pushFormat(head.contentType) };
}

/** The fields of the first part, which begin behind the first delimiter. */
function readHead(body: Uint8Array, start: number): { contentType: string | null; end: number } | Rejection {
  if (body[start] !== CR || body[start + 1] !== LINE_FEED) return malformed("expected a part");
  const text = latin1Of(body, start, Math.min(body.length, start + MOST_HEAD_BYTES));
  const size = text.indexOf("\r\n\r\n");
  if (size < 0) return text.length < MOST_HEAD_BYTES ? CUT_SHORT : malformed("the fields of a part are too long");
  const [, contentType = null] = /\r\ncontent-type:[ \t]*([^\r\n]*)/i.exec(text.slice(0, size)) ?? [];
  return { contentType, end: start + size + 4 };
}

/** Looks for the delimiter, a slice a call. */
class Search {
  constructor(
    private readonly body: Uint8Array,
    private readonly delimiter: Uint8Array,
    private at: number,
  ) {}

  /** Where it is, or -1; null: there is more to search. */
  searchOn(): number | null {
    const { at, body, delimiter } = this;
    const end = Math.min(body.length, at + SEARCHED_BYTES);
    const window = Buffer.from(body.buffer, body.byteOffset + at, end - at);
    const found = window.indexOf(delimiter);
    if (found >= 0) return at + found;
    if (end === body.length) return -1;
    this.at = end - delimiter.length + 1;
    return null;
  }
}

const malformed = (words: string): Rejection => new Rejection("malformed", `reading the form of the body: ${words}`);

const CUT_SHORT = malformed("it is cut short");
