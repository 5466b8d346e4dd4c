import type { Fault } from "../model/fault.ts";

/**
 * The port: what replicas need of the log that joins them. Whatever keeps it, all of them see the same entries in the
 * same order, and an entry that one of them has seen is lost by no failure that the log's promise covers.
 *
 *     open ── opened ── loadSnapshot ── read(from) ── entries, entries, .. ── head, head, ..      close
 *                                           │  append(batch) ────> own entry among the entries
 *                                           └─ restart: load the newest snapshot, read on behind it
 *
 * Nothing here looks into a batch or a snapshot: their bytes are the replica's.
 */
export interface SharedLog {
  /** Called once, before all else. Events come in their own turns of the loop, never within a call. */
  listen(events: LogEvents): void;

  /**
   * Connects, makes what is not there yet and checks what is. Tries again for as long as nothing answers (`lost` says
   * so); a Fault is final: what is there would lose entries, or is not for us. `settings`: what all writers of the log
   * must share. The first writer's stay; where one of ours differs it is refused. `close` ends it with a Fault.
   */
  open(settings: SharedSettings): Promise<Opened | Fault>;

  /**
   * Entries behind the position `after` come from now on, in order and without a hole, each once; 0: from the very
   * first. Called when opened, and after each `restart`. No more than some MiB come ahead of what `taken` has told.
   */
  read(after: number): void;

  /** The reader has used everything up to this position, `upTo` of what was delivered. */
  taken(position: number): void;

  /**
   * Appends a batch; the log takes over `batch.bytes` (a whole buffer, which is given to another thread). Repeated
   * under the same id until the entry has been read, or `withdraw` is called: so it may be in the log more than once,
   * and readers skip repetitions by writer and number. One batch at a time: the next only after the former's entry.
   * Numbers of a writer rise. What becomes of it is known from the entries alone.
   */
  append(batch: Batch): void;

  /** Gives up repeating. The batch may be in the log, or still come into it, nonetheless. */
  withdraw(): void;

  /** The newest snapshot, null where there is none. Fails with a Fault where the log does not answer. */
  loadSnapshot(): Promise<SnapshotReader | null | Fault>;

  /**
   * Begins to store a snapshot of the state behind everything up to `position`, which must have been delivered. Null:
   * there is one of this position or a later one already.
   */
  saveSnapshot(position: number): Promise<SnapshotWriter | null | Fault>;

  /** Ends reading and appending and lets the connection go. Nothing comes after it is done. */
  close(): Promise<void>;
}

/** Who wrote a batch, and which of his it is. */
export interface BatchId {
  /** Random, of one process: 16 digits of lower case hexadecimal. */
  readonly writer: string;
  /** 1, 2, ..; at most 2^53 - 1. */
  readonly number: number;
}

export interface Batch extends BatchId {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A batch in the log. */
export interface LogEntry extends Batch {
  /** Rises from entry to entry, the first is above 0; there may be numbers without an entry. */
  readonly position: number;
  /** When the log stored it, by the log's clock: milliseconds since 1970. */
  readonly storedMs: number;
}

/** Names and values in one form, as `{ "consistency-check": "true" }`. Compared as text. */
export type SharedSettings = Readonly<Record<string, string>>;

/** What is known of the log at an instant. */
export interface LogHead {
  /** The last position that was given, 0 where there was none ever. Who has everything up to it has caught up. */
  readonly position: number;
  /** What the log takes up, snapshots not counted; of one copy. */
  readonly sizeBytes: number;
  readonly engine: EngineState;
}

/** For people: which server of the engine does what. */
export interface EngineState {
  /** The server that this replica is connected to. */
  readonly server: string;
  /** The server that leads the log, null where that is not known or there is none. */
  readonly leader: string | null;
  /** All servers with a copy of the log, the leader too. */
  readonly copies: readonly { readonly server: string; readonly isCurrent: boolean }[];
}

export interface Opened {
  readonly head: LogHead;
  /** What the operator should know, in whole sentences: fewer than three copies, for instance. */
  readonly warnings: readonly string[];
  /** How many servers keep a copy: what the promise rests on. */
  readonly copies: number;
}

/** Why reading cannot go on from where it was. */
export type RestartReason =
  /** Entries behind the last one that was read are gone: a snapshot has them. */
  | "purged"
  /** The log ends before what was read from it: it was brought back from an older copy. */
  | "behind"
  /** The log is another one than before, and may be empty. */
  | "made anew";

/** What happens to the log. */
export interface LogEvents {
  /**
   * In order; their bytes belong to the receiver. `upTo`: everything up to this position has been delivered now. It is
   * that of the last entry, or beyond, where positions without an entry follow; then there may be no entry at all.
   */
  readonly entries: (entries: readonly LogEntry[], upTo: number) => void;
  /** Each second, and at once when the connection is back. Never below what has been delivered. */
  readonly head: (head: LogHead) => void;
  /**
   * Reading has ended: nothing more comes until `read`. An append under way goes on being repeated. It may come again
   * before `read` is called, and while a snapshot is loaded: then all begins anew.
   */
  readonly restart: (reason: RestartReason) => void;
  /**
   * Reading has ended for good at an entry that cannot be read. `isNewer`: it is in a format of a newer version; else
   * it is broken.
   */
  readonly unreadable: (entry: { position: number; isNewer: boolean; reason: string }) => void;
  /**
   * The log has not answered for 3 seconds: neither appends nor heads. Told once, until `found`. Entries may come on
   * nonetheless.
   */
  readonly lost: (reason: string) => void;
  /** It answers again. `seconds`: since the first time that it did not. */
  readonly found: (seconds: number) => void;
  /** An append had to be repeated. */
  readonly retried: () => void;
  /** The log has been made unusable for us while we used it: it is not used any more. As a Fault of `open`. */
  readonly unusable: (reason: string) => void;
}

/** A stored snapshot: what all entries up to its position make. */
export interface SnapshotReader {
  readonly position: number;
  /** It is of the log that was opened: entries behind `position` follow it. Else it is of one that is no more. */
  readonly isOfThisLog: boolean;
  /** When it was stored, by the log's clock: milliseconds since 1970. */
  readonly storedMs: number;
  /** What it takes up in the log. */
  readonly sizeBytes: number;
  /** How many chunks there are. */
  readonly chunks: number;
  /**
   * The bytes of a chunk, which belong to the caller. "gone": it has been replaced by newer ones meanwhile; load the
   * newest.
   */
  chunk(index: number): Promise<Uint8Array<ArrayBuffer> | "gone" | Fault>;
}

/** A snapshot that is being stored; nobody sees it before it is finished. */
export interface SnapshotWriter {
  /** Adds a chunk: some MB, which the writer takes over. Wait for each before the next. */
  chunk(bytes: Uint8Array<ArrayBuffer>): Promise<Fault | null>;
  /**
   * Makes it the newest, if none was stored since it began. Then the log is purged below the snapshot before it, and
   * those before that one go: who has begun to load one can load it to its end.
   */
  finish(): Promise<StoredSnapshot | "overtaken" | Fault>;
  /** Leaves it; what was stored of it goes. */
  abandon(): void;
}

export interface StoredSnapshot {
  readonly position: number;
  readonly sizeBytes: number;
}
