import type { Writer } from "../bytes/writer.ts";

/** An answer is handed on in pieces of about this size. */
export const PIECE_BYTES = 32 * 1024;
/** Bytes of input that are processed before a piece is yielded, even an empty one. */
export const STRIDE_BYTES = 64 * 1024;
/** A metric with more bytes than this is written in runs, for it may be as large as a push. */
export const LARGE_METRIC_BYTES = 32 * 1024;
/** Small things (points, families) that are processed in one run. */
export const RUN = 256;

/** A piece that says only that a turn of the loop may be taken. */
export const NOTHING = new Uint8Array(0);

/** What was written so far, in bytes of its own; the writer is empty then. */
export function takePiece(out: Writer): Uint8Array {
  const piece = out.finish();
  out.reset();
  return piece;
}

/** What was written so far, lent until more is written; the writer is empty then. */
export function lendPiece(out: Writer): Uint8Array {
  const piece = out.view();
  out.reset();
  return piece;
}

/** A piece of what was written, if there is enough for one, or an empty one. */
export function pieceOf(out: Writer): Uint8Array {
  return out.length >= PIECE_BYTES ? takePiece(out) : NOTHING;
}

/** Calls `append` for the things of [0, count) in runs of `run`, with a piece after each. */
export function* inRuns(
  out: Writer,
  count: number,
  run: number,
  append: (from: number, to: number) => void,
): Generator<Uint8Array> {
  for (let from = 0; from < count; from += run) {
    append(from, Math.min(count, from + run));
    yield pieceOf(out);
  }
}
