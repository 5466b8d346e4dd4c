import { inTurns, type StreamClock } from "../serialise/stream.ts";

/** Seconds that the connection of an answer which was given up still lives; Bun knows no sooner end. */
const CUT_SECONDS = 1;

/** An answer of at most so many bytes, made within a turn of so long, is sent at once. */
const SHORT_BYTES = 64 * 1024;
const SHORT_MS = 2;

export interface LongAnswerDeps {
  readonly clock: StreamClock;
  readonly maxInFlight: number;
  readonly countLimit: () => void;
  /** Sets after how many seconds without a byte the connection of a request is closed. */
  readonly setIdleSeconds: (request: Request, seconds: number) => void;
}

/**
 * Sends answers that are too long for one piece, so many at a time: each may hold a snapshot of the store. A reader takes
 * what it can in its own time; where there are too many, the one that began first gives way, its connection is cut, so that
 * nobody takes half an answer for a whole one.
 */
export class LongAnswers {
  /** What ends each answer, in the order of their age. */
  private readonly sending = new Set<() => void>();

  constructor(private readonly deps: LongAnswerDeps) {}

  get inFlight(): number {
    return this.sending.size;
  }

  /**
   * An answer of 200. What is short is sent with its length, in one piece. `pieces` are taken to their end, or ended where the
   * reader goes away or the answer is given up; `done` is then called exactly once.
   */
  answer(
    request: Request,
    pieces: Iterable<Uint8Array>,
    headers: Record<string, string>,
    done: () => void = () => {},
  ): Response {
    const iterator = pieces[Symbol.iterator]();
    const end = () => {
      iterator.return?.();
      done();
    };
    try {
      const { parts, isWhole } = shortAnswer(iterator, this.deps.clock);
      if (isWhole) {
        end();
        return new Response(Buffer.concat(parts), { headers });
      }
      return new Response(this.stream(request, joined(parts, iterator), end), { headers });
    } catch (error) {
      end();
      throw error;
    }
  }

  private stream(request: Request, pieces: Iterable<Uint8Array>, done: () => void): ReadableStream {
    const { clock, maxInFlight, setIdleSeconds, countLimit } = this.deps;
    if (this.sending.size >= maxInFlight) {
      countLimit();
      for (const giveUp of this.sending) {
        giveUp();
        break;
      }
    }
    let givenUp = false;
    const giveUp = () => {
      givenUp = true;
      end();
      setIdleSeconds(request, CUT_SECONDS);
    };
    const end = () => {
      if (this.sending.delete(giveUp)) done();
    };
    this.sending.add(giveUp);
    return inTurns(pieces, clock, end, () => givenUp) as unknown as ReadableStream;
  }
}

/** The first pieces, as far as an answer is short, and whether they are all. */
function shortAnswer(
  pieces: Iterator<Uint8Array>,
  { nowMs }: StreamClock,
): { readonly parts: Uint8Array[]; readonly isWhole: boolean } {
  const parts: Uint8Array[] = [];
  const startMs = nowMs();
  let sizeBytes = 0;
  while (sizeBytes <= SHORT_BYTES && nowMs() - startMs < SHORT_MS) {
    const { value, done } = pieces.next();
    if (done) return { parts, isWhole: true };
    parts.push(value);
    sizeBytes += value.length;
  }
  return { parts, isWhole: false };
}

function* joined(parts: readonly Uint8Array[], rest: Iterator<Uint8Array>): Generator<Uint8Array> {
  yield* parts;
  for (let piece = rest.next(); !piece.done; piece = rest.next()) yield piece.value;
}
