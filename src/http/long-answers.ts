import { mustBe, mustHold } from "../bytes/broken.ts";
import { limited } from "../model/rejection.ts";
import type { GzipStitcher } from "../serialise/gzip.ts";
import { negotiateEncoding } from "../serialise/negotiate.ts";
import type { Answer, Exchange, HeaderFields } from "../server/exchange.ts";
import { Progress } from "../server/progress.ts";
import type { Refusals } from "../server/refusals.ts";
import { type Rival, Rivals } from "../server/rivals.ts";
import { rejected } from "./reply.ts";
import { inTurns, type StreamClock } from "./stream.ts";

/** Largest answer, and longest time to make it, that is sent at once. */
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

/** Time without taking anything after which a reader that has taken much counts as stalled. */
const STILL_MS = 1000;

/** An answer that is being sent. */
class Sending implements Rival {
  /** A piece is taken when its reader asks for the next one. */
  readonly taken: Progress;
  isGivenUp = false;

  constructor(
    private readonly exchange: Exchange,
    nowMs: number,
  ) {
    this.taken = new Progress(nowMs);
  }

  get source(): string {
    return this.exchange.source;
  }

  /** The same for one that has never made room: it may have sent nothing but a request. */
  isStill(nowMs: number): boolean {
    const { isBlocked, drains } = this.exchange;
    return isBlocked && (drains === 0 || nowMs - this.taken.movedMs > STILL_MS);
  }

  progress(nowMs: number): number {
    return this.taken.at(nowMs);
  }

  /** Ends it so that nobody takes what was sent for all. */
  cut(): void {
    this.isGivenUp = true;
    this.exchange.cut();
  }
}

/**
 * Sends answers that may be too long for one piece, a limited number at a time, because each may hold a snapshot of the
 * store. A reader takes what it can in its own time. If there are too many, one gives way, chosen by its reader's
 * source and progress: its connection is cut. If all make progress and no source has more than the newcomer's, the
 * newcomer is refused.
 */
export class LongAnswers {
  /** With how to end each. */
  private readonly sending = new Map<Sending, () => void>();
  private readonly rivals = new Rivals<Sending>();
  private readonly freeBlocks: Uint8Array[] = [];

  constructor(private readonly deps: LongAnswerDeps) {}

  get inFlight(): number {
    return this.sending.size;
  }

  /**
   * An answer of 200, of `sizeBytes` where that is known. What is short is sent in one piece. `pieces` are taken to
   * their end, or ended where the reader goes away or the answer is given up; `done` is then called exactly once.
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
      if (!isWhole && !this.makeRoom(exchange.source)) {
        end();
        return rejected(this.deps.refusals, limited("busy", "other answers have to be sent first", LIMIT), exchange);
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
    const sending = new Sending(exchange, clock.nowMs());
    const end = () => {
      if (!this.sending.delete(sending)) return;
      this.rivals.leave(sending);
      done();
    };
    this.sending.set(sending, end);
    this.rivals.take(sending, 1);
    const taken = (bytes: number) => {
      sending.taken.add(bytes, clock.nowMs());
      if (this.sending.has(sending)) this.rivals.take(sending, 0);
    };
    return inTurns(noteTaken(this.inBlocks(pieces), taken), clock, end, () => sending.isGivenUp);
  }

  /** A block is free again when its last piece was taken; that of an answer which broke off may still be on its way. */
  private *inBlocks(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    const block = this.freeBlocks.pop() ?? new Uint8Array(BLOCK_BYTES);
    yield* gathered(pieces, this.deps.clock, block);
    if (this.freeBlocks.length < FREE_BLOCKS) this.freeBlocks.push(block);
  }

  /**
   * Ends answers until there is room: those with stalled readers, then the others, the oldest first. The last one that
   * is not stalled goes on: it holds no more than the store took up when it began.
   */
  endUntil(isEnough: () => boolean): void {
    const nowMs = this.deps.clock.nowMs();
    for (const isStill of [true, false])
      for (const [sending, end] of this.sending) {
        if (isEnough() || (!isStill && this.sending.size === 1)) return;
        if (isStill && !sending.isStill(nowMs)) continue;
        end();
        sending.cut();
      }
  }

  /** Throws where the answers that are sent and their places differ. */
  verify(): void {
    this.rivals.verify("places of long answers");
    mustBe(this.rivals.total, this.sending.size, "long answers: places that are taken");
    mustHold(this.freeBlocks.length <= FREE_BLOCKS, `long answers: ${this.freeBlocks.length} free blocks`);
  }

  /** False: there are too many, and none gives way. */
  private makeRoom(source: string): boolean {
    if (this.sending.size < this.deps.maxInFlight) return true;
    this.deps.countLimit();
    const nowMs = this.deps.clock.nowMs();
    const other = this.rivals.whoGivesWay({ source, share: 1 }, nowMs);
    if (other === null) return false;
    const isGreedier = this.rivals.shareOf(other.source) > this.rivals.shareOf(source) + 1;
    if (!isGreedier && !other.isStill(nowMs)) return false;
    this.sending.get(other)?.();
    other.cut();
    return true;
  }
}

/** An answer of 200 of any length, gzipped where the client prefers that; `done` as in `LongAnswers.answer`. */
export function longAnswer(
  { gzip, longAnswers }: { readonly gzip: GzipStitcher; readonly longAnswers: LongAnswers },
  exchange: Exchange,
  pieces: Iterable<Uint8Array>,
  headers: HeaderFields,
  done: () => void = () => {},
): Answer {
  const varied = { ...headers, Vary: "Accept-Encoding" };
  if (negotiateEncoding(exchange.header("accept-encoding")) === "identity")
    return longAnswers.answer(exchange, pieces, varied, done);
  return longAnswers.answer(exchange, gzip.compress(pieces), { ...varied, "Content-Encoding": "gzip" }, done);
}

const LIMIT = "web.max-scrapes-in-flight";

/** A piece is asked for when the reader has taken the one before. */
function* noteTaken(pieces: Iterable<Uint8Array>, taken: (bytes: number) => void): Generator<Uint8Array> {
  let before = 0;
  for (const piece of pieces) {
    taken(before);
    before = piece.length;
    yield piece;
  }
}

/**
 * The same bytes in pieces as large as `block`, which holds them until the next one is asked for; an empty piece, or
 * what there is, where making more takes its time.
 */
function* gathered(pieces: Iterable<Uint8Array>, { nowMs }: StreamClock, block: Uint8Array): Generator<Uint8Array> {
  let sizeBytes = 0;
  let startMs = nowMs();
  for (const piece of pieces) {
    if (sizeBytes > 0 && sizeBytes + piece.length > block.length) {
      yield block.subarray(0, sizeBytes);
      sizeBytes = 0;
      startMs = nowMs();
    }
    if (sizeBytes === 0 && piece.length > block.length / 4) {
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
    // It may be lent only until the next one.
    parts.push(value.slice());
    sizeBytes += value.length;
  }
  return { parts, isWhole: false };
}

function* joined(parts: readonly Uint8Array[], rest: Iterator<Uint8Array>): Generator<Uint8Array> {
  yield* parts;
  for (let piece = rest.next(); !piece.done; piece = rest.next()) yield piece.value;
}
