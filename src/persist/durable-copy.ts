import type { KeptGroups } from "../model/kept-group.ts";
import { Rejection } from "../model/rejection.ts";
import { RefusedGroups, type Settlement } from "../model/settlement.ts";
import type { CopiedStore, CopyEvents, CopyOptions, Writing } from "./copy-deps.ts";
import { GroupWriter } from "./group-writer.ts";
import type { RefusedRow, Report } from "./messages.ts";
import type { Place } from "./place.ts";

/** Delay before retrying a failed commit. */
const RETRY_MS = 500;
/** Interval between attempts to make the file. */
const REOPEN_MS = 1000;
/** Most bytes of a batch, so that the event loop is not held up: the rest goes with the next one. */
const BATCH_GROUPS = 256;
const BATCH_BYTES = 1 << 20;
/** Time budget per event-loop turn while restoring. */
const RESTORE_TURN_MS = 5;
/** Interval between progress messages while restoring. */
const PROGRESS_MS = 1000;

/** What became of everything at the end. */
export type Ending = "written" | "partly written" | "nothing kept";

/** A group whose rows are in a batch, with the segments among them. */
interface WrittenGroup {
  readonly id: number;
  readonly segments: readonly number[];
}

interface Batch {
  /** How many groups it was made for, those that were gone by then among them. */
  readonly groupCount: number;
  /** In the order of their rows. */
  readonly written: readonly WrittenGroup[];
  readonly keys: readonly Uint8Array[];
  readonly wiped: boolean;
  /** The requests that wait for it; none if something is left for the next one. */
  readonly waiting: PromiseWithResolvers<Settlement>;
  readonly isAll: boolean;
}

/**
 * Keeps a database in step with the store. Groups that change are noted by id; at the end of the turn they are written
 * to rows and handed to the writing thread as one batch, one batch at a time. What changed meanwhile goes with the
 * next.
 *
 *     push -> store -> changed(id) ... end of turn -> batch -> thread: one transaction -> committed -> push is answered
 *
 * A batch that fails is made again from what the store holds then, until it succeeds: nothing is forgotten. A group
 * whose rows cannot be written, while all others are, is tried again when it changes: its push is refused, and the file
 * has what was there before.
 *
 * Where there is no file and none can be made, the store is all there is: nobody waits, nothing is noted, and it is
 * tried again. Once there is a file, every group is written to it; only then is anything kept and do pushes wait again.
 */
export class DurableCopy {
  /** Why pushes cannot be taken yet, or null. */
  notReady: string | null = "the metrics are being restored";
  /** Why nothing is kept at the moment, or null where it is. */
  notKept: string | null = null;
  private commitFault: string | null = null;
  /** Where the file could not be made. Kept while the one made later has not got everything: `unwritten` groups. */
  private place: Place | null = null;
  private isOpen = false;
  private unwritten = 0;
  private readonly changedGroups = new Set<number>();
  private removedKeys: Uint8Array[] = [];
  private isWiped = false;
  private readonly writer: GroupWriter;
  /** Of the groups that pushes wait for, those that were refused so far. */
  private refusals: RefusedGroups | null = null;
  /** The groups that cannot be written at the moment, by id, with the reason. */
  private readonly unwritable = new Map<number, string>();
  private number = 0;
  private underWay: Batch | null = null;
  private waiting = Promise.withResolvers<Settlement>();
  private isScheduled = false;
  private restoring: Promise<void> = Promise.resolve();
  private restoredGroups = 0;
  private toldMs: number;
  /** Of the attempt to make the file that is under way, if any. */
  private opened = Promise.withResolvers<void>();
  private reopening: Promise<void> | null = null;
  private isClosing = false;
  private readonly closed = Promise.withResolvers<void>();

  constructor(
    private readonly writing: Writing,
    private readonly store: CopiedStore,
    private readonly events: CopyEvents,
    private readonly options: CopyOptions,
  ) {
    this.toldMs = options.nowMs();
    this.writer = new GroupWriter(store);
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
    return this.changedGroups.size + this.removedKeys.length + (this.underWay?.groupCount ?? 0);
  }

  /** The memory that rows are written with and that stays taken. */
  keptBytes(): number {
    return this.writer.sizeBytes;
  }

  // What the store reports.

  changed(group: number): void {
    if (this.isMemoryOnly) return;
    this.changedGroups.add(group);
    this.schedule();
  }

  removed(key: Uint8Array): void {
    if (this.isMemoryOnly) return;
    this.removedKeys.push(key.slice());
    this.schedule();
  }

  wiped(): void {
    if (this.isMemoryOnly) return;
    this.changedGroups.clear();
    this.removedKeys = [];
    this.isWiped = true;
    this.unwritten = 0;
    this.unwritable.clear();
    this.writer.rows.heads.clear();
    this.schedule();
  }

  familyRemoved = (family: number): void => this.writer.rows.heads.forget(family);

  private get isMemoryOnly(): boolean {
    return this.notKept !== null && !this.isOpen;
  }

  /** Waits until all changes up to now are committed: null, or why they are not. With an interval nobody waits. */
  settled(): Promise<Settlement> | null {
    if (this.options.intervalMs !== null || this.notKept !== null) return null;
    if (this.hasChanges) return this.waiting.promise;
    return this.underWay?.waiting.promise ?? null;
  }

  /** Writes what is not written yet and closes the file; if none could be made so far, it is tried a last time. */
  async close(): Promise<Ending> {
    this.isClosing = true;
    await this.restoring;
    if (this.isMemoryOnly) await this.reopen();
    while (this.isOpen && (this.hasChanges || this.underWay !== null)) {
      if (this.underWay === null) this.handOver();
      const outcome = await (this.underWay?.waiting.promise ?? null);
      if (outcome instanceof Rejection) break;
    }
    this.writing.send({ kind: "close" });
    await this.closed.promise;
    if (this.notKept !== null) return "nothing kept";
    return this.hasChanges ? "partly written" : "written";
  }

  private get hasChanges(): boolean {
    return this.isWiped || this.changedGroups.size > 0 || this.removedKeys.length > 0;
  }

  private schedule(): void {
    if (this.isScheduled || this.underWay !== null || !this.isOpen) return;
    this.isScheduled = true;
    const isHurried = this.notKept !== null || this.options.intervalMs === null;
    this.options.after(this.commitFault !== null ? RETRY_MS : isHurried ? 0 : (this.options.intervalMs ?? 0), () => {
      this.isScheduled = false;
      if (this.underWay === null && this.hasChanges) this.handOver();
    });
  }

  private handOver(): void {
    const { batch } = this.writer;
    const keys = this.removedKeys;
    const wiped = this.isWiped;
    if (wiped) batch.wipe();
    for (const key of keys) batch.remove(key);
    this.removedKeys = [];
    this.isWiped = false;
    const groupsBefore = this.changedGroups.size;
    const written = this.writeGroups();
    const groupCount = groupsBefore - this.changedGroups.size;
    const isAll = this.changedGroups.size === 0;
    const nobody = Promise.withResolvers<Settlement>();
    this.underWay = { groupCount, written, keys, wiped, isAll, waiting: isAll ? this.waiting : nobody };
    if (isAll) this.waiting = Promise.withResolvers();
    const bytes = batch.finish();
    this.writing.send({ kind: "commit", number: ++this.number, batch: bytes }, [bytes.buffer]);
  }

  /** Writes changed groups to the batch, those that wait longest first. */
  private writeGroups(): WrittenGroup[] {
    const { writer, changedGroups } = this;
    const written: WrittenGroup[] = [];
    let taken = 0;
    for (const id of changedGroups) {
      if (taken++ === BATCH_GROUPS || writer.batch.sizeBytes > BATCH_BYTES) break;
      const segments = writer.write(id);
      if (segments !== null) written.push({ id, segments });
      changedGroups.delete(id);
    }
    return written;
  }

  private receive(report: Report): void {
    if (report.kind === "kept") this.afterRestoring(() => this.restore(report.groups));
    else if (report.kind === "left out") this.events.leftOut(report.row);
    else if (report.kind === "opened") this.afterRestoring(() => this.beOpen(report.groups, report.leftOut));
    else if (report.kind === "unusable") this.events.unusable(report.reason);
    else if (report.kind === "unmade") this.beMemoryOnly(report.reason, report.place);
    else if (report.kind === "committed") this.finish(null, report.durationSeconds, report.refused);
    else if (report.kind === "failed") this.finish(report.reason, 0, []);
    else if (report.kind === "unclean") this.events.failed(report.reason);
    else this.closed.resolve();
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

  private beOpen(groups: number, leftOut: number): void {
    this.isOpen = true;
    this.notReady = null;
    if (this.notKept === null) this.events.restored(groups, leftOut);
    else this.noteAll();
    this.opened.resolve();
    if (this.hasChanges) this.schedule();
    else if (this.notKept !== null) this.beKept();
  }

  /** Notes every group as changed: the file has been made just now. */
  private noteAll(): void {
    for (let id = 0; id < this.store.groupLimit; id++) this.changedGroups.add(id);
    this.unwritten = this.changedGroups.size;
  }

  private beKept(): void {
    this.notKept = null;
    this.place = null;
    this.events.kept();
  }

  private finish(reason: string | null, durationSeconds: number, refused: readonly RefusedRow[]): void {
    const done = this.underWay;
    if (done === null) throw new Error("a batch ended that was not under way");
    this.underWay = null;
    this.commitFault = reason;
    if (reason === null) this.noteCommit(done, durationSeconds, refused);
    else this.noteFailure(done, reason);
    if (!this.hasChanges) return;
    // Pushes that came while the batch was written wait for the next one already.
    if (reason === null && (this.options.intervalMs === null || !done.isAll)) this.handOver();
    else this.schedule();
  }

  private noteCommit(done: Batch, durationSeconds: number, refused: readonly RefusedRow[]): void {
    this.events.committed(durationSeconds, done.groupCount);
    this.unwritten -= done.groupCount;
    if (this.unwritable.size > 0) this.forgetWritten(done, refused);
    for (const row of refused) this.noteRefusal(done, row);
    if (this.notKept !== null && this.unwritten <= 0 && !this.isWiped) this.beKept();
    done.waiting.resolve(this.refusals);
    if (done.isAll) this.refusals = null;
  }

  private forgetWritten({ written }: Batch, refused: readonly RefusedRow[]): void {
    const stillRefused = new Set(refused.map(({ put }) => put));
    for (const [put, { id }] of written.entries()) if (!stillRefused.has(put)) this.unwritable.delete(id);
  }

  /** The group is tried again with its next change, for its segments are still to be written. */
  private noteRefusal({ written }: Batch, { put, key, reason }: RefusedRow): void {
    const group = written[put];
    if (group === undefined) throw new Error(`row ${put} of a batch was refused, which has ${written.length}`);
    this.noteSegments(group);
    this.refusals ??= new RefusedGroups();
    this.refusals.add(
      key,
      new Rejection("too-large", `the group cannot be written to the persistence file: ${reason}`),
    );
    if (this.unwritable.get(group.id) === reason) return;
    this.unwritable.set(group.id, reason);
    this.events.refused(key, reason);
  }

  private noteSegments({ id, segments }: WrittenGroup): void {
    if (segments.length === 0) return;
    const known = this.store.segmentsOf(id);
    for (const segment of segments) known?.noteChanged(segment);
  }

  private noteFailure(done: Batch, reason: string): void {
    this.takeBack(done);
    if (this.place === null) this.events.failed(reason);
    else {
      this.notKept = reason;
      this.unwritten = this.changedGroups.size;
      this.events.notKept(reason, this.place);
    }
    const rejection = new Rejection("unavailable", `the change could not be made durable: ${reason}`);
    done.waiting.resolve(rejection);
    if (done.isAll) return;
    this.waiting.resolve(rejection);
    this.waiting = Promise.withResolvers();
    this.refusals = null;
  }

  /** Notes again what a failed batch was to write; a wipe since then has made it void. */
  private takeBack({ written, keys, wiped }: Batch): void {
    if (this.isWiped) return;
    for (const group of written) {
      this.changedGroups.add(group.id);
      this.noteSegments(group);
    }
    this.removedKeys.push(...keys);
    this.isWiped = wiped;
  }
}
