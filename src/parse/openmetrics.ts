import { isUtf8 } from "node:buffer";
import { byteAt } from "../bytes/at.ts";
import { BRACE_CLOSE, BRACE_OPEN, COMMA, HASH, LINE_FEED, SPACE } from "../bytes/characters.ts";
import type { PushColumns } from "../model/columns.ts";
import { NEEDS_SIDE } from "../model/metric-rows.ts";
import { quoteByte, quoteToken } from "../model/quote.ts";
import type { Rejection } from "../model/rejection.ts";
import { MORE } from "../model/work.ts";
import { faultyLine } from "./faulty-line.ts";
import { parseGoFloat } from "./number.ts";
import { ExemplarWriter } from "./openmetrics-exemplar.ts";
import { OpenMetricsFamily } from "./openmetrics-family.ts";
import { kindOf, Role } from "./openmetrics-kinds.ts";
import { OpenMetricsLabels } from "./openmetrics-labels.ts";
import { OpenMetricsMetrics } from "./openmetrics-metrics.ts";
import { tokenEnd } from "./scan.ts";
import { END_OF_INPUT, readHelp, readName, Token } from "./token.ts";
import { HELP, isWord, TYPE } from "./words.ts";

const UNIT = new TextEncoder().encode("UNIT");
const EOF = new TextEncoder().encode("# EOF");
const KEYWORD_BYTES = 4;
const NO_EOF = 'expected "# EOF" as the last line';

/** A look-up takes as long as reading so many bytes. */
const LOOKUP_BYTES = 32;

/** In place of an offset: the exposition ended as it should. */
const ENDED = -2;

/**
 * Reads OpenMetrics 1.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/) as strictly as it is written. One
 * parser serves one push after the other. The labels of a line are read in one go: their size has a limit.
 *
 * Methods that read take an offset and return the offset behind what they read, or -1 with `error` set.
 */
export class OpenMetricsParser {
  private body: Uint8Array = new Uint8Array(0);
  private end = 0;
  private at = 0;
  private line = 0;
  private lineStart = 0;
  /** The line before. */
  private previousStart = 0;
  private error = "";
  /** The error is of what ended with the line before. */
  private isOfPrevious = false;
  private readonly mostBytes: number;
  private readonly token = new Token();
  private readonly family: OpenMetricsFamily;
  private readonly metrics: OpenMetricsMetrics;
  private readonly labels: OpenMetricsLabels;
  private readonly exemplar = new ExemplarWriter();

  constructor(
    private readonly columns: PushColumns,
    /** Names may hold any UTF-8 (`--push.enable-utf8-names`). */
    utf8Names: boolean,
  ) {
    this.mostBytes = columns.maxTextBytes;
    this.family = new OpenMetricsFamily(columns, utf8Names);
    this.metrics = new OpenMetricsMetrics(columns, this.family);
    this.labels = new OpenMetricsLabels(columns, utf8Names, this.family, this.metrics, this.exemplar);
  }

  /**
   * Fills the columns from `body`, which they refer to from then on. An error leaves them half filled, not to be used.
   */
  parse(body: Uint8Array): Rejection | null {
    this.begin(body);
    const outcome = this.readOn(Infinity);
    return outcome === MORE ? null : outcome;
  }

  /** The columns refer to the body from then on. */
  begin(body: Uint8Array): void {
    this.columns.begin(body);
    this.body = body;
    this.end = body.length;
    this.at = 0;
    this.line = 0;
    this.lineStart = 0;
    this.isOfPrevious = false;
    this.family.begin();
    this.metrics.begin();
  }

  /** Reads about `sizeBytes` more of the body that was begun. */
  readOn(sizeBytes: number): Rejection | null | typeof MORE {
    const { columns, end } = this;
    const lookups = this.metrics.lookups;
    const pauseAt = this.at + sizeBytes;
    if (!this.metrics.reserveOn(sizeBytes)) return MORE;
    let { at } = this;
    while (at >= 0 && columns.excess === null) {
      if (at + LOOKUP_BYTES * (this.metrics.lookups - lookups) >= pauseAt) {
        this.at = at;
        return MORE;
      }
      this.line++;
      this.previousStart = this.lineStart;
      this.lineStart = at;
      at = at >= end ? this.fail(NO_EOF) : this.readLine(at);
    }
    if (columns.excess !== null) return columns.excess;
    if (at === ENDED) return null;
    const [start, line] = this.isOfPrevious ? [this.previousStart, this.line - 1] : [this.lineStart, this.line];
    return faultyLine(this.body, start, line, this.error, "OpenMetrics");
  }

  private fail(error: string): -1 {
    this.error = error;
    return -1;
  }

  /** As `fail` for what a part says is wrong; null: nothing is, and `next` is returned. */
  private unless(wrong: string | null, next: number): number {
    return wrong === null ? next : this.fail(wrong);
  }

  private readLine(at: number): number {
    const byte = byteAt(this.body, at);
    if (byte === HASH) return this.readComment(at);
    if (byte === BRACE_OPEN) return this.readBracedSample(at + 1);
    return byte === LINE_FEED ? this.fail("expected no empty line") : this.readSample(at);
  }

  /** The offset behind a byte that must be there. */
  private expect(at: number, byte: number, where: string): number {
    if (this.body[at] === byte) return at + 1;
    if (at >= this.end) return this.fail(END_OF_INPUT);
    return this.fail(`expected ${quoteByte(byte)} ${where}, found ${quoteByte(byteAt(this.body, at))}`);
  }

  /** The end of a value or a timestamp. */
  private endOfToken(start: number): number {
    const limit = Math.min(this.end, start + this.mostBytes);
    const at = tokenEnd(this.body, start, limit);
    if (at === limit && limit < this.end) this.columns.noteLongText();
    return at;
  }

  // Metadata.

  private readComment(start: number): number {
    const { body, end } = this;
    const wordAt = start + 2;
    if (body[start + 1] !== SPACE) return this.fail("expected '# HELP', '# TYPE', '# UNIT' or '# EOF'");
    const wordEnd = tokenEnd(body, wordAt, Math.min(end, wordAt + KEYWORD_BYTES + 1));
    if (isWord(body, start, wordEnd, EOF)) return this.readEnd(wordEnd);
    const isKnown = [HELP, TYPE, UNIT].some((word) => isWord(body, wordAt, wordEnd, word));
    if (!isKnown) return this.fail("expected '# HELP', '# TYPE', '# UNIT' or '# EOF'");
    const at = this.expect(wordEnd, SPACE, "after the keyword of a comment");
    return at < 0 ? at : this.readMetadata(byteAt(body, wordAt), at);
  }

  private readEnd(at: number): number {
    const { end, body } = this;
    const isLast = at === end || (body[at] === LINE_FEED && at + 1 === end);
    if (!isLast) return this.fail('expected nothing after "# EOF"');
    const left = this.leaveMetric() && this.leaveFamily();
    return left ? ENDED : -1;
  }

  /** The rest of a line from its metric name on; `keyword` is the first letter of HELP, TYPE or UNIT. */
  private readMetadata(keyword: number, start: number): number {
    const { columns, family, token } = this;
    readName(columns, start, false, token);
    if (token.next < 0) return this.fail(token.error);
    if (family.isOther(token.at, token.size) && !(this.leaveMetric() && this.leaveFamily())) return -1;
    const wrong = family.enter(token.at, token.size);
    if (wrong !== null) return this.fail(wrong);
    const at = this.expect(token.next, SPACE, "after the metric name in a comment");
    if (at < 0) return at;
    if (keyword === HELP[0]) return this.readHelpText(at);
    return keyword === TYPE[0] ? this.readType(at) : this.readUnit(at);
  }

  private readHelpText(start: number): number {
    const { columns, family, token } = this;
    const wrong = family.noteHelp();
    if (wrong !== null) return this.fail(wrong);
    readHelp(columns, start, token, true);
    if (token.next < 0) return this.fail(token.error);
    if (token.hasHighBytes && !isUtf8(columns.slice(token.at, token.size)))
      return this.fail(`expected UTF-8 as the help text of ${family.quotedName}`);
    columns.setHelp(family.row, token.at, token.size);
    return token.next + 1;
  }

  private readType(start: number): number {
    const lineFeed = this.endOfLine(start);
    if (lineFeed < 0) return lineFeed;
    const kind = kindOf(this.body, start, lineFeed);
    if (kind === undefined) return this.fail(`unknown metric type ${quoteToken(this.body.subarray(start, lineFeed))}`);
    return this.unless(this.family.setType(kind), lineFeed + 1);
  }

  private readUnit(start: number): number {
    const lineFeed = this.endOfLine(start);
    return lineFeed < 0 ? lineFeed : this.unless(this.family.setUnit(start, lineFeed - start), lineFeed + 1);
  }

  /** The line feed behind a type or a unit. */
  private endOfLine(start: number): number {
    const limit = Math.min(this.end, start + this.mostBytes);
    const at = this.body.subarray(0, limit).indexOf(LINE_FEED, start);
    if (at < 0 && limit < this.end) this.columns.noteLongText();
    return at < 0 ? this.fail(END_OF_INPUT) : at;
  }

  /** No further line is about the metric, or the family, before; false: it is not whole. */
  private leaveMetric(): boolean {
    return this.leave(this.metrics.finish());
  }

  private leaveFamily(): boolean {
    this.metrics.endFamily();
    return this.leave(this.family.close());
  }

  private leave(wrong: string | null): boolean {
    if (wrong === null) return true;
    this.isOfPrevious = true;
    this.fail(wrong);
    return false;
  }

  // Samples.

  private readSample(start: number): number {
    const { columns, token } = this;
    readName(columns, start, false, token);
    if (token.next < 0) return this.fail(token.error);
    // A quoted name is within the braces.
    if (token.size === 0 || token.at < 0) return this.fail("invalid metric name");
    if (!this.enterFamily()) return -1;
    let at = token.next;
    if (this.body[at] === BRACE_OPEN) {
      at = this.readLabels(at + 1, false);
      if (at < 0) return at;
    }
    return this.readRest(at);
  }

  /** A line whose metric name is quoted, and the first within the braces; `start` is behind the opening one. */
  private readBracedSample(start: number): number {
    const { columns, token } = this;
    readName(columns, start, true, token);
    if (token.next < 0) return this.fail(token.error);
    if (token.at >= 0) return this.fail("expected a quoted metric name at the start of the braces");
    if (!this.enterFamily()) return -1;
    const { next } = token;
    if (this.body[next] === BRACE_CLOSE) return this.readRest(next + 1);
    const comma = this.expect(next, COMMA, "after a quoted metric name");
    const at = comma < 0 ? comma : this.readLabels(comma, false);
    return at < 0 ? at : this.readRest(at);
  }

  /** Makes the family of the newest token the current one; false: that is wrong. */
  private enterFamily(): boolean {
    const { family, metrics, token } = this;
    if (family.isOtherSample(token.at, token.size) && !(this.leaveMetric() && this.leaveFamily())) return false;
    const wrong = family.enterSample(token.at, token.size);
    this.labels.begin();
    metrics.beginSample();
    return this.unless(wrong, 0) === 0;
  }

  private readLabels(start: number, isExemplar: boolean): number {
    const at = this.labels.read(start, isExemplar);
    return at < 0 ? this.fail(this.labels.error) : at;
  }

  /** Reads the value and what follows it, from the space before it up to the line feed. */
  private readRest(start: number): number {
    const { columns, family, metrics } = this;
    const valueAt = this.expect(start, SPACE, "before the value");
    if (valueAt < 0) return valueAt;
    if (metrics.isOther(this.labels.first) && !this.leaveMetric()) return -1;
    const valueEnd = this.endOfToken(valueAt);
    const wrong = metrics.enter(this.labels.first) ?? metrics.addValue(valueAt, valueEnd);
    if (wrong !== null) return this.fail(wrong);
    if (family.role === Role.created && !this.addCreated(valueAt, valueEnd)) return -1;
    if (this.body[valueEnd] === LINE_FEED) return valueEnd + 1;
    const at = this.expect(valueEnd, SPACE, "after the value");
    if (at < 0) return at;
    if (this.body[at] === HASH) return this.readExemplar(at + 1);
    const timestampEnd = this.readTimestamp(at);
    if (timestampEnd < 0) return timestampEnd;
    columns.hasTimestamps = true;
    if (this.body[timestampEnd] !== SPACE) return this.expect(timestampEnd, LINE_FEED, "after the timestamp");
    const hash = this.expect(timestampEnd + 1, HASH, "after the timestamp");
    return hash < 0 ? hash : this.readExemplar(hash);
  }

  private addCreated(start: number, end: number): boolean {
    const { columns, exemplar, metrics } = this;
    columns.metrics.flag(metrics.metric, NEEDS_SIDE);
    const isAdded = exemplar.addCreated(columns, metrics.metric, columns.latin1(start, end - start));
    if (!isAdded) this.fail("expected a time of creation within the years 1 to 9999");
    return isAdded;
  }

  private readTimestamp(start: number): number {
    const next = this.endOfToken(start);
    const value = parseGoFloat(this.columns.latin1(start, next - start));
    if (value !== undefined && Number.isFinite(value)) return next;
    return this.fail(`expected a finite number as timestamp, got ${quoteToken(this.body.subarray(start, next))}`);
  }

  /** Reads an exemplar from behind its `#` up to the line feed. */
  private readExemplar(start: number): number {
    const { columns, exemplar, family, metrics } = this;
    const { kind, role } = family;
    if (role !== Role.bucket && !(role === Role.value && kind.word === "counter"))
      return this.fail(`expected no exemplar but for buckets, and counters with _total`);
    let at = this.expect(start, SPACE, "before an exemplar");
    if (at >= 0) at = this.expect(at, BRACE_OPEN, "at the start of an exemplar");
    if (at < 0) return at;
    const { sample } = metrics;
    exemplar.begin();
    this.labels.begin();
    at = this.readLabels(at, true);
    columns.labels.dropFrom(this.labels.first);
    if (at < 0) return at;
    at = this.readExemplarValue(at);
    if (at < 0) return at;
    exemplar.finish(columns, sample);
    columns.metrics.flag(metrics.metric, NEEDS_SIDE);
    return this.expect(at, LINE_FEED, "after an exemplar");
  }

  private readExemplarValue(start: number): number {
    const { columns, exemplar } = this;
    const at = this.expect(start, SPACE, "before the value of an exemplar");
    if (at < 0) return at;
    const next = this.endOfToken(at);
    const value = parseGoFloat(columns.latin1(at, next - at));
    if (value === undefined)
      return this.fail(`expected float as value of an exemplar, got ${quoteToken(this.body.subarray(at, next))}`);
    exemplar.setValue(value);
    if (this.body[next] !== SPACE) return next;
    const timestampEnd = this.readTimestamp(next + 1);
    if (timestampEnd < 0 || exemplar.setTimestamp(columns.latin1(next + 1, timestampEnd - next - 1)))
      return timestampEnd;
    return this.fail("expected a timestamp of an exemplar within the years 1 to 9999");
  }
}
