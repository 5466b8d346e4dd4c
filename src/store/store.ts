import { Broken } from "../bytes/broken.ts";
import type { GroupingKey } from "../exposition/grouping-key.ts";
import { type CommonExpiry, NO_EXPIRY } from "../model/group-ttl.ts";
import type { GroupRow, KeptGroups, KeyedGroup } from "../model/kept-group.ts";
import { NO_STORE_LIMITS, type StoreLimits } from "../model/limits.ts";
import type { GroupReach } from "../model/principal.ts";
import type { PushTime } from "../model/push-times.ts";
import type { Rejection } from "../model/rejection.ts";
import type { ReservedFamilies } from "../model/reserved-families.ts";
import { type InconsistentHelp, NO_REPORTER, type StoreReporter } from "../model/store-reporter.ts";
import type { StoreStats } from "../model/store-stats.ts";
import type { StoreWatcher } from "../model/store-watcher.ts";
import type { ShownGroup } from "../model/view.ts";
import { PushRefusal } from "./admission/admission.ts";
import type { Admitted } from "./admission/admitted.ts";
import { KnownContradictions } from "./admission/known-contradictions.ts";
import type { PushRequest } from "./admission/push-request.ts";
import { AFTER_COUNTING, AFTER_INDEXING, AFTER_LARGE_PUSH, PUT_OFF } from "./admission/wording.ts";
import { Changes } from "./changes.ts";
import { Counting } from "./counting.ts";
import { type Desk, openDesk } from "./desk.ts";
import { Expiry } from "./expiry.ts";
import { KnownPushes } from "./known-pushes.ts";
import { LargeDesk } from "./large-desk.ts";
import type { LargePush } from "./large-push.ts";
import type { Contradictions } from "./table/contradictions.ts";
import { figuresOf } from "./table/figures.ts";
import { rowOf, viewOf } from "./table/group-view.ts";
import type { Groups } from "./table/groups.ts";
import { takeInconsistentHelp } from "./table/inconsistent-help.ts";
import type { HelpOf, StorePart } from "./table/part.ts";
import { partOf, reachedPart } from "./table/part-of.ts";
import { Putting } from "./table/putting.ts";
import type { ReachedGroups } from "./table/reached-groups.ts";
import { readGroups, readOneGroup } from "./table/read-groups.ts";
import { REMOVALS_A_STEP } from "./table/removals.ts";
import { putBack, Restoring } from "./table/restore.ts";
import { type GroupSegments, Segments } from "./table/segments.ts";
import { Snapshot } from "./table/snapshot.ts";
import { Table } from "./table/table.ts";
import { WipedTables } from "./table/wiped-tables.ts";

/** All pushed metrics. Its contract is in docs/architecture.md, "The store". */
export class Store {
  /** Groups whose time is over go. */
  readonly expiry: Expiry;
  /** Pushes that come with idempotency keys. */
  readonly knownPushes: KnownPushes;
  /** What changes by itself. */
  readonly changes: Changes;
  /** What counts for quotas. */
  readonly counting = new Counting(() => this.table);
  private table: Table;
  private desk: Desk;
  private readonly largeDesk = new LargeDesk({
    table: () => this.table,
    desk: () => this.desk,
    refuse: (request, refusal) => this.refuse(request, refusal),
    stored: (group, request, admitted) => this.stored(group, request, admitted),
  });
  private readonly wiped = new WipedTables();
  private watcher: StoreWatcher | null = null;
  /** Kept where somebody watches. */
  private segments: Segments | null = null;
  private reporter: StoreReporter = NO_REPORTER;
  /** Reports to the reporter of that moment. */
  private readonly relay: StoreReporter = {
    leftOut: (family) => this.reporter.leftOut(family),
    shown: (family) => this.reporter.shown(family),
    expired: (key) => this.reporter.expired(key),
  };

  constructor(
    private readonly reserved: ReservedFamilies,
    /** Whether pushes are checked against each other (not with `--push.disable-consistency-check`). */
    private readonly check: boolean,
    private readonly limits: StoreLimits = NO_STORE_LIMITS,
    private readonly common: CommonExpiry = NO_EXPIRY,
  ) {
    this.table = new Table(common.ttlSeconds);
    this.desk = this.openDesk();
    this.knownPushes = new KnownPushes(() => this.table, limits);
    this.changes = new Changes({ table: () => this.table, hasLarge: () => this.hasLarge, check });
    this.expiry = new Expiry(
      {
        table: () => this.table,
        watcher: () => this.watcher,
        isHeld: (key) => this.isHeld(key),
        pushTimes: (group) => this.desk.outcome.chunksOf(group),
        expired: (key) => this.reporter.expired(key),
      },
      common.keepsPushTimes,
    );
    if (!check) this.allowContradictions();
  }

  private openDesk(): Desk {
    return openDesk(this.table, this.reserved, this.check, this.limits);
  }

  /** From now on the table may hold what cannot be shown together. */
  private allowContradictions(): Contradictions {
    this.table.contradictions ??= new KnownContradictions(this.table, this.reserved, this.relay);
    return this.table.contradictions;
  }

  /** Registers the reporter of what is left out, and of groups that expire. */
  reportTo(reporter: StoreReporter): void {
    this.reporter = reporter;
  }

  /**
   * Stores a push (POST, or PUT with `replace`), or returns the reason why not. A refused push changes nothing but the
   * time of the group's last failure; if that itself could not be exposed, or the store is full, not even that.
   */
  apply(request: PushRequest): Rejection | null {
    const { desk } = this;
    const large = this.largeDesk.push;
    if (large?.isFor(request.key)) return AFTER_LARGE_PUSH;
    if (this.check) this.changes.settle();
    const { adding } = request;
    const verdict = adding === undefined ? desk.admission.judge(request) : desk.adding.judge(request, adding);
    if (large?.isBefore(verdict)) return AFTER_LARGE_PUSH;
    if (verdict instanceof PushRefusal)
      return this.isToBeJudgedAgain(request, verdict) ? this.apply(request) : this.refuse(request, verdict);
    if (request.mayChange?.(verdict.grows) === false) return PUT_OFF;
    const group = verdict.group < 0 ? this.table.groups.add(request.key) : verdict.group;
    verdict.storeOn(group);
    this.stored(group, request, verdict);
    return null;
  }

  /** Whether a push that cannot wait is to be judged again, for what it had to wait for has been made at once. */
  private isToBeJudgedAgain({ canWait }: PushRequest, { rejection }: PushRefusal): boolean {
    if (canWait || (rejection !== AFTER_INDEXING && rejection !== AFTER_COUNTING)) return false;
    this.table.indexing.finish();
    this.table.groups.usage?.finish();
    return true;
  }

  private stored(group: number, request: PushRequest, admitted: Admitted): void {
    this.desk.outcome.succeeded(group, request, admitted);
    this.table.groups.lifetimes.note(group, request.ttlSeconds);
    this.table.groups.reaches.changed(group, true);
    this.knownPushes.note(group, request);
    this.watcher?.changed(group);
  }

  private refuse(request: PushRequest, { rejection, isNoted }: PushRefusal): Rejection {
    if (isNoted && request.isTentative !== true) {
      const known = this.table.groups.find(request.key.block);
      if (known < 0 && !this.desk.admission.hasRoomForGroup(request)) return rejection;
      if (request.mayChange?.(known < 0 || !this.desk.outcome.hasBoth(known)) === false) return PUT_OFF;
      const group = known < 0 ? this.table.groups.add(request.key) : known;
      this.desk.outcome.failed(group, request);
      if (known < 0) this.table.groups.lifetimes.note(group, request.ttlSeconds);
      this.table.groups.reaches.changed(group, true);
      this.watcher?.changed(group);
    }
    return rejection;
  }

  /** Begins a push that is judged and stored over many turns, the only one; whoever begins ends it in any case. */
  beginLarge(request: PushRequest): LargePush {
    return this.largeDesk.begin(request);
  }

  /** Whether a large push to the group of a key is being judged or stored: it is not to be deleted meanwhile. */
  isHeld(key: Pick<GroupingKey, "block">): boolean {
    return this.largeDesk.isFor(key);
  }

  /** Whether a large push is being judged or stored. */
  get hasLarge(): boolean {
    return this.largeDesk.push !== null;
  }

  /** Whether a large push is being stored: whoever wants a snapshot should wait. */
  get isStoring(): boolean {
    return this.largeDesk.isStoring;
  }

  /** Whether a group is not whole yet, for a large push is being stored in it: whoever wants it whole should wait. */
  isBeingStored(group: number): boolean {
    return this.table.groups.beingStored === group;
  }

  /** Removes a group with all that it holds. False: there was none. */
  delete(key: Pick<GroupingKey, "block">): boolean {
    const isHeld = this.isHeld(key);
    if (isHeld) this.largeDesk.push?.finishStoring();
    const group = this.table.groups.find(key.block);
    if (group < 0) return false;
    this.table.removeGroup(group);
    this.watcher?.removed(group, key.block);
    if (isHeld) this.largeDesk.push?.restart();
    return true;
  }

  /**
   * Sets both push times of a group that is there to what they were somewhere else; `failed` null leaves the time of
   * the last failure as it was pushed.
   */
  setPushTimes(key: GroupingKey, succeeded: PushTime, failed: PushTime | null): void {
    const group = this.table.groups.find(key.block);
    if (group < 0) throw new Broken(`setting push times: there is no group ${JSON.stringify(key.labels)}`);
    this.desk.outcome.set(group, key, succeeded, failed);
    this.table.groups.lifetimes.note(group);
    this.table.groups.reaches.changed(group, false);
    this.watcher?.changed(group);
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

  /**
   * Puts whole groups as they were kept in place of those that are there, one by one: `put` takes the number of a row,
   * in their order. To be used within the turn, and not after a wipe. The watcher is notified.
   */
  putting(kept: KeptGroups): { readonly put: (row: number) => void } {
    const putting = new Putting(this.table, this.reserved, kept, () => this.allowContradictions());
    const put = (row: number) => {
      this.largeDesk.push?.finishStoring();
      const group = putting.put(row);
      this.largeDesk.push?.restart();
      this.table.groups.reaches.changed(group, false);
      this.watcher?.changed(group);
    };
    return { put };
  }

  /** Makes a group what was kept of it, and returns its id, or -1 where nothing was. The watcher is not notified. */
  putBack(group: number, kept: KeptGroups): number {
    this.largeDesk.push?.finishStoring();
    const known = putBack(this.table, group, this.restoring(kept));
    this.largeDesk.push?.restart();
    return known;
  }

  /** The id of a group by the block of its key, or -1. */
  groupOf(key: Uint8Array): number {
    return this.table.groups.find(key);
  }

  /** All ids of groups are below it. */
  get groupLimit(): number {
    return this.table.groups.table.limit;
  }

  /** The group of an id with its key and push times, or null where there is none. Borrowed as with `groups`. */
  keyedGroup(group: number): KeyedGroup | null {
    const row = this.groupRow(group);
    return row === null ? null : { ...row, view: viewOf(this.table, group, row.labels) };
  }

  /** The same without its families. */
  groupRow(group: number): GroupRow | null {
    return rowOf(this.table, group);
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
    return this.changes.isRemoving;
  }

  /** Goes on for a moment with all that changes by itself; false: it is done. */
  stepChange(): boolean {
    return this.changes.step();
  }

  /** Whether taking away what a group holds may be too much for one turn of the loop. */
  isLarge(key: Pick<GroupingKey, "block">): boolean {
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

  /** How often it was emptied. */
  wipes = 0;

  /** Empties the store, whatever its size, at once. Snapshots keep what they hold. */
  wipe(): void {
    this.hold(new Table(this.common.ttlSeconds));
  }

  /** What another store holds takes the place of all that is here, at once; the other one is not used any more. */
  adopt(other: Store): void {
    other.reportTo(this.relay);
    this.hold(other.table);
    for (let id = 0; id < this.groupLimit; id++) if (this.table.groups.table.has(id)) this.watcher?.changed(id);
  }

  private hold(table: Table): void {
    this.largeDesk.push?.finishStoring();
    this.wipes++;
    this.table.contradictions?.abandon();
    this.wiped.add(this.table);
    this.table = table;
    this.counting.begin();
    if (this.watcher !== null) this.watchSegments(this.watcher);
    this.desk = this.openDesk();
    if (!this.check) this.allowContradictions();
    this.largeDesk.push?.restart();
    this.watcher?.wiped();
  }

  /** A family of inconsistent help texts that was not given since these changed, or null: none of those looked at. */
  takeInconsistentHelp(): InconsistentHelp | null {
    return takeInconsistentHelp(this.table, this.reserved);
  }

  /** Everything as it is now. The caller must release it. What is being taken out is gone first. */
  snapshot(): Snapshot {
    return new Snapshot(this.finished());
  }

  /** What these groups, which are there, hold now. As with a snapshot. */
  part(groups: Int32Array, helpOf: HelpOf = "all"): StorePart {
    return partOf(this.finished(), groups, helpOf);
  }

  /** What all groups of a reach hold now, each having been judged, as if there were no others. As with a snapshot. */
  reachedPart(reached: ReachedGroups): StorePart {
    return reachedPart(this.finished(), reached);
  }

  private finished(): Table {
    this.largeDesk.push?.finishStoring();
    this.table.removals.finish();
    this.changes.settle();
    return this.table;
  }

  /**
   * The groups one by one, each whole and as it is when its turn comes, until the next one is asked for; of one with
   * very many families, each family so. What comes or goes meanwhile may or may not be seen. null: a turn of the loop
   * may be taken. With a reach only those that it covers.
   */
  groups(reach: GroupReach | null = null): Generator<ShownGroup | null> {
    return readGroups(this.table, reach);
  }

  /** One group that is there, as with `groups`. */
  group(group: number): Generator<ShownGroup | null> {
    return readOneGroup(this.table, group);
  }

  /** What is searched with `findGroups` and `selectGroups`; a wipe puts another in its place. */
  get searched(): Groups {
    return this.table.groups;
  }

  /** Memory of what is not stored any more but for readers. */
  get heldBytes(): number {
    return this.table.pages.heldBytes + this.wiped.heldBytes;
  }

  get stats(): StoreStats {
    const { lookups } = this.desk.admission.duplicates;
    const counts = { expiredGroups: this.expiry.expired, forgottenPushIds: this.knownPushes.forgotten };
    return { ...figuresOf(this.table), ...counts, heldBytes: this.heldBytes, lookups };
  }
}
