import { isUtf8 } from "node:buffer";
import { byteAt } from "../bytes/at.ts";
import { BRACE_CLOSE, COMMA, EQUALS, QUOTE } from "../bytes/characters.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import type { PushColumns } from "../model/columns.ts";
import { quoteByte, quoteToken } from "../model/quote.ts";
import { STATE_SET } from "../model/type-note.ts";
import { LabelNames } from "./label-names.ts";
import { parseGoFloat } from "./number.ts";
import type { ExemplarWriter } from "./openmetrics-exemplar.ts";
import type { OpenMetricsFamily } from "./openmetrics-family.ts";
import type { OpenMetricsMetrics } from "./openmetrics-metrics.ts";
import { END_OF_INPUT, readName, Token, ValueToken } from "./token.ts";

/**
 * Reads the labels of a sample or an exemplar. As OpenMetricsParser, methods that read take an offset and return the
 * one behind what they read, or -1 with `error` set.
 */
export class OpenMetricsLabels {
  error = "";
  /** The first row of the labels. */
  first = 0;
  private body: Uint8Array = new Uint8Array(0);
  private startAt = 0;
  private readonly token = new Token();
  private readonly value = new ValueToken();
  private readonly names: LabelNames;

  constructor(
    private readonly columns: PushColumns,
    utf8Names: boolean,
    private readonly family: OpenMetricsFamily,
    private readonly metrics: OpenMetricsMetrics,
    private readonly exemplar: ExemplarWriter,
  ) {
    this.names = new LabelNames(columns, utf8Names);
  }

  private fail(error: string): -1 {
    this.error = error;
    return -1;
  }

  private expect(at: number, byte: number, where: string): number {
    const { body } = this;
    if (body[at] === byte) return at + 1;
    if (at >= body.length) return this.fail(END_OF_INPUT);
    return this.fail(`expected ${quoteByte(byte)} ${where}, found ${quoteByte(byteAt(body, at))}`);
  }

  /** The labels of a line begin; there are none so far. */
  begin(): void {
    this.body = this.columns.body;
    this.first = this.columns.labels.count;
  }

  /** Reads labels up to the closing brace, and returns what is behind it. */
  read(start: number, isExemplar: boolean): number {
    const { body, columns, token } = this;
    this.startAt = start;
    if (body[start] === BRACE_CLOSE) return start + 1;
    let at = start;
    while (columns.excess === null) {
      readName(columns, at, true, token);
      if (token.next < 0) return this.fail(token.error);
      if (token.size === 0 && token.at >= 0)
        return this.fail(`invalid label name for metric ${this.family.quotedName}`);
      const wrong = this.names.findWrong(token.at, token.size);
      if (wrong !== null) return this.fail(wrong);
      at = this.expect(token.next, EQUALS, "after label name");
      if (at >= 0) at = this.expect(at, QUOTE, "at start of label value");
      if (at >= 0) at = this.readValue(at, isExemplar);
      if (at < 0) return at;
      columns.noteLabelsBytes(at - this.startAt);
      if (body[at] === BRACE_CLOSE) return at + 1;
      at = this.expect(at, COMMA, "after label value");
      if (at < 0) return at;
    }
    return -1;
  }

  /** Reads the value of the label whose name is the newest token, and returns what is behind its closing quote. */
  private readValue(start: number, isExemplar: boolean): number {
    const { body, columns, family, metrics, value, token } = this;
    const nameAt = token.at;
    const nameSize = token.size;
    value.read(columns, start, true);
    if (value.next < 0) return this.fail(value.error);
    if (value.hasHighBytes && !isUtf8(body.subarray(start, value.next - 1)))
      return this.fail(`invalid label value ${this.quotedValue()}`);
    const { bound } = family.kind;
    if (!isExemplar && bound?.role === family.role && this.isLabel(nameAt, nameSize, bound.name))
      return this.readBound(start, bound.name);
    columns.addLabel(nameAt, nameSize, value.at, value.size);
    if (this.names.hasDuplicate(this.first)) return this.fail(`duplicate label names for metric ${family.quotedName}`);
    if (family.kind.note === STATE_SET && !isExemplar && family.isNamed(nameAt, nameSize))
      metrics.stateLabel = columns.labels.count - 1;
    if (isExemplar && !this.exemplar.addLabel(columns.slice(nameAt, nameSize), this.plainValue()))
      return this.fail("expected at most 128 characters in the labels of an exemplar");
    return value.next;
  }

  private isLabel(nameAt: number, nameSize: number, name: string): boolean {
    return nameSize === name.length && this.columns.latin1(nameAt, nameSize) === name;
  }

  /** The newest value is that of `le` or `quantile`. */
  private readBound(start: number, label: string): number {
    const { columns, metrics, value } = this;
    const text = columns.text(value.at, value.size);
    const bound = value.at === start ? parseGoFloat(text) : undefined;
    const isInfinite = bound === Infinity || bound === -Infinity;
    if (!Number.isNaN(metrics.bound)) return this.fail(`duplicate label names for metric ${this.family.quotedName}`);
    if (bound === undefined || Number.isNaN(bound) || (isInfinite && text !== "+Inf" && text !== "-Inf"))
      return this.fail(`expected float as value for '${label}' label, got ${this.quotedValue()}`);
    metrics.bound = bound;
    return value.next;
  }

  /** The newest label value without its escapes. */
  private plainValue(): Uint8Array {
    return unescapeBytes(this.columns.slice(this.value.at, this.value.size));
  }

  private quotedValue(): string {
    return quoteToken(this.plainValue());
  }
}
