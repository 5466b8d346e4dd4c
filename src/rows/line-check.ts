import { isDigit, isLetter } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  LINE_FEED,
  LOWER_N,
  MINUS,
  POINT,
  QUOTE,
  SPACE,
  UNDERSCORE,
} from "../bytes/characters.ts";
import { compareBytes, sameBytes } from "../bytes/hash.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../model/names.ts";
import { findUnscrapable } from "../model/scraped-labels.ts";
import { broken } from "./row-fault.ts";

const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$|^NaN$/;

const decoder = new TextDecoder();

/** A label as written: its name, quotes and all, its value within its quotes, and its end behind the closing one. */
interface Label {
  start: number;
  nameEnd: number;
  valueStart: number;
  end: number;
}

/**
 * Reads labels and lines as the store writes them (view.ts), and throws where they are not: whatever comes out of a
 * file is to be what a push could have brought. Each byte is looked at once; bytes are known to be UTF-8.
 */
export class LineCheck {
  /** What is read. */
  source: Uint8Array = new Uint8Array(0);
  private end = 0;
  /** The labels of the group: bounds of each label in its key, four integers a label. */
  private key: Uint8Array = new Uint8Array(0);
  private readonly keyLabels: number[] = [];
  private readonly label: Label = { start: 0, nameEnd: 0, valueStart: 0, end: 0 };
  /** Some name that was read is in quotes. */
  isQuoted = false;
  /** The closing brace of the labels read last. */
  close = 0;
  private readonly quotedNames: string[] = [];
  private readonly block = new Uint8Array(256);

  private blockSize = 0;

  /** `isPushable` false: only the shape is looked at, for what is in the lines is pushed anew before it is used. */
  constructor(private readonly isPushable: boolean) {}

  /** Begins with the rows of a group: checks its key. */
  openKey(key: Uint8Array): void {
    this.open(key, 0, key.length);
    this.key = key;
    this.keyLabels.length = 0;
    this.blockSize = 0;
    let at = 0;
    let hasJob = false;
    for (let first = true; at < key.length; first = false) {
      if (!first) at = this.expect(at, COMMA);
      const before = this.keyLabels.length;
      this.readLabel(at);
      const { start, nameEnd, valueStart, end } = this.label;
      if (before > 0) this.checkOrder(this.keyLabels[before - 4] as number, this.keyLabels[before - 3] as number);
      this.keyLabels.push(start, nameEnd, valueStart, end);
      if (isName(key, start, nameEnd, JOB)) hasJob = end - 1 > valueStart;
      at = end;
    }
    if (!hasJob) broken("its key has no job");
    if (this.isQuoted) this.checkQuotedNames();
  }

  /** Begins before the lines source[start, end). */
  open(source: Uint8Array, start: number, end: number): void {
    this.source = source;
    this.end = end;
    this.isQuoted = false;
    if (this.quotedNames.length > 0) this.quotedNames.length = 0;
    if (start > end || end > source.length) broken("it is cut short");
  }

  /** If the line at `at` has this name, where its labels begin, else -1. */
  matchName(at: number, name: Uint8Array, suffix: Uint8Array): number {
    const { source } = this;
    if (source[at] === BRACE_OPEN && source[at + 1] === QUOTE) return this.matchQuotedName(at + 2, name, suffix);
    const nameEnd = at + name.length;
    const end = nameEnd + suffix.length;
    if (end >= this.end || source[end] !== BRACE_OPEN) return -1;
    const isSame = sameBytes(source, at, name, 0, name.length) && sameBytes(source, nameEnd, suffix, 0, suffix.length);
    return isSame ? end + 1 : -1;
  }

  private matchQuotedName(start: number, name: Uint8Array, suffix: Uint8Array): number {
    const end = this.quotedEnd(start);
    const plain = decoder.decode(name);
    if (unescaped(this.source, start, end) !== plain + decoder.decode(suffix)) return -1;
    if (this.isPushable && isLegacyMetricName(plain)) broken(`a name that needs no quotes has some at ${start}`);
    this.isQuoted = true;
    return this.expect(end + 1, COMMA);
  }

  /** Reads the name of the line at `at`, which must be this one; returns where the labels begin. */
  readName(at: number, name: Uint8Array, suffix: Uint8Array): number {
    const labels = this.matchName(at, name, suffix);
    return labels < 0 ? broken(`a line does not have its family's name at ${at}`) : labels;
  }

  /**
   * Reads labels from `at` on: sorted, each name once, those of the key among them, and an instance; with `point` a
   * last one of that name, whose value is a number. Returns where they end, without the point; `close` is the closing
   * brace.
   */
  readLabels(at: number, point: Uint8Array | null): number {
    const known = at + this.blockSize;
    if (point === null && this.blockSize > 0 && this.source[known] === BRACE_CLOSE && this.isBlock(at)) {
      this.close = known;
      return known;
    }
    const end = this.readNewLabels(at, point);
    if (point === null && !this.isQuoted) this.rememberBlock(at, end);
    return end;
  }

  /** The labels of families of one group are mostly the same: those read last need not be read again. */
  private isBlock(at: number): boolean {
    return at + this.blockSize < this.end && sameBytes(this.source, at, this.block, 0, this.blockSize);
  }

  private rememberBlock(start: number, end: number): void {
    if (end - start > this.block.length) return;
    this.blockSize = end - start;
    for (let i = 0; i < this.blockSize; i++) this.block[i] = byteAt(this.source, start + i);
  }

  private readNewLabels(at: number, point: Uint8Array | null): number {
    const { source, label, key, keyLabels } = this;
    let next = 0;
    let hasInstance = false;
    let lastStart = -1;
    let lastEnd = 0;
    for (let place = at; ; ) {
      this.readLabel(place);
      const { start, nameEnd, valueStart, end } = label;
      if (point !== null && source[end] === BRACE_CLOSE && isName(source, start, nameEnd, point)) {
        if (lastStart < 0) broken(`a line has no labels of its group at ${start}`);
        this.checkNumber(valueStart, end - 1);
        this.checkComplete(next, hasInstance, at);
        this.close = end;
        return start - 1;
      }
      if (lastStart >= 0) this.checkOrder(lastStart, lastEnd);
      if (next < keyLabels.length && isKeyName(key, keyLabels, next, source, start, nameEnd)) {
        const size = (keyLabels[next + 3] as number) - (keyLabels[next] as number);
        const isSame = end - start === size && sameBytes(source, start, key, keyLabels[next] as number, size);
        if (!isSame && this.isPushable) broken(`a line has another value of a label of its group at ${start}`);
        next += 4;
      }
      if (isName(source, start, nameEnd, INSTANCE)) hasInstance = true;
      lastStart = start;
      lastEnd = nameEnd;
      if (source[end] === BRACE_CLOSE && point === null) {
        this.checkComplete(next, hasInstance, at);
        this.close = end;
        return end;
      }
      place = this.expect(end, COMMA);
    }
  }

  private checkComplete(next: number, hasInstance: boolean, at: number): void {
    if (this.isPushable && (next < this.keyLabels.length || !hasInstance))
      broken(`a line lacks labels of its group at ${at}`);
    if (this.quotedNames.length > 0) this.checkQuotedNames();
  }

  /** Reads what follows the labels read last, ` value` and the end of the line; returns where the next line begins. */
  readValue(): number {
    const start = this.expect(this.close + 1, SPACE);
    const { source } = this;
    let end = start;
    while (end < this.end && source[end] !== LINE_FEED) end++;
    this.checkNumber(start, end);
    return this.expect(end, LINE_FEED);
  }

  /** Reads a label at `at` into `label`. */
  private readLabel(at: number): void {
    const { source, label } = this;
    label.start = at;
    label.nameEnd = source[at] === QUOTE ? this.readQuotedLabelName(at) : this.readPlainLabelName(at);
    label.valueStart = this.expect(this.expect(label.nameEnd, EQUALS), QUOTE);
    label.end = this.quotedEnd(label.valueStart) + 1;
  }

  private readPlainLabelName(start: number): number {
    const { source, end } = this;
    let at = start;
    for (; at < end; at++) {
      const byte = byteAt(source, at);
      if (!isLetter(byte) && byte !== UNDERSCORE && (at === start || !isDigit(byte))) break;
    }
    const isReserved = source[start] === UNDERSCORE && source[start + 1] === UNDERSCORE;
    if (at === start || (isReserved && this.isPushable)) broken(`a label has no name that it may have at ${start}`);
    return at;
  }

  private readQuotedLabelName(start: number): number {
    const end = this.quotedEnd(start + 1);
    const name = unescaped(this.source, start + 1, end);
    if (this.isPushable && (name === "" || isLegacyLabelName(name) || name.startsWith("__")))
      broken(`a label has no name that it may have at ${start}`);
    this.isQuoted = true;
    this.quotedNames.push(name);
    return end + 1;
  }

  /** What old scrapers would make of the quoted names together; with plain ones they are one only once escaped. */
  private checkQuotedNames(): void {
    const fault = findUnscrapable([...this.quotedNames]);
    this.quotedNames.length = 0;
    if (fault !== null && this.isPushable) broken(`a line ${fault}`);
  }

  /** The place of the closing quote of what begins at `start`. */
  private quotedEnd(start: number): number {
    const { source, end } = this;
    for (let at = start; at < end; at++) {
      const byte = source[at];
      if (byte === QUOTE) return at;
      if (byte === LINE_FEED) break;
      if (byte !== BACKSLASH) continue;
      const escaped = source[++at];
      if (escaped !== BACKSLASH && escaped !== QUOTE && escaped !== LOWER_N) break;
    }
    return broken(`a text in quotes is not one at ${start}`);
  }

  /** The name of the label read last must come behind source[start, end). */
  private checkOrder(start: number, end: number): void {
    const { source, label } = this;
    const quoted = source[start] === QUOTE || source[label.start] === QUOTE;
    const order = quoted
      ? Buffer.compare(nameOf(source, start, end), nameOf(source, label.start, label.nameEnd))
      : compareBytes(source, start, end - start, source, label.start, label.nameEnd - label.start);
    if (order >= 0 && this.isPushable) broken(`labels are not sorted, or one is there twice at ${label.start}`);
  }

  /** Most numbers are digits with or without a point. */
  private checkNumber(start: number, end: number): void {
    const { source } = this;
    let at = start;
    if (source[at] === MINUS) at++;
    const digits = at;
    while (at < end && isDigit(byteAt(source, at))) at++;
    if (at > digits && source[at] === POINT && at + 1 < end) {
      at++;
      while (at < end && isDigit(byteAt(source, at))) at++;
    }
    if (at === end && end > digits) return;
    if (end - start > 32 || !NUMBER.test(decoder.decode(source.subarray(start, end))))
      broken(`a value is not a number at ${start}`);
  }

  private expect(at: number, byte: number): number {
    if (at >= this.end || this.source[at] !== byte)
      broken(`expected ${JSON.stringify(String.fromCharCode(byte))} at ${at}`);
    return at + 1;
  }
}

const JOB = Buffer.from("job");
const INSTANCE = Buffer.from("instance");

function isName(source: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  return end - start === name.length && sameBytes(source, start, name, 0, name.length);
}

/** Whether a label has the name of the key's label at `at` of its bounds. */
function isKeyName(
  key: Uint8Array,
  labels: readonly number[],
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): boolean {
  const keyStart = labels[at] as number;
  const size = (labels[at + 1] as number) - keyStart;
  return end - start === size && sameBytes(source, start, key, keyStart, size);
}

function nameOf(source: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(
    source[start] === QUOTE ? unescaped(source, start + 1, end - 1) : decoder.decode(source.subarray(start, end)),
  );
}

function unescaped(source: Uint8Array, start: number, end: number): string {
  return decoder.decode(unescapeBytes(source.subarray(start, end)));
}
