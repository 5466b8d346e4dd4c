import { inTurns, type StreamClock } from "../serialise/stream.ts";

/** Seconds that the connection of an answer which was given up still lives; Bun knows no sooner end. */
const CUT_SECONDS = 1;

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

  /** The body of an answer. `done` is called exactly once: at its end, when the reader goes away, or when it is given up. */
  stream(request: Request, pieces: Iterable<Uint8Array>, done: () => void): ReadableStream {
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
