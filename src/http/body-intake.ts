import type { Limits } from "../config/limits.ts";
import type { LimitName } from "../model/limits.ts";
import { Rejection } from "../model/rejection.ts";
import { GrowingBody, SMALL_BODY_BYTES } from "./growing-body.ts";

/** What a body has to bring for each second that it takes. */
const LEAST_BYTES_PER_SECOND = 1024;
const SWEEP_MS = 1000;

const CUT_SHORT = new Rejection("malformed", "unexpected EOF");

export interface IntakeDeps {
  readonly limits: Limits;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** Runs something every so often, for good. */
  readonly every: (ms: number, run: () => void) => void;
  /** Sets after how many seconds without a byte the connection of a request is closed; 0 is never. */
  readonly setIdleSeconds: (request: Request, seconds: number) => void;
  /** Where an upload has left `setIdleSeconds` once it is through. */
  readonly idleSeconds: number;
}

/** A push whose body is on its way. */
interface Upload {
  readonly startedMs: number;
  /** Small bodies: the size that was announced. They are not looked into before they are whole. */
  readonly announcedBytes: number;
  readonly body: GrowingBody | null;
  /** Where the time began in which a larger body has to make progress, and what it had brought then. */
  windowMs: number;
  windowBytes: number;
  readonly giveUp: (reason: Rejection) => void;
}

/**
 * Receives the bodies of pushes, within bounds: so many at a time, so many bytes at a time, each of a least speed. Where there
 * is no room, the oldest upload gives way to the new one: an honest body is here within milliseconds, and whoever wants to
 * keep others out by being slow only keeps himself out.
 *
 * Bodies of up to 64 KiB need no room but their place in line. Larger ones, and those without a length, share a buffer budget.
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

  /** The whole body, which must be given back with `release` if it has more than 64 KiB; a client that goes away gets what Go would tell it. */
  receive(request: Request, nowMs: number): Promise<Uint8Array | Rejection> | Rejection {
    const { limits } = this.deps;
    const announced = request.headers.get("content-length");
    // Bun has seen to it that there are digits; a length given twice is "7, 7".
    const size = announced === null ? Infinity : Number.parseInt(announced, 10);
    if (announced !== null && size > limits.maxBodyBytes) return tooLarge(limits.maxBodyBytes);
    if (this.uploads.size >= limits.maxPushesInFlight) this.giveUpOldest("web.max-pushes-in-flight");
    return size <= SMALL_BODY_BYTES ? this.receiveSmall(request, size, nowMs) : this.receiveLarge(request, size, nowMs);
  }

  private receiveSmall(request: Request, announcedBytes: number, nowMs: number): Promise<Uint8Array | Rejection> {
    return new Promise((resolve) => {
      const end = (outcome: Uint8Array | Rejection) => {
        this.uploads.delete(upload);
        resolve(outcome);
      };
      const upload = { startedMs: nowMs, announcedBytes, body: null, windowMs: 0, windowBytes: 0, giveUp: end };
      this.uploads.add(upload);
      request.bytes().then(end, () => end(CUT_SHORT));
    });
  }

  private receiveLarge(request: Request, size: number, nowMs: number): Promise<Uint8Array | Rejection> {
    const { limits, idleSeconds, setIdleSeconds } = this.deps;
    // Whatever is slow is seen to here; Bun would cut an upload however fast it comes.
    setIdleSeconds(request, 0);
    return new Promise((resolve) => {
      const body = new GrowingBody(Math.min(size, limits.maxBodyBytes));
      const end = (outcome: Uint8Array | Rejection) => {
        if (!this.uploads.delete(upload)) return;
        if (outcome instanceof Rejection) this.giveBack(body.free());
        else if (body.chargedBytes > 0) this.held.set(outcome.buffer, body.chargedBytes);
        setIdleSeconds(request, idleSeconds);
        resolve(outcome);
      };
      const upload = { startedMs: nowMs, announcedBytes: 0, body, windowMs: nowMs, windowBytes: 0, giveUp: end };
      this.uploads.add(upload);
      this.collect(request, upload, body).then(end, () => end(CUT_SHORT));
    });
  }

  /** Reads to the end of the body, or until it is refused or given up. */
  private async collect(request: Request, upload: Upload, body: GrowingBody): Promise<Uint8Array | Rejection> {
    if (request.body === null) return new Uint8Array(0);
    for await (const piece of request.body) {
      if (!this.uploads.has(upload)) return CUT_SHORT;
      const refused = this.append(upload, body, piece);
      if (refused !== null) return refused;
    }
    return body.whole();
  }

  private append(upload: Upload, body: GrowingBody, piece: Uint8Array): Rejection | null {
    const { maxBodyBytes, maxBufferedBytes } = this.deps.limits;
    if (body.size + piece.length > maxBodyBytes) return tooLarge(maxBodyBytes);
    const needed = body.growthFor(piece.length);
    while (needed > 0 && this.heldBytes + needed > maxBufferedBytes)
      if (!this.giveUpLargest(upload)) return busy("push.max-buffered-size");
    this.heldBytes += needed;
    body.append(piece);
    return null;
  }

  /** To be called once for each larger body that was received, when nothing reads it any more. */
  release(body: Uint8Array): void {
    const { buffer } = body;
    const charged = this.held.get(buffer);
    if (charged === undefined) return;
    this.held.delete(buffer);
    this.giveBack(charged);
    freeBuffer(body);
  }

  private giveBack(bytes: number): void {
    this.heldBytes -= bytes;
  }

  private giveUpOldest(limit: LimitName): void {
    for (const upload of this.uploads) return upload.giveUp(busy(limit));
  }

  /** Makes room in the budget: the oldest other upload that has a share in it goes. False: there is none. */
  private giveUpLargest(but: Upload): boolean {
    for (const upload of this.uploads) {
      if (upload === but || upload.body === null || upload.body.chargedBytes === 0) continue;
      upload.giveUp(busy("push.max-buffered-size"));
      return true;
    }
    return false;
  }

  /** Gives up the bodies that bring too little. */
  private sweep(): void {
    const { limits, nowMs } = this.deps;
    const now = nowMs();
    for (const upload of this.uploads) {
      // Those behind it are younger still.
      if (now - upload.startedMs < limits.bodyTimeoutMs) return;
      if (this.isTooSlow(upload, now)) upload.giveUp(tooSlow(limits.bodyTimeoutMs));
    }
  }

  private isTooSlow(upload: Upload, now: number): boolean {
    const { bodyTimeoutMs } = this.deps.limits;
    const { body, announcedBytes, startedMs } = upload;
    if (body === null) return now - startedMs > (announcedBytes / LEAST_BYTES_PER_SECOND) * 1000;
    if (now - upload.windowMs < bodyTimeoutMs) return false;
    const leastBytes = (LEAST_BYTES_PER_SECOND * (now - upload.windowMs)) / 1000;
    if (body.size - upload.windowBytes < leastBytes) return true;
    upload.windowMs = now;
    upload.windowBytes = body.size;
    return false;
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
  const words = `the body brought less than 1 KiB a second for ${timeoutMs / 1000} s (--web.body-timeout)`;
  return new Rejection("too-slow", words, "web.body-timeout");
}
