import { JetStreamApiCodes } from "@nats-io/jetstream";
import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import type { SnapshotReader, SnapshotWriter, StoredSnapshot } from "./log.ts";
import { causeOf, type NatsLink, REQUEST_MS, type Session } from "./nats-link.ts";
import type { Names } from "./nats-names.ts";
import { readLast } from "./nats-read.ts";
import { isCode } from "./nats-streams.ts";
import { pack, unpack } from "./packing.ts";
import { type Pointer, readPointer, writePointer } from "./pointer.ts";

/** Most bytes of a packed chunk in one message. */
const MAX_MESSAGE_BYTES = 900 * 1024;
/** How often what was not answered is asked again, and the delay before. */
const [ATTEMPTS, AGAIN_MS] = [5, 200];
/** Most bytes of a chunk, unpacked. */
const MAX_CHUNK_BYTES = 1024 * 1024 * 1024;

export interface SnapshotsDeps {
  readonly clock: Pick<Clock, "after">;
  readonly link: NatsLink;
  readonly names: Names;
  /** The identity of the log. */
  readonly log: () => string;
  /** The lowest position that entries behind another may reach back to. */
  readonly reachOf: (position: number) => number;
  /** 16 random hexadecimal digits. */
  readonly newId: () => string;
}

/** A pointer as it is stored, null where there is none; `sequence` is 0 then. */
interface Newest {
  readonly pointer: Pointer | null;
  readonly sequence: number;
  readonly storedMs: number;
}

/**
 * Snapshots beside the log: chunks, and the pointer to the newest, which only moves forward: whoever stores one names
 * the pointer that it found when it began.
 */
export class NatsSnapshots {
  constructor(private readonly deps: SnapshotsDeps) {}

  async load(): Promise<SnapshotReader | null | Fault> {
    const newest = await this.newest();
    if (newest instanceof Fault || newest.pointer === null) return newest instanceof Fault ? newest : null;
    const { pointer, storedMs } = newest;
    const { position, sizeBytes, chunks, log } = pointer;
    const chunk = (index: number) => this.readChunk(pointer, index);
    return { position, sizeBytes, storedMs, chunks: chunks.length, isOfThisLog: log === this.deps.log(), chunk };
  }

  async save(position: number): Promise<SnapshotWriter | null | Fault> {
    const newest = await this.newest();
    if (newest instanceof Fault) return newest;
    const { pointer } = newest;
    if (pointer !== null && pointer.log === this.deps.log() && pointer.position >= position) return null;
    return new NatsSnapshotWriter(this, this.deps, newest, position);
  }

  /** Asks until there is an answer, some times. */
  async insist<T>(doing: string, ask: (session: Session) => Promise<T>): Promise<T | Fault> {
    let reason = "the servers do not answer";
    for (let n = 0; n < ATTEMPTS; n++) {
      const session = await Promise.race([this.deps.link.session(), this.pause(REQUEST_MS)]);
      try {
        if (session) return await ask(session);
      } catch (error) {
        reason = causeOf(error);
      }
      await this.pause(AGAIN_MS);
    }
    return new Fault(`${doing}: ${reason}`);
  }

  private pause(ms: number): Promise<null> {
    return new Promise((resolve) => this.deps.clock.after(ms, () => resolve(null)));
  }

  private async newest(): Promise<Newest | Fault> {
    const { names } = this.deps;
    const stored = await this.insist("asking for the newest snapshot", (session) =>
      readLast(session, names.snapshots, names.pointer),
    );
    if (stored instanceof Fault) return stored;
    if (stored === null) return { pointer: null, sequence: 0, storedMs: 0 };
    const pointer = readPointer(stored.data);
    return pointer instanceof Fault ? pointer : { pointer, sequence: stored.position, storedMs: stored.storedMs };
  }

  private async readChunk(pointer: Pointer, index: number): Promise<Uint8Array<ArrayBuffer> | "gone" | Fault> {
    const chunk = pointer.chunks[index];
    if (chunk === undefined || chunk.sizeBytes > MAX_CHUNK_BYTES)
      return new Fault(`loading chunk ${index} of the snapshot: there is none of a size that can be`);
    const first = pointer.chunks.slice(0, index).reduce((sum, { messages }) => sum + messages, 0);
    const numbers = Array.from({ length: chunk.messages }, (_, n) => first + n);
    const pieces = await Promise.all(numbers.map((number) => this.readPiece(pointer, number)));
    const failed = pieces.find((piece) => piece instanceof Fault);
    if (failed instanceof Fault) return failed;
    const found = pieces.filter((piece) => piece instanceof Uint8Array);
    if (found.length < pieces.length) return this.whyGone(pointer);
    const bytes = unpack(Buffer.concat(found), chunk.sizeBytes);
    return bytes instanceof Fault ? new Fault(`loading chunk ${index} of the snapshot: ${bytes.message}`) : bytes;
  }

  private async readPiece(pointer: Pointer, number: number): Promise<Uint8Array | null | Fault> {
    const { names } = this.deps;
    const subject = `${names.chunks}.${pointer.id}.${number}`;
    const stored = await this.insist(`loading the snapshot`, (session) => readLast(session, names.snapshots, subject));
    return stored instanceof Fault ? stored : (stored?.data ?? null);
  }

  /** A piece may be missing because newer snapshots replaced it, or because a server is behind. */
  private async whyGone(pointer: Pointer): Promise<"gone" | Fault> {
    const newest = await this.newest();
    if (newest instanceof Fault) return newest;
    return newest.pointer?.id === pointer.id ? new Fault("loading the snapshot: a part of it is missing") : "gone";
  }
}

/** Stores one snapshot. */
class NatsSnapshotWriter implements SnapshotWriter {
  private readonly id: string;
  private readonly log: string;
  private readonly chunks: { readonly messages: number; readonly sizeBytes: number }[] = [];
  private messages = 0;
  private firstMessage = 0;
  private sizeBytes = 0;

  constructor(
    private readonly snapshots: NatsSnapshots,
    private readonly deps: SnapshotsDeps,
    private readonly before: Newest,
    private readonly position: number,
  ) {
    this.id = deps.newId();
    this.log = deps.log();
  }

  async chunk(bytes: Uint8Array<ArrayBuffer>): Promise<Fault | null> {
    const packed = pack(bytes);
    let messages = 0;
    for (let at = 0; at < packed.length; at += MAX_MESSAGE_BYTES) {
      const piece = packed.subarray(at, at + MAX_MESSAGE_BYTES);
      const stored = await this.publish(`${this.deps.names.chunks}.${this.id}.${this.messages + messages++}`, piece);
      if (stored instanceof Fault) return stored;
      if (this.firstMessage === 0) this.firstMessage = stored;
    }
    this.messages += messages;
    this.sizeBytes += packed.length;
    this.chunks.push({ messages, sizeBytes: bytes.length });
    return null;
  }

  async finish(): Promise<StoredSnapshot | "overtaken" | Fault> {
    if (this.log !== this.deps.log()) return "overtaken";
    const { position, sizeBytes } = this;
    const moved = await this.movePointer();
    if (moved === false) {
      this.abandon();
      return "overtaken";
    }
    if (moved instanceof Fault) return moved;
    await this.purge();
    return { position, sizeBytes };
  }

  abandon(): void {
    const { names } = this.deps;
    const filter = `${names.chunks}.${this.id}.>`;
    void this.snapshots.insist("leaving a snapshot", ({ manager }) =>
      manager.streams.purge(names.snapshots, { filter }),
    );
  }

  /** Stores a message once, however often it is sent, and returns where it is. */
  private publish(subject: string, data: Uint8Array): Promise<number | Fault> {
    return this.snapshots.insist("storing a snapshot", async ({ client }) => {
      const { seq } = await client.publish(subject, data, { msgID: subject, timeout: REQUEST_MS });
      return seq;
    });
  }

  /** Whether the pointer is ours now; false: another one came before. */
  private async movePointer(): Promise<boolean | Fault> {
    const { names, reachOf } = this.deps;
    const { id, log, position, chunks, firstMessage, sizeBytes } = this;
    const text = writePointer({ id, log, position, reach: reachOf(position), chunks, firstMessage, sizeBytes });
    const expect = { lastSubjectSequence: this.before.sequence };
    const moved = await this.snapshots.insist("storing a snapshot", async ({ client }) => {
      try {
        await client.publish(names.pointer, text, { msgID: `pointer.${id}`, timeout: REQUEST_MS, expect });
        return true;
      } catch (error) {
        if (isCode(error, JetStreamApiCodes.StreamWrongLastSequence)) return false;
        throw error;
      }
    });
    if (moved !== false) return moved;
    const newest = await this.snapshots.load();
    return newest instanceof Fault ? newest : newest?.position === position && newest.isOfThisLog;
  }

  /**
   * The log goes up to the snapshot before this one, and what is older than that one. What cannot be done now is done
   * after the next snapshot.
   */
  private async purge(): Promise<void> {
    const { stream, snapshots, pointer: filter, chunks } = this.deps.names;
    const { pointer, sequence } = this.before;
    if (pointer === null) return;
    await this.snapshots.insist("purging the log", async ({ manager: { streams } }) => {
      if (pointer.log === this.log && pointer.reach > 0) await streams.purge(stream, { seq: pointer.reach + 1 });
      await streams.purge(snapshots, { filter, seq: sequence });
      if (pointer.firstMessage > 0)
        await streams.purge(snapshots, { filter: `${chunks}.>`, seq: pointer.firstMessage });
    });
  }
}
