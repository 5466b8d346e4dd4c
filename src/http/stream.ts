import type { Clock } from "../model/clock.ts";
import { TURN_MS } from "../model/work.ts";

/** Bytes that are sent before other requests get a turn of the loop; TURN_MS is the time for that. */
const TURN_BYTES = 192 * 1024;

/**
 * Larger pieces are handed on in parts: what a reader does not take is copied, and he may never take more than the
 * first.
 */
const PART_BYTES = 256 * 1024;

const NOTHING = new Uint8Array(0);

/** What a stream of pieces takes turns by. */
export type StreamClock = Pick<Clock, "nowMs" | "turn">;

/**
 * The pieces one by one, with a turn of the loop in between as needed. An empty piece only says that a turn may be
 * taken. The maker of the pieces must yield one, empty or not, at least every ten thousand bytes of work. `done` is
 * called exactly once, when the last piece was taken, when the reader goes away, or when a piece cannot be made. Once
 * `givenUp` holds, neither a piece nor the end follows: the caller ends the connection.
 */
export function inTurns(
  pieces: Iterable<Uint8Array>,
  clock: StreamClock,
  done: () => void,
  givenUp: () => boolean = () => false,
): AsyncGenerator<Uint8Array> {
  return begun(takeTurns(pieces, clock, done, givenUp));
}

/**
 * A stream whose first piece is an empty one, run up to that: a generator that never ran ends without its `finally`.
 */
export function begun(stream: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  void stream.next();
  return stream;
}

async function* takeTurns(
  pieces: Iterable<Uint8Array>,
  clock: StreamClock,
  done: () => void,
  givenUp: () => boolean,
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0;
  let turnStartMs = clock.nowMs();
  try {
    yield NOTHING;
    for (const piece of pieces)
      for (let at = 0; at === 0 || at < piece.length; at += PART_BYTES) {
        const part = piece.length <= PART_BYTES ? piece : piece.subarray(at, at + PART_BYTES);
        if (part.length > 0) yield part;
        if (givenUp()) await new Promise(() => {});
        sentBytes += part.length;
        if (sentBytes < TURN_BYTES && clock.nowMs() - turnStartMs < TURN_MS) continue;
        await clock.turn();
        sentBytes = 0;
        turnStartMs = clock.nowMs();
      }
  } finally {
    done();
  }
}
