import { constants, crc32, deflateRawSync } from "node:zlib";
import { CrcJoiner } from "./crc.ts";
import type { Piece } from "./exposition.ts";

/** RFC 1952: magic, deflate, no flags, no time, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty last block. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

/**
 * Makes one gzip member of pieces deflated one by one, each ended by a sync flush, so that a page that did not change is never
 * deflated again. One member and not several: `curl --compressed` stops after the first.
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
      const deflated = piece.page?.deflated ?? this.deflate(piece.bytes);
      const pieceCrc = piece.page?.deflated ? piece.page.crc : crc32(piece.bytes);
      if (piece.page !== null && piece.page.deflated === null) {
        piece.page.deflated = deflated;
        piece.page.crc = pieceCrc;
      }
      crc = this.joiner.join(crc, pieceCrc, piece.bytes.length);
      size += piece.bytes.length;
      yield deflated;
    }
    yield LAST_BLOCK;
    yield trailer(crc, size);
  }

  private deflate(bytes: Uint8Array): Uint8Array {
    this.deflatedBytes += bytes.length;
    const deflated = deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_SYNC_FLUSH });
    // A slice of its own: what zlib gives may be the head of a much larger buffer.
    return deflated.byteLength === deflated.buffer.byteLength ? deflated : new Uint8Array(deflated);
  }
}

function trailer(crc: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, size % 2 ** 32, true);
  return bytes;
}
