import { byteAt, intAt, wordAt } from "../bytes/at.ts";
import { copyBytes } from "../bytes/copy.ts";
import { GrowingBytes } from "../bytes/growing-bytes.ts";
import { Rejection } from "../model/rejection.ts";
import { DecodeQueue } from "./queue.ts";
import { tooLarge } from "./too-large.ts";
import { stepOnLaterTurns } from "./turns.ts";

/*
 * The snappy framing format (framing_format.txt) and block format (format_description.txt) of
 * https://github.com/google/snappy, with the limits and the error words of golang/snappy's Reader.
 */

const FRAME_HEADER_BYTES = 4;
const CHECKSUM_BYTES = 4;
/** The most bytes one frame may decode to (framing format, section 4.2). */
const MAX_BLOCK_BYTES = 65536;
/** The longest frame that golang/snappy takes: the worst encoding of a full block, and its checksum. */
const MAX_FRAME_BYTES = 76490 + CHECKSUM_BYTES;
/** A copy of 64 bytes takes 3, and no element expands more: a block that claims more is corrupt. */
const MAX_COPY_BYTES = 64;
const MAX_COPY_ENCODED_BYTES = 3;
/** How many bytes, read or written, are worked off before other requests get their turn. */
const SLICE_BYTES = 1 << 20;

const FRAME_COMPRESSED = 0x00;
const FRAME_UNCOMPRESSED = 0x01;
const FRAME_LAST_UNSKIPPABLE = 0x7f;
const FRAME_IDENTIFIER = 0xff;
const IDENTIFIER = [0x73, 0x4e, 0x61, 0x50, 0x70, 0x59];

const CORRUPT = new Rejection("malformed", "snappy: corrupt input");
const UNSUPPORTED = new Rejection("malformed", "snappy: unsupported input");

export type Decoded = Uint8Array | Rejection;

/**
 * The content of a framed snappy stream, in bytes of its own. An empty body is an empty stream, as the reference has
 * it.
 *
 * Never more than `maxSizeBytes` are decoded: past that the answer is a "too-large" Rejection; any fault of the stream
 * is a "malformed" one. What takes long is done in slices, one body of the `queue` after the other, and answered by a
 * promise; `body` must not change until then.
 */
export function decodeSnappy(
  body: Uint8Array,
  maxSizeBytes: number,
  queue = new DecodeQueue(),
): Decoded | Promise<Decoded> {
  const frames = new FrameReader(body, maxSizeBytes);
  return frames.readSlice() ?? queue.decode(() => stepOnLaterTurns(() => frames.readSlice()));
}

/** Reads a framed stream from its start, a slice a call, into one buffer of its own. */
class FrameReader {
  readonly #body: Uint8Array;
  readonly #maxSizeBytes: number;
  #at = 0;
  #identified = false;
  readonly #content: GrowingBytes;

  constructor(body: Uint8Array, maxSizeBytes: number) {
    this.#body = body;
    this.#maxSizeBytes = maxSizeBytes;
    this.#content = new GrowingBytes(0, maxSizeBytes);
  }

  /** The outcome, or null when the slice is used up and there is more to read. Not to be called after an outcome. */
  readSlice(): Decoded | null {
    const readUntil = this.#at + SLICE_BYTES;
    const writeUntil = this.#content.size + SLICE_BYTES;
    while (this.#at < this.#body.length) {
      if (this.#at > readUntil || this.#content.size > writeUntil) return null;
      const fault = this.#readFrame();
      if (fault !== null) return fault;
    }
    return this.#content.finish();
  }

  #readFrame(): Rejection | null {
    const body = this.#body;
    const start = this.#at + FRAME_HEADER_BYTES;
    if (start > body.length) return CORRUPT;
    const type = byteAt(body, this.#at);
    if (!this.#identified && type !== FRAME_IDENTIFIER) return CORRUPT;
    this.#identified = true;
    const size = littleEndian(body, this.#at + 1, 3);
    if (size > MAX_FRAME_BYTES) return UNSUPPORTED;
    if (type > FRAME_UNCOMPRESSED && type <= FRAME_LAST_UNSKIPPABLE) return UNSUPPORTED;
    const end = start + size;
    if (end > body.length) return CORRUPT;
    this.#at = end;
    if (type === FRAME_COMPRESSED) return this.#readCompressed(start, end);
    if (type === FRAME_UNCOMPRESSED) return this.#readUncompressed(start, end);
    if (type === FRAME_IDENTIFIER) return isIdentifier(body, start, end) ? null : CORRUPT;
    return null;
  }

  #readCompressed(start: number, end: number): Rejection | null {
    const body = this.#body;
    let at = start + CHECKSUM_BYTES;
    if (at > end) return CORRUPT;
    const prefixBytes = lengthPrefixBytes(body, at, end);
    if (prefixBytes === 0) return CORRUPT;
    const size = readLengthPrefix(body, at, prefixBytes);
    at += prefixBytes;
    if (size > MAX_BLOCK_BYTES || size * MAX_COPY_ENCODED_BYTES > (end - at) * MAX_COPY_BYTES) return CORRUPT;
    const fault = this.#reserve(size);
    if (fault !== null) return fault;
    if (!decodeBlock(body, at, end, this.#content.bytes, this.#content.size, size)) return CORRUPT;
    return this.#accept(littleEndian(body, start, CHECKSUM_BYTES), size);
  }

  #readUncompressed(start: number, end: number): Rejection | null {
    const from = start + CHECKSUM_BYTES;
    const size = end - from;
    if (size < 0 || size > MAX_BLOCK_BYTES) return CORRUPT;
    const fault = this.#reserve(size);
    if (fault !== null) return fault;
    this.#content.bytes.set(this.#body.subarray(from, end), this.#content.size);
    return this.#accept(littleEndian(this.#body, start, CHECKSUM_BYTES), size);
  }

  /** Accepts the `size` bytes that were just written, if their checksum is the one in their frame. */
  #accept(checksum: number, size: number): Rejection | null {
    const content = this.#content;
    const end = content.size + size;
    if (maskedCrc32c(content.bytes, content.size, end) !== checksum) return CORRUPT;
    content.size = end;
    return null;
  }

  /** Makes room for `size` more bytes, within the cap. */
  #reserve(size: number): Rejection | null {
    if (this.#content.size + size > this.#maxSizeBytes) return tooLarge("snappy ", this.#maxSizeBytes);
    this.#content.reserve(size);
    return null;
  }
}

function isIdentifier(body: Uint8Array, start: number, end: number): boolean {
  return end - start === IDENTIFIER.length && IDENTIFIER.every((byte, i) => body[start + i] === byte);
}

/** The number of `count` bytes, at most 4, from `at`. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = (value << 8) | byteAt(bytes, at + i);
  return value >>> 0;
}

/** How many bytes the varint at `at` has, 0 if it does not end before `end` or within 10 bytes. */
function lengthPrefixBytes(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + 10);
  for (let i = at; i < limit; i++) if (byteAt(bytes, i) < 0x80) return i - at + 1;
  return 0;
}

/** The varint of `count` bytes at `at`; inexact where it is far too large for a block. */
function readLengthPrefix(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 128 + (byteAt(bytes, at + i) & 0x7f);
  return value;
}

/**
 * Decodes the block source[at, end), its length prefix already read, into target[start, start + size). False, with some
 * of that range written, if the block is corrupt or has another size. Reads and writes nothing outside of the two
 * ranges.
 */
function decodeBlock(
  source: Uint8Array,
  at: number,
  end: number,
  target: Uint8Array,
  start: number,
  size: number,
): boolean {
  const limit = start + size;
  let s = at;
  let d = start;
  while (s < end) {
    const tag = byteAt(source, s++);
    const kind = tag & 3;
    const extra = kind === 0 ? literalExtraBytes(tag) : kind === 3 ? 4 : kind;
    if (extra > end - s) return false;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (extra > 0) length = littleEndian(source, s, extra) + 1;
      s += extra;
      if (length > limit - d || length > end - s) return false;
      copyBytes(source, s, s + length, target, d);
      s += length;
    } else {
      let offset = littleEndian(source, s, extra);
      if (kind === 1) {
        length = 4 + ((tag >>> 2) & 7);
        offset |= (tag & 0xe0) << 3;
      }
      s += extra;
      if (offset === 0 || offset > d - start || length > limit - d) return false;
      // Byte by byte and forwards: where the ranges overlap, bytes just written are repeated.
      for (let i = 0; i < length; i++) target[d + i] = byteAt(target, d + i - offset);
    }
    d += length;
  }
  return d === limit;
}

/** How many bytes of length follow the tag of a literal; 0 where the tag holds the length. */
function literalExtraBytes(tag: number): number {
  const code = tag >>> 2;
  return code < 60 ? 0 : code - 59;
}

/** The checksum of bytes[start, end) as frames carry it: CRC-32C, rotated and offset (framing format, section 3). */
function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C, reflected polynomial 0x82f63b78, eight bytes a step: table k is the CRC of a byte followed by k zeros. */
const CRC_TABLES = crcTables(0x82f63b78);

function crcTables(polynomial: number): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = intAt(tables, i - 256);
    tables[i] = (shorter >>> 8) ^ intAt(tables, shorter & 0xff);
  }
  return tables;
}

function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = CRC_TABLES;
  let crc = -1;
  let i = start;
  for (const wholeEnd = end - 7; i < wholeEnd; i += 8) {
    const low = crc ^ wordAt(bytes, i);
    const high = wordAt(bytes, i + 4);
    crc =
      intAt(t, 1792 + (low & 0xff)) ^
      intAt(t, 1536 + ((low >>> 8) & 0xff)) ^
      intAt(t, 1280 + ((low >>> 16) & 0xff)) ^
      intAt(t, 1024 + (low >>> 24)) ^
      intAt(t, 768 + (high & 0xff)) ^
      intAt(t, 512 + ((high >>> 8) & 0xff)) ^
      intAt(t, 256 + ((high >>> 16) & 0xff)) ^
      intAt(t, high >>> 24);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ intAt(t, (crc ^ byteAt(bytes, i)) & 0xff);
  return ~crc;
}
