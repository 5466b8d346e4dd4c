import { Broken } from "../bytes/broken.ts";
import type { KeptGroups } from "../model/kept-group.ts";
import { Rejection } from "../model/rejection.ts";
import type { RefusedGroup, Report } from "./messages.ts";
import { PendingChanges, type WrittenBatch } from "./pending-changes.ts";
import type { PersistedStore } from "./persisted-store.ts";
import type { PersisterEvents, PersisterOptions, Writing } from "./persister-deps.ts";
import type { Place } from "./place.ts";

/** Delay before a failed commit is made again. */
const RETRY_MS = 500;
/** Interval between attempts to make the file. */
const REOPEN_MS = 1000;
/** Time budget of one turn of the loop while rows are restored. */
const RESTORE_TURN_MS = 5;
/** Interval between messages of progress while rows are restored. */
const PROGRESS_MS = 1000;

/** What became of everything at the end. */
export type Ending = "written" | "partly written" | "nothing kept";

/** A batch that the writing thread has. */
interface UnderWay {
  readonly batch: WrittenBatch;
  /** Nothing was left for the next one. */
  readonly isAll: boolean;
  readonly outcome: PromiseWithResolvers<Rejection | null>;
}

/**
 * Keeps a database in step with the store. Groups that change are noted by id; at the end of the turn they are written
 * to rows and handed to the writing thread as one batch, one batch at a time. What changed meanwhile goes with the
 * next.
 *
 *     push -> store -> changed(id) ... end of turn -> batch -> thread: one transaction -> committed -> push is answered
 *
 * A batch that fails is made again from what the store holds then, until it succeeds: nothing is forgotten. A group
 * whose rows cannot be written, while all others are, becomes again what the file has of it: its pushes are refused.
 *
 * Where there is no file and none can be made, the store is all there is: nobody waits, nothing is noted, and it is
 * tried again. Once there is a file, every group is written to it; only then is anything kept and do pushes wait again.
 */
export class Persister {
  /** Why pushes cannot be taken yet, or null. */
  notReady: string | null = "the metrics are being restored";
  /** Why nothing is kept at the moment, or null where it is. */
  notKept: string | null = null;
  private commitFault: string | null = null;
  /** Where the file could not be made. Kept while the one made later has not got everything: `unwritten` groups. */
  private place: Place | null = null;
  private isOpen = false;
  private unwritten = 0;
  private readonly pending: PendingChanges;
  private number = 0;
  private underWay: UnderWay | null = null;
  private isScheduled = false;
  private restoring: Promise<void> = Promise.resolve();
  /** How many groups were restored so far. */
  restoredGroups = 0;
  private toldMs: number;
  /** Of the attempt to make the file that is under way, if any. */
  private opened = Promise.withResolvers<void>();
  private reopening: Promise<void> | null = null;
  private isClosing = false;
  private readonly closed = Promise.withResolvers<void>();

  constructor(
    private readonly writing: Writing,
    private readonly store: PersistedStore,
    private readonly events: PersisterEvents,
    private readonly options: PersisterOptions,
  ) {
    this.toldMs = options.nowMs();
    this.pending = new PendingChanges(store);
    writing.listen((report) => this.receive(report));
  }

  /** Begins to restore what the file holds. */
  open(): void {
    this.writing.send({ kind: "open", file: this.options.file, mustBeNew: false });
  }

  /** Why the last commit failed, or null where it did not, or nobody was promised anything. */
  get fault(): string | null {
    return this.notKept === null ? this.commitFault : null;
  }

  /** Groups whose change is not committed yet. */
  get waitingGroups(): number {
    return this.pending.count + (this.underWay?.batch.count ?? 0);
  }

  // What the store tells, and asks for its size.

  changed(group: number): void {
    if (this.isMemoryOnly) return;
    this.pending.changed(group);
    this.schedule();
  }

  removed(group: number, key: Uint8Array): void {
    if (this.isMemoryOnly) return;
    this.pending.removed(group, key, this.underWay?.batch ?? null);
    this.schedule();
  }

  wiped(): void {
    if (this.isMemoryOnly) return;
    this.pending.wiped(this.underWay?.batch ?? null);
    this.unwritten = 0;
    this.schedule();
  }

  familyRemoved(family: number): void {
    this.pending.writer.rows.heads.forget(family);
  }

  /** The memory that writing takes up, and what waits to be written. */
  get sizeBytes(): number {
    return this.pending.sizeBytes;
  }

  private get isMemoryOnly(): boolean {
    return this.notKept !== null && !this.isOpen;
  }

  /**
   * Waits until what happened to a group is committed: null, or why it is not; the key null: until a wipe is. With an
   * interval nobody waits.
   */
  settled(key: Uint8Array | null): Promise<Rejection | null> | null {
    if (this.options.intervalMs !== null || this.notKept !== null) return null;
    return this.pending.settled(key, this.underWay?.batch ?? null);
  }

  /** Writes what is not written yet and closes the file; if none could be made so far, it is tried a last time. */
  async close(): Promise<Ending> {
    this.isClosing = true;
    await this.restoring;
    if (this.isMemoryOnly) await this.reopen();
    while (this.isOpen && (this.pending.count > 0 || this.underWay !== null)) {
      if (this.underWay === null) this.handOver();
      const fault = await (this.underWay?.outcome.promise ?? null);
      if (fault !== null) break;
    }
    this.writing.send({ kind: "close" });
    await this.closed.promise;
    if (this.notKept !== null) return "nothing kept";
    return this.pending.count > 0 ? "partly written" : "written";
  }

  private schedule(): void {
    if (this.isScheduled || this.underWay !== null || !this.isOpen || this.pending.count === 0) return;
    this.isScheduled = true;
    const isHurried = this.notKept !== null || this.options.intervalMs === null;
    this.options.after(this.commitFault !== null ? RETRY_MS : isHurried ? 0 : (this.options.intervalMs ?? 0), () => {
      this.isScheduled = false;
      if (this.underWay === null && this.pending.count > 0) this.handOver();
    });
  }

  private handOver(): void {
    const batch = this.pending.write();
    this.underWay = { batch, isAll: this.pending.count === 0, outcome: Promise.withResolvers() };
    const bytes = this.pending.writer.batch.finish();
    this.writing.send({ kind: "commit", number: ++this.number, batch: bytes }, [bytes.buffer]);
  }

  private receive(report: Report): void {
    if (report.kind === "kept") this.afterRestoring(() => this.restore(report.groups));
    else if (report.kind === "left out") this.events.leftOut(report.row);
    else if (report.kind === "opened") this.opensNow(report);
    else if (report.kind === "unusable") this.events.unusable(report.reason);
    else if (report.kind === "unmade") this.beMemoryOnly(report.reason, report.place);
    else if (report.kind === "committed") this.committedNow(report);
    else if (report.kind === "failed") this.finish(report.reason, 0, []);
    else if (report.kind === "unclean") this.events.failed(report.reason);
    else this.closed.resolve();
  }

  private opensNow({ groups, leftOut, fileBytes }: Extract<Report, { kind: "opened" }>): void {
    this.events.sized(fileBytes);
    this.afterRestoring(() => this.beOpen(groups, leftOut));
  }

  private committedNow({ durationSeconds, fileBytes, refused }: Extract<Report, { kind: "committed" }>): void {
    this.events.sized(fileBytes);
    this.finish(null, durationSeconds, refused);
  }

  private beMemoryOnly(reason: string, place: Place): void {
    this.events.notKept(reason, place);
    this.reopening = null;
    this.opened.resolve();
    if (this.options.required) return;
    this.notReady = null;
    this.notKept = reason;
    this.place = place;
    if (!this.isClosing) this.options.after(REOPEN_MS, () => void (this.isClosing || this.reopen()));
  }

  /** Tries once more to make the file. */
  private reopen(): Promise<void> {
    if (this.reopening === null) {
      this.opened = Promise.withResolvers();
      this.reopening = this.opened.promise;
      this.writing.send({ kind: "open", file: this.options.file, mustBeNew: true });
    }
    return this.reopening;
  }

  private afterRestoring(next: () => void | Promise<void>): void {
    this.restoring = this.restoring.then(next).catch((error) => this.events.unusable(String(error)));
  }

  /** Puts groups into the store, with turns of the loop in between. */
  private async restore(groups: KeptGroups): Promise<void> {
    const restoring = this.store.restoring(groups);
    const before = this.restoredGroups;
    let turnStartMs = this.options.nowMs();
    while (restoring.step()) {
      this.restoredGroups = before + restoring.rows;
      if (this.options.nowMs() - turnStartMs < RESTORE_TURN_MS) continue;
      this.tellProgress();
      await this.options.turn();
      turnStartMs = this.options.nowMs();
    }
  }

  private tellProgress(): void {
    const nowMs = this.options.nowMs();
    if (nowMs - this.toldMs < PROGRESS_MS) return;
    this.toldMs = nowMs;
    this.events.restoring(this.restoredGroups);
  }

  private async beOpen(groups: number, leftOut: number): Promise<void> {
    this.isOpen = true;
    if (this.notKept === null) {
      this.pending.restored(this.store.groupLimit);
      await this.options.beforeReady();
      this.events.restored(groups, leftOut);
    } else this.noteAll();
    this.notReady = null;
    this.opened.resolve();
    if (this.pending.count > 0) this.schedule();
    else if (this.notKept !== null) this.beKept();
  }

  /** Notes every group as changed: the file has been made just now. */
  private noteAll(): void {
    for (let id = 0; id < this.store.groupLimit; id++) this.pending.changed(id);
    this.unwritten = this.pending.count;
  }

  private beKept(): void {
    this.notKept = null;
    this.place = null;
    this.events.kept();
  }

  private finish(reason: string | null, durationSeconds: number, refused: readonly RefusedGroup[]): void {
    const done = this.underWay;
    if (done === null) throw new Broken("a batch ended that was not under way");
    this.underWay = null;
    this.commitFault = reason;
    if (reason === null) this.noteCommit(done, durationSeconds, refused);
    else this.noteFailure(done, reason);
    if (this.pending.count === 0) return;
    // Pushes that came while the batch was written wait for the next one already.
    if (reason === null && (this.options.intervalMs === null || !done.isAll)) this.handOver();
    else this.schedule();
  }

  private noteCommit({ batch, outcome }: UnderWay, durationSeconds: number, refused: readonly RefusedGroup[]): void {
    this.events.committed(durationSeconds, batch.count);
    this.unwritten -= batch.count;
    for (const group of refused) {
      this.pending.refuse(batch, group);
      this.events.refused(group.key, group.reason);
    }
    this.pending.committed(batch);
    if (this.notKept !== null && this.unwritten <= 0 && this.pending.isInStep) this.beKept();
    outcome.resolve(null);
  }

  private noteFailure({ batch, outcome }: UnderWay, reason: string): void {
    const fault = new Rejection("unavailable", `the change could not be made durable: ${reason}`);
    this.pending.failed(batch, fault);
    if (this.place === null) this.events.failed(reason);
    else {
      this.notKept = reason;
      this.unwritten = this.pending.count;
      this.events.notKept(reason, this.place);
    }
    outcome.resolve(fault);
  }
}
