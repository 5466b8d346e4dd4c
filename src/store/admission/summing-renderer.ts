import { gaugeOf } from "../../add/numbers.ts";
import { LINE_FEED } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { readFloat } from "../../exposition/number-text.ts";
import { clearsFamily, seriesRule } from "../../model/clear-mode.ts";
import { offsetOf, PushColumns } from "../../model/columns.ts";
import type { GaugeRule } from "../../model/gauge-rule.ts";
import { isComposite, MetricType } from "../../model/metric-type.ts";
import { noteKind, TYPELESS } from "../../model/type-note.ts";
import type { Family } from "../table/families.ts";
import { NO_HELP } from "../table/help-texts.ts";
import type { PushTimes } from "../table/push-times.ts";
import type { Table } from "../table/table.ts";
import { GroupChunks } from "./group-chunks.ts";
import { Renderer } from "./render.ts";

const NO_COLUMNS = new PushColumns();
/** Whole numbers above it are not exact in lines. */
const MOST_EXACT = Number.MAX_SAFE_INTEGER;

/**
 * Renders a push with the sums of its values and of those in the lines that are there, as long as these are the same
 * lines in the same order, and say all there is to say. Where they are not, the push `isOdd`: what was rendered is not
 * to be used.
 */
export class SummingRenderer extends Renderer {
  isOdd = false;
  private pushed = NO_COLUMNS;
  private rule: GaugeRule = "replace";
  private familyRule: GaugeRule = "sum";
  private mostExact = Infinity;
  private readonly chunks: GroupChunks;
  private readonly found: { stored: Family | null; chunk: number } = { stored: null, chunk: -1 };
  /** The stored lines that are to come, in `stored`; null: the family is new. */
  private stored: Uint8Array | null = null;
  private at = 0;
  private end = 0;
  /** Where the line that is being rendered begins. */
  private lineStart = 0;

  constructor(
    private readonly table: Table,
    times: PushTimes,
  ) {
    super();
    this.chunks = new GroupChunks(table, times);
  }

  /** A push to a group begins; -1: there is none. */
  beginSums(group: number, rule: GaugeRule): void {
    this.rule = rule;
    this.stored = null;
    this.isOdd = this.table.contradictions !== null;
    this.chunks.read(group);
  }

  /** Whether every stored line of the families was met. */
  get isWhole(): boolean {
    return !this.isOdd && this.isAtEnd;
  }

  private get isAtEnd(): boolean {
    return this.stored === null || this.at === this.end;
  }

  override begin(columns: PushColumns, key: GroupingKey): void {
    super.begin(columns, key);
    this.pushed = columns;
    this.lineStart = 0;
    this.needsSide = false;
  }

  override beginFamily(family: number): void {
    super.beginFamily(family);
    const { families } = this.pushed;
    const nameAt = families.nameAt(family);
    this.chunks.find(this.pushed.bytesOf(nameAt), offsetOf(nameAt), families.nameSize(family), this.found);
    const { chunk } = this.found;
    if (chunk >= 0 && !clearsFamily(this.pushed, family)) {
      const lines = this.table.linesOf(chunk);
      this.beginStored(chunk, lines, 0, lines.length);
      this.checkFamily(chunk, family);
      return;
    }
    if (!this.isAtEnd) this.isOdd = true;
    this.stored = null;
  }

  override beginStored(chunk: number, lines: Uint8Array, start: number, end: number): void {
    if (!this.isAtEnd) this.isOdd = true;
    this.stored = lines;
    this.at = start;
    this.end = end;
    this.lineStart = this.out.length;
    const type = this.table.typeOf(chunk);
    this.familyRule = type === MetricType.gauge ? this.rule : "sum";
    this.mostExact = isComposite(type) ? MOST_EXACT : Infinity;
    if (noteKind(this.table.familyOf(chunk).typeNote) > TYPELESS) this.isOdd = true;
  }

  /** What cannot be added line by line. */
  private checkFamily(chunk: number, family: number): void {
    const { table } = this;
    const { families } = this.pushed;
    const type = families.type(family);
    if (table.pageOf(chunk).sides?.has(chunk) || table.typeOf(chunk) !== type) this.isOdd = true;
    if (type === MetricType.summary || type === MetricType.gaugeHistogram) this.isOdd = true;
    if (noteKind(families.typeNote(family)) > TYPELESS) this.isOdd = true;
    if (families.helpSize(family) < 0 && table.helpIdOf(chunk) !== NO_HELP) this.isOdd = true;
  }

  override appendValue(columns: PushColumns, sample: number): void {
    const { stored, out } = this;
    if (stored === null || this.isOdd || sample < 0 || this.needsSide) {
      if (stored !== null) this.isOdd = true;
      super.appendValue(columns, sample);
      return;
    }
    const size = out.length - this.lineStart;
    const valueAt = this.at + size;
    const lineEnd = stored.indexOf(LINE_FEED, valueAt);
    if (lineEnd < 0 || lineEnd >= this.end || !sameBytes(stored, this.at, out.bytes, this.lineStart, size)) {
      this.isOdd = true;
      return;
    }
    this.appendSum(columns, sample, readFloat(stored, valueAt, lineEnd));
    this.at = lineEnd + 1;
    this.lineStart = out.length + 1;
  }

  private appendSum(columns: PushColumns, sample: number, before: number): void {
    const { samples } = columns;
    const size = samples.tokenSize(sample);
    const rule = seriesRule(columns, this.metric) ?? this.familyRule;
    if (rule === "replace") return super.appendValue(columns, sample);
    const at = samples.tokenAt(sample);
    const now = size === 0 ? samples.value(sample) : readFloat(columns.tokens, at, at + size);
    const sum = gaugeOf(rule, before, now);
    if (sum > this.mostExact) this.isOdd = true;
    this.out.float(sum);
  }
}
