import { constants, createZstdDecompress, zstdDecompressSync } from "node:zlib";
import { byteAt } from "../bytes/at.ts";
import { Rejection } from "../model/rejection.ts";
import type { DecodeQueue } from "./queue.ts";
import type { Decoded } from "./snappy.ts";
import { decodeByThread, THREAD_CHUNK_BYTES } from "./thread.ts";
import { tooLarge } from "./too-large.ts";
import { stepOnLaterTurns } from "./turns.ts";

/*
 * The frames of zstd (RFC 8878, section 3.1) are walked here, for the library does not say that one is cut short; the
 * library decodes them.
 */

/** Bodies up to this size, compressed and not, are decoded at once. */
const IMMEDIATE_BODY_BYTES = 64 * 1024;
const IMMEDIATE_CONTENT_BYTES = 1024 * 1024;
/** A frame of a larger window is refused: 8 MiB, the most that RFC 8878 asks of everybody (section 3.1.1.1.2). */
const MOST_WINDOW_LOG = 23;
/** Blocks that are walked before others get their turn. */
const BLOCKS_A_TURN = 32 * 1024;

const MAGIC_BYTES = 4;
const MAGIC = 0xfd2fb528;
/** The last four bits of this one may be any. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const HAS_CHECKSUM = 4;
const IS_SINGLE_SEGMENT = 32;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const REPEATED_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** Whether a body begins as one or more frames of zstd do. */
export function isZstd(body: Uint8Array): boolean {
  return body.length >= MAGIC_BYTES && isMagic(littleEndian(body, 0));
}

/**
 * The content of frames of zstd, one or more, in bytes of its own. Never more than `maxSizeBytes` are decoded: past
 * that the answer is a "too-large" Rejection; frames that are cut short, broken or of a window of more than 8 MiB are a
 * "malformed" one. Large bodies are answered by a promise, one after the other in their `queue`, and must not change
 * until then.
 */
export function decodeZstd(body: Uint8Array, maxSizeBytes: number, queue: DecodeQueue): Decoded | Promise<Decoded> {
  const fault = body.length > IMMEDIATE_BODY_BYTES ? null : new FrameWalk(body).walkOn();
  if (fault === null) return queue.decode(() => decodeLarge(body, maxSizeBytes));
  if (fault !== WHOLE) return fault;
  const content = decodeNow(body, Math.min(maxSizeBytes, IMMEDIATE_CONTENT_BYTES));
  const cutShort =
    content instanceof Rejection && content.kind === "too-large" && maxSizeBytes > IMMEDIATE_CONTENT_BYTES;
  return cutShort ? queue.decode(() => decodeOnThread(body, maxSizeBytes)) : content;
}

async function decodeLarge(body: Uint8Array, maxSizeBytes: number): Promise<Decoded> {
  const frames = new FrameWalk(body);
  const fault = await stepOnLaterTurns(() => frames.walkOn());
  return fault === WHOLE ? decodeOnThread(body, maxSizeBytes) : fault;
}

function decodeNow(body: Uint8Array, maxSizeBytes: number): Decoded {
  try {
    const content = zstdDecompressSync(body, { ...OPTIONS, maxOutputLength: maxSizeBytes });
    return new Uint8Array(content.buffer, content.byteOffset, content.length);
  } catch (fault) {
    return rejectionOf(fault, maxSizeBytes);
  }
}

async function decodeOnThread(body: Uint8Array, maxSizeBytes: number): Promise<Decoded> {
  try {
    const decoding = createZstdDecompress({ ...OPTIONS, chunkSize: THREAD_CHUNK_BYTES });
    return (await decodeByThread(decoding, body, maxSizeBytes)) ?? tooLarge("zstd ", maxSizeBytes);
  } catch (fault) {
    return rejectionOf(fault, maxSizeBytes);
  }
}

const OPTIONS = { params: { [constants.ZSTD_d_windowLogMax]: MOST_WINDOW_LOG } };

/** Throws again what is not the body's fault. */
function rejectionOf(fault: unknown, maxSizeBytes: number): Rejection {
  if (!(fault instanceof Error && "code" in fault)) throw fault;
  if (fault.code === "ERR_BUFFER_TOO_LARGE") return tooLarge("zstd ", maxSizeBytes);
  if (fault.code === "ZSTD_error_frameParameter_windowTooLarge")
    return malformed("a frame needs a window of more than 8 MiB");
  if (fault.code === "ZSTD_error_dstSize_tooSmall") return malformed("a frame holds more than it says");
  if (typeof fault.code !== "string" || !fault.code.startsWith("ZSTD_error_")) throw fault;
  return malformed(fault.message);
}

const malformed = (words: string): Rejection => new Rejection("malformed", `decoding the zstd body: ${words}`);

/** All frames are there. */
const WHOLE = "whole";
const CUT_SHORT = malformed("it is cut short");

/** Goes from block to block and frame to frame. */
class FrameWalk {
  private at = 0;
  private isInFrame = false;
  private hasChecksum = false;

  constructor(private readonly body: Uint8Array) {}

  /** Walks on: what is wrong, or WHOLE at the end; null: there is more. */
  walkOn(): Rejection | typeof WHOLE | null {
    const { body } = this;
    for (let blocks = 0; blocks < BLOCKS_A_TURN; blocks++) {
      if (this.at > body.length) return CUT_SHORT;
      if (this.at === body.length) return this.isInFrame ? CUT_SHORT : WHOLE;
      const fault = this.isInFrame ? this.walkBlock() : this.beginFrame();
      if (fault !== null) return fault;
    }
    return null;
  }

  private beginFrame(): Rejection | null {
    const { at, body } = this;
    if (at + MAGIC_BYTES >= body.length) return CUT_SHORT;
    const magic = littleEndian(body, at);
    if (!isMagic(magic)) return malformed(`expected a frame at byte ${at}`);
    if (magic === MAGIC) this.beginBlocks(at + MAGIC_BYTES);
    else if (at + 2 * MAGIC_BYTES > body.length) return CUT_SHORT;
    else this.at = at + 2 * MAGIC_BYTES + littleEndian(body, at + MAGIC_BYTES);
    return null;
  }

  /** Passes over the header of a frame. */
  private beginBlocks(at: number): void {
    const descriptor = byteAt(this.body, at);
    const sizeFlag = descriptor >>> 6;
    const isSingle = (descriptor & IS_SINGLE_SEGMENT) !== 0;
    const sizeBytes = sizeFlag === 0 && isSingle ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
    this.hasChecksum = (descriptor & HAS_CHECKSUM) !== 0;
    this.isInFrame = true;
    this.at = at + 1 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes;
  }

  private walkBlock(): Rejection | null {
    const { at, body } = this;
    if (at + BLOCK_HEADER_BYTES > body.length) return CUT_SHORT;
    const header = byteAt(body, at) | (byteAt(body, at + 1) << 8) | (byteAt(body, at + 2) << 16);
    const type = (header >>> 1) & 3;
    if (type === RESERVED_BLOCK) return malformed(`a block of an unknown type at byte ${at}`);
    this.at = at + BLOCK_HEADER_BYTES + (type === REPEATED_BLOCK ? 1 : header >>> 3);
    if ((header & 1) === 0) return null;
    this.isInFrame = false;
    if (this.hasChecksum) this.at += CHECKSUM_BYTES;
    return null;
  }
}

const isMagic = (magic: number): boolean => magic === MAGIC || (magic & ~0xf) >>> 0 === SKIPPABLE_MAGIC;

/** The number of four bytes that are there. */
function littleEndian(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
