import { Rejection } from "../model/rejection.ts";
import { inTurns, type StreamClock } from "../serialise/stream.ts";
import type { Answer, Exchange, HeaderFields } from "../server/exchange.ts";
import type { Refusals } from "../server/refusals.ts";
import { rejected } from "./reply.ts";

/** An answer of at most so many bytes, made within a turn of so long, is sent at once. */
const SHORT_BYTES = 64 * 1024;
const SHORT_MS = 2;

export interface LongAnswerDeps {
  readonly clock: StreamClock;
  readonly maxInFlight: number;
  readonly countLimit: () => void;
  readonly refusals: Refusals;
}

/** Smaller pieces are gathered, so that sending them costs little; not for longer than this. */
const BLOCK_BYTES = 256 * 1024;
const GATHERED_MS = 1;
/** Blocks that no answer uses at the moment are kept for the next: a new one is memory that has to be cleared. */
const FREE_BLOCKS = 4;

/** A reader who has taken much before stands still when he has taken nothing for so long. */
const STILL_MS = 1000;

/** An answer that is being sent. */
interface Sending {
  readonly exchange: Exchange;
  /** When its reader last took a piece. */
  takenMs: number;
  readonly giveUp: () => void;
}

/**
 * Sends answers that may be too long for one piece, so many at a time: each may hold a snapshot of the store. A reader takes
 * what it can in its own time. Where there are too many, one whose reader stands still gives way: its connection is cut, so that
 * nobody takes half an answer for a whole one. Where all go on, the new one is refused.
 */
export class LongAnswers {
  private readonly sending = new Set<Sending>();
  private readonly freeBlocks: Uint8Array[] = [];

  constructor(private readonly deps: LongAnswerDeps) {}

  get inFlight(): number {
    return this.sending.size;
  }

  /**
   * An answer of 200, of `sizeBytes` where that is known. What is short is sent in one piece. `pieces` are taken to their end, or
   * ended where the reader goes away or the answer is given up; `done` is then called exactly once.
   */
  answer(
    exchange: Exchange,
    pieces: Iterable<Uint8Array>,
    headers: HeaderFields,
    done: () => void = () => {},
    sizeBytes: number | null = null,
  ): Answer {
    const iterator = pieces[Symbol.iterator]();
    const end = () => {
      try {
        iterator.return?.();
      } finally {
        done();
      }
    };
    try {
      const { parts, isWhole } = shortAnswer(iterator, this.deps.clock);
      if (!isWhole && !this.makeRoom()) {
        end();
        return rejected(
          this.deps.refusals,
          new Rejection("busy", `other answers have to be sent first (--${LIMIT})`, LIMIT),
        );
      }
      if (!isWhole) {
        const stream = this.stream(exchange, joined(parts, iterator), end);
        return { status: 200, headers, body: { sizeBytes, pieces: stream } };
      }
      end();
      return { status: 200, headers, body: Buffer.concat(parts) };
    } catch (error) {
      end();
      throw error;
    }
  }

  private stream(exchange: Exchange, pieces: Iterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
    const { clock } = this.deps;
    let isGivenUp = false;
    const end = () => {
      if (this.sending.delete(sending)) done();
    };
    const sending = {
      exchange,
      takenMs: clock.nowMs(),
      giveUp: () => {
        isGivenUp = true;
        end();
        exchange.cut();
      },
    };
    this.sending.add(sending);
    return inTurns(noteTaken(this.inBlocks(pieces), sending, clock), clock, end, () => isGivenUp);
  }

  /** A block is free again when its last piece was taken; that of an answer which broke off may still be on its way. */
  private *inBlocks(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    const block = this.freeBlocks.pop() ?? new Uint8Array(BLOCK_BYTES);
    yield* gathered(pieces, this.deps.clock, block);
    if (this.freeBlocks.length < FREE_BLOCKS) this.freeBlocks.push(block);
  }

  /** False: there are too many, and all go on. */
  private makeRoom(): boolean {
    if (this.sending.size < this.deps.maxInFlight) return true;
    this.deps.countLimit();
    const stillMs = this.deps.clock.nowMs() - STILL_MS;
    let still: Sending | null = null;
    for (const sending of this.sending) {
      const { exchange, takenMs } = sending;
      // Who has not made room once may have sent nothing but a request.
      const isStill = exchange.isBlocked && (exchange.drains === 0 || takenMs < stillMs);
      if (isStill && (still === null || takenMs < still.takenMs)) still = sending;
    }
    still?.giveUp();
    return still !== null;
  }
}

const LIMIT = "web.max-scrapes-in-flight";

/** A piece is asked for when the reader has taken the one before. */
function* noteTaken(pieces: Iterable<Uint8Array>, sending: Sending, clock: StreamClock): Generator<Uint8Array> {
  for (const piece of pieces) {
    sending.takenMs = clock.nowMs();
    yield piece;
  }
}

/**
 * The same bytes in pieces as large as `block`, which holds them until the next one is asked for; an empty piece, or what there is,
 * where making more takes its time.
 */
function* gathered(pieces: Iterable<Uint8Array>, { nowMs }: StreamClock, block: Uint8Array): Generator<Uint8Array> {
  let sizeBytes = 0;
  let startMs = nowMs();
  for (const piece of pieces) {
    if (sizeBytes + piece.length > block.length) {
      yield block.subarray(0, sizeBytes);
      sizeBytes = 0;
      startMs = nowMs();
    }
    if (piece.length > block.length) {
      yield piece;
      continue;
    }
    block.set(piece, sizeBytes);
    sizeBytes += piece.length;
    if (nowMs() - startMs < GATHERED_MS) continue;
    yield block.subarray(0, sizeBytes);
    sizeBytes = 0;
    startMs = nowMs();
  }
  if (sizeBytes > 0) yield block.subarray(0, sizeBytes);
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
