import { mustBe } from "../bytes/broken.ts";
import { freeBuffer } from "../bytes/free-buffer.ts";
import type { Limits } from "../config/limits.ts";
import type { Clock } from "../model/clock.ts";
import type { LimitName } from "../model/limits.ts";
import { limited, Rejection } from "../model/rejection.ts";
import type { Exchange } from "../server/exchange.ts";
import { Progress } from "../server/progress.ts";
import { type Newcomer, type Rival, Rivals } from "../server/rivals.ts";
import { GrowingBody, SMALL_BODY_BYTES } from "./growing-body.ts";

const SWEEP_MS = 1000;
/** Time without a byte after which an upload counts as stalled. */
const STILL_MS = 1000;

export interface IntakeDeps {
  readonly limits: Limits;
  readonly clock: Pick<Clock, "nowMs" | "every">;
}

/** How large a body may be, and what is said of one that is larger. */
export interface BodyBound {
  readonly maxBytes: number;
  readonly refusal: Rejection;
}

/** A push whose body is on its way. */
class Upload implements Rival {
  readonly body: GrowingBody;
  isOver = false;
  private readonly brought: Progress;

  constructor(
    readonly source: string,
    readonly connectionSource: string,
    maxBytes: number,
    readonly bound: BodyBound,
    nowMs: number,
    private readonly settle: (outcome: Uint8Array | Rejection) => void,
  ) {
    this.body = new GrowingBody(maxBytes);
    this.brought = new Progress(nowMs);
  }

  /** When it last brought something. */
  get movedMs(): number {
    return this.brought.movedMs;
  }

  isStill(nowMs: number): boolean {
    return nowMs - this.movedMs >= STILL_MS;
  }

  progress(nowMs: number): number {
    return this.brought.at(nowMs);
  }

  append(piece: Uint8Array, nowMs: number): void {
    this.brought.add(piece.length, nowMs);
    this.body.append(piece);
  }

  end(outcome: Uint8Array | Rejection): void {
    if (this.isOver) return;
    this.isOver = true;
    this.settle(outcome);
  }
}

/**
 * Receives the bodies of pushes, within bounds: a number at a time, a number of bytes at a time, no stalled ones. If
 * there is no room, an upload gives way to the new one, chosen by its source and by what it brought lately. So a client
 * that opens uploads and does not go on with them only keeps itself out.
 *
 * Bodies of up to 64 KiB need no room but their place in line. Larger ones share a buffer budget.
 */
export class BodyIntake {
  private readonly uploads = new Set<Upload>();
  /** The places that uploads take, one each. */
  private readonly places = new Rivals<Upload>();
  /** What larger uploads hold of the budget. */
  private readonly buffers = new Rivals<Upload>();
  /** What whole bodies hold until they are released. */
  private readonly held = new Map<ArrayBufferLike, number>();
  private heldBytes = 0;
  private readonly common: BodyBound;

  constructor(private readonly deps: IntakeDeps) {
    const { maxBodyBytes } = deps.limits;
    this.common = { maxBytes: maxBodyBytes, refusal: tooLarge(maxBodyBytes) };
    if (deps.limits.bodyTimeoutMs < Infinity) deps.clock.every(SWEEP_MS, () => this.sweep());
  }

  /** Pushes whose body is awaited, bodies that are to be released, and the bytes that both take up of the budget. */
  get state(): { readonly uploads: number; readonly held: number; readonly bufferedBytes: number } {
    return { uploads: this.uploads.size, held: this.held.size, bufferedBytes: this.heldBytes };
  }

  /**
   * Resolves to the whole body. One of more than 64 KiB must be passed to `release` afterwards. A body that is cut
   * short is rejected with Go's words. `own` is a bound of this one alone.
   */
  receive(
    exchange: Pick<Exchange, "body" | "source" | "connectionSource">,
    nowMs: number,
    own: BodyBound | null = null,
  ): Received {
    const { body, source, connectionSource = source } = exchange;
    const { limits } = this.deps;
    const bound = own !== null && own.maxBytes < this.common.maxBytes ? own : this.common;
    const { maxBytes, refusal } = bound;
    const size = body.announcedBytes ?? Infinity;
    if (size !== Infinity && size > maxBytes) return refusal;
    const whole = body.takeWhole(Math.min(SMALL_BODY_BYTES, maxBytes));
    if (whole !== null) return whole;
    if (this.uploads.size >= limits.maxPushesInFlight) this.makeRoom({ source, share: 1 }, nowMs);
    return new Promise((resolve) => {
      const most = Math.min(size, maxBytes);
      const upload = new Upload(source, connectionSource, most, bound, nowMs, (outcome) => {
        this.forget(upload);
        if (outcome instanceof Rejection) this.heldBytes -= upload.body.free();
        else if (upload.body.chargedBytes > 0) this.held.set(outcome.buffer, upload.body.chargedBytes);
        resolve(outcome);
      });
      this.uploads.add(upload);
      this.places.take(upload, 1);
      body.receive({
        piece: (bytes) => this.append(upload, bytes),
        end: (fault) => upload.end(fault === null ? upload.body.whole() : new Rejection("malformed", fault)),
      });
    });
  }

  private forget(upload: Upload): void {
    this.uploads.delete(upload);
    this.places.leave(upload);
    this.buffers.leave(upload);
  }

  private append(upload: Upload, piece: Uint8Array): void {
    if (upload.isOver) return;
    const { limits, clock } = this.deps;
    const { body, bound } = upload;
    if (body.size + piece.length > bound.maxBytes) return upload.end(bound.refusal);
    const share = body.growthFor(piece.length);
    const now = clock.nowMs();
    while (share > 0 && this.heldBytes + share > limits.maxBufferedBytes) {
      const other = this.buffers.whoGivesWay({ source: upload.source, share }, now, (one) => one !== upload);
      if (other === null) return upload.end(busy("push.max-buffered-size"));
      other.end(busy("push.max-buffered-size"));
    }
    this.places.take(upload, 0);
    const chargedBytes = body.chargedBytes;
    upload.append(piece, now);
    const grownBytes = body.chargedBytes - chargedBytes;
    this.heldBytes += grownBytes;
    if (body.chargedBytes > 0) this.buffers.take(upload, grownBytes);
  }

  /** To be called once for each larger body that was received, when nothing reads it any more. */
  release(body: Uint8Array): void {
    const { buffer } = body;
    const charged = this.held.get(buffer);
    if (charged === undefined) return;
    this.held.delete(buffer);
    this.heldBytes -= charged;
    freeBuffer(body);
  }

  /** Ends an upload on a connection of this source, the one that brought least lately; false: there is none. */
  giveWay(connectionSource: string, limit: LimitName): boolean {
    const nowMs = this.deps.clock.nowMs();
    const upload = this.places.leastOf(connectionSource, nowMs) ?? this.leastBehind(connectionSource, nowMs);
    upload?.end(busy(limit));
    return upload !== null;
  }

  /** Of those whose clients are behind a proxy, one of the client that has most. */
  private leastBehind(connectionSource: string, nowMs: number): Upload | null {
    let most: Upload | null = null;
    for (const upload of this.uploads) {
      if (upload.connectionSource !== connectionSource) continue;
      if (most === null || this.places.shareOf(upload.source) > this.places.shareOf(most.source)) most = upload;
    }
    return most === null ? null : this.places.leastOf(most.source, nowMs);
  }

  private makeRoom(newcomer: Newcomer, nowMs: number): void {
    const limit = "web.max-pushes-in-flight";
    this.places.whoGivesWay(newcomer, nowMs)?.end(busy(limit));
  }

  /** Gives up stalled bodies. */
  private sweep(): void {
    const { limits, clock } = this.deps;
    const now = clock.nowMs();
    for (const upload of this.uploads)
      if (now - upload.movedMs >= limits.bodyTimeoutMs) upload.end(tooSlow(limits.bodyTimeoutMs));
  }

  /** Throws where places, budgets and what takes them up differ. */
  verify(): void {
    this.places.verify("places of uploads");
    this.buffers.verify("the buffer budget");
    let uploadedBytes = 0;
    for (const { body } of this.uploads) uploadedBytes += body.chargedBytes;
    mustBe(this.places.total, this.uploads.size, "places of uploads: those that are taken");
    mustBe(this.buffers.total, uploadedBytes, "the buffer budget: what uploads hold");
    let wholeBytes = 0;
    for (const sizeBytes of this.held.values()) wholeBytes += sizeBytes;
    mustBe(this.heldBytes, uploadedBytes + wholeBytes, "the buffer budget: bytes in use");
  }
}

/** A body, or the reason why there is none. */
type Received = Promise<Uint8Array | Rejection> | Uint8Array | Rejection;

function tooLarge(maxBytes: number): Rejection {
  return limited("too-large", `the body is larger than the limit of ${maxBytes} bytes`, "push.max-body-size");
}

function busy(limit: LimitName): Rejection {
  return limited("busy", "other pushes have to be received first", limit);
}

function tooSlow(timeoutMs: number): Rejection {
  return limited("too-slow", `the body brought nothing for ${timeoutMs / 1000} s`, "web.body-timeout");
}
