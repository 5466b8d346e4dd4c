import { isUtf8 } from "node:buffer";
import { isLegacyLabel } from "../bytes/ascii.ts";
import { unescapeLabel } from "../bytes/label-block.ts";
import {
  FAMILY_HELP_SIZE,
  FAMILY_STRIDE,
  FAMILY_TYPE,
  LABEL_NAME_AT,
  LABEL_NAME_SIZE,
  offsetOf,
  type PushColumns,
} from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { quoteByte, quoteBytes } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { CurrentFamily } from "./current-family.ts";
import { takeHelp } from "./help.ts";
import { LabelSet, sameField } from "./label-set.ts";
import { isGoInteger, parseGoFloat, tokenEnd } from "./number.ts";
import { SampleAssembler } from "./samples.ts";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, EQUALS, HASH, isBlank, LINE_FEED, QUOTE, skipBlanks } from "./scan.ts";
import { END_OF_INPUT, readHelp, readName, Token, ValueToken } from "./token.ts";
import { HELP, isWord, readTypeWord, TYPE, withoutBackslashes } from "./words.ts";

/** The labels of a line beyond this number are looked up in a set. */
const FEW_LABELS = 16;

/**
 * Reads the text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) as the reference's parser does,
 * state by state, with its errors and their line numbers. One parser serves one push after the other.
 *
 * Methods that read take an offset and give the offset behind what they read, or -1 with `error` set.
 */
export class TextParser {
  private columns: PushColumns;
  private body: Uint8Array = new Uint8Array(0);
  private end = 0;
  private line = 0;
  private error = "";
  private readonly token = new Token();
  private readonly value = new ValueToken();
  private readonly families: CurrentFamily;
  private readonly assembler: SampleAssembler;
  private readonly names = new LabelSet();

  /** The first label row of the line being read. */
  private firstLabel = 0;

  constructor(
    columns: PushColumns,
    /** Names may hold any UTF-8 (`--push.enable-utf8-names`). */
    private readonly utf8Names: boolean,
  ) {
    this.columns = columns;
    this.assembler = new SampleAssembler(columns);
    this.families = new CurrentFamily(columns, utf8Names);
  }

  /** Fills the columns from `body`, which they refer to from then on. An error leaves them half filled, not to be used. */
  parse(body: Uint8Array): Rejection | null {
    this.begin(body);
    let at = 0;
    for (;;) {
      this.line++;
      at = skipBlanks(body, at, this.end);
      if (at >= this.end) break;
      const byte = body[at] as number;
      if (byte === LINE_FEED) at++;
      else if (byte === HASH) at = this.readComment(at + 1);
      else at = byte === BRACE_OPEN ? this.readBracedSample(at + 1) : this.readSample(at);
      if (at < 0) return new Rejection("malformed", `text format parsing error in line ${this.line}: ${this.error}`);
      if (this.columns.excess !== null) return this.columns.excess;
    }
    this.assembler.finish();
    return null;
  }

  private begin(body: Uint8Array): void {
    this.columns.begin(body);
    this.families.reset();
    this.assembler.begin();
    this.body = body;
    this.end = body.length;
    this.line = 0;
  }

  private fail(error: string): -1 {
    this.error = error;
    return -1;
  }

  // Comments: HELP, TYPE and all others.

  private readComment(start: number): number {
    const { body, end } = this;
    const at = skipBlanks(body, start, end);
    const next = tokenEnd(body, at, end);
    if (next >= end) return this.fail(END_OF_INPUT);
    if (body[next] === LINE_FEED) return next + 1;
    const keyword = this.keyword(at, next);
    if (keyword === undefined) return this.skipLine(next);
    return this.readMetadata(keyword, skipBlanks(body, next, end));
  }

  private keyword(start: number, end: number): "HELP" | "TYPE" | undefined {
    if (end - start !== 4) return undefined;
    if (isWord(this.body, start, end, HELP)) return "HELP";
    return isWord(this.body, start, end, TYPE) ? "TYPE" : undefined;
  }

  private skipLine(start: number): number {
    const lineFeed = this.body.indexOf(LINE_FEED, start);
    return lineFeed < 0 ? this.fail(END_OF_INPUT) : lineFeed + 1;
  }

  /** The rest of a HELP or TYPE line from the metric name on. */
  private readMetadata(keyword: "HELP" | "TYPE", start: number): number {
    const { body, end, token } = this;
    if (start >= end) return this.fail(END_OF_INPUT);
    readName(this.columns, start, false, token);
    if (token.next < 0) return this.fail(token.error);
    const byte = body[token.next] as number;
    if (byte === LINE_FEED) return token.next + 1;
    if (!isBlank(byte)) return this.fail("invalid metric name in comment");
    const error = this.families.enter(token.at, token.size);
    if (error !== null) return this.fail(error);
    const at = skipBlanks(body, token.next, end);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] === LINE_FEED) return at + 1;
    return keyword === "HELP" ? this.readHelpText(at) : this.readType(at);
  }

  private readHelpText(start: number): number {
    const { token } = this;
    const row = this.families.row * FAMILY_STRIDE;
    if (this.columns.families[row + FAMILY_HELP_SIZE] !== -1)
      return this.fail(`second HELP line for metric name ${this.families.quotedName}`);
    readHelp(this.columns, start, token);
    if (token.next < 0) return this.fail(token.error);
    takeHelp(this.columns, this.families.row, token.at, token.size, token.hasHighBytes);
    return token.next + 1;
  }

  private readType(start: number): number {
    const { body } = this;
    if (this.families.type >= 0)
      return this.fail(`second TYPE line for metric name ${this.families.quotedName}, or TYPE reported after samples`);
    let lineFeed = start;
    while (lineFeed < this.end && body[lineFeed] !== LINE_FEED) lineFeed++;
    if (lineFeed >= this.end) return this.fail(END_OF_INPUT);
    const type = readTypeWord(body, start, lineFeed);
    if (type === undefined)
      return this.fail(`unknown metric type ${quoteBytes(withoutBackslashes(body, start, lineFeed))}`);
    this.columns.families[this.families.row * FAMILY_STRIDE + FAMILY_TYPE] = type;
    return lineFeed + 1;
  }

  // Samples.

  private readSample(start: number): number {
    const { body, end } = this;
    let at = this.readMetricName(start);
    if (at < 0) return -1;
    at = skipBlanks(body, at, end);
    if (at >= end) return this.fail(END_OF_INPUT);
    this.firstLabel = this.columns.labelCount;
    this.assembler.beginSample(this.families.type);
    if (body[at] === BRACE_OPEN) at = this.readLabels(at + 1, false);
    return at < 0 ? -1 : this.readValue(at);
  }

  /** A line whose metric name stands quoted within the braces; `start` is behind the opening one. */
  private readBracedSample(start: number): number {
    this.firstLabel = this.columns.labelCount;
    if (this.families.row >= 0) this.assembler.beginSample(this.families.type);
    const at = this.readLabels(start, true);
    return at < 0 ? -1 : this.readValue(at);
  }

  /** Reads the name before the braces and makes its family the current one. */
  private readMetricName(start: number): number {
    const { token } = this;
    readName(this.columns, start, false, token);
    if (token.next < 0) return this.fail(token.error);
    if (token.size === 0) return this.fail("invalid metric name");
    const error = this.families.enterForSample(token.at, token.size);
    return error === null ? token.next : this.fail(error);
  }

  /**
   * Reads labels up to the closing brace and on to the value. With `braced` one item without a value is the metric name.
   */
  private readLabels(start: number, braced: boolean): number {
    const { body, end, token } = this;
    let nameSeen = !braced;
    let at = start;
    for (;;) {
      at = skipBlanks(body, at, end);
      if (at >= end) return this.fail(END_OF_INPUT);
      if (body[at] === BRACE_CLOSE) break;
      readName(this.columns, at, true, token);
      if (token.next < 0) return this.fail(token.error);
      if (token.size === 0) return this.fail(`invalid label name for metric ${this.families.quotedName}`);
      at = skipBlanks(body, token.next, end);
      if (at >= end) return this.fail(END_OF_INPUT);
      if (body[at] === EQUALS) {
        at = this.readLabelValue(at + 1);
      } else {
        at = this.readInnerName(at, braced, nameSeen);
        nameSeen = true;
      }
      if (at < 0) return -1;
      if (body[at] === BRACE_CLOSE) break;
      at++;
    }
    if (!nameSeen || this.families.row < 0) return this.fail("invalid metric name");
    at = skipBlanks(body, at + 1, end);
    return at >= end ? this.fail(END_OF_INPUT) : at;
  }

  /** Takes the newest token, which has no value, for the metric name; gives the offset of the comma or brace behind it. */
  private readInnerName(at: number, braced: boolean, nameSeen: boolean): number {
    const byte = this.body[at] as number;
    if (!braced) return this.fail(`expected '=' after label name, found ${quoteByte(byte)}`);
    if (nameSeen) return this.fail(`multiple metric names for metric ${this.families.quotedName}`);
    if (byte !== COMMA && byte !== BRACE_CLOSE) return this.fail(`unexpected end of metric name ${quoteByte(byte)}`);
    const error = this.families.enterForSample(this.token.at, this.token.size);
    if (error !== null) return this.fail(error);
    this.assembler.beginSample(this.families.type);
    return at;
  }

  /** Reads a label's value, its name being the newest token; gives the offset of the comma or brace behind it. */
  private readLabelValue(start: number): number {
    const { body, end, value, token } = this;
    const nameAt = token.at;
    const nameSize = token.size;
    if (!this.checkLabelName(nameAt, nameSize)) return -1;
    const bound = this.assembler.isBoundLabel(nameAt, nameSize);
    if (!bound) this.columns.addLabel(nameAt, nameSize, 0, 0);
    if (!bound && this.hasDuplicateName())
      return this.fail(`duplicate label names for metric ${this.families.quotedName}`);
    let at = skipBlanks(body, start, end);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] !== QUOTE)
      return this.fail(`expected '"' at start of label value, found ${quoteByte(body[at] as number)}`);
    value.read(body, at + 1);
    if (value.next < 0) return this.fail(value.error);
    if (value.hasHighBytes && !isUtf8(body.subarray(value.at, value.at + value.size)))
      return this.fail(`invalid label value ${this.quotedValue()}`);
    if (bound && !this.readBound()) return -1;
    if (!bound) this.columns.setLabelValue(value.at, value.size);
    at = skipBlanks(body, value.next, end);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] === COMMA || body[at] === BRACE_CLOSE) return at;
    return this.fail(`unexpected end of label value ${this.quotedValue()}`);
  }

  private readBound(): boolean {
    const { value } = this;
    const text = this.columns.text(value.at, value.size);
    const bound =
      value.size === unescapeLabel(this.columns.slice(value.at, value.size)).length ? parseGoFloat(text) : undefined;
    if (bound !== undefined) {
      this.assembler.bound = bound;
      return true;
    }
    const label = this.families.type === MetricType.summary ? "quantile" : "le";
    this.fail(`expected float as value for '${label}' label, got ${this.quotedValue()}`);
    return false;
  }

  private checkLabelName(at: number, size: number): boolean {
    const bytes = this.columns.bytesOf(at);
    const start = offsetOf(at);
    // "__name__" is as long as few labels are; the first byte tells most of the others apart.
    if (size === 8 && bytes[start] === 0x5f && this.columns.latin1(at, size) === "__name__") {
      this.fail('label name "__name__" is reserved');
      return false;
    }
    if (at >= 0) return true;
    const valid = this.utf8Names
      ? size > 0 && isUtf8(bytes.subarray(start, start + size))
      : isLegacyLabel(bytes, start, size);
    if (!valid) this.fail(`invalid label name ${quoteBytes(bytes.subarray(start, start + size))}`);
    return valid;
  }

  /** Whether the newest label of the line has the name of an earlier one. */
  private hasDuplicateName(): boolean {
    const { columns } = this;
    const newest = columns.labelCount - 1;
    if (newest - this.firstLabel >= FEW_LABELS) return this.isKnownName(newest);
    for (let row = this.firstLabel; row < newest; row++)
      if (sameField(columns, row, newest, LABEL_NAME_AT, LABEL_NAME_SIZE)) return true;
    return false;
  }

  /** As above with a set, which holds the names of all labels of the line but the newest. */
  private isKnownName(newest: number): boolean {
    const { columns, names } = this;
    if (newest - this.firstLabel === FEW_LABELS) {
      names.clear();
      for (let row = this.firstLabel; row < newest; row++) names.add(columns, row);
    }
    if (names.find(columns, newest) >= 0) return true;
    names.add(columns, newest);
    return false;
  }

  /** Reads the value and whatever follows it up to the line feed. */
  private readValue(start: number): number {
    const { body, end } = this;
    const metric = this.assembler.enterMetric(this.families.row, this.firstLabel);
    const next = tokenEnd(body, start, end);
    if (next >= end) return this.fail(END_OF_INPUT);
    const error = this.assembler.addValue(metric, this.families.part, start, next);
    if (error !== null) return this.fail(this.valueError(error, start, next));
    return body[next] === LINE_FEED ? next + 1 : this.readTimestamp(next);
  }

  private valueError(error: "float" | "count" | "bucket", start: number, next: number): string {
    if (error === "float") return `expected float as value, got ${quoteBytes(this.body.subarray(start, next))}`;
    if (error === "count") return `negative count for histogram ${this.families.quotedName}`;
    return `negative bucket population for histogram ${this.families.quotedName}`;
  }

  private readTimestamp(start: number): number {
    const { body, end } = this;
    const at = skipBlanks(body, start, end);
    const next = tokenEnd(body, at, end);
    if (next >= end) return this.fail(END_OF_INPUT);
    const token = body.subarray(at, next);
    if (!isGoInteger(this.columns.latin1(at, next - at)))
      return this.fail(`expected integer as timestamp, got ${quoteBytes(token)}`);
    this.columns.hasTimestamps = true;
    const lineFeed = body.indexOf(LINE_FEED, next);
    if (lineFeed < 0) return this.fail(END_OF_INPUT);
    const rest = withoutBackslashes(body, next, lineFeed);
    return rest.length > 0 ? this.fail(`spurious string after timestamp: ${quoteBytes(rest)}`) : lineFeed + 1;
  }

  private quotedValue(): string {
    return quoteBytes(unescapeLabel(this.columns.slice(this.value.at, this.value.size)));
  }
}
