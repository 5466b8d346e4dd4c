import { SlicedCopy } from "../bytes/sliced-copy.ts";
import { uninitialized } from "../bytes/uninitialized.ts";
import { turnOfOthers } from "./turns.ts";

/** What one round of the thread decodes. */
export const THREAD_CHUNK_BYTES = 256 * 1024;
/** Bytes that are copied before others get their turn: more take milliseconds. */
const COPIED_A_TURN_BYTES = 1024 * 1024;

/** A stream that has a thread decode what is written to it. */
interface Decoding extends AsyncIterable<unknown> {
  end(body: Uint8Array): unknown;
}

/**
 * What a thread decodes of a body, in bytes of its own; null: it is more than `maxSizeBytes`. Throws the stream's
 * errors.
 *
 * The thread reads a copy: it may be in the midst of it when more is decoded than there may be, and whoever has the
 * body frees it then.
 */
export async function decodeByThread(
  decoding: Decoding,
  body: Uint8Array,
  maxSizeBytes: number,
): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  decoding.end(await copyOf(body));
  for await (const piece of decoding as AsyncIterable<Uint8Array>) {
    sizeBytes += piece.length;
    if (sizeBytes > maxSizeBytes) return null;
    pieces.push(piece);
  }
  return join(pieces, sizeBytes);
}

/** Copies a body over several turns of the loop. */
async function copyOf(body: Uint8Array): Promise<Uint8Array> {
  const copy = new SlicedCopy(body.length);
  while (!copy.copyOn(body, 0, body.length, COPIED_A_TURN_BYTES)) await turnOfOthers();
  return copy.target;
}

/** Joins pieces over several turns of the loop. */
async function join(pieces: readonly Uint8Array[], sizeBytes: number): Promise<Uint8Array> {
  const joined = uninitialized(sizeBytes);
  let at = 0;
  let copiedBytes = 0;
  for (const piece of pieces) {
    if (copiedBytes > COPIED_A_TURN_BYTES) {
      copiedBytes = 0;
      await turnOfOthers();
    }
    joined.set(piece, at);
    at += piece.length;
    copiedBytes += piece.length;
  }
  return joined;
}
