import { constants, zstdCompressSync } from "node:zlib";
import { uninitialized } from "../bytes/uninitialized.ts";
import { NOTHING } from "./pieces.ts";

/** What a frame holds: one is compressed at a time. */
const FRAME_BYTES = 128 * 1024;
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * Frames of zstd (RFC 8878), one after the other, of bytes that come in pieces. An empty piece is passed on, so that a
 * turn of the loop may be taken.
 */
export function* zstdFrames(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const frame = uninitialized(FRAME_BYTES);
  let size = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + FRAME_BYTES - size);
      frame.set(taken, size);
      size += taken.length;
      at += taken.length;
      if (size < FRAME_BYTES) continue;
      yield compressed(frame);
      size = 0;
    }
    if (piece.length === 0) yield NOTHING;
  }
  yield compressed(frame.subarray(0, size));
}

/** In bytes of their own: what zlib returns may be the head of a much larger buffer. */
const compressed = (bytes: Uint8Array): Uint8Array => new Uint8Array(zstdCompressSync(bytes, OPTIONS));
