import { constants, crc32, deflateRawSync } from "node:zlib";
import type { ExposedPage } from "../model/exposition.ts";
import { CrcJoiner } from "./crc.ts";
import type { Piece } from "./exposition.ts";

/** RFC 1952: magic, deflate, no flags, no time, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty last block. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

/** Bytes that are deflated at a time. */
const STEP_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * Makes one gzip member of pieces deflated one by one, each ended by a sync flush, so that a page that did not change
 * is never deflated again. One member and not several: `curl --compressed` stops after the first. No step deflates more
 * than 64 KiB.
 */
export class GzipStitcher {
  private readonly joiner = new CrcJoiner();
  /** Bytes deflated so far, for tests. */
  deflatedBytes = 0;

  *stitch(pieces: Iterable<Piece>): Generator<Uint8Array> {
    let crc = 0;
    let size = 0;
    yield HEADER;
    for (const piece of pieces) {
      const { page } = piece;
      if (page === null) crc = yield* this.deflate(piece.bytes, crc, []);
      else {
        yield* page.deflated ?? this.deflatePage(piece.bytes, page);
        crc = this.joiner.join(crc, page.crc, page.used);
      }
      size += page?.used ?? piece.bytes.length;
    }
    yield LAST_BLOCK;
    yield trailer(crc, size);
  }

  /** One gzip member of bytes that come in pieces. */
  compress(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    return this.stitch(loose(pieces));
  }

  /** The answer holds the page, so it does not change between the steps. */
  private *deflatePage(bytes: Uint8Array, page: ExposedPage): Generator<Uint8Array> {
    const parts: Uint8Array[] = [];
    page.crc = yield* this.deflate(bytes, 0, parts);
    page.deflated = parts;
  }

  /** Adds its output to `parts`; returns the checksum of what had `crc` before these bytes. */
  private *deflate(bytes: Uint8Array, crc: number, parts: Uint8Array[]): Generator<Uint8Array, number> {
    if (bytes.length === 0) yield NOTHING;
    let sum = crc;
    for (let at = 0; at < bytes.length; at += STEP_BYTES) {
      const step = bytes.subarray(at, at + STEP_BYTES);
      const deflated = this.deflateStep(step);
      sum = crc32(step, sum);
      parts.push(deflated);
      yield deflated;
    }
    return sum;
  }

  private deflateStep(bytes: Uint8Array): Uint8Array {
    this.deflatedBytes += bytes.length;
    const deflated = deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
    // A slice of its own: what zlib returns may be the head of a much larger buffer.
    return deflated.byteLength === deflated.buffer.byteLength ? deflated : new Uint8Array(deflated);
  }
}

function* loose(pieces: Iterable<Uint8Array>): Generator<Piece> {
  for (const bytes of pieces) yield { bytes, page: null };
}

function trailer(crc: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, size % 2 ** 32, true);
  return bytes;
}
