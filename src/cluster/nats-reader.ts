import type { Msg } from "@nats-io/transport-node";
import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import { type Envelope, isUnreadable, MAX_REACH, readEnvelope, type Unreadable } from "./envelope.ts";
import type { BatchId, LogEntry, LogEvents, RestartReason } from "./log.ts";
import type { NatsLink, Session } from "./nats-link.ts";
import { logMessage, readMany, readOne } from "./nats-read.ts";
import { unpack } from "./packing.ts";
import { type LogMessage, Tail } from "./tail.ts";

/** Most messages that are asked for at once. */
const MANY = 256;
/** Delay before messages that did not come are asked for again. */
const AGAIN_MS = 50;
/** How often a position is asked for that no server has, though it has later ones: then it is gone. */
const MAX_LOOKS = 100;
/** Most bytes of entries that are delivered and not taken yet; and of messages that came before their turn. */
const MAX_AHEAD_BYTES = 16 * 1024 * 1024;
const MAX_EARLY_BYTES = 32 * 1024 * 1024;
/** Entries are delivered once they have so many bytes together. */
const DELIVERY_BYTES = 4 * 1024 * 1024;

export interface ReaderDeps extends Pick<LogEvents, "entries" | "unreadable"> {
  readonly clock: Pick<Clock, "after">;
  readonly link: NatsLink;
  readonly stream: string;
  readonly restart: (reason: RestartReason) => void;
  /** What an own batch was before it was packed, given away; null: it has to be unpacked. */
  readonly takeUnpacked: (id: BatchId, packed: Uint8Array) => Uint8Array<ArrayBuffer> | null;
  /** Own batches among them are known to be in the log. */
  readonly seen: (id: BatchId) => void;
  /** A batch whose parts stand too far before its last message, or are not its parts: it is no entry. */
  readonly ignored: (id: BatchId) => void;
}

/** What became of a message; null: it is no entry. */
type Made = LogEntry | Unreadable | null;
type WholeEnvelope = Extract<Envelope, { kind: "whole" }>;
type PartEnvelope = Extract<Envelope, { kind: "part" }>;
type LastEnvelope = Extract<Envelope, { kind: "last" }>;

/** Reads the log: as it grows from what the servers publish, and what is missing from any of them. */
export class NatsReader {
  /** The position up to which everything was delivered. */
  deliveredTo = 0;
  private readonly tail = new Tail(MAX_EARLY_BYTES);
  private due: LogMessage[] = [];
  /** Counts the times that reading began or ended: what was asked for before is no longer wanted. */
  private era = 0;
  private isReading = false;
  private isMaking = false;
  private isFilling = false;
  private looks = 0;
  private deliveredStamp = "";
  private firstPosition = 1;
  /** The position behind which reading began. */
  private beganAt = 0;
  /** Sizes of what was delivered and is not taken. */
  private ahead: { readonly upTo: number; readonly sizeBytes: number }[] = [];
  private aheadBytes = 0;
  /** Positions of messages that are parts, the youngest last: how far back entries reach. */
  private parts: number[] = [];

  constructor(private readonly deps: ReaderDeps) {}

  begin(after: number): void {
    this.stop();
    this.isReading = true;
    this.beganAt = after;
    this.deliveredTo = after;
    this.deliveredStamp = "";
    this.tail.begin(after);
    this.parts = [];
  }

  stop(): void {
    this.era++;
    this.isReading = false;
    this.isMaking = false;
    this.isFilling = false;
    this.due = [];
    this.ahead = [];
    this.aheadBytes = 0;
    this.looks = 0;
  }

  /** A message that the servers published as they stored it. */
  live(message: Msg): void {
    if (!this.isReading) return;
    const stored = logMessage(message);
    if (this.isAhead) this.tail.known(stored.position);
    else this.take(stored);
    if (this.tail.hasHole) void this.fill();
  }

  /** The log is known to reach from one position to another. */
  reaches(first: number, last: number): void {
    this.firstPosition = first;
    if (!this.isReading) return;
    if (first > this.tail.next) return this.restart("purged");
    this.known(last);
  }

  /**
   * Whether the last message that was delivered is in the log as it was; null where nobody can tell: the server that
   * answers does not have it, or nothing was delivered.
   */
  async isStillThere(session: Session): Promise<boolean | null> {
    const { deliveredTo, deliveredStamp: stamp, era } = this;
    if (!this.isReading || stamp === "") return true;
    const message = await readOne(session, this.deps.stream, deliveredTo);
    if (message === null) return null;
    return this.era !== era || message.stamp === stamp;
  }

  /** There is something at a position. */
  known(position: number): void {
    this.tail.known(position);
    if (this.isReading && this.tail.hasHole) void this.fill();
  }

  taken(position: number): void {
    const left = this.ahead.filter(({ upTo }) => upTo > position);
    this.ahead = left;
    this.aheadBytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (!this.isReading || this.isAhead) return;
    void this.make();
    if (this.tail.hasHole) void this.fill();
  }

  /** The lowest position that an entry behind `position` may reach back to. */
  reachOf(position: number): number {
    const lowest = Math.max(0, position - MAX_REACH);
    if (this.beganAt > lowest) return lowest;
    const part = this.parts.find((at) => at > lowest && at <= position);
    return part === undefined ? position : part - 1;
  }

  private get isAhead(): boolean {
    return this.aheadBytes > MAX_AHEAD_BYTES;
  }

  private restart(reason: RestartReason): void {
    this.stop();
    this.deps.restart(reason);
  }

  private take(message: LogMessage): void {
    for (const next of this.tail.offer(message)) this.due.push(next);
    if (this.due.length > 0) void this.make();
  }

  /** Fetches what is missing until nothing is. */
  private async fill(): Promise<void> {
    if (this.isFilling) return;
    const { era } = this;
    this.isFilling = true;
    while (this.era === era && this.tail.hasHole && !this.isAhead) {
      const from = this.tail.next;
      const messages = await this.fetch(from);
      if (this.era !== era) return;
      for (const message of messages) this.take(message);
      await this.make();
      if (this.era !== era || !this.mayLookOn(from, messages[0])) return;
      if (messages[0]?.position !== from) await this.pause();
    }
    if (this.era === era) this.isFilling = false;
  }

  private async fetch(from: number): Promise<readonly LogMessage[]> {
    const session = await this.deps.link.session();
    if (session === null) return [];
    return readMany(session, this.deps.stream, from, MANY).catch(() => []);
  }

  /** False: what is due is gone for good, and that has been told. */
  private mayLookOn(from: number, first: LogMessage | undefined): boolean {
    if (first === undefined || first.position === from) this.looks = 0;
    else if (++this.looks === MAX_LOOKS) {
      const reason = "it is gone, though entries before it and behind it are there";
      this.refuse(from, { isNewer: false, reason });
      return false;
    }
    return true;
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => this.deps.clock.after(AGAIN_MS, resolve));
  }

  /** Makes entries of the messages whose turn has come, and delivers them; those of one turn of the loop together. */
  private async make(): Promise<void> {
    if (this.isMaking) return;
    const { era } = this;
    this.isMaking = true;
    await null;
    while (this.era === era && this.due.length > 0 && !this.isAhead) {
      const entries: LogEntry[] = [];
      let last: LogMessage | null = null;
      let sizeBytes = 0;
      for (let message = this.due.shift(); message !== undefined; message = this.due.shift()) {
        const made = this.entryOf(message);
        const entry = made instanceof Promise ? await made : made;
        if (this.era !== era) return;
        if (isRefusal(entry)) {
          this.deliver(entries, last, sizeBytes);
          return this.refuse(message.position, entry);
        }
        last = message;
        if (entry !== null) sizeBytes += entries[entries.push(entry) - 1]?.bytes.length ?? 0;
        if (sizeBytes >= DELIVERY_BYTES) break;
      }
      this.deliver(entries, last, sizeBytes);
    }
    if (this.era === era) this.isMaking = false;
  }

  /** `last`: the message up to which these are all entries; null: there are none. */
  private deliver(entries: readonly LogEntry[], last: LogMessage | null, sizeBytes: number): void {
    if (last === null) return;
    const { position: upTo, stamp } = last;
    this.deliveredTo = upTo;
    this.deliveredStamp = stamp;
    this.ahead.push({ upTo, sizeBytes });
    this.aheadBytes += sizeBytes;
    this.deps.entries(entries, upTo);
    for (const { writer, number } of entries) this.deps.seen({ writer, number });
  }

  private refuse(position: number, { isNewer, reason }: Unreadable): void {
    this.stop();
    this.deps.unreadable({ position, isNewer, reason });
  }

  /** The entry that a message is; null: it is none. */
  private entryOf(message: LogMessage): Made | Promise<Made> {
    const envelope = readEnvelope(message.data, message.position);
    if (isUnreadable(envelope)) return envelope;
    if (envelope.kind === "whole") return this.whole(envelope, message);
    if (envelope.kind === "last") return this.joined(envelope, message);
    this.parts.push(message.position);
    return null;
  }

  private whole(envelope: WholeEnvelope, message: LogMessage): Made {
    const { writer, number, packed } = envelope;
    const bytes = this.deps.takeUnpacked(envelope, packed);
    if (bytes === null) return unpacked(envelope, packed, message);
    return { writer, number, bytes, position: message.position, storedMs: message.storedMs };
  }

  /** The entry whose parts a message names. */
  private async joined(last: LastEnvelope, message: LogMessage): Promise<Made> {
    const { era } = this;
    const isNear = (last.parts[0] ?? 0) >= message.position - MAX_REACH;
    const pieces: Uint8Array[] = [];
    for (const [index, position] of last.parts.entries()) {
      const part = isNear ? await this.partAt(position, era) : null;
      if (this.era !== era) return null;
      if (part === null || !isPartOf(part, last, index)) {
        this.deps.ignored({ writer: last.writer, number: last.number });
        return null;
      }
      pieces.push(part.packed);
    }
    return unpacked(last, Buffer.concat(pieces), message);
  }

  /** The part at a position; null: what is there is no part. It is asked for until a server has it. */
  private async partAt(position: number, era: number): Promise<PartEnvelope | null> {
    while (this.era === era) {
      const session = await this.deps.link.session();
      if (session === null) return null;
      const message = await readOne(session, this.deps.stream, position).catch(() => null);
      if (message !== null) {
        const envelope = readEnvelope(message.data, position);
        return isUnreadable(envelope) || envelope.kind !== "part" ? null : envelope;
      }
      if (this.firstPosition > position && this.era === era) this.restart("purged");
      else await this.pause();
    }
    return null;
  }
}

function isPartOf(part: PartEnvelope, { writer, number }: BatchId, index: number): boolean {
  return part.writer === writer && part.number === number && part.index === index;
}

function isRefusal(made: Made): made is Unreadable {
  return made !== null && isUnreadable(made);
}

function unpacked({ writer, number, sizeBytes }: Envelope, packed: Uint8Array, message: LogMessage): Made {
  const bytes = unpack(packed, sizeBytes);
  if (bytes instanceof Fault) return { isNewer: false, reason: `it is broken: ${bytes.message}` };
  return { writer, number, bytes, position: message.position, storedMs: message.storedMs };
}
