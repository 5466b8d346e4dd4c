import { Broken } from "../../bytes/broken.ts";
import { SlicedCopy } from "../../bytes/sliced-copy.ts";
import { GroupingKey } from "../../exposition/grouping-key.ts";
import { offsetOf, PushColumns } from "../../model/columns.ts";
import type { StoreLimits } from "../../model/limits.ts";
import { isMetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../../model/push-times.ts";
import { QuotaRejection } from "../../model/quota.ts";
import type { Rejection } from "../../model/rejection.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import type { GroupFamily } from "../../model/view.ts";
import { FAMILY_UNITS, MORE, SMALL_PUSH_UNITS, STEP_UNITS } from "../../model/work.ts";
import type { PushedGroup } from "../table/groups.ts";
import type { PushTimes } from "../table/push-times.ts";
import { seriesOf } from "../table/series-source.ts";
import type { SplicedCopy } from "../table/splice.ts";
import type { Table } from "../table/table.ts";
import type { Admitted } from "./admitted.ts";
import { type ComingGroup, findFull, type Room } from "./capacity.ts";
import { isKeptEmpty } from "./consistency.ts";
import { DuplicateSearch } from "./duplicates.ts";
import { FamilyJudge, type JudgedPush } from "./family-judge.ts";
import { GroupChunks } from "./group-chunks.ts";
import { groupGrowth, PushGrowth } from "./growth.ts";
import { JudgedFamilies, type JudgedFamily, linesBytesOf } from "./judged-family.ts";
import { findKeyFault } from "./key-fault.ts";
import { KnownPush } from "./known-push.ts";
import type { PushRequest } from "./push-request.ts";
import { PushStoring } from "./push-storing.ts";
import { PushedTypes } from "./pushed-types.ts";
import { Renderer } from "./render.ts";
import { SideWriter } from "./side.ts";
import { copyOf, movesMuch } from "./spliced-family.ts";
import {
  AFTER_CHANGE,
  AFTER_COUNTING,
  AFTER_INDEXING,
  Faults,
  HAS_TIMESTAMPS,
  IN_SLICES,
  inconsistent,
  linesTooLarge,
  SEARCH_TOO_LONG,
} from "./wording.ts";

/** Whether a push may be stored: what is to be stored, or why it is refused. */
export type PushVerdict = Admitted | PushRefusal;

/** Why a push is refused. */
export class PushRefusal {
  constructor(
    readonly rejection: Rejection,
    /** The time of the refusal is to be noted in the push's group. */
    readonly isNoted: boolean,
  ) {}
}

/** A family of a push with the lines that were made of it. */
export interface WrittenFamily extends Pick<GroupFamily, "name" | "type" | "help" | "lines" | "side"> {
  /** The row in the columns of the push. */
  readonly family: number;
  readonly typeNote: number;
}

/** What has been done of the judging of a push: all its families are written, then held against what is stored. */
const RENDERING = 0;
const JUDGING = 1;
const JUDGED = 2;

/** Space for the lines that are written in a turn, and one line more. */
const SPACE_BYTES = 4 * STEP_UNITS;
/** Fewer lines are copied when they are stored. */
const COPIED_BYTES = STEP_UNITS;

/** How often the name of a family is read to find those whose lines could be mistaken for its lines. */
const NAME_PASSES = 16;

/** What admission needs to know of the store. */
export interface PushAdmissionDeps {
  readonly table: Table;
  readonly times: PushTimes;
  readonly reserved: ReservedFamilies;
  /** Whether pushes are checked against each other (not with `--push.disable-consistency-check`). */
  readonly check: boolean;
  readonly limits: StoreLimits;
  /** What the store may still grow by before its size has to be looked at again, for all who admit pushes to it. */
  readonly room: Room;
}

/**
 * Judges one push after the other: renders it, holds it against itself and against what is stored, at the cost of the
 * push, and says whether it may be stored. Nothing is changed. All that it needs besides is its own: a push that is
 * judged over several turns has an PushAdmission to itself.
 */
export class PushAdmission implements JudgedPush {
  readonly faults = new Faults();
  readonly families = new JudgedFamilies();
  request: PushRequest = NO_REQUEST;
  pushed: PushedGroup = NO_GROUP;
  readonly duplicates: DuplicateSearch;
  private readonly sides = new SideWriter();
  /** What the group of the push held before it. */
  private readonly chunks: GroupChunks;
  private readonly growth: PushGrowth;
  private readonly known: KnownPush;
  private readonly judging: FamilyJudge;
  private readonly storing: PushStoring;
  private readonly pushedTypes = new PushedTypes();
  private isNewGroup = false;
  private isSliced = false;
  private phase = RENDERING;
  /** The family of the push, or the one that is judged, that is next; it may have been begun. */
  private next = 0;
  private isBegun = false;
  private copying: SlicedCopy | SplicedCopy | null = null;
  /** The lines of the family that was begun are written. */
  private isWritten = false;

  constructor(
    private readonly deps: PushAdmissionDeps,
    private readonly renderer = new Renderer(),
  ) {
    const { table, times, reserved, check, room } = deps;
    this.chunks = new GroupChunks(table, times);
    this.growth = new PushGrowth(table, this.chunks, room);
    this.known = new KnownPush(table, this.renderer, this.chunks);
    this.duplicates = new DuplicateSearch(table.groups, seriesOf(table, false));
    this.judging = new FamilyJudge(table, reserved, check, this.renderer, this.chunks, this.duplicates);
    this.storing = new PushStoring(table, reserved, this.renderer, this.chunks, this.duplicates, NO_REQUEST);
  }

  /**
   * Judges a push in one turn; one that can wait is refused with IN_SLICES if that turn would be too long. What is
   * admitted is lent until the next push.
   */
  judge(request: PushRequest): PushVerdict {
    const { columns, key } = request;
    const group = this.deps.table.groups.find(key.block);
    if (request.adding === undefined && this.known.isOf(columns, group)) return this.judgeKnown(request, group);
    this.begin(request, group);
    const refusal = this.findEarly(group);
    if (refusal !== null) return refusal;
    columns.work.beginTurn(request.canWait ? SMALL_PUSH_UNITS : Infinity);
    const verdict = this.renderOn() ? this.judgeOn() : MORE;
    columns.work.beginTurn(Infinity);
    if (verdict !== MORE) return verdict;
    if (!request.canWait) throw new Broken("judging a push in one turn: it was not done");
    return new PushRefusal(IN_SLICES, false);
  }

  private judgeKnown(request: PushRequest, group: number): PushVerdict {
    const moreBytes = this.known.prepare(request, group);
    const full = this.growth.findFullForValues(this.deps.limits, request, group, moreBytes);
    return full === null ? this.known : this.full(full);
  }

  /** A push begins, of which nothing is looked at yet. `isSliced`: it may take many turns. */
  begin(request: PushRequest, group: number, isSliced = false): void {
    const { columns, key } = request;
    columns.work.begin(columns.body.length + key.block.length);
    this.request = request;
    this.faults.clear();
    this.families.clear();
    this.pushedTypes.clear();
    this.renderer.begin(columns, key);
    this.isNewGroup = group < 0;
    this.isSliced = isSliced;
    this.enter(RENDERING);
  }

  private enter(phase: number): void {
    this.phase = phase;
    this.next = 0;
    this.isBegun = false;
  }

  /**
   * Goes on with writing the push as exposition lines until the turn is over; false: there is more to write. Nothing of
   * the store is looked at.
   */
  renderOn(): boolean {
    const { request, renderer, families } = this;
    const { columns } = request;
    const { work } = columns;
    while (this.next < columns.families.count && !renderer.isTooLarge) {
      if (work.isTurnOver || !this.hasSpace()) return false;
      if (!this.isBegun && !this.beginFamily(columns, this.next)) this.next++;
      else if (!this.renderFamilyOn(columns, families.at(families.count - 1))) return false;
    }
    return true;
  }

  /** Whether there is space for what a turn writes: over several turns it is made before it is needed. */
  private hasSpace(): boolean {
    return !this.isSliced || this.renderer.out.reserveOn(SPACE_BYTES, STEP_UNITS);
  }

  /** False: there is nothing to write of a family. */
  private beginFamily(columns: PushColumns, family: number): boolean {
    columns.work.charge(FAMILY_UNITS + columns.families.nameSize(family));
    if (this.isLeftOut(columns, family)) return false;
    this.families.add(family, this.renderer.out.length);
    // What is of no known type cannot be written: it is refused when it is judged.
    if (this.isSliced) this.pushedTypes.add(columns.familyNameBytes(family), columns.families.type(family));
    if (!isMetricType(columns.families.type(family))) return false;
    this.renderer.beginFamily(family);
    this.isBegun = true;
    this.isWritten = false;
    return true;
  }

  /**
   * Families without metrics are left out of text pushes. The time of the push is ours to tell, and in a new group that
   * of a failure too.
   */
  private isLeftOut(columns: PushColumns, family: number): boolean {
    const { times } = this.deps;
    if (columns.families.metricCount(family) === 0 && !isKeptEmpty(columns, family)) return true;
    const at = columns.families.nameAt(family);
    const size = columns.families.nameSize(family);
    if (times.isName(PUSH_TIME, columns.bytesOf(at), offsetOf(at), size)) return true;
    return this.isNewGroup && times.isName(PUSH_FAILURE_TIME, columns.bytesOf(at), offsetOf(at), size);
  }

  /** The lines of a family, then what they cannot say, where there is something of the kind. */
  private renderFamilyOn(columns: PushColumns, item: JudgedFamily): boolean {
    const { renderer, sides } = this;
    if (!this.isWritten) {
      if (!renderer.renderOn()) return false;
      item.end = renderer.out.length;
      item.quoted = renderer.isQuoted;
      item.lineCount = renderer.lineCount;
      item.splice = renderer.splice;
      this.isWritten = true;
      if (renderer.needsSide && !renderer.isTooLarge) sides.begin(columns, item.family);
    }
    if (renderer.needsSide && !renderer.isTooLarge) {
      item.side = sides.writeOn(columns, item.family, renderer);
      if (item.side === null) return false;
    }
    this.isBegun = false;
    this.next++;
    return true;
  }

  /**
   * From here on the store is looked at, which must not change in what the push is about until it is stored. Gives why
   * the push is refused, if that is seen at once.
   */
  findEarly(group: number): PushRefusal | null {
    const { table, limits, times, check, room } = this.deps;
    const { request, duplicates } = this;
    const { columns, key } = request;
    duplicates.begin(columns.work);
    this.pushed = table.groups.pushedGroup(group, key);
    const noRoom = group < 0 ? findFull(table, limits, room, groupGrowth(table, key)) : null;
    if (noRoom !== null) return this.full(noRoom);
    const overQuota = group < 0 ? this.growth.findOverQuotaForNew(request) : null;
    if (overQuota !== null) return this.full(overQuota);
    const forbidden = findKeyFault(table, times, check ? duplicates : null, key, group);
    if (forbidden !== null) return new PushRefusal(inconsistent(forbidden.words, forbidden.contradicts), false);
    if (columns.hasTimestamps && request.dropsTimestamps !== true)
      return new PushRefusal(inconsistent(HAS_TIMESTAMPS), true);
    this.chunks.read(group);
    return null;
  }

  /** Goes on with judging until the turn is over. */
  judgeOn(): PushVerdict | typeof MORE {
    if (this.phase === RENDERING) this.enter(JUDGING);
    if (this.phase === JUDGING) {
      const refusal = this.judgeFamiliesOn() ? this.findRefusal() : MORE;
      if (refusal !== null) return refusal;
      this.enter(JUDGED);
    }
    return this.isSliced && !this.makePagesOn() ? MORE : this.findRoom();
  }

  /** Copies the lines of large families to pages of their own, which are stored as they are; false: there is more. */
  private makePagesOn(): boolean {
    const { families } = this;
    const { work } = this.request.columns;
    while (this.next < families.count) {
      if (work.isTurnOver) return false;
      const item = families.at(this.next);
      if (!item.unchanged && linesBytesOf(item) >= COPIED_BYTES) {
        this.copying ??= copyOf(item);
        work.charge(STEP_UNITS);
        if (!this.copyOn(item, this.copying)) continue;
        item.page = this.copying.target;
        this.copying = null;
      }
      this.next++;
    }
    return true;
  }

  private copyOn(item: JudgedFamily, copying: SlicedCopy | SplicedCopy): boolean {
    const { bytes } = this.renderer.out;
    if (copying instanceof SlicedCopy) return copying.copyOn(bytes, item.start, item.end, STEP_UNITS);
    return copying.copyOn(this.deps.table.linesOf(item.chunk), bytes, STEP_UNITS);
  }

  /** False: there are more families to judge. */
  private judgeFamiliesOn(): boolean {
    const { judging, families } = this;
    const { columns } = this.request;
    const { work } = columns;
    while (this.next < families.count && !this.renderer.isTooLarge) {
      if (work.isTurnOver) return false;
      const item = families.at(this.next);
      if (!this.isBegun) {
        judging.begin(this, item);
        work.charge(NAME_PASSES * columns.families.nameSize(item.family));
      }
      this.isBegun = true;
      if (!judging.judgeOn(this, item)) return false;
      this.isBegun = false;
      this.next++;
    }
    return true;
  }

  private findRefusal(): PushRefusal | null {
    const { faults, duplicates, renderer } = this;
    if (faults.count > 0 && this.deps.table.removals.isUnderWay) return new PushRefusal(AFTER_CHANGE, false);
    if (duplicates.isIncomplete) return new PushRefusal(AFTER_INDEXING, false);
    if (duplicates.isExhausted) return new PushRefusal(SEARCH_TOO_LONG, false);
    const { length } = this.request.columns.body;
    if (renderer.isTooLarge) return new PushRefusal(linesTooLarge(length, renderer.limitBytes), true);
    return faults.count > 0 ? new PushRefusal(inconsistent(faults.message, faults.against), true) : null;
  }

  private findRoom(): PushVerdict {
    const { growth, families, request, pushed, renderer, deps } = this;
    // What a large push brings counts for quotas from now on: it has to be known.
    const isAsked = this.isSliced && deps.table.groups.usage !== null;
    const hasRoom = !isAsked && growth.hasRoom(deps.limits, request, pushed.group, renderer.out.length, families.count);
    const full = hasRoom ? null : growth.findFull(deps.limits, request, pushed.group, families);
    if (full !== null) return this.full(full);
    if (!this.isSliced && request.canWait && movesMuch(deps.table, families)) return new PushRefusal(IN_SLICES, false);
    return this.storing.begin(request, pushed.group, families, this.isSliced);
  }

  /** Whether there is room in its quota for the group of a push, which is not there yet. */
  hasRoomForGroup(request: PushRequest): boolean {
    return this.growth.findOverQuotaForNew(request) === null;
  }

  /** What the group of a push in slices that was found good will hold; null: there are no quotas. */
  get coming(): ComingGroup | null {
    return this.deps.table.groups.usage === null ? null : this.growth.comingOf(this.request);
  }

  /** What is on its way out of the store does not count for quotas any more. */
  private full(rejection: Rejection): PushRefusal {
    if (rejection instanceof QuotaRejection || rejection === AFTER_COUNTING) return new PushRefusal(rejection, false);
    const isLater = this.deps.table.removals.isUnderWay;
    return isLater ? new PushRefusal(AFTER_CHANGE, false) : new PushRefusal(rejection, rejection.kind === "too-large");
  }

  /** What the push was written with: lent until the next push. */
  get written(): Renderer {
    return this.renderer;
  }

  /** The families of a push that was found good, as they were written: lent until the next push. */
  *judgedFamilies(): Generator<WrittenFamily> {
    const { families, renderer } = this;
    const { columns } = this.request;
    for (let i = 0; i < families.count; i++) {
      const { family, start, end, side } = families.at(i);
      const helpSize = columns.families.helpSize(family);
      yield {
        family,
        name: columns.familyName(family),
        type: columns.families.type(family),
        typeNote: columns.families.typeNote(family),
        help: helpSize < 0 ? null : columns.slice(columns.families.helpAt(family), helpSize),
        lines: renderer.out.bytes.subarray(start, end),
        side,
      };
    }
  }

  /** The types of all families of the push, by their names. */
  get types(): PushedTypes {
    const { pushedTypes, families, request } = this;
    if (!pushedTypes.isEmpty) return pushedTypes;
    for (let i = 0; i < families.count; i++) {
      const { family } = families.at(i);
      pushedTypes.add(request.columns.familyNameBytes(family), request.columns.families.type(family));
    }
    return pushedTypes;
  }
}

const NO_REQUEST: PushRequest = { key: new GroupingKey([]), columns: new PushColumns(), replace: false, receivedMs: 0 };
const NO_GROUP: PushedGroup = { group: -1, shape: -1 };
