import { ABSENT, type PushColumns } from "../model/columns.ts";
import { hasValueOf, NEEDS_SIDE } from "../model/metric-rows.ts";
import { isComposite, MetricType } from "../model/metric-type.ts";
import { FieldCount } from "../protobuf/field-count.ts";
import { keyOf, SINGLE_VALUE } from "../protobuf/field-numbers.ts";
import { METRIC, type MessageSchema } from "../protobuf/metrics-proto.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { addEscapedLabel } from "./escaped-label.ts";
import { MetricValues, MOST_FIELDS, NEEDS_LOOK } from "./metric-values.ts";

/** The field of Metric that holds the value of a family's type, by type. */
const VALUE_FIELDS = [3, 2, 4, 5, 7, 7];
/** The flags of a metric with a value field. */
const FLAGS_OF_FIELD: Record<number, number> = {
  2: hasValueOf(MetricType.gauge),
  3: hasValueOf(MetricType.counter),
  4: hasValueOf(MetricType.summary),
  5: hasValueOf(MetricType.untyped),
  7: hasValueOf(MetricType.histogram) | hasValueOf(MetricType.gaugeHistogram),
};
const FIELDS_A_POINT = 4;

const DOUBLE = keyOf(SINGLE_VALUE, WIRE_FIXED64);

/** What is read next: the labels, all other fields; of a value its fields are counted first. */
const LABELS = 0;
const FIELDS = 1;
const COUNT = 2;
const VALUE = 3;

/** Reads the Metric messages of a push, one after the other, each over any number of turns. */
export class MetricMessage {
  private readonly cursor = new FieldCursor();
  private readonly inner = new FieldCursor();
  private readonly values: MetricValues;
  private readonly fields = new FieldCount();
  private body: Uint8Array = new Uint8Array(0);
  private stage = LABELS;
  private family = 0;
  private type: MetricType = MetricType.untyped;
  private start = 0;
  private end = 0;
  private firstLabel = 0;
  private labelsBytes = 0;
  private metric = 0;
  /** Of the value whose fields are being counted. */
  private schema: MessageSchema = METRIC;
  /** Some label has no name or no value. */
  private hasPartialLabels = false;
  hasTimestamp = false;
  /** What was read are no Metrics of the family's kind. */
  isBroken = false;
  /** Bytes that the last `readOn` was to walk through more than once. */
  againBytes = 0;

  constructor(private readonly columns: PushColumns) {
    this.values = new MetricValues(columns);
  }

  /** A push begins. */
  open(body: Uint8Array): void {
    this.body = body;
    this.values.open(body);
  }

  countField(): void {
    this.values.countField();
  }

  /** Begins with the metric at body[start, end), of a family of this type. */
  begin(family: number, type: MetricType, start: number, end: number): void {
    this.family = family;
    this.type = type;
    this.start = start;
    this.end = end;
    this.stage = LABELS;
    this.firstLabel = this.columns.labels.count;
    this.labelsBytes = 0;
    this.hasPartialLabels = false;
    this.hasTimestamp = false;
    this.isBroken = false;
    this.cursor.open(this.body, start, end);
  }

  /** Up to where it has read. */
  get at(): number {
    if (this.stage === COUNT) return this.fields.at;
    return this.stage === VALUE ? this.values.at : this.cursor.next;
  }

  /** Goes on up to `pauseAt`; false: there is more to read. What goes beyond a limit is not read any further. */
  readOn(pauseAt: number): boolean {
    this.againBytes = 0;
    if (this.stage === LABELS) {
      if (!this.readLabelsOn(pauseAt)) return false;
      if (this.isBroken || this.columns.excess !== null) return true;
      this.add();
    }
    return this.readFieldsOn(pauseAt);
  }

  private readLabelsOn(pauseAt: number): boolean {
    const { columns, cursor } = this;
    while (columns.excess === null && !this.isBroken) {
      if (cursor.next >= pauseAt) return false;
      if (!cursor.step()) break;
      if (cursor.field === 1 && cursor.wire === WIRE_BYTES) {
        this.labelsBytes += cursor.end - cursor.start;
        columns.noteLabelsBytes(this.labelsBytes);
        this.readLabel(cursor.start, cursor.end);
      } else if (cursor.field === 6 && cursor.wire === WIRE_VARINT) this.hasTimestamp = true;
    }
    if (cursor.failed) this.isBroken = true;
    return true;
  }

  /** A row for the metric, whose labels have been read. */
  private add(): void {
    const { columns, start, end } = this;
    this.metric = columns.addMetric(this.firstLabel);
    columns.linkMetric(this.family, this.metric);
    if (this.hasPartialLabels) this.values.flag(this.metric, NEEDS_SIDE);
    columns.metrics.setMessage(this.metric, start, end - start);
    this.cursor.open(this.body, start, end);
    this.againBytes += end - start;
    this.stage = FIELDS;
  }

  private readFieldsOn(pauseAt: number): boolean {
    const { columns, cursor, fields, values } = this;
    while (columns.excess === null && !this.isBroken) {
      const at = pauseAt - this.againBytes;
      if (this.stage === COUNT) {
        if (!fields.countOn(at)) return false;
        this.counted();
      } else if (this.stage === VALUE) {
        if (!values.readOn(at)) return false;
        this.stage = FIELDS;
      } else {
        if (cursor.next >= at) return false;
        if (!cursor.step()) break;
        this.enterField();
      }
    }
    if (columns.excess === null && !this.isBroken) values.finish(this.metric, this.type);
    return true;
  }

  private enterField(): void {
    const { cursor, columns } = this;
    if (cursor.field === 1 && cursor.wire === WIRE_BYTES) return;
    this.values.countField();
    if (cursor.field === 6 && cursor.wire === WIRE_VARINT) return;
    if (cursor.field === VALUE_FIELDS[this.type] && isDouble(this.type, this.body, cursor)) return this.readDouble();
    const schema = cursor.wire === WIRE_BYTES ? METRIC.byNumber[cursor.field]?.content : undefined;
    if (typeof schema !== "object") return this.values.flag(this.metric, NEEDS_LOOK);
    this.schema = schema;
    this.fields.begin(this.body, cursor.start, cursor.end, schema, MOST_FIELDS * columns.maxSeries);
    this.stage = COUNT;
  }

  /** A value that is a double and nothing else is not worth two stages. */
  private readDouble(): void {
    const { values, metric, cursor } = this;
    values.countField(1 / FIELDS_A_POINT);
    values.flag(metric, FLAGS_OF_FIELD[cursor.field] ?? 0);
    values.addPlainValue(metric, cursor.start + 1);
  }

  /** The fields of a value are counted: it is read, where it is one of the family's type. */
  private counted(): void {
    const { cursor, columns, fields, values, type } = this;
    this.isBroken = fields.isBroken;
    if (fields.isBroken) return;
    const isOver = fields.count > MOST_FIELDS * columns.maxSeries;
    values.countField(isOver ? Infinity : fields.count / FIELDS_A_POINT);
    this.stage = FIELDS;
    if (columns.excess !== null) return;
    values.flag(this.metric, FLAGS_OF_FIELD[cursor.field] ?? 0);
    if (cursor.field !== VALUE_FIELDS[type]) return values.flag(this.metric, NEEDS_LOOK);
    if (type >= MetricType.histogram) values.countBuckets(fields.packedCount);
    values.begin(this.metric, type, this.schema, cursor.start, cursor.end);
    this.againBytes += cursor.end - cursor.start;
    this.stage = VALUE;
  }

  private readLabel(start: number, end: number): void {
    const { inner, columns } = this;
    let nameAt = ABSENT;
    let nameSize = 0;
    let valueAt = ABSENT;
    let valueSize = 0;
    let seen = 0;
    inner.open(this.body, start, end);
    while (columns.excess === null && inner.step()) {
      if (++seen > 2) this.values.countField();
      if (inner.wire !== WIRE_BYTES) continue;
      if (inner.field === 1) {
        nameAt = inner.start;
        nameSize = inner.end - inner.start;
      } else if (inner.field === 2) {
        valueAt = inner.start;
        valueSize = inner.end - inner.start;
      }
    }
    if (inner.failed) this.isBroken = true;
    if (this.isBroken) return;
    if (nameAt === ABSENT || valueAt === ABSENT) this.hasPartialLabels = true;
    columns.note("maxLabels", columns.labels.count + 1 - this.firstLabel);
    if (columns.excess === null) addEscapedLabel(columns, nameAt, nameSize, valueAt, valueSize);
  }
}

/** Whether the record is the value of a plain type and holds its number and nothing else. */
const isDouble = (type: MetricType, body: Uint8Array, { wire, start, end }: FieldCursor): boolean =>
  wire === WIRE_BYTES && end - start === 9 && body[start] === DOUBLE && !isComposite(type);
