import { isUtf8 } from "node:buffer";
import { byteAt } from "../bytes/at.ts";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, EQUALS, HASH, LINE_FEED, QUOTE } from "../bytes/characters.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import type { PushColumns } from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { quoteByte, quoteToken } from "../model/quote.ts";
import type { Rejection } from "../model/rejection.ts";
import { METRIC_UNITS, MORE } from "../model/work.ts";
import { CurrentFamily } from "./current-family.ts";
import { faultyLine } from "./faulty-line.ts";
import { takeHelp } from "./help.ts";
import { LabelNames } from "./label-names.ts";
import { isGoInteger, parseGoFloat } from "./number.ts";
import { SampleAssembler, valueError } from "./samples.ts";
import { isBlank, skipBlanks, tokenEnd } from "./scan.ts";
import { END_OF_INPUT, readHelp, readName, Token, ValueToken } from "./token.ts";
import { HELP, isWord, readTypeWord, TYPE, withoutBackslashes } from "./words.ts";

/** HELP or TYPE. */
const KEYWORD_BYTES = 4;
/** Bytes of a comment that are read beyond what may be read before a pause. */
const COMMENT_STEP_BYTES = 64 * 1024;

/** In place of an offset: reading is to go on later. */
const PAUSED = -2;

/**
 * Reads the text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) as the reference's parser
 * does, state by state, with its errors and their line numbers. One parser serves one push after the other.
 *
 * Methods that read take an offset and return the offset behind what they read, or -1 with `error` set.
 */
export class TextParser {
  private columns: PushColumns;
  private body: Uint8Array = new Uint8Array(0);
  private end = 0;
  private line = 0;
  /** Where the line begins. */
  private lineStart = 0;
  private error = "";
  /** Where reading goes on after a pause, and what it is within. */
  private at = 0;
  private pausedIn: "body" | "labels" | "braced labels" | "named labels" | "comment" | "end" = "body";
  /** Reading pauses at the first good place from here on. */
  private pauseAt = Infinity;
  /** The longest token or run of blanks. */
  private readonly mostBytes: number;
  private readonly token = new Token();
  private readonly value = new ValueToken();
  private readonly families: CurrentFamily;
  private readonly assembler: SampleAssembler;
  private readonly names: LabelNames;

  /** Of the line being read: its first label row, and where its labels begin. */
  private firstLabel = 0;
  private labelsAt = 0;

  constructor(
    columns: PushColumns,
    /** Names may hold any UTF-8 (`--push.enable-utf8-names`). */
    utf8Names: boolean,
  ) {
    this.columns = columns;
    this.mostBytes = columns.maxTextBytes;
    this.assembler = new SampleAssembler(columns);
    this.families = new CurrentFamily(columns, utf8Names);
    this.names = new LabelNames(columns, utf8Names);
  }

  /**
   * Fills the columns from `body`, which they refer to from then on. An error leaves them half filled, not to be used.
   */
  parse(body: Uint8Array): Rejection | null {
    this.begin(body);
    const outcome = this.readOn(Infinity);
    return outcome === MORE ? null : outcome;
  }

  /** Reads about `sizeBytes` more of the body that was begun. */
  readOn(sizeBytes: number): Rejection | null | typeof MORE {
    const { body, columns } = this;
    const pauseAt = this.at + sizeBytes;
    this.pauseAt = pauseAt;
    if (!this.assembler.reserveOn(sizeBytes)) return MORE;
    let at = this.pausedIn === "body" ? this.at : this.resumeLine();
    while (at >= 0 && columns.excess === null) {
      if (at >= pauseAt) return this.pause("body", at);
      this.line++;
      this.lineStart = at;
      at = this.skip(at);
      if (at >= this.end) break;
      const byte = byteAt(body, at);
      if (byte === LINE_FEED) at++;
      else if (byte === HASH) at = this.readComment(at + 1);
      else at = byte === BRACE_OPEN ? this.readBracedSample(at + 1) : this.readSample(at);
    }
    if (columns.excess !== null) return columns.excess;
    if (at === PAUSED) return MORE;
    if (at < 0) return faultyLine(body, this.lineStart, this.line, this.error);
    return this.assembler.finishOn(sizeBytes / METRIC_UNITS) ? null : this.pause("end", this.end);
  }

  private pause(within: TextParser["pausedIn"], at: number): typeof MORE {
    this.pausedIn = within;
    this.at = at;
    return MORE;
  }

  /** The rest of a line that was left within its labels or its comment. */
  private resumeLine(): number {
    const { pausedIn } = this;
    this.pausedIn = "body";
    if (pausedIn === "end") return this.end;
    if (pausedIn === "comment") return this.skipLine(this.at);
    const at = this.readLabels(this.at, pausedIn !== "labels", pausedIn !== "braced labels");
    return at < 0 ? at : this.readValue(at);
  }

  /** The columns refer to the body from then on. */
  begin(body: Uint8Array): void {
    this.columns.begin(body);
    this.at = 0;
    this.pausedIn = "body";
    this.families.begin();
    this.assembler.begin();
    this.body = body;
    this.end = body.length;
    this.line = 0;
  }

  private fail(error: string): -1 {
    this.error = error;
    return -1;
  }

  /** As `skipBlanks`; the end of the body where there are too many. */
  private skip(start: number): number {
    const { body } = this;
    // Usually there is none or one.
    if (!isBlank(body[start])) return start;
    if (!isBlank(body[start + 1])) return start + 1;
    const limit = Math.min(this.end, start + this.mostBytes);
    const at = skipBlanks(body, start + 2, limit);
    return at < limit || limit === this.end ? at : this.tooLong();
  }

  /** The end of a value, a timestamp or what follows it; that of the body where it is too long. */
  private endOfToken(start: number): number {
    const limit = Math.min(this.end, start + this.mostBytes);
    const at = tokenEnd(this.body, start, limit);
    return at < limit || limit === this.end ? at : this.tooLong();
  }

  /** The line feed that ends what is to be read whole; that of the body where it is too long. */
  private endOfLine(start: number): number {
    const { body, end } = this;
    const limit = Math.min(end, start + this.mostBytes);
    let at = start;
    while (at < limit && body[at] !== LINE_FEED) at++;
    return at < limit || at === end ? at : this.tooLong();
  }

  private tooLong(): number {
    this.columns.noteLongText();
    return this.end;
  }

  // Comments: HELP, TYPE and all others.

  private readComment(start: number): number {
    const { body, end } = this;
    const limit = Math.min(end, start + this.mostBytes);
    const at = skipBlanks(body, start, limit);
    // A line of blanks alone may have any length: behind this many no word is looked for.
    if (at === limit && limit < end) return this.skipLine(at);
    const next = tokenEnd(body, at, Math.min(end, at + KEYWORD_BYTES + 1));
    if (next >= end) return this.fail(END_OF_INPUT);
    if (body[next] === LINE_FEED) return next + 1;
    const keyword = this.keyword(at, next);
    if (keyword === undefined) return this.skipLine(next);
    return this.readMetadata(keyword, this.skip(next));
  }

  private keyword(start: number, end: number): "HELP" | "TYPE" | undefined {
    if (end - start !== KEYWORD_BYTES) return undefined;
    if (isWord(this.body, start, end, HELP)) return "HELP";
    return isWord(this.body, start, end, TYPE) ? "TYPE" : undefined;
  }

  private skipLine(start: number): number {
    const { body, end, pauseAt } = this;
    const seen = pauseAt >= end ? body : body.subarray(0, Math.min(end, Math.max(start, pauseAt) + COMMENT_STEP_BYTES));
    const lineFeed = seen.indexOf(LINE_FEED, start);
    if (lineFeed >= 0) return lineFeed + 1;
    if (seen.length === end) return this.fail(END_OF_INPUT);
    this.pause("comment", seen.length);
    return PAUSED;
  }

  /** The rest of a HELP or TYPE line from the metric name on. */
  private readMetadata(keyword: "HELP" | "TYPE", start: number): number {
    const { body, end, token } = this;
    if (start >= end) return this.fail(END_OF_INPUT);
    readName(this.columns, start, false, token);
    if (token.next < 0) return this.fail(token.error);
    const byte = byteAt(body, token.next);
    if (byte === LINE_FEED) return token.next + 1;
    if (!isBlank(byte)) return this.fail("invalid metric name in comment");
    const error = this.families.enter(token.at, token.size);
    if (error !== null) return this.fail(error);
    const at = this.skip(token.next);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] === LINE_FEED) return at + 1;
    return keyword === "HELP" ? this.readHelpText(at) : this.readType(at);
  }

  private readHelpText(start: number): number {
    const { token } = this;
    if (this.columns.families.helpSize(this.families.row) >= 0)
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
    const lineFeed = this.endOfLine(start);
    if (lineFeed >= this.end) return this.fail(END_OF_INPUT);
    const type = readTypeWord(body, start, lineFeed);
    if (type === undefined)
      return this.fail(`unknown metric type ${quoteToken(withoutBackslashes(body, start, lineFeed))}`);
    this.columns.families.setType(this.families.row, type);
    return lineFeed + 1;
  }

  // Samples.

  private readSample(start: number): number {
    const { body, end } = this;
    let at = this.readMetricName(start);
    if (at < 0) return -1;
    at = this.skip(at);
    if (at >= end) return this.fail(END_OF_INPUT);
    this.firstLabel = this.columns.labels.count;
    this.assembler.beginSample(this.families.type);
    this.labelsAt = at + 1;
    if (body[at] === BRACE_OPEN) at = this.readLabels(at + 1, false, true);
    return at < 0 ? at : this.readValue(at);
  }

  /** A line whose metric name is quoted within the braces; `start` is behind the opening one. */
  private readBracedSample(start: number): number {
    this.firstLabel = this.columns.labels.count;
    this.labelsAt = start;
    if (this.families.row >= 0) this.assembler.beginSample(this.families.type);
    const at = this.readLabels(start, true, false);
    return at < 0 ? at : this.readValue(at);
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
   * Reads labels up to the closing brace and on to the value. With `braced` one item without a value is the metric
   * name; `hasName`: it has been read.
   */
  private readLabels(start: number, braced: boolean, hasName: boolean): number {
    const { body, end, token, pauseAt } = this;
    let nameSeen = hasName;
    let at = start;
    for (;;) {
      if (at >= pauseAt) {
        this.columns.noteLabelsBytes(at - this.labelsAt);
        this.pause(!braced ? "labels" : nameSeen ? "named labels" : "braced labels", at);
        return PAUSED;
      }
      at = this.skip(at);
      if (at >= end) return this.fail(END_OF_INPUT);
      if (body[at] === BRACE_CLOSE) break;
      readName(this.columns, at, true, token);
      if (token.next < 0) return this.fail(token.error);
      if (token.size === 0) return this.fail(`invalid label name for metric ${this.families.quotedName}`);
      at = this.skip(token.next);
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
    this.columns.noteLabelsBytes(at - this.labelsAt);
    if (!nameSeen || this.families.row < 0) return this.fail("invalid metric name");
    at = this.skip(at + 1);
    return at >= end ? this.fail(END_OF_INPUT) : at;
  }

  /**
   * Takes the newest token, which has no value, for the metric name; returns the offset of the comma or brace behind
   * it.
   */
  private readInnerName(at: number, braced: boolean, nameSeen: boolean): number {
    const byte = byteAt(this.body, at);
    if (!braced) return this.fail(`expected '=' after label name, found ${quoteByte(byte)}`);
    if (nameSeen) return this.fail(`multiple metric names for metric ${this.families.quotedName}`);
    if (byte !== COMMA && byte !== BRACE_CLOSE) return this.fail(`unexpected end of metric name ${quoteByte(byte)}`);
    const error = this.families.enterForSample(this.token.at, this.token.size);
    if (error !== null) return this.fail(error);
    this.assembler.beginSample(this.families.type);
    return at;
  }

  /** Reads a label's value, its name being the newest token; returns the offset of the comma or brace behind it. */
  private readLabelValue(start: number): number {
    const { body, end, value, token } = this;
    const nameAt = token.at;
    const nameSize = token.size;
    const wrong = this.names.findWrong(nameAt, nameSize);
    if (wrong !== null) return this.fail(wrong);
    const bound = this.assembler.isBoundLabel(nameAt, nameSize);
    if (!bound) this.columns.addLabel(nameAt, nameSize, 0, 0);
    if (!bound && this.names.hasDuplicate(this.firstLabel))
      return this.fail(`duplicate label names for metric ${this.families.quotedName}`);
    let at = this.skip(start);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] !== QUOTE)
      return this.fail(`expected '"' at start of label value, found ${quoteByte(byteAt(body, at))}`);
    value.read(this.columns, at + 1);
    if (value.next < 0) return this.fail(value.error);
    if (value.hasHighBytes && !isUtf8(body.subarray(value.at, value.at + value.size)))
      return this.fail(`invalid label value ${this.quotedValue()}`);
    if (bound && !this.readBound()) return -1;
    if (!bound) this.columns.setLabelValue(value.at, value.size);
    at = this.skip(value.next);
    if (at >= end) return this.fail(END_OF_INPUT);
    if (body[at] === COMMA || body[at] === BRACE_CLOSE) return at;
    return this.fail(`unexpected end of label value ${this.quotedValue()}`);
  }

  private readBound(): boolean {
    const { value } = this;
    const text = this.columns.text(value.at, value.size);
    const bound =
      value.size === unescapeBytes(this.columns.slice(value.at, value.size)).length ? parseGoFloat(text) : undefined;
    if (bound !== undefined) {
      this.assembler.bound = bound;
      return true;
    }
    const label = this.families.type === MetricType.summary ? "quantile" : "le";
    this.fail(`expected float as value for '${label}' label, got ${this.quotedValue()}`);
    return false;
  }

  /** Reads the value and whatever follows it up to the line feed. */
  private readValue(start: number): number {
    const { body, end } = this;
    const metric = this.assembler.enterMetric(this.families.row, this.firstLabel);
    const next = this.endOfToken(start);
    if (next >= end) return this.fail(END_OF_INPUT);
    const error = this.assembler.addValue(metric, this.families.part, start, next);
    if (error !== null) return this.fail(valueError(error, body.subarray(start, next), this.families.quotedName));
    return body[next] === LINE_FEED ? next + 1 : this.readTimestamp(next);
  }

  private readTimestamp(start: number): number {
    const { body, end } = this;
    const at = this.skip(start);
    const next = this.endOfToken(at);
    if (next >= end) return this.fail(END_OF_INPUT);
    const token = body.subarray(at, next);
    if (!isGoInteger(this.columns.latin1(at, next - at)))
      return this.fail(`expected integer as timestamp, got ${quoteToken(token)}`);
    this.columns.hasTimestamps = true;
    const lineFeed = this.endOfLine(next);
    if (lineFeed >= end) return this.fail(END_OF_INPUT);
    const rest = withoutBackslashes(body, next, lineFeed);
    return rest.length > 0 ? this.fail(`spurious string after timestamp: ${quoteToken(rest)}`) : lineFeed + 1;
  }

  private quotedValue(): string {
    return quoteToken(unescapeBytes(this.columns.slice(this.value.at, this.value.size)));
  }
}
