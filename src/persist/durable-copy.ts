import type { KeptGroups, KeyedGroup } from "../model/kept-group.ts";
import { Rejection } from "../model/rejection.ts";
import { BatchWriter } from "./batch.ts";
import type { Report, Request } from "./messages.ts";
import { RowWriter } from "./record.ts";

/** After a failure the next attempt is made so much later. */
const RETRY_MS = 500;
/** Rows restored in one turn of the loop take about so long at most. */
const RESTORE_TURN_MS = 5;
/** While rows are restored, it is told about so often. */
const PROGRESS_MS = 1000;

/** The writing thread as the durable copy sees it. */
export interface Writing {
  readonly send: (request: Request, transfer?: ArrayBuffer[]) => void;
  /** Called once, before anything is sent. */
  readonly listen: (receive: (report: Report) => void) => void;
}

/** What the durable copy needs of the store. */
export interface CopiedStore {
  /** The group of an id, or null where there is none any more. */
  readonly keyedGroup: (group: number) => KeyedGroup | null;
  /** Puts kept groups into the store, one a step; false: all are there. */
  readonly restoring: (groups: KeptGroups) => { readonly step: () => boolean };
}

/** What happens now and then; all optional to look at. */
export interface CopyEvents {
  readonly restoring: (groups: number) => void;
  readonly restored: (groups: number) => void;
  readonly unusable: (reason: string) => void;
  readonly committed: (durationSeconds: number, groups: number) => void;
  readonly failed: (reason: string) => void;
}

export interface CopyOptions {
  readonly file: string;
  /** null: every turn of the loop is handed over at its end, and pushes wait for the commit. Else: written at least so often. */
  readonly intervalMs: number | null;
  readonly nowMs: () => number;
  readonly after: (ms: number, run: () => void) => void;
  readonly turn: () => Promise<void>;
}

type Outcome = Rejection | null;

/**
 * Keeps a database in step with the store. Groups that change are noted by id; at the end of the turn they are written to rows
 * and handed to the writing thread as one batch, one batch at a time. What changed meanwhile goes with the next.
 *
 *     push -> store -> changed(id) ... end of turn -> batch -> thread: one transaction -> committed -> push is answered
 *
 * A batch that fails is made again from what the store holds then, until it succeeds: nothing is forgotten.
 */
export class DurableCopy {
  /** Why pushes cannot be taken yet, or null. */
  notReady: string | null = "the metrics are being restored";
  /** Why the last commit failed, or null where it did not. */
  fault: string | null = null;
  private readonly changedGroups = new Set<number>();
  private readonly removedKeys: Uint8Array[] = [];
  private isWiped = false;
  private readonly rows = new RowWriter();
  private readonly batch = new BatchWriter();
  /** Of the batch under way, if any: its number, what it removes, and those that wait for it. */
  private number = 0;
  private underWay: {
    groups: number[];
    keys: Uint8Array[];
    wiped: boolean;
    waiting: PromiseWithResolvers<Outcome>;
  } | null = null;
  private waiting = Promise.withResolvers<Outcome>();
  private isScheduled = false;
  private restoring: Promise<void> = Promise.resolve();
  private restoredGroups = 0;
  private toldMs: number;
  private readonly closed = Promise.withResolvers<void>();

  constructor(
    private readonly writing: Writing,
    private readonly store: CopiedStore,
    private readonly events: CopyEvents,
    private readonly options: CopyOptions,
  ) {
    this.toldMs = options.nowMs();
    writing.listen((report) => this.receive(report));
    writing.send({ kind: "open", file: options.file });
  }

  /** Groups whose change is not committed yet. */
  get waitingGroups(): number {
    return this.changedGroups.size + this.removedKeys.length + (this.underWay?.groups.length ?? 0);
  }

  // What the store tells.

  changed(group: number): void {
    this.changedGroups.add(group);
    this.schedule();
  }

  removed(key: Uint8Array): void {
    this.removedKeys.push(key.slice());
    this.schedule();
  }

  wiped(): void {
    this.changedGroups.clear();
    this.removedKeys.length = 0;
    this.isWiped = true;
    this.schedule();
  }

  /** Waits until all changes up to now are committed: null, or why they are not. With an interval nobody waits. */
  settled(): Promise<Outcome> | null {
    if (this.options.intervalMs !== null) return null;
    if (this.hasChanges) return this.waiting.promise;
    return this.underWay?.waiting.promise ?? null;
  }

  /** Writes what is not written yet and closes the file. False: some of it could not be written. */
  async close(): Promise<boolean> {
    await this.restoring;
    while (this.hasChanges || this.underWay !== null) {
      if (this.underWay === null) this.handOver();
      const outcome = await (this.underWay?.waiting.promise ?? null);
      if (outcome instanceof Rejection) break;
    }
    this.writing.send({ kind: "close" });
    await this.closed.promise;
    return !this.hasChanges;
  }

  private get hasChanges(): boolean {
    return this.isWiped || this.changedGroups.size > 0 || this.removedKeys.length > 0;
  }

  private schedule(): void {
    if (this.isScheduled || this.underWay !== null || this.notReady !== null) return;
    this.isScheduled = true;
    this.options.after(this.fault === null ? (this.options.intervalMs ?? 0) : RETRY_MS, () => {
      this.isScheduled = false;
      if (this.underWay === null && this.hasChanges) this.handOver();
    });
  }

  private handOver(): void {
    const groups = [...this.changedGroups];
    const keys = this.removedKeys.splice(0);
    if (this.isWiped) this.batch.wipe();
    for (const key of keys) this.batch.remove(key);
    for (const id of groups) {
      const group = this.store.keyedGroup(id);
      if (group !== null)
        this.batch.put(group.key, group.succeededSeconds, group.failedSeconds, this.rows.write(group.view));
    }
    this.underWay = { groups, keys, wiped: this.isWiped, waiting: this.waiting };
    this.waiting = Promise.withResolvers();
    this.changedGroups.clear();
    this.isWiped = false;
    const batch = this.batch.finish();
    this.writing.send({ kind: "commit", number: ++this.number, batch }, [batch.buffer]);
  }

  private receive(report: Report): void {
    if (report.kind === "kept") this.afterRestoring(() => this.restore(report.groups));
    else if (report.kind === "opened") this.afterRestoring(() => this.beReady(report.groups));
    else if (report.kind === "unusable") this.events.unusable(report.reason);
    else if (report.kind === "committed") this.finish(null, report.durationSeconds);
    else if (report.kind === "failed") this.finish(report.reason, 0);
    else if (report.kind === "unclean") this.events.failed(report.reason);
    else this.closed.resolve();
  }

  private afterRestoring(next: () => void | Promise<void>): void {
    this.restoring = this.restoring.then(next).catch((error) => this.events.unusable(String(error)));
  }

  /** Puts groups into the store, with turns of the loop in between. */
  private async restore(groups: KeptGroups): Promise<void> {
    const restoring = this.store.restoring(groups);
    let turnStartMs = this.options.nowMs();
    while (restoring.step()) {
      this.restoredGroups++;
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

  private beReady(groups: number): void {
    this.notReady = null;
    this.events.restored(groups);
    if (this.hasChanges) this.schedule();
  }

  private finish(reason: string | null, durationSeconds: number): void {
    const done = this.underWay;
    if (done === null) throw new Error("a batch ended that was not under way");
    this.underWay = null;
    this.fault = reason;
    if (reason === null) {
      this.events.committed(durationSeconds, done.groups.length);
      done.waiting.resolve(null);
    } else {
      this.takeBack(done.groups, done.keys, done.wiped);
      this.events.failed(reason);
      done.waiting.resolve(new Rejection("unavailable", `the change could not be made durable: ${reason}`));
    }
    if (!this.hasChanges) return;
    // Pushes that came while the batch was written wait for the next one already.
    if (reason === null && this.options.intervalMs === null) this.handOver();
    else this.schedule();
  }

  /** Notes again what a failed batch was to write; a wipe since then has made it void. */
  private takeBack(groups: readonly number[], keys: readonly Uint8Array[], wiped: boolean): void {
    if (this.isWiped) return;
    for (const group of groups) this.changedGroups.add(group);
    this.removedKeys.push(...keys);
    this.isWiped = wiped;
  }
}
