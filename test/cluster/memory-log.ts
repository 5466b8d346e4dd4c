import type {
  Batch,
  LogEntry,
  LogEvents,
  LogHead,
  Opened,
  RestartReason,
  SharedLog,
  SharedSettings,
  SnapshotReader,
  SnapshotWriter,
  StoredSnapshot,
} from "../../src/cluster/log.ts";
import { Fault } from "../../src/model/fault.ts";

/** How a log in memory behaves: delays in milliseconds, the rest as shares of all appends from 0 up to 1. */
export interface MemoryLogOptions {
  /** From 0 up to 1, the same ones for the same seed. */
  readonly random: () => number;
  /** As `Clock.after`. */
  readonly after: (ms: number, run: () => void) => void;
  readonly nowMs: () => number;
  /** Longest time on the way to or from the log; 0 by default. */
  readonly delayMs?: number;
  /** Appends that never arrive. */
  readonly lost?: number;
  /** Appends that are stored once more, some time later. */
  readonly doubled?: number;
}

interface KeptSnapshot extends StoredSnapshot {
  readonly log: number;
  readonly storedMs: number;
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
}

const HEAD_MS = 1000;
const LOST_MS = 3000;
const RETRY_MS = 50;
/** Most entries that come ahead of what was taken. */
const MAX_AHEAD = 256;

/** What keeps the log: one for all replicas of a test. */
export class MemoryEngine {
  entries: LogEntry[] = [];
  /** Position of the last entry that was purged. */
  purgedTo = 0;
  snapshots: KeptSnapshot[] = [];
  settings: SharedSettings | null = null;
  /** Counts the logs: it is another one after `makeAnew`. */
  log = 1;
  private position = 0;
  private readonly readers: MemoryLog[] = [];

  constructor(readonly options: MemoryLogOptions) {}

  /** The log as one more replica has it. */
  connect(): MemoryLog {
    const log = new MemoryLog(this);
    this.readers.push(log);
    return log;
  }

  get head(): number {
    return this.position;
  }

  store(batch: Batch): void {
    this.entries.push({ ...batch, position: ++this.position, storedMs: this.options.nowMs() });
    for (const reader of this.readers) reader.wake();
  }

  /** Removes all entries up to a position. */
  purge(position: number): void {
    this.purgedTo = Math.max(this.purgedTo, Math.min(position, this.position));
    this.entries = this.entries.filter((entry) => entry.position > this.purgedTo);
  }

  /** Brings the log back from an older copy. */
  rollBack(position: number): void {
    this.entries = this.entries.filter((entry) => entry.position <= position);
    this.position = position;
  }

  /** Loses the log and what it knew; snapshots too, unless they are kept. */
  makeAnew(keepsSnapshots = false): void {
    this.entries = [];
    this.position = 0;
    this.purgedTo = 0;
    this.settings = null;
    this.log++;
    if (!keepsSnapshots) this.snapshots = [];
  }

  delay(): number {
    return Math.floor(this.options.random() * ((this.options.delayMs ?? 0) + 1));
  }
}

/** A log in memory for tests: what can go wrong with a real one, by seed. */
export class MemoryLog implements SharedLog {
  private events: LogEvents | null = null;
  private isOpen = false;
  private isCut = false;
  private cutMs = 0;
  private isLost = false;
  private log = 0;
  private settings: SharedSettings = {};
  /** Position of the last entry that was delivered; null: nobody reads. */
  private readTo: number | null = null;
  private takenTo = 0;
  private isWoken = false;
  private batch: Batch | null = null;

  constructor(private readonly engine: MemoryEngine) {}

  /** Cuts this replica off from the log. */
  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.cutMs = this.engine.options.nowMs();
    this.later(LOST_MS, () => this.tellLost());
  }

  /** Lets it reach the log again. */
  heal(): void {
    this.isCut = false;
    this.later(0, () => this.tellFound());
  }

  listen(events: LogEvents): void {
    this.events = events;
  }

  async open(settings: SharedSettings): Promise<Opened | Fault> {
    await this.way();
    const fault = this.agree(settings);
    if (fault !== null) return fault;
    this.isOpen = true;
    this.log = this.engine.log;
    this.later(HEAD_MS, () => this.tellHead());
    return { head: this.headNow(), warnings: [], copies: 1 };
  }

  read(after: number): void {
    this.readTo = after;
    this.takenTo = after;
    this.wake();
  }

  taken(position: number): void {
    this.takenTo = Math.max(this.takenTo, position);
    this.wake();
  }

  append(batch: Batch): void {
    this.batch = { ...batch, bytes: batch.bytes.slice() };
    this.attempt(this.batch);
  }

  withdraw(): void {
    this.batch = null;
  }

  async loadSnapshot(): Promise<SnapshotReader | null | Fault> {
    await this.way();
    if (this.isCut) return new Fault("loading the snapshot: the log does not answer");
    const newest = this.engine.snapshots.at(-1);
    return newest === undefined ? null : this.readerOf(newest);
  }

  async saveSnapshot(position: number): Promise<SnapshotWriter | null | Fault> {
    await this.way();
    if (this.isCut) return new Fault("storing a snapshot: the log does not answer");
    const newest = this.engine.snapshots.at(-1);
    if (newest !== undefined && newest.log === this.log && newest.position >= position) return null;
    return this.writerOf(position, newest);
  }

  async close(): Promise<void> {
    await this.way();
    this.isOpen = false;
    this.readTo = null;
    this.batch = null;
  }

  /** Looks in some time for what can be delivered. */
  wake(): void {
    if (this.isWoken || this.readTo === null) return;
    this.isWoken = true;
    this.later(this.engine.delay(), () => {
      this.isWoken = false;
      this.deliver();
    });
  }

  private later(ms: number, run: () => void): void {
    this.engine.options.after(ms, run);
  }

  private way(): Promise<void> {
    return new Promise((resolve) => this.later(this.engine.delay(), resolve));
  }

  private agree(settings: SharedSettings): Fault | null {
    this.settings = settings;
    this.engine.settings ??= settings;
    const shared = this.engine.settings;
    const other = Object.keys(settings).find((name) => settings[name] !== shared[name]);
    if (other === undefined) return null;
    return new Fault(`another writer uses other flags: ${other} is ${shared[other]}, here ${settings[other]}`);
  }

  private deliver(): void {
    if (this.isCut || !this.isOpen || this.readTo === null) return;
    const reason = this.restartReason(this.readTo);
    if (reason !== null) return this.restart(reason);
    const from = this.readTo;
    const waiting = this.engine.entries.filter(({ position }) => position > from);
    const entries = waiting.slice(0, Math.max(0, MAX_AHEAD - (from - this.takenTo)));
    const last = entries.at(-1);
    if (last === undefined) return;
    this.readTo = last.position;
    const { batch } = this;
    if (entries.some(({ writer, number }) => writer === batch?.writer && number === batch.number)) this.batch = null;
    this.events?.entries(
      entries.map((entry) => ({ ...entry, bytes: entry.bytes.slice() })),
      last.position,
    );
    this.wake();
  }

  private restartReason(readTo: number): RestartReason | null {
    if (this.log !== this.engine.log) return "made anew";
    if (this.engine.head < readTo) return "behind";
    return this.engine.purgedTo > readTo ? "purged" : null;
  }

  private restart(reason: RestartReason): void {
    this.readTo = null;
    this.log = this.engine.log;
    this.engine.settings ??= this.settings;
    this.events?.restart(reason);
  }

  private attempt(batch: Batch): void {
    const { options } = this.engine;
    const isStored = options.random() >= (options.lost ?? 0);
    const isDoubled = options.random() < (options.doubled ?? 0);
    this.later(this.engine.delay(), () => {
      if (!this.isOpen || this.batch !== batch) return;
      if (!this.isCut && isStored && !this.has(batch)) this.engine.store(batch);
      if (!this.isCut && isDoubled) this.later(RETRY_MS, () => this.engine.store(batch));
    });
    this.later(RETRY_MS + 2 * (options.delayMs ?? 0), () => {
      if (!this.isOpen || this.batch !== batch) return;
      this.events?.retried();
      this.attempt(batch);
    });
  }

  private has({ writer, number }: Batch): boolean {
    return this.engine.entries.some((entry) => entry.writer === writer && entry.number === number);
  }

  private headNow(): LogHead {
    const { head, entries } = this.engine;
    const sizeBytes = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
    return { position: head, sizeBytes, engine: { server: "memory", leader: "memory", copies: [] } };
  }

  private tellHead(): void {
    if (!this.isOpen) return;
    if (!this.isCut && this.log === this.engine.log && this.engine.head >= (this.readTo ?? 0))
      this.events?.head(this.headNow());
    this.wake();
    this.later(HEAD_MS, () => this.tellHead());
  }

  private tellLost(): void {
    if (!this.isCut || this.isLost || !this.isOpen) return;
    if (this.engine.options.nowMs() - this.cutMs < LOST_MS) return;
    this.isLost = true;
    this.events?.lost("cut off");
  }

  private tellFound(): void {
    if (this.isCut || !this.isOpen) return;
    if (this.isLost) this.events?.found((this.engine.options.nowMs() - this.cutMs) / 1000);
    this.isLost = false;
    this.wake();
  }

  private readerOf(snapshot: KeptSnapshot): SnapshotReader {
    const { engine } = this;
    const { position, storedMs, sizeBytes, chunks, log } = snapshot;
    const chunk = async (index: number): Promise<Uint8Array<ArrayBuffer> | "gone" | Fault> => {
      await this.way();
      if (this.isCut) return new Fault("loading the snapshot: the log does not answer");
      const bytes = chunks[index];
      return bytes === undefined || !engine.snapshots.includes(snapshot) ? "gone" : bytes.slice();
    };
    return { position, storedMs, sizeBytes, chunks: chunks.length, isOfThisLog: log === engine.log, chunk };
  }

  private writerOf(position: number, before: KeptSnapshot | undefined): SnapshotWriter {
    const { engine, log } = this;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let sizeBytes = 0;
    const chunk = async (bytes: Uint8Array<ArrayBuffer>): Promise<Fault | null> => {
      await this.way();
      if (this.isCut) return new Fault("storing a snapshot: the log does not answer");
      chunks.push(bytes.slice());
      sizeBytes += bytes.length;
      return null;
    };
    const finish = async (): Promise<StoredSnapshot | "overtaken" | Fault> => {
      await this.way();
      if (this.isCut) return new Fault("storing a snapshot: the log does not answer");
      if (engine.log !== log || engine.snapshots.at(-1) !== before) return "overtaken";
      const kept: KeptSnapshot = { position, sizeBytes, log, chunks, storedMs: engine.options.nowMs() };
      engine.snapshots = before === undefined ? [kept] : [before, kept];
      if (before?.log === log) engine.purge(before.position);
      return { position, sizeBytes };
    };
    return { chunk, finish, abandon: () => chunks.splice(0) };
  }
}
