import { byteAt } from "../bytes/at.ts";
import { CR, LINE_FEED } from "../bytes/characters.ts";
import { uninitialized } from "../bytes/uninitialized.ts";
import { isSurrogate, sizeOfCodePoint } from "../bytes/utf8.ts";
import { Rejection } from "../model/rejection.ts";
import type { DecodeQueue } from "./queue.ts";
import type { Decoded } from "./snappy.ts";
import { tooLarge } from "./too-large.ts";
import { stepOnLaterTurns } from "./turns.ts";

/** What is read character by character before others have their turn. */
const SLICE_BYTES = 64 * 1024;
/** So many, of bytes that are only moved. */
const MOVED_SLICES = 4;
/** So many, of bytes that are only searched. */
const SEARCHED_SLICES = 32;
/** A line feed that is added at the end. */
const END_BYTES = 1;

const UTF8_MARK = [0xef, 0xbb, 0xbf];
const LITTLE_ENDIAN_MARK = [0xff, 0xfe];
const BIG_ENDIAN_MARK = [0xfe, 0xff];

/** Reads a text to its end, a slice a call: what it is then, or null where there is more. */
interface LenientReader {
  readSlice(): Decoded | null;
}

/**
 * A text as the parsers want it: in UTF-8 without a byte order mark, where it begins with one of UTF-8 or UTF-16, with
 * line feeds only where it has CR LF, and with one at its end. A text that is so is returned as it came, any other in
 * bytes of its own.
 *
 * More than `maxSizeBytes` of UTF-8, not counting a last line feed, is a "too-large" Rejection, half a character of
 * UTF-16 a "malformed" one. Large texts are read in slices, one after the other in their `queue`, and must not change
 * until then.
 */
export function lenientText(body: Uint8Array, maxSizeBytes: number, queue: DecodeQueue): Decoded | Promise<Decoded> {
  const reader = readerOf(body, maxSizeBytes);
  return reader.readSlice() ?? queue.enter(() => stepOnLaterTurns(() => reader.readSlice()));
}

function readerOf(body: Uint8Array, maxSizeBytes: number): LenientReader {
  if (begins(body, LITTLE_ENDIAN_MARK)) return new Utf16Reader(body, 1, maxSizeBytes);
  if (begins(body, BIG_ENDIAN_MARK)) return new Utf16Reader(body, 0, maxSizeBytes);
  return new LineReader(body, begins(body, UTF8_MARK) ? UTF8_MARK.length : 0);
}

const begins = (body: Uint8Array, mark: readonly number[]): boolean => mark.every((byte, i) => body[i] === byte);

/** Reads UTF-8: moves its lines together, unless it can stay as it is. */
class LineReader implements LenientReader {
  /** Up to here it is as it is to be. */
  private plainEnd = 0;
  /** What is read before it was moved. */
  private at: number;
  private size = 0;
  private out: Uint8Array | null = null;

  constructor(
    private readonly body: Uint8Array,
    /** Behind the byte order mark, if there is one. */
    start: number,
  ) {
    this.at = start;
  }

  readSlice(): Decoded | null {
    const { body } = this;
    if (this.out === null) {
      if (this.isPlainOn()) return this.plainEnd === body.length ? body : null;
      this.out = uninitialized(body.length - this.at + END_BYTES);
    }
    return this.moveOn(this.out);
  }

  /** Looks for what cannot stay; false: there is some. */
  private isPlainOn(): boolean {
    const { body } = this;
    if (this.at > 0 || (body.length > 0 && body.at(-1) !== LINE_FEED)) return false;
    const end = Math.min(body.length, this.plainEnd + SEARCHED_SLICES * SLICE_BYTES);
    if (body.subarray(this.plainEnd, end).includes(CR)) return false;
    this.plainEnd = end;
    return true;
  }

  private moveOn(out: Uint8Array): Uint8Array | null {
    const { body } = this;
    const until = Math.min(body.length, this.at + MOVED_SLICES * SLICE_BYTES);
    let { at, size } = this;
    for (; at < until; at++) {
      const byte = byteAt(body, at);
      if (byte !== CR || body[at + 1] !== LINE_FEED) out[size++] = byte;
    }
    this.at = at;
    this.size = size;
    return at === body.length ? ended(out, size) : null;
  }
}

/** Reads UTF-16 twice: how much it is in UTF-8, then what. */
class Utf16Reader implements LenientReader {
  private at = LITTLE_ENDIAN_MARK.length;
  private size = 0;
  private out: Uint8Array | null = null;

  constructor(
    private readonly body: Uint8Array,
    /** The place of the higher byte of two. */
    private readonly high: number,
    private readonly maxSizeBytes: number,
  ) {}

  readSlice(): Decoded | null {
    if (this.out !== null) return this.writeOn(this.out) ? ended(this.out, this.size) : null;
    const isMeasured = this.measureOn();
    if (isMeasured instanceof Rejection) return isMeasured;
    if (!isMeasured) return null;
    this.out = uninitialized(this.size + END_BYTES);
    this.at = LITTLE_ENDIAN_MARK.length;
    this.size = 0;
    return this.body.length <= SLICE_BYTES && this.writeOn(this.out) ? ended(this.out, this.size) : null;
  }

  /** Adds up what is to be written; false: there is more. */
  private measureOn(): boolean | Rejection {
    const until = Math.min(this.body.length, this.at + SLICE_BYTES);
    while (this.at < until) {
      const code = this.codeAt(this.at);
      if (code < 0) return halfCharacter(this.at);
      this.at += unitsBytes(code);
      if (!this.isDropped(code)) this.size += sizeOfCodePoint(code);
    }
    if (this.size > this.maxSizeBytes) return tooLarge("UTF-16 ", this.maxSizeBytes);
    return this.at >= this.body.length;
  }

  private writeOn(out: Uint8Array): boolean {
    const until = Math.min(this.body.length, this.at + SLICE_BYTES);
    while (this.at < until) {
      const code = this.codeAt(this.at);
      this.at += unitsBytes(code);
      if (!this.isDropped(code)) this.size = writeCodePoint(out, this.size, code);
    }
    return this.at >= this.body.length;
  }

  /** Whether a character that was read is a CR before a line feed. */
  private isDropped(code: number): boolean {
    return code === CR && this.unitAt(this.at) === LINE_FEED;
  }

  /** The character whose first unit is at `at`; -1: it is half of one. */
  private codeAt(at: number): number {
    const unit = this.unitAt(at);
    if (unit < 0 || !isSurrogate(unit)) return unit;
    const low = this.unitAt(at + 2);
    return unit < 0xdc00 && low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff) : -1;
  }

  /** The two bytes at `at` as a number; -1: there are not two. */
  private unitAt(at: number): number {
    const { body, high } = this;
    return at + 1 < body.length ? (byteAt(body, at + high) << 8) | byteAt(body, at + 1 - high) : -1;
  }
}

/** What was written, with a line feed at its end. */
function ended(out: Uint8Array, size: number): Uint8Array {
  if (size === 0 || out[size - 1] === LINE_FEED) return out.subarray(0, size);
  out[size] = LINE_FEED;
  return out.subarray(0, size + END_BYTES);
}

const unitsBytes = (code: number): number => (code < 0x10000 ? 2 : 4);

/** Writes a character in UTF-8; returns where it ends. */
function writeCodePoint(out: Uint8Array, start: number, code: number): number {
  let at = start;
  if (code < 0x80) out[at++] = code;
  else {
    if (code < 0x800) out[at++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x10000) out[at++] = 0xe0 | (code >> 12);
      else {
        out[at++] = 0xf0 | (code >> 18);
        out[at++] = 0x80 | ((code >> 12) & 0x3f);
      }
      out[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    out[at++] = 0x80 | (code & 0x3f);
  }
  return at;
}

function halfCharacter(at: number): Rejection {
  return new Rejection("malformed", `decoding the UTF-16 body: half a character at byte ${at}`);
}
