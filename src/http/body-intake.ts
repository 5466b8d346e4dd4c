import type { Limits } from "../config/limits.ts";
import type { LimitName } from "../model/limits.ts";
import { Rejection } from "../model/rejection.ts";
import type { Body } from "../server/body.ts";
import { GrowingBody, SMALL_BODY_BYTES } from "./growing-body.ts";

const SWEEP_MS = 1000;
/** What an upload has brought counts half after so long. */
const HALF_LIFE_MS = 1000;

export interface IntakeDeps {
  readonly limits: Limits;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** Runs something every so often, for good. */
  readonly every: (ms: number, run: () => void) => void;
}

/** A push whose body is on its way. */
class Upload {
  readonly body: GrowingBody;
  isOver = false;
  /** When it last brought something. */
  movedMs: number;
  /** What it brought, the less the longer ago; as of `movedMs`. */
  private recentBytes = 0;

  constructor(
    maxBytes: number,
    nowMs: number,
    private readonly settle: (outcome: Uint8Array | Rejection) => void,
  ) {
    this.body = new GrowingBody(maxBytes);
    this.movedMs = nowMs;
  }

  progress(nowMs: number): number {
    return this.recentBytes * 2 ** ((this.movedMs - nowMs) / HALF_LIFE_MS);
  }

  append(piece: Uint8Array, nowMs: number): void {
    this.recentBytes = this.progress(nowMs) + piece.length;
    this.movedMs = nowMs;
    this.body.append(piece);
  }

  end(outcome: Uint8Array | Rejection): void {
    if (this.isOver) return;
    this.isOver = true;
    this.settle(outcome);
  }
}

/**
 * Receives the bodies of pushes, within bounds: so many at a time, so many bytes at a time, none that stands still. Where there
 * is no room, the upload that made the least progress lately gives way to the new one: whoever opens uploads and does not go on
 * with them keeps out nobody but himself.
 *
 * Bodies of up to 64 KiB need no room but their place in line. Larger ones share a buffer budget.
 */
export class BodyIntake {
  /** In the order of their age. */
  private readonly uploads = new Set<Upload>();
  /** What whole bodies hold until they are released. */
  private readonly held = new Map<ArrayBufferLike, number>();
  private heldBytes = 0;

  constructor(private readonly deps: IntakeDeps) {
    if (deps.limits.bodyTimeoutMs < Infinity) deps.every(SWEEP_MS, () => this.sweep());
  }

  /** Pushes whose body is awaited, bodies that are to be released, and the bytes that both take up of the budget. */
  get state(): { readonly uploads: number; readonly held: number; readonly bufferedBytes: number } {
    return { uploads: this.uploads.size, held: this.held.size, bufferedBytes: this.heldBytes };
  }

  /**
   * The whole body. One of more than 64 KiB must be given back with `release`. A client that goes away gets what Go would
   * tell it.
   */
  receive(body: Body, nowMs: number): Promise<Uint8Array | Rejection> | Uint8Array | Rejection {
    const { limits } = this.deps;
    const size = body.announcedBytes ?? Infinity;
    if (size !== Infinity && size > limits.maxBodyBytes) return tooLarge(limits.maxBodyBytes);
    const whole = body.takeWhole(Math.min(SMALL_BODY_BYTES, limits.maxBodyBytes));
    if (whole !== null) return whole;
    if (this.uploads.size >= limits.maxPushesInFlight) this.giveWay("web.max-pushes-in-flight");
    return new Promise((resolve) => {
      const upload = new Upload(Math.min(size, limits.maxBodyBytes), nowMs, (outcome) => {
        this.uploads.delete(upload);
        if (outcome instanceof Rejection) this.heldBytes -= upload.body.free();
        else if (upload.body.chargedBytes > 0) this.held.set(outcome.buffer, upload.body.chargedBytes);
        resolve(outcome);
      });
      this.uploads.add(upload);
      body.receive({
        piece: (bytes) => this.append(upload, bytes),
        end: (fault) => upload.end(fault === null ? upload.body.whole() : new Rejection("malformed", fault)),
      });
    });
  }

  private append(upload: Upload, piece: Uint8Array): void {
    if (upload.isOver) return;
    const { limits, nowMs } = this.deps;
    const { body } = upload;
    if (body.size + piece.length > limits.maxBodyBytes) return upload.end(tooLarge(limits.maxBodyBytes));
    const neededBytes = body.growthFor(piece.length);
    const now = nowMs();
    while (neededBytes > 0 && this.heldBytes + neededBytes > limits.maxBufferedBytes) {
      const other = this.leastProgress(now, (one) => one !== upload && one.body.chargedBytes > 0);
      if (other === null) return upload.end(busy("push.max-buffered-size"));
      other.end(busy("push.max-buffered-size"));
    }
    const chargedBytes = body.chargedBytes;
    upload.append(piece, now);
    this.heldBytes += body.chargedBytes - chargedBytes;
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

  /** Ends the upload that made the least progress lately, for the sake of others. */
  giveWay(limit: LimitName): void {
    this.leastProgress(this.deps.nowMs(), () => true)?.end(busy(limit));
  }

  /** Of those that may be given up the one that brought least lately, of several the oldest. */
  private leastProgress(nowMs: number, mayEnd: (upload: Upload) => boolean): Upload | null {
    let least: Upload | null = null;
    let leastBytes = Infinity;
    for (const upload of this.uploads) {
      const bytes = upload.progress(nowMs);
      if (bytes >= leastBytes || !mayEnd(upload)) continue;
      least = upload;
      leastBytes = bytes;
    }
    return least;
  }

  /** Gives up the bodies that stand still. */
  private sweep(): void {
    const { limits, nowMs } = this.deps;
    const now = nowMs();
    for (const upload of this.uploads)
      if (now - upload.movedMs >= limits.bodyTimeoutMs) upload.end(tooSlow(limits.bodyTimeoutMs));
  }
}

/** Bytes that nothing reads any more are given back at once; the collector would leave them lying for a while. */
export function freeBuffer(bytes: Uint8Array): void {
  if (bytes.length > SMALL_BODY_BYTES && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}

function tooLarge(maxBytes: number): Rejection {
  const words = `the body is larger than the limit of ${maxBytes} bytes (--push.max-body-size)`;
  return new Rejection("too-large", words, "push.max-body-size");
}

function busy(limit: LimitName): Rejection {
  return new Rejection("busy", `other pushes have to be received first (--${limit})`, limit);
}

function tooSlow(timeoutMs: number): Rejection {
  const words = `the body brought nothing for ${timeoutMs / 1000} s (--web.body-timeout)`;
  return new Rejection("too-slow", words, "web.body-timeout");
}
