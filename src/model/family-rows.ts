import { intAt } from "../bytes/at.ts";
import type { MetricType } from "./metric-type.ts";
import { Rows } from "./rows.ts";
import { NO_NOTE } from "./type-note.ts";

const NAME_AT = 0;
const NAME_SIZE = 1;
const TYPE = 2;
const HELP_AT = 3;
const HELP_SIZE = 4;
const FIRST = 5;
const LAST = 6;
const METRICS = 7;
const TYPE_NOTE = 8;
const STRIDE = 9;

/** The families of a push; see PushColumns. */
export class FamilyRows extends Rows {
  constructor(mostFamilies: number, whenFull: () => void) {
    super(STRIDE, Math.min(16, mostFamilies), mostFamilies, whenFull);
  }

  /** A family without metrics, help or type. */
  add(nameAt: number, nameSize: number): number {
    const at = this.count++ * STRIDE;
    if (at + STRIDE > this.rows.length) this.grow();
    const { rows } = this;
    rows[at + NAME_AT] = nameAt;
    rows[at + NAME_SIZE] = nameSize;
    rows[at + TYPE] = -1;
    rows[at + HELP_AT] = 0;
    rows[at + HELP_SIZE] = -1;
    rows[at + FIRST] = -1;
    rows[at + LAST] = -1;
    rows[at + METRICS] = 0;
    rows[at + TYPE_NOTE] = NO_NOTE;
    return this.count - 1;
  }

  /** The place of the name. */
  nameAt(family: number): number {
    return intAt(this.rows, family * STRIDE + NAME_AT);
  }

  nameSize(family: number): number {
    return intAt(this.rows, family * STRIDE + NAME_SIZE);
  }

  /** -1 where none is known yet; of protobuf any number. */
  type(family: number): MetricType {
    return this.rows[family * STRIDE + TYPE] as MetricType;
  }

  setType(family: number, type: MetricType): void {
    this.rows[family * STRIDE + TYPE] = type;
  }

  /** What was said of the type besides, as in type-note.ts. */
  typeNote(family: number): number {
    return intAt(this.rows, family * STRIDE + TYPE_NOTE);
  }

  setTypeNote(family: number, note: number): void {
    this.rows[family * STRIDE + TYPE_NOTE] = note;
  }

  setName(family: number, at: number, size: number): void {
    this.rows[family * STRIDE + NAME_AT] = at;
    this.rows[family * STRIDE + NAME_SIZE] = size;
  }

  /** The place of the help text. */
  helpAt(family: number): number {
    return intAt(this.rows, family * STRIDE + HELP_AT);
  }

  /** -1 where no help was given. */
  helpSize(family: number): number {
    return intAt(this.rows, family * STRIDE + HELP_SIZE);
  }

  setHelp(family: number, at: number, size: number): void {
    this.rows[family * STRIDE + HELP_AT] = at;
    this.rows[family * STRIDE + HELP_SIZE] = size;
  }

  /** The first metric, or -1; the others follow by MetricRows.next. */
  firstMetric(family: number): number {
    return intAt(this.rows, family * STRIDE + FIRST);
  }

  lastMetric(family: number): number {
    return intAt(this.rows, family * STRIDE + LAST);
  }

  metricCount(family: number): number {
    return intAt(this.rows, family * STRIDE + METRICS);
  }

  /** Notes a metric as the last one. */
  addMetric(family: number, metric: number): void {
    const at = family * STRIDE;
    if (intAt(this.rows, at + LAST) < 0) this.rows[at + FIRST] = metric;
    this.rows[at + LAST] = metric;
    this.rows[at + METRICS] = intAt(this.rows, at + METRICS) + 1;
  }

  /** The family has no metrics any more. */
  dropMetrics(family: number): void {
    const at = family * STRIDE;
    this.rows[at + FIRST] = -1;
    this.rows[at + LAST] = -1;
    this.rows[at + METRICS] = 0;
  }
}
