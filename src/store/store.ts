import { Broken } from "../bytes/broken.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import { readLabels } from "../exposition/label-block.ts";
import type { GroupRow, KeptGroups, KeyedGroup } from "../model/kept-group.ts";
import { NO_STORE_LIMITS, type StoreLimits } from "../model/limits.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, type PushTime, type PushTimeName } from "../model/push-times.ts";
import { Rejection } from "../model/rejection.ts";
import type { ReservedFamilies } from "../model/reserved-families.ts";
import { type InconsistentHelp, NO_REPORTER, type StoreReporter } from "../model/store-reporter.ts";
import type { StoreStats } from "../model/store-stats.ts";
import type { StoreWatcher } from "../model/store-watcher.ts";
import type { ShownGroup } from "../model/view.ts";
import { findFull } from "./admission/capacity.ts";
import { groupGrowth } from "./admission/growth.ts";
import { findKeyFault } from "./admission/key-fault.ts";
import { KnownContradictions } from "./admission/known-contradictions.ts";
import { PushHandler } from "./admission/push.ts";
import type { PushRequest } from "./admission/push-request.ts";
import type { Contradictions } from "./table/contradictions.ts";
import { viewOf } from "./table/group-view.ts";
import { findInconsistentHelp } from "./table/inconsistent-help.ts";
import { PushTimes } from "./table/push-times.ts";
import { readGroups } from "./table/read-groups.ts";
import { REMOVALS_A_STEP } from "./table/removals.ts";
import { putBack, Restoring } from "./table/restore.ts";
import { type GroupSegments, Segments } from "./table/segments.ts";
import { Snapshot } from "./table/snapshot.ts";
import { Table } from "./table/table.ts";
import { WipedTables } from "./table/wiped-tables.ts";

const INCONSISTENT = "pushed metrics are invalid or inconsistent with existing metrics: ";

/** Families whose help texts are compared at a time in search of an inconsistent one; others wait for the next time. */
const HELPS_LOOKED_AT = 1024;

/**
 * A push may be at fault only because of series that are on their way out: it is to be applied again once `isChanging`
 * ends.
 */
export const AFTER_CHANGE = new Rejection("busy", "other changes have to be made first");

/** A push may have series that large chunks hold: it is to be applied again once `isIndexing` ends. */
export const AFTER_INDEXING = new Rejection("busy", "series of other groups have to be looked at first");

const SEARCH_TOO_LONG = new Rejection(
  "too-large",
  "the push is too large: its series may be in too many groups of other label names to look into",
);

/**
 * All pushed metrics. Every method runs in one turn of the loop and leaves the store consistent; there is no lock and
 * no queue. Readers take a `snapshot` or go through groups one by one.
 */
export class Store {
  private table = new Table();
  private handler: PushHandler;
  private times = new PushTimes(this.table);
  private readonly wiped = new WipedTables();
  private watcher: StoreWatcher | null = null;
  /** Kept where somebody watches. */
  private segments: Segments | null = null;
  private reporter: StoreReporter = NO_REPORTER;
  /** Reports to the reporter of that moment. */
  private readonly relay: StoreReporter = {
    leftOut: (family) => this.reporter.leftOut(family),
    shown: (family) => this.reporter.shown(family),
  };

  constructor(
    private readonly reserved: ReservedFamilies,
    /** Whether pushes are checked against each other (not with `--push.disable-consistency-check`). */
    private readonly check: boolean,
    private readonly limits: StoreLimits = NO_STORE_LIMITS,
  ) {
    this.handler = new PushHandler(this.table, reserved, this.times);
    if (!check) this.allowContradictions();
  }

  /** From now on the table may hold what cannot be shown together. */
  private allowContradictions(): Contradictions {
    this.table.contradictions ??= new KnownContradictions(this.table, this.reserved, this.relay);
    return this.table.contradictions;
  }

  /** Decides what is shown, where that is not what is stored. */
  private settle(): void {
    const { table } = this;
    if (table.contradictions === null) return;
    table.removals.finish();
    table.contradictions.settle();
    if (this.check && table.contradictions.isEmpty) table.contradictions = null;
  }

  /** Registers the reporter of what is left out. */
  reportTo(reporter: StoreReporter): void {
    this.reporter = reporter;
  }

  /**
   * Stores a push (POST, or PUT with `replace`), or returns the reason why not. A refused push changes nothing but the
   * time of the group's last failure; if that itself could not be exposed, or the store is full, not even that.
   */
  apply(request: PushRequest): Rejection | null {
    const { key } = request;
    if (this.check) this.settle();
    request.columns.work.begin(request.columns.body.length + key.block.length);
    this.handler.duplicates.begin(request.columns.work);
    const group = this.table.groups.find(key.block);
    if (group >= 0 && this.handler.known.isOf(request.columns, group)) return this.applyKnown(request, group);
    const noGroup = group < 0 ? findFull(this.table, this.limits, groupGrowth(this.table, key)) : null;
    if (noGroup !== null) return this.isChanging ? AFTER_CHANGE : noGroup;
    const forbidden = findKeyFault(this.table, this.times, this.check ? this.handler.duplicates : null, key, group);
    if (forbidden !== null) return new Rejection("inconsistent", INCONSISTENT + forbidden);
    if (request.columns.hasTimestamps) return this.fail(request, group, "pushed metrics must not have timestamps");
    const faults = this.handler.prepare(request, group, this.check);
    if (faults.count > 0 && this.isChanging) return AFTER_CHANGE;
    if (this.handler.duplicates.isIncomplete) return request.canWait ? AFTER_INDEXING : this.applyIndexed(request);
    if (this.handler.duplicates.isExhausted) return SEARCH_TOO_LONG;
    const { isTooLarge, limitBytes } = this.handler.renderer;
    if (isTooLarge) return this.failTooLarge(request, group, limitBytes);
    if (faults.count > 0) return this.fail(request, group, faults.message);
    const full = this.handler.findFull(this.limits, request, group);
    if (full !== null) return this.refuseFull(request, group, full);
    const stored = group < 0 ? this.table.addGroup(key) : group;
    this.handler.store(request, stored);
    this.noteSuccess(stored, key, request.receivedMs);
    this.handler.known.noteForm(request.columns, stored);
    this.watcher?.changed(stored);
    return null;
  }

  private applyKnown(request: PushRequest, group: number): Rejection | null {
    const { key, columns, receivedMs } = request;
    const { handler } = this;
    const full = handler.growth.findFullForValues(this.limits, group, handler.known.prepare(columns, group));
    if (full !== null) return this.refuseFull(request, group, full);
    handler.known.store(receivedMs);
    this.noteSuccess(group, key, receivedMs);
    this.watcher?.changed(group);
    return null;
  }

  private refuseFull(request: PushRequest, group: number, full: Rejection): Rejection {
    if (this.isChanging) return AFTER_CHANGE;
    if (full.kind === "too-large") this.noteFailure(request, group);
    return full;
  }

  private applyIndexed(request: PushRequest): Rejection | null {
    this.table.indexing.finish();
    return this.apply(request);
  }

  private noteSuccess(group: number, key: GroupingKey, receivedMs: number): void {
    const { times, handler, table } = this;
    const seconds = Math.max(receivedMs / 1000, table.groups.failedSeconds(group));
    times.set(PUSH_TIME, group, handler.chunks.succeeded, key, seconds, receivedMs);
    table.groups.setSucceeded(group, seconds);
    if (handler.chunks.failed < 0 && this.chunkOf(PUSH_FAILURE_TIME, group) < 0)
      times.set(PUSH_FAILURE_TIME, group, -1, key, 0, receivedMs);
  }

  private chunkOf(name: PushTimeName, group: number): number {
    const { table } = this;
    const family = this.times.family(name);
    const chunk = family === null ? -1 : table.chunkOf(group, family.id);
    if (chunk >= 0 || table.contradictions === null) return chunk;
    const further = table.contradictions.eachOf(Buffer.from(name), ({ id }) => table.chunkOf(group, id) >= 0);
    return further === null ? -1 : table.chunkOf(group, further.id);
  }

  private fail(request: PushRequest, group: number, message: string): Rejection {
    this.noteFailure(request, group);
    return new Rejection("inconsistent", INCONSISTENT + message);
  }

  private failTooLarge(request: PushRequest, group: number, limitBytes: number): Rejection {
    this.noteFailure(request, group);
    const { length } = request.columns.body;
    return new Rejection(
      "too-large",
      `writing a push of ${length} bytes as exposition lines: more than the limit of ${limitBytes} bytes`,
    );
  }

  /** Notes a refused push in its group, which is made if need be. */
  private noteFailure(request: PushRequest, known: number): void {
    const { key, receivedMs } = request;
    const group = known < 0 ? this.table.addGroup(key) : known;
    // Whichever came last must be seen to be the later one, within the same millisecond too.
    const seconds = Math.max(receivedMs / 1000, this.table.groups.succeededSeconds(group) + 1e-6);
    this.table.groups.setFailed(group, seconds);
    if (!this.isTakenElsewhere(key, group))
      this.times.set(PUSH_FAILURE_TIME, group, this.chunkOf(PUSH_FAILURE_TIME, group), key, seconds, receivedMs);
    if (this.chunkOf(PUSH_TIME, group) < 0) this.times.set(PUSH_TIME, group, -1, key, 0, receivedMs);
    this.watcher?.changed(group);
  }

  /** Whether another group was pushed a failure time that is the very series of this group's. */
  private isTakenElsewhere(key: GroupingKey, group: number): boolean {
    const family = this.times.family(PUSH_FAILURE_TIME);
    if (family === null || !this.check) return false;
    const pushed = this.table.groups.pushedGroup(group, key);
    const { duplicates } = this.handler;
    return duplicates.findElsewhere(key.full, 0, key.full.length, pushed, family) >= 0 || duplicates.isIncomplete;
  }

  /** Removes a group with all that it holds. False: there was none. */
  delete(key: GroupingKey): boolean {
    const group = this.table.groups.find(key.block);
    if (group < 0) return false;
    this.table.removeGroup(group);
    this.watcher?.removed(group, key.block);
    return true;
  }

  /**
   * Sets both push times of a group that is there to what they were somewhere else; `failed` null leaves the time of
   * the last failure as it was pushed.
   */
  setPushTimes(key: GroupingKey, succeeded: PushTime, failed: PushTime | null): void {
    const group = this.table.groups.find(key.block);
    if (group < 0) throw new Broken(`setting push times: there is no group ${JSON.stringify(key.labels)}`);
    this.setPushTime(PUSH_TIME, group, key, succeeded);
    if (failed !== null) this.setPushTime(PUSH_FAILURE_TIME, group, key, failed);
    this.table.groups.setSucceeded(group, succeeded.seconds);
    this.table.groups.setFailed(group, failed?.seconds ?? 0);
    this.watcher?.changed(group);
  }

  private setPushTime(name: PushTimeName, group: number, key: GroupingKey, { seconds, pushedMs }: PushTime): void {
    this.times.set(name, group, this.chunkOf(name, group), key, seconds, pushedMs);
  }

  /** Registers the watcher that is notified of every change. */
  watch(watcher: StoreWatcher): void {
    this.watcher = watcher;
    this.watchSegments(watcher);
  }

  private watchSegments(watcher: StoreWatcher): void {
    this.segments = new Segments(this.table, watcher);
    this.table.segments = this.segments;
  }

  /** Puts kept groups into the store, step by step; there must be none of their keys. The watcher is not notified. */
  restoring(kept: KeptGroups): Restoring {
    return new Restoring(this.table, this.reserved, kept, () => this.allowContradictions());
  }

  /** Makes a group what was kept of it, and returns its id, or -1 where nothing was. The watcher is not notified. */
  putBack(group: number, kept: KeptGroups): number {
    return putBack(this.table, group, this.restoring(kept));
  }

  /** All groups with their keys and push times, borrowed as with `groups`. */
  *keyedGroups(): Generator<KeyedGroup> {
    for (let id = 0; id < this.table.groups.table.limit; id++) {
      const group = this.keyedGroup(id);
      if (group !== null) yield group;
    }
  }

  /** The id of a group by the block of its key, or -1. */
  groupOf(key: Uint8Array): number {
    return this.table.groups.find(key);
  }

  /** All ids of groups are below it. */
  get groupLimit(): number {
    return this.table.groups.table.limit;
  }

  /** The group of an id with its key and push times, or null if there is none. Borrowed as with `groups`. */
  keyedGroup(group: number): KeyedGroup | null {
    const row = this.groupRow(group);
    return row === null ? null : { ...row, view: viewOf(this.table, group, row.labels) };
  }

  /** The same without its families. */
  groupRow(group: number): GroupRow | null {
    const { groups } = this.table;
    if (!groups.table.has(group)) return null;
    const key = groups.table.key(group);
    const succeededSeconds = groups.succeededSeconds(group);
    return { key, labels: readLabels(key), succeededSeconds, failedSeconds: groups.failedSeconds(group) };
  }

  /** How a group that is there is spread over rows, or null where it is kept whole. Only where somebody watches. */
  segmentsOf(group: number): GroupSegments | null {
    return this.segments?.of(group) ?? null;
  }

  /** Has a group that is there spread over rows from now on. */
  splitGroup(group: number): GroupSegments {
    if (this.segments === null) throw new Broken("splitting a group: nobody watches the store");
    return this.segments.split(group);
  }

  /**
   * Whether what was deleted or replaced is still being taken out, because it is too much for one turn of the loop.
   * Meanwhile groups are shown as they will be; a snapshot should wait.
   */
  get isChanging(): boolean {
    return this.table.removals.isUnderWay;
  }

  /** Changes have numbers in the order in which they began: that of the newest one, and of the oldest one under way. */
  get newestChange(): number {
    return this.table.removals.newest;
  }

  get oldestChange(): number {
    return this.table.removals.oldest;
  }

  /** Goes on with that for a moment; false: it is done. */
  stepChange(): boolean {
    return this.table.removals.step();
  }

  /** Whether taking away what a group holds may be too much for one turn of the loop. */
  isLarge(key: GroupingKey): boolean {
    const group = this.table.groups.find(key.block);
    return group >= 0 && this.table.groups.chunkCount(group) > REMOVALS_A_STEP;
  }

  /** Whether large chunks are being indexed, for the pushes that wait for it. */
  get isIndexing(): boolean {
    return this.table.indexing.isUnderWay;
  }

  /** Goes on with that for a moment; false: it is done. */
  stepIndexing(): boolean {
    return this.table.indexing.step();
  }

  /** Empties the store, whatever its size, at once. Snapshots keep what they hold. */
  wipe(): void {
    this.wiped.add(this.table);
    this.table = new Table();
    if (this.watcher !== null) this.watchSegments(this.watcher);
    this.times = new PushTimes(this.table);
    this.handler = new PushHandler(this.table, this.reserved, this.times);
    if (!this.check) this.allowContradictions();
    this.watcher?.wiped();
  }

  /** A family of inconsistent help texts that was not given since these changed, or null: none of those looked at. */
  takeInconsistentHelp(): InconsistentHelp | null {
    let left = HELPS_LOOKED_AT;
    for (const family of this.table.newHelps) {
      if (--left < 0) break;
      this.table.newHelps.delete(family);
      const found = findInconsistentHelp(this.table, family, this.reserved.get(family.name)?.help);
      if (found !== null) return found;
    }
    return null;
  }

  /** Everything as it is now. The caller must release it. A change under way is brought to its end first. */
  snapshot(): Snapshot {
    this.table.removals.finish();
    this.settle();
    return new Snapshot(this.table);
  }

  /**
   * The groups one by one, each whole and as it is when its turn comes, until the next one is asked for; of one with
   * very many families, each family so. What comes or goes meanwhile may or may not be seen. null: a turn of the loop
   * may be taken.
   */
  groups(): Generator<ShownGroup | null> {
    return readGroups(this.table);
  }

  /** Memory of what is not stored any more but for readers. */
  get heldBytes(): number {
    return this.table.pages.heldBytes + this.wiped.heldBytes;
  }

  get stats(): StoreStats {
    const { table } = this;
    return {
      groups: table.groups.count,
      families: table.familyCount,
      series: table.seriesCount,
      chunkBytes: table.chunkBytes,
      pageBytes: table.pages.sizeBytes,
      sizeBytes: table.size.countedBytes,
      memoryBytes: table.size.memoryBytes,
      heldBytes: this.heldBytes,
      snapshots: table.pages.heldBySnapshots,
      lookups: this.handler.duplicates.lookups,
      conflictingFamilies: table.contradictions?.leftOutCount ?? 0,
    };
  }
}
