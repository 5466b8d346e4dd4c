import { offsetOf, type PushColumns } from "../../model/columns.ts";
import { isMetricType, MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME } from "../../model/push-times.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { METRIC_UNITS, MORE } from "../../model/work.ts";
import type { Family } from "../table/families.ts";
import type { PushedGroup } from "../table/groups.ts";
import { sideSize } from "../table/page.ts";
import type { Table } from "../table/table.ts";
import { beginScrapeCheck, findCollision, findFault, isScrapable, metricFault, pointLabelOf } from "./consistency.ts";
import { addressOf, someGroupOf } from "./contradicted-group.ts";
import type { DuplicateSearch } from "./duplicates.ts";
import type { GroupChunks } from "./group-chunks.ts";
import type { JudgedFamily } from "./judged-family.ts";
import { LineComparison, OTHER_LABELS, SAME_BYTES, SAME_LABELS } from "./line-comparison.ts";
import type { PushRequest } from "./push-request.ts";
import type { PushedTypes } from "./pushed-types.ts";
import type { Renderer } from "./render.ts";
import { CHECK_UNITS, ScrapeCheck } from "./scrape-check.ts";
import { COLLECTED_BEFORE, type Faults, invalidName, otherType, unknownType } from "./wording.ts";

/** What is found out about a family, in this order; each of it may take several turns. */
const COMPARE = 0;
const METRICS = 1;
const SEARCH = 2;
const DONE = 3;

/** What judges families uses of the push that they are in. */
export interface JudgedPush {
  readonly request: PushRequest;
  /** Its group, with the shape of its key. */
  readonly pushed: PushedGroup;
  readonly faults: Faults;
  /** The types of its families by their names; filled when first asked for. */
  readonly types: PushedTypes;
}

/**
 * Holds the rendered families of a push against what is stored and finds what is wrong with them, one after the other,
 * at the cost of the push. Without `check` what needs other series to be looked at is left out.
 */
export class FamilyJudge {
  private readonly comparison = new LineComparison();
  private readonly scrapes = new ScrapeCheck();
  private stage = DONE;
  /** Of the metrics that are looked at one by one: the next one, the type they are to be of, whether labels matter. */
  private metric = -1;
  private type: MetricType = MetricType.untyped;
  private withLabels = false;
  private faultsBefore = 0;
  /** What the metric at hand has besides its lines is being looked at. */
  private isChecking = false;

  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly check: boolean,
    private readonly renderer: Renderer,
    private readonly chunks: GroupChunks,
    private readonly duplicates: DuplicateSearch,
  ) {}

  /** Begins with a family, which has been rendered. */
  begin({ request: { columns }, faults }: JudgedPush, item: JudgedFamily): void {
    const { family } = item;
    const type = columns.families.type(family);
    this.isChecking = false;
    this.stage = DONE;
    if (!isMetricType(type)) return faults.add(() => unknownType(columns, family));
    this.findStored(columns, item);
    this.comparison.begin();
    this.stage = COMPARE;
  }

  /** The chunk of the group, and the family that the pushed one is held against: the chunk's, or the one shown. */
  private findStored(columns: PushColumns, item: JudgedFamily): void {
    const nameAt = columns.families.nameAt(item.family);
    const size = columns.families.nameSize(item.family);
    this.chunks.find(columns.bytesOf(nameAt), offsetOf(nameAt), size, item);
    const { contradictions } = this.table;
    if (contradictions === null || !this.check) return;
    item.stored = contradictions.shown(columns.familyNameBytes(item.family)) ?? item.stored;
  }

  /** Goes on with the family until the turn is over; false: there is more to find out. */
  judgeOn(push: JudgedPush, item: JudgedFamily): boolean {
    if (this.stage === COMPARE && !this.compareOn(push, item)) return false;
    if (this.stage === METRICS && !this.checkMetricsOn(push, item)) return false;
    if (this.stage === SEARCH && !this.searchOn(push, item)) return false;
    return true;
  }

  private compareOn(push: JudgedPush, item: JudgedFamily): boolean {
    const { columns } = push.request;
    const type = columns.families.type(item.family);
    const comparison = this.isMoving(item, type) ? OTHER_LABELS : this.compareOrSplice(columns, item);
    if (comparison === null) return false;
    item.isRelabelled = comparison === OTHER_LABELS;
    item.unchanged = comparison === SAME_BYTES && item.side === null && this.table.typeOf(item.chunk) === type;
    this.checkName(columns, item, push.faults);
    this.faultsBefore = push.faults.count;
    this.beginMetrics(push, item);
    return true;
  }

  /** Whether a chunk will leave its family. */
  private isMoving({ chunk, stored }: JudgedFamily, type: MetricType): boolean {
    if (chunk < 0 || this.table.contradictions === null) return false;
    return this.check ? this.table.familyOf(chunk) !== stored : this.table.typeOf(chunk) !== type;
  }

  private compareOrSplice(columns: PushColumns, item: JudgedFamily): number | null {
    const { splice } = item;
    if (splice === null || splice.isWhole) return this.compareWithStored(columns, item);
    this.table.locate(item.chunk, item.place);
    return splice.bringsSeries || splice.hasTwins ? OTHER_LABELS : SAME_LABELS;
  }

  /** How the lines compare with those of the chunk; null: there is more to compare. */
  private compareWithStored({ work }: PushColumns, item: JudgedFamily): number | null {
    if (item.chunk < 0) return OTHER_LABELS;
    const { place } = item;
    const page = this.table.locate(item.chunk, place);
    if (sideSize(page, item.chunk) > 0) return OTHER_LABELS;
    const { bytes } = this.renderer.out;
    const most = work.turnUnits;
    const end = place.offset + place.size;
    const found = this.comparison.compareOn(bytes, item.start, item.end, page.bytes, place.offset, end, most);
    work.charge(Math.min(place.size, most));
    return found;
  }

  private checkName(columns: PushColumns, { family }: JudgedFamily, faults: Faults): void {
    // Of a family without metrics and without a name Prometheus never hears.
    const isNameless = columns.families.nameSize(family) === 0 && columns.families.metricCount(family) > 0;
    if (isNameless || (columns.hasQuotedNames && !isScrapable(columns.familyNameBytes(family))))
      faults.add(() => invalidName(columns.familyNameBytes(family)));
  }

  /** Each metric is held against the type that its family has elsewhere, or has in the push; new labels are, too. */
  private beginMetrics({ request, faults }: JudgedPush, item: JudgedFamily): void {
    const { columns } = request;
    const declared = columns.families.type(item.family);
    const type = this.check ? this.expectedType(item, declared, columns, faults) : typeByItself(item, columns, faults);
    this.stage = METRICS;
    this.metric = -1;
    if (type === undefined) return;
    const withLabels = item.isRelabelled && this.mayHaveLabelFaults(request, declared);
    // A text push says of each metric what its family's type is: only what others stored can speak against it.
    if (type === declared && !columns.hasQuotedNames && !withLabels) return;
    this.type = type;
    this.withLabels = withLabels;
    this.metric = columns.families.firstMetric(item.family);
  }

  private checkMetricsOn(push: JudgedPush, item: JudgedFamily): boolean {
    const { request, faults } = push;
    const { columns } = request;
    const { renderer, scrapes, type, withLabels } = this;
    while (this.metric >= 0) {
      if (columns.work.isTurnOver) return false;
      if (!this.isChecking) {
        const fault = findFault(columns, item.family, this.metric, type, withLabels, renderer, scrapes);
        if (fault !== null) {
          if (type !== columns.families.type(item.family)) this.noteOther(push, item.stored);
          faults.add(fault);
        } else this.isChecking = beginScrapeCheck(columns, this.metric, columns.families.type(item.family), scrapes);
        const labelBytes = withLabels ? renderer.blockEnd(this.metric) - renderer.blockStart(this.metric) : 0;
        columns.work.charge(METRIC_UNITS + labelBytes);
      }
      if (this.isChecking && !this.checkOn(push, item)) return false;
      this.metric = columns.metrics.next(this.metric);
    }
    if (faults.count > this.faultsBefore) this.stage = DONE;
    else this.beginSearch(push, item);
    return true;
  }

  /** Goes on with what a metric has that lines do not say; false: there is more of it. */
  private checkOn({ request, faults }: JudgedPush, { family }: JudgedFamily): boolean {
    const { columns } = request;
    for (;;) {
      const outcome = this.scrapes.checkOn();
      if (outcome !== MORE) {
        if (outcome !== null) faults.add(metricFault(columns, family, this.metric, this.renderer, outcome));
        this.isChecking = false;
        return true;
      }
      columns.work.charge(CHECK_UNITS);
      if (columns.work.isTurnOver) return false;
    }
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

  private expectedType(
    item: JudgedFamily,
    declared: MetricType,
    columns: PushColumns,
    faults: Faults,
  ): MetricType | undefined {
    const { stored } = item;
    const reserved = stored === null || stored.isOwn ? this.reserved.get(columns.familyName(item.family)) : undefined;
    if (reserved !== undefined && reserved.type !== declared) {
      const name = columns.familyName(item.family);
      faults.add(() => otherType(name, declared, reserved.type));
      return undefined;
    }
    if (stored === null) return declared;
    const isInGroup = item.chunk >= 0 && this.table.familyOf(item.chunk) === stored;
    const others = stored.filledCount - (isInGroup && this.table.metricCountOf(item.chunk) > 0 ? 1 : 0);
    return others === 0 ? declared : stored.type;
  }

  /** New series are looked for among those of the push and of other groups. */
  private beginSearch({ request: { columns }, pushed }: JudgedPush, item: JudgedFamily): void {
    const { duplicates, renderer, table } = this;
    this.stage = SEARCH;
    if (this.check) {
      if (item.isRelabelled) duplicates.beginFamily(columns, item.family, renderer, pushed, item.stored);
      return;
    }
    if (table.contradictions === null || !item.isRelabelled) return;
    const type = columns.families.type(item.family);
    const family = table.contradictions.familyOf(columns.familyNameBytes(item.family), type);
    duplicates.beginLines(this.linesOf(item), item.lineCount, pushed, family);
  }

  private searchOn(push: JudgedPush, item: JudgedFamily): boolean {
    if (!this.check) return this.findDoubledOn(push.request.columns, item);
    const { columns } = push.request;
    if (
      item.isRelabelled &&
      !this.duplicates.findOn(columns, this.renderer, (metric, group) => this.addTwin(push, item, metric, group))
    )
      return false;
    this.stage = DONE;
    if (item.stored === null || this.table.typeOfFamily(item.stored) !== columns.families.type(item.family))
      this.checkCollisions(push, item);
    return true;
  }

  private addTwin(push: JudgedPush, { family }: JudgedFamily, metric: number, group: number): void {
    const { request, faults } = push;
    const { columns } = request;
    if (group >= 0) faults.against ??= addressOf(this.table, group);
    faults.add(metricFault(columns, family, metric, this.renderer, COLLECTED_BEFORE));
  }

  private findDoubledOn(columns: PushColumns, item: JudgedFamily): boolean {
    const { contradictions } = this.table;
    if (contradictions !== null && !item.isRelabelled) item.doubles = contradictions.doubledBy(item.chunk);
    else if (contradictions !== null) {
      const doubles = this.duplicates.findInOn(this.linesOf(item), columns.families.type(item.family));
      if (doubles === null) return false;
      item.doubles = doubles;
    }
    this.stage = DONE;
    return true;
  }

  private linesOf({ start, end }: JudgedFamily): Uint8Array {
    return this.renderer.out.bytes.subarray(start, end);
  }

  private checkCollisions(push: JudgedPush, item: JudgedFamily): void {
    const { columns } = push.request;
    const name = columns.familyName(item.family);
    const collision = findCollision(name, columns.families.type(item.family), (other) => this.typeAfter(push, other));
    if (collision === null) return;
    const other = Buffer.from(collision.other);
    this.noteOther(push, this.shownFamily(other));
    push.faults.addCollision(collision);
  }

  private shownFamily(name: Uint8Array): Family | null {
    const { contradictions } = this.table;
    return contradictions === null ? this.table.findFamily(name, 0, name.length) : contradictions.shown(name);
  }

  /** Some other group has metrics of a family, which those pushed contradict. */
  private noteOther({ faults, pushed }: JudgedPush, family: Family | null): void {
    if (faults.against !== null || family === null) return;
    const group = someGroupOf(this.table, family, pushed.group);
    if (group >= 0) faults.against = addressOf(this.table, group);
  }

  /** The type that a family will have once the push is stored, or undefined where there will be none of that name. */
  private typeAfter(push: JudgedPush, name: string): MetricType | undefined {
    const reserved = this.reserved.get(name);
    if (reserved !== undefined) return reserved.type;
    const bytes = Buffer.from(name);
    const type = push.types.of(bytes);
    if (type !== undefined) return type;
    const stored = this.shownFamily(bytes);
    if (stored === null) return undefined;
    const isOnlyHere = stored.chunkCount === 1 && this.chunks.chunkIn(stored) >= 0;
    return isOnlyHere && push.request.replace ? undefined : this.table.typeOfFamily(stored);
  }
}

/** Whatever others say, the type of a failure time is known. */
function typeByItself({ family }: JudgedFamily, columns: PushColumns, faults: Faults): MetricType | undefined {
  const type = columns.families.type(family);
  if (type === MetricType.gauge || columns.familyName(family) !== PUSH_FAILURE_TIME) return type;
  faults.add(() => otherType(PUSH_FAILURE_TIME, type, MetricType.gauge));
  return undefined;
}
