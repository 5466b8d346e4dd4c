import { offsetOf, type PushColumns } from "../../model/columns.ts";
import type { StoreLimits } from "../../model/limits.ts";
import { isMetricType, MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../../model/push-times.ts";
import { quoteToken } from "../../model/quote.ts";
import type { Rejection } from "../../model/rejection.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { FAMILY_UNITS, Work } from "../../model/work.ts";
import { NOBODY } from "../table/asides.ts";
import { emptyContent } from "../table/chunk-content.ts";
import type { Contradictions } from "../table/contradictions.ts";
import { type Family, noteTypeless } from "../table/families.ts";
import type { PushedGroup } from "../table/groups.ts";
import { NO_HELP } from "../table/help-texts.ts";
import { sideSize } from "../table/page.ts";
import type { PushTimes } from "../table/push-times.ts";
import { seriesOf } from "../table/series-source.ts";
import type { Table } from "../table/table.ts";
import {
  describeType,
  describeUnknownType,
  Faults,
  familyName,
  findCollision,
  findFault,
  isKeptEmpty,
  isScrapable,
  pointLabelOf,
} from "./consistency.ts";
import { describeMetric } from "./describe.ts";
import { compareLines, DuplicateSearch, OTHER_LABELS, SAME_BYTES } from "./duplicates.ts";
import { GroupChunks } from "./group-chunks.ts";
import { PushGrowth } from "./growth.ts";
import { KnownPush } from "./known-push.ts";
import { emptyPrepared, type Prepared } from "./prepared.ts";
import type { PushRequest } from "./push-request.ts";
import { PushedTypes } from "./pushed-types.ts";
import { Renderer } from "./render.ts";
import { removeOthers } from "./replace.ts";
import { ScrapeCheck } from "./scrape-check.ts";
import { SideWriter } from "./side.ts";

/**
 * Checks a push against what is stored and against itself, at the cost of the push, and stores it. Nothing is changed
 * before everything is found good. It serves one push after the other, each in one turn of the loop.
 */
export class PushHandler {
  readonly renderer = new Renderer();
  readonly duplicates: DuplicateSearch;
  private readonly sides = new SideWriter();
  private readonly prepared: Prepared[] = [];
  private preparedCount = 0;
  private readonly content = emptyContent();
  private readonly faults = new Faults();
  private readonly scrapes = new ScrapeCheck();
  readonly known: KnownPush;
  /** What the group of the push held before it. */
  readonly chunks: GroupChunks;
  readonly growth: PushGrowth;
  /** Of the push being prepared; filled when it first needs them. */
  private readonly pushedTypes = new PushedTypes();
  private isNewGroup = false;
  private work = new Work();

  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly times: PushTimes,
  ) {
    this.chunks = new GroupChunks(table);
    this.growth = new PushGrowth(table, this.chunks);
    this.known = new KnownPush(table, this.renderer, this.chunks, times);
    this.duplicates = new DuplicateSearch(table.groups, seriesOf(table, false));
  }

  /**
   * Renders the families of a push and finds what is wrong with them. `check` false leaves out what depends on other
   * series. `group` is -1 if there is none yet. The faults are lent until the next push; if the renderer finds the push
   * too large, some are missing.
   */
  prepare(request: PushRequest, group: number, check: boolean): Faults {
    const { columns } = request;
    const { faults } = this;
    this.work = columns.work;
    faults.clear();
    this.preparedCount = 0;
    this.pushedTypes.clear();
    this.isNewGroup = group < 0;
    this.renderer.begin(columns);
    this.renderer.hasReservedLabel = false;
    this.chunks.read(group, this.times);
    const pushed = this.table.groups.pushedGroup(group, request.key);
    for (let family = 0; family < columns.families.count && !this.renderer.isTooLarge; family++)
      if (!this.isLeftOut(columns, family)) this.prepareFamily(request, family, pushed, check, faults);
    return faults;
  }

  /**
   * Families without metrics are left out of text pushes. The push time is our own to set, and in a new group the
   * failure time, too.
   */
  private isLeftOut(columns: PushColumns, family: number): boolean {
    if (columns.families.metricCount(family) === 0 && !isKeptEmpty(columns, family)) return true;
    const at = columns.families.nameAt(family);
    const size = columns.families.nameSize(family);
    if (this.times.isName(PUSH_TIME, columns.bytesOf(at), offsetOf(at), size)) return true;
    return this.isNewGroup && this.times.isName(PUSH_FAILURE_TIME, columns.bytesOf(at), offsetOf(at), size);
  }

  private prepareFamily(
    request: PushRequest,
    family: number,
    pushed: PushedGroup,
    check: boolean,
    faults: Faults,
  ): void {
    const { columns } = request;
    const { renderer } = this;
    const nameAt = columns.families.nameAt(family);
    const name = columns.bytesOf(nameAt);
    const nameStart = offsetOf(nameAt);
    const nameSize = columns.families.nameSize(family);
    const stored = this.storedFor(name, nameStart, nameSize, check);
    if (!isMetricType(columns.families.type(family))) return faults.add(() => describeUnknownType(columns, family));
    const item = this.nextPrepared();
    item.family = family;
    item.stored = stored;
    item.chunk = this.chunks.chunk;
    item.sideBytes = 0;
    item.start = renderer.out.length;
    renderer.renderFamily(columns, family, request.key);
    item.end = renderer.out.length;
    this.work.charge(FAMILY_UNITS + item.end - item.start);
    if (renderer.isTooLarge) return;
    item.quoted = renderer.isQuoted;
    item.lineCount = renderer.lineCount;
    item.side = renderer.needsSide ? this.sides.write(columns, family, renderer) : null;
    const comparison = this.isMoving(item, columns.families.type(family), check)
      ? OTHER_LABELS
      : this.compareWithStored(item);
    item.isRelabelled = comparison === OTHER_LABELS;
    if (item.isRelabelled) this.work.charge(2 * (item.end - item.start));
    item.doubles = NOBODY;
    item.unchanged =
      comparison === SAME_BYTES &&
      item.side === null &&
      this.table.typeOf(item.chunk) === columns.families.type(family);
    // Of a family without metrics and without a name Prometheus never hears.
    const isNameless = nameSize === 0 && columns.families.metricCount(family) > 0;
    if (isNameless || (columns.hasQuotedNames && !isScrapable(name.subarray(nameStart, nameStart + nameSize))))
      faults.add(() => `invalid metric name ${quoteToken(name.subarray(nameStart, nameStart + nameSize))}`);
    const known = faults.count;
    this.checkType(request, item, check, faults);
    if (faults.count > known) return;
    if (!check) return this.findDoubled(columns, item, pushed);
    if (comparison === OTHER_LABELS) this.checkDuplicates(columns, item, pushed, faults);
    if (stored === null || this.table.typeOfFamily(stored) !== columns.families.type(family))
      this.checkCollisions(request, item, faults);
  }

  /**
   * The family that a pushed one is held against: that of the group's chunk, or the one that is shown; sets
   * `chunks.chunk`.
   */
  private storedFor(name: Uint8Array, start: number, size: number, check: boolean): Family | null {
    const stored = this.chunks.find(name, start, size);
    const { contradictions } = this.table;
    if (contradictions === null || !check) return stored;
    return contradictions.shown(name.subarray(start, start + size)) ?? stored;
  }

  /** Whether a chunk will leave its family. */
  private isMoving({ chunk, stored }: Prepared, type: MetricType, check: boolean): boolean {
    if (chunk < 0 || this.table.contradictions === null) return false;
    return check ? this.table.familyOf(chunk) !== stored : this.table.typeOf(chunk) !== type;
  }

  private findDoubled(columns: PushColumns, item: Prepared, pushed: PushedGroup): void {
    const { contradictions } = this.table;
    if (contradictions === null) return;
    if (!item.isRelabelled) item.doubles = contradictions.doubledBy(item.chunk);
    else {
      const type = columns.families.type(item.family);
      const family = contradictions.familyOf(columns.familyNameBytes(item.family), type);
      const lines = this.renderer.out.bytes.subarray(item.start, item.end);
      item.doubles = this.duplicates.findIn(lines, type, pushed, family);
    }
  }

  /** Why there is no room for what was prepared last, or null; `group` is -1 if there is none yet. */
  findFull(limits: StoreLimits, request: PushRequest, group: number): Rejection | null {
    const { growth, prepared, preparedCount, renderer } = this;
    if (growth.hasRoom(limits, request, group, renderer.out.length, preparedCount)) return null;
    return growth.findFull(limits, request, group, prepared, preparedCount);
  }

  private nextPrepared(): Prepared {
    const known = this.prepared[this.preparedCount++];
    if (known !== undefined) return known;
    const item = emptyPrepared();
    this.prepared.push(item);
    return item;
  }

  private compareWithStored(item: Prepared): number {
    if (item.chunk < 0) return OTHER_LABELS;
    const { place } = item;
    const page = this.table.locate(item.chunk, place);
    item.sideBytes = sideSize(page, item.chunk);
    if (item.sideBytes > 0) return OTHER_LABELS;
    const { bytes } = this.renderer.out;
    this.work.charge(place.size);
    return compareLines(bytes, item.start, item.end, page.bytes, place.offset, place.offset + place.size);
  }

  /** Each metric against the type that its family has elsewhere, or has in the push; labels that are new as well. */
  private checkType(request: PushRequest, item: Prepared, check: boolean, faults: Faults): void {
    const { columns } = request;
    const own = columns.families.type(item.family);
    const type = check ? this.expectedType(item, own, columns, faults) : this.typeByItself(item, own, columns, faults);
    if (type === undefined) return;
    const labels = item.isRelabelled && this.mayHaveLabelFaults(request, own);
    // A text push says of each metric what its family's type is: only what others stored can speak against it.
    if (type === own && !columns.hasQuotedNames && !labels) return;
    columns.eachMetric(item.family, (metric) => {
      const fault = findFault(columns, item.family, metric, type, labels, this.renderer, this.scrapes);
      if (fault !== null) faults.add(fault);
    });
  }

  /**
   * Labels in the old character set that a text push brings are unique and as they may be, unless the key says
   * otherwise.
   */
  private mayHaveLabelFaults({ columns, key }: PushRequest, type: MetricType): boolean {
    if (columns.hasQuotedNames || this.renderer.hasReservedLabel || key.hasQuotedNames) return true;
    const pointLabel = pointLabelOf(type);
    return pointLabel !== null && key.has(pointLabel);
  }

  private expectedType(item: Prepared, type: MetricType, columns: PushColumns, faults: Faults): MetricType | undefined {
    const { stored } = item;
    const own = stored === null || stored.isOwn ? this.reserved.get(columns.familyName(item.family)) : undefined;
    if (own !== undefined && own.type !== type) {
      const name = columns.familyName(item.family);
      faults.add(() => describeType(name, type, own.type));
      return undefined;
    }
    if (stored === null) return type;
    const isOwn = item.chunk >= 0 && this.table.familyOf(item.chunk) === stored;
    const others = stored.filledCount - (isOwn && this.table.metricCountOf(item.chunk) > 0 ? 1 : 0);
    return others === 0 ? type : stored.type;
  }

  /** Whatever others say, the type of a failure time is known. */
  private typeByItself(
    { family }: Prepared,
    type: MetricType,
    columns: PushColumns,
    faults: Faults,
  ): MetricType | undefined {
    if (type === MetricType.gauge || columns.familyName(family) !== PUSH_FAILURE_TIME) return type;
    faults.add(() => describeType(PUSH_FAILURE_TIME, type, MetricType.gauge));
    return undefined;
  }

  private checkDuplicates(columns: PushColumns, item: Prepared, pushed: PushedGroup, faults: Faults): void {
    const { renderer } = this;
    for (const metric of this.duplicates.find(columns, item.family, renderer, pushed, item.stored)) {
      const text = () => describeMetric(columns, metric, columns.families.type(item.family), renderer);
      faults.add(
        () =>
          `collected metric ${familyName(columns, item.family)} { ${text()}} was collected before with the same name and label values`,
      );
    }
  }

  private checkCollisions(request: PushRequest, item: Prepared, faults: Faults): void {
    const name = request.columns.familyName(item.family);
    const type = request.columns.families.type(item.family);
    const collision = findCollision(name, type, (other) => this.typeAfter(request, other));
    if (collision !== null) faults.addCollision(collision);
  }

  /** The type that a family will have once the push is stored, or undefined where there will be none of that name. */
  private typeAfter(request: PushRequest, name: string): MetricType | undefined {
    const own = this.reserved.get(name);
    if (own !== undefined) return own.type;
    if (this.pushedTypes.isEmpty) this.collectTypes(request.columns);
    const bytes = Buffer.from(name);
    const pushed = this.pushedTypes.of(bytes);
    if (pushed !== undefined) return pushed;
    const { contradictions } = this.table;
    const stored =
      contradictions === null ? this.table.findFamily(bytes, 0, bytes.length) : contradictions.shown(bytes);
    if (stored === null) return undefined;
    const isOnlyHere = stored.chunkCount === 1 && this.chunks.chunkIn(stored) >= 0;
    return isOnlyHere && request.replace ? undefined : this.table.typeOfFamily(stored);
  }

  private collectTypes(columns: PushColumns): void {
    for (let family = 0; family < columns.families.count; family++) {
      if (this.isLeftOut(columns, family)) continue;
      this.pushedTypes.add(columns.familyNameBytes(family), columns.families.type(family));
    }
  }

  /** Stores what was prepared last; `group` is there by now. It cannot fail. */
  store(request: PushRequest, group: number): void {
    if (request.replace) removeOthers(this.table, group, this.prepared, this.preparedCount, this.chunks);
    for (let i = 0; i < this.preparedCount; i++) this.storeFamily(request, this.prepared[i] as Prepared, group);
    for (let i = 0; i < this.preparedCount; i++) {
      const item = this.prepared[i] as Prepared;
      item.stored = null;
      item.side = null;
    }
  }

  private storeFamily(request: PushRequest, item: Prepared, group: number): void {
    const { columns } = request;
    const help = this.enterHelp(columns, item);
    if (item.stored !== null) noteTypeless(item.stored, columns.families.isTypeless(item.family));
    if (item.unchanged) return this.table.touch(item.chunk, help, request.receivedMs);
    const { content } = this;
    content.source = this.renderer.out.bytes;
    content.start = item.start;
    content.end = item.end;
    content.type = columns.families.type(item.family);
    content.quoted = item.quoted;
    content.metricCount = columns.families.metricCount(item.family);
    content.lineCount = item.lineCount;
    content.help = help;
    content.side = item.side;
    content.pushedMs = request.receivedMs;
    const mayMove = item.isRelabelled || item.doubles !== NOBODY;
    if (mayMove && this.table.contradictions !== null) return this.put(request, item, group, this.table.contradictions);
    if (item.chunk >= 0) return this.table.update(item.chunk, item.place, content);
    this.table.insert(group, this.familyFor(columns, item), content);
  }

  private put({ columns, key }: PushRequest, item: Prepared, group: number, contradictions: Contradictions): void {
    const why = () => {
      const faults = new Faults();
      this.checkDuplicates(columns, item, this.table.groups.pushedGroup(group, key), faults);
      return faults.message;
    };
    if (item.isRelabelled && item.chunk >= 0) contradictions.relabelled(item.chunk);
    const name = columns.familyNameBytes(item.family);
    contradictions.put(group, name, item.chunk, item.place, this.content, item.doubles, why);
  }

  private familyFor(columns: PushColumns, item: Prepared): Family {
    const name = columns.familyNameBytes(item.family);
    const known = this.table.findFamily(name, 0, name.length);
    if (known !== null) return known;
    const family = this.table.addFamily(name, columns.families.type(item.family));
    family.isOwn = this.reserved.has(family.name);
    family.isTypeless = columns.families.isTypeless(item.family);
    return family;
  }

  /** The number of a family's help text; nearly always it is the one that the chunk has. */
  private enterHelp(columns: PushColumns, item: Prepared): number {
    const size = columns.families.helpSize(item.family);
    if (size < 0) return NO_HELP;
    const at = columns.families.helpAt(item.family);
    const bytes = columns.bytesOf(at);
    const start = offsetOf(at);
    const known = item.chunk < 0 ? NO_HELP : this.table.helpIdOf(item.chunk);
    if (known !== NO_HELP && this.table.helps.is(known, bytes, start, size)) return known;
    return this.table.helps.enter(bytes, start, start + size);
  }
}
