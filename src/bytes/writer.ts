import { byteAt } from "./at.ts";
import { copyLongRun, RUNTIME_BYTES } from "./copy.ts";
import { formatFloat, INTEGER_BYTES, writeInteger } from "./float.ts";
import { SlicedCopy } from "./sliced-copy.ts";

const encoder = new TextEncoder();
/** Texts up to this many characters are mostly ASCII, and faster to write one by one. */
const SHORT_TEXT = 192;

/**
 * A growing run of bytes that is used again and again. `bytes` may be replaced whenever something is appended, so take
 * what you need from it only after the last append; `finish` copies the content out, `view` lends it until the next
 * append.
 */
export class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  /** The larger buffer that is being filled, if any. */
  private growing: SlicedCopy | null = null;

  constructor(sizeBytes = 4096) {
    this.bytes = new Uint8Array(sizeBytes);
  }

  reset(): void {
    this.growing = null;
    this.length = 0;
  }

  /** Frees the memory if it is more than `sizeBytes`; what was written is lost then. */
  trim(sizeBytes: number): void {
    if (this.bytes.length <= sizeBytes) return;
    this.bytes = new Uint8Array(4096);
    this.length = 0;
  }

  /** Makes room for `sizeBytes` more bytes. */
  reserve(sizeBytes: number): void {
    const needed = this.length + sizeBytes;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /**
   * Makes room for `sizeBytes` more bytes over several turns, copying at most `mostBytes` in this one; false: it is to
   * be asked again before anything is appended.
   */
  reserveOn(sizeBytes: number, mostBytes: number): boolean {
    if (this.length + sizeBytes <= this.bytes.length) return true;
    this.growing ??= new SlicedCopy(Math.max(this.length + sizeBytes, this.bytes.length * 2));
    if (!this.growing.copyOn(this.bytes, 0, this.length, mostBytes)) return false;
    this.bytes = this.growing.target;
    this.growing = null;
    return true;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Appends source[start, end). */
  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size);
    const target = this.bytes;
    let at = this.length;
    if (size < RUNTIME_BYTES) for (let i = start; i < end; i++) target[at++] = byteAt(source, i);
    else copyLongRun(source, start, end, target, at);
    this.length += size;
  }

  append(source: Uint8Array): void {
    this.copy(source, 0, source.length);
  }

  /** Appends text of the ASCII range; anything else is the caller's fault. */
  ascii(text: string): void {
    this.reserve(text.length);
    const target = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) target[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Appends text as UTF-8. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT && this.shortAscii(text)) return;
    this.reserve(text.length * 3);
    this.length += encoder.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Appends text if it is of the ASCII range. */
  private shortAscii(text: string): boolean {
    this.reserve(text.length);
    const target = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      target[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** Appends a number as the reference prints it. */
  float(value: number): void {
    if (!Number.isSafeInteger(value)) return this.ascii(formatFloat(value));
    this.reserve(INTEGER_BYTES);
    this.length = writeInteger(this.bytes, this.length, value);
  }

  /** Returns what was written with its buffer, and goes on with a new one of `sizeBytes`. */
  release(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const written = this.bytes.subarray(0, this.length);
    this.bytes = new Uint8Array(sizeBytes);
    this.length = 0;
    return written;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
