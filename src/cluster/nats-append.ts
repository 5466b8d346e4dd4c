import type { Clock } from "../model/clock.ts";
import { type Envelope, writeEnvelope } from "./envelope.ts";
import type { Batch, BatchId } from "./log.ts";
import { causeOf, type NatsLink, REQUEST_MS, type Session } from "./nats-link.ts";
import type { Names } from "./nats-names.ts";
import { pack } from "./packing.ts";

/** Most bytes of a packed batch in one message: servers take 1 MiB with all headers, if nothing else is set. */
const MAX_PACKED_BYTES = 900 * 1024;
/** Delay before an append that failed is repeated. */
const AGAIN_MS = 50;

export interface AppenderDeps {
  readonly clock: Pick<Clock, "after" | "nowMs">;
  readonly link: NatsLink;
  readonly names: Names;
  /** The log holds something at a position, or so it said. */
  readonly stored: (position: number) => void;
  readonly failed: (sinceMs: number, reason: string) => void;
  /** Nothing is under way any more. */
  readonly ended: () => void;
  readonly retried: () => void;
}

/** A batch that is being appended. */
interface Appending {
  readonly id: BatchId;
  /** As it was packed; one where it is no larger than a message may be. */
  readonly pieces: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** It before it was packed, to be given away once; null: it was, or it is larger than a message may be. */
  unpacked: Uint8Array<ArrayBuffer> | null;
  readonly sinceMs: number;
  /** Positions of the parts that are in the log. */
  parts: number[];
  /** Counts how often the parts were written anew: they are other messages then. */
  round: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Appends batches to the log, each until it has been read there. */
export class NatsAppender {
  private underWay: Appending | null = null;

  constructor(private readonly deps: AppenderDeps) {}

  append({ writer, number, bytes }: Batch): void {
    const packed = pack(bytes);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < packed.length; at += MAX_PACKED_BYTES)
      pieces.push(packed.subarray(at, at + MAX_PACKED_BYTES));
    this.underWay = {
      id: { writer, number },
      pieces,
      sizeBytes: bytes.length,
      unpacked: pieces.length === 1 ? bytes : null,
      sinceMs: this.deps.clock.nowMs(),
      parts: [],
      round: 0,
      done: Promise.withResolvers(),
    };
    void this.repeat(this.underWay);
  }

  withdraw(): void {
    this.end();
  }

  /** Gives away what the batch under way was before it was packed, where these bytes are that one; else null. */
  takeUnpacked(id: BatchId, packed: Uint8Array): Uint8Array<ArrayBuffer> | null {
    const { underWay } = this;
    if (underWay === null || !this.isUnderWay(id)) return null;
    const { unpacked, pieces } = underWay;
    const [piece] = pieces;
    if (unpacked === null || piece === undefined || Buffer.compare(piece, packed) !== 0) return null;
    underWay.unpacked = null;
    return unpacked;
  }

  /** A batch was read: it is in the log. */
  seen(id: BatchId): void {
    if (this.isUnderWay(id)) this.end();
  }

  /** The parts that a batch names do not count. */
  ignored(id: BatchId): void {
    if (this.isUnderWay(id)) this.writeAnew();
  }

  /** The log is another one, or lacks what it had. */
  writeAnew(): void {
    if (this.underWay === null) return;
    this.underWay.round++;
    this.underWay.parts = [];
  }

  private isUnderWay({ writer, number }: BatchId): boolean {
    return this.underWay?.id.writer === writer && this.underWay.id.number === number;
  }

  private end(): void {
    if (this.underWay === null) return;
    this.underWay.done.resolve();
    this.underWay = null;
    this.deps.ended();
  }

  private async repeat(batch: Appending): Promise<void> {
    for (let n = 0; this.underWay === batch; n++) {
      if (n > 0) this.deps.retried();
      const session = await Promise.race([this.deps.link.session(), batch.done.promise]);
      if (!session || this.underWay !== batch) return;
      const isStored = await this.attempt(session, batch);
      await Promise.race([this.pause(isStored ? REQUEST_MS : AGAIN_MS), batch.done.promise]);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.deps.clock.after(ms, resolve));
  }

  /** Returns whether the log says that it has the batch. */
  private async attempt(session: Session, batch: Appending): Promise<boolean> {
    try {
      const isStored =
        batch.pieces.length === 1 ? await this.whole(session, batch) : await this.inParts(session, batch);
      return isStored && this.underWay === batch;
    } catch (error) {
      if (this.underWay === batch) this.deps.failed(batch.sinceMs, causeOf(error));
      return false;
    }
  }

  private async whole(session: Session, { id, sizeBytes, pieces }: Appending): Promise<boolean> {
    const [packed = new Uint8Array()] = pieces;
    await this.publish(session, { ...id, sizeBytes, kind: "whole", packed }, `${id.writer}.${id.number}`);
    return true;
  }

  /** One after the other: the last message names the positions of all. */
  private async inParts(session: Session, batch: Appending): Promise<boolean> {
    const { id, sizeBytes, round } = batch;
    const key = `${id.writer}.${id.number}.${round}`;
    for (let index = batch.parts.length; index < batch.pieces.length; index++) {
      const packed = batch.pieces[index] ?? new Uint8Array();
      const part = await this.publish(session, { ...id, sizeBytes, kind: "part", index, packed }, `${key}.${index}`);
      if (batch.round !== round || this.underWay !== batch) return false;
      batch.parts.push(part);
    }
    await this.publish(session, { ...id, sizeBytes, kind: "last", parts: batch.parts }, key);
    return batch.round === round;
  }

  /** The position at which the log has stored a message. */
  private async publish({ client }: Session, envelope: Envelope, msgID: string): Promise<number> {
    const { log, stream } = this.deps.names;
    const options = { msgID, timeout: REQUEST_MS, expect: { streamName: stream } };
    const { seq } = await client.publish(log, writeEnvelope(envelope), options);
    this.deps.stored(seq);
    return seq;
  }
}
