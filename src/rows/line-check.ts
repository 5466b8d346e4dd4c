import { isDigit, isLabelPart, isLabelStart } from "../bytes/ascii.ts";
import { byteAt } from "../bytes/at.ts";
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  EQUALS,
  LINE_FEED,
  LOWER_E,
  LOWER_N,
  MINUS,
  PLUS,
  POINT,
  QUOTE,
  SPACE,
  UNDERSCORE,
} from "../bytes/characters.ts";
import { commonSize, compareBytes, sameBytes } from "../bytes/hash.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../model/names.ts";
import { findUnscrapable } from "../model/scraped-labels.ts";
import { broken } from "./row-fault.ts";

const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$|^NaN$/;

/** The most bytes of a number with an exponent, or that is none. */
const MOST_NUMBER_BYTES = 32;

const decoder = new TextDecoder();

/** A label as written: its name, quotes and all, its value within its quotes, and its end behind the closing one. */
interface Label {
  start: number;
  nameEnd: number;
  valueStart: number;
  end: number;
}

/**
 * Of each label of a block: where it begins, its name ends and it ends, from the block's begin on; and behind it, the
 * label of the group that is next, and whether an instance was there.
 */
const LABEL_START = 0;
const LABEL_NAME_END = 1;
const LABEL_END = 2;
const LABEL_NEXT = 3;
const LABEL_HAS_INSTANCE = 4;
const LABEL_STRIDE = 5;

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
  /**
   * The labels read last, without a point, and without quoted names: where they are in `source`, and of each label the
   * fields of LABEL_STRIDE. Those of the next line begin mostly the same.
   */
  private blockAt = 0;
  private blockSize = 0;
  private blockLabels = 0;
  private readonly block: number[] = [];

  /** `isPushable` false: only the shape is looked at, for what is in the lines is pushed anew before it is used. */
  constructor(private readonly isPushable: boolean) {}

  /** Begins with the rows of a group: checks its key, in which the job may be empty. */
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
      hasJob ||= isName(key, start, nameEnd, JOB);
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
    const { source, blockAt, blockSize } = this;
    const sameSize = commonSize(source, at, this.end, source, blockAt, blockAt + blockSize);
    const known = at + blockSize;
    if (blockSize > 0 && sameSize === blockSize && known < this.end && this.isClosed(known, point)) return known;
    const end = this.readNewLabels(at, point, sameSize);
    this.blockAt = at;
    this.blockSize = this.isQuoted ? 0 : end - at;
    return end;
  }

  /** Whether the labels are over at `at`, but for the point; `close` is then the closing brace. */
  private isClosed(at: number, point: Uint8Array | null): boolean {
    const { source, label } = this;
    this.close = at;
    if (point === null) return source[at] === BRACE_CLOSE;
    const size = point.length;
    if (source[at] !== COMMA || at + size + 1 >= this.end || !sameBytes(source, at + 1, point, 0, size)) return false;
    this.readLabel(at + 1);
    if (label.nameEnd !== at + 1 + size || source[label.end] !== BRACE_CLOSE) return false;
    this.checkNumber(label.valueStart, label.end - 1);
    this.close = label.end;
    return true;
  }

  /** Reads labels of which the first `sameSize` bytes are those of the block, and makes them the block. */
  private readNewLabels(at: number, point: Uint8Array | null, sameSize: number): number {
    const { source, label } = this;
    let count = this.sharedLabels(sameSize);
    let place = count === 0 ? at : at + this.blockLabel(count - 1, LABEL_END) + 1;
    for (; ; place = this.expect(label.end, COMMA)) {
      const next = count === 0 ? 0 : this.blockLabel(count - 1, LABEL_NEXT);
      if (!this.readKeyLabel(place, next)) this.readLabel(place);
      this.close = label.end;
      const isLast = source[label.end] === BRACE_CLOSE;
      if (point !== null && isLast && isName(source, label.start, label.nameEnd, point)) {
        this.checkNumber(label.valueStart, label.end - 1);
        return this.endLabels(count, at, label.start - 1);
      }
      this.takeLabel(at, count++, next);
      if (isLast && point === null) return this.endLabels(count, at, label.end);
    }
  }

  /** How many labels of the block, each with what follows it, are in its first `sameSize` bytes. */
  private sharedLabels(sameSize: number): number {
    let count = 0;
    while (count < this.blockLabels && this.blockLabel(count, LABEL_END) < sameSize) count++;
    return count;
  }

  private blockLabel(label: number, field: number): number {
    return this.block[label * LABEL_STRIDE + field] as number;
  }

  /** Takes the label read last as the one of this number in labels at `at`; `next` is the next label of the key. */
  private takeLabel(at: number, number: number, next: number): void {
    const { source, block } = this;
    const { start, nameEnd, end } = this.label;
    const before = number - 1;
    if (number > 0)
      this.checkOrder(at + this.blockLabel(before, LABEL_START), at + this.blockLabel(before, LABEL_NAME_END));
    const hadInstance = number > 0 && this.blockLabel(before, LABEL_HAS_INSTANCE) === 1;
    const row = number * LABEL_STRIDE;
    block[row + LABEL_START] = start - at;
    block[row + LABEL_NAME_END] = nameEnd - at;
    block[row + LABEL_END] = end - at;
    block[row + LABEL_NEXT] = this.isKeyLabel(next) ? next + 4 : next;
    block[row + LABEL_HAS_INSTANCE] = hadInstance || isName(source, start, nameEnd, INSTANCE) ? 1 : 0;
  }

  /** Whether the label read last has the name of the key's label at `next` of its bounds; it must be the same then. */
  private isKeyLabel(next: number): boolean {
    const { source, key, keyLabels } = this;
    const { start, nameEnd, end } = this.label;
    if (next === keyLabels.length || !isKeyName(key, keyLabels, next, source, start, nameEnd)) return false;
    const keyStart = keyLabels[next] as number;
    const size = (keyLabels[next + 3] as number) - keyStart;
    const isSame = end - start === size && sameBytes(source, start, key, keyStart, size);
    if (!isSame && this.isPushable) broken(`a line has another value of a label of its group at ${start}`);
    return true;
  }

  /** Ends `count` labels at `at`, which must be complete; returns `end`. */
  private endLabels(count: number, at: number, end: number): number {
    if (count === 0) broken(`a line has no labels of its group at ${at}`);
    const next = this.blockLabel(count - 1, LABEL_NEXT);
    const hasInstance = this.blockLabel(count - 1, LABEL_HAS_INSTANCE) === 1;
    if (this.isPushable && (next < this.keyLabels.length || !hasInstance))
      broken(`a line lacks labels of its group at ${at}`);
    if (this.quotedNames.length > 0) this.checkQuotedNames();
    this.blockLabels = count;
    return end;
  }

  /** Reads what follows the labels read last, ` value` and the end of the line; returns where the next line begins. */
  readValue(): number {
    const start = this.expect(this.close + 1, SPACE);
    const { source } = this;
    const digitsEnd = this.digitsEnd(start, this.end);
    if (digitsEnd > start && digitsEnd < this.end && source[digitsEnd] === LINE_FEED) return digitsEnd + 1;
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

  /** Reads a label at `at` that is the key's label at `next` of its bounds, if it is: its bytes are known. */
  private readKeyLabel(at: number, next: number): boolean {
    const { source, key, keyLabels, label } = this;
    if (next === keyLabels.length) return false;
    const keyStart = keyLabels[next] as number;
    const size = (keyLabels[next + 3] as number) - keyStart;
    if (source[at] === QUOTE || at + size >= this.end || !sameBytes(source, at, key, keyStart, size)) return false;
    label.start = at;
    label.nameEnd = at + (keyLabels[next + 1] as number) - keyStart;
    label.valueStart = at + (keyLabels[next + 2] as number) - keyStart;
    label.end = at + size;
    return true;
  }

  private readPlainLabelName(start: number): number {
    const { source, end } = this;
    let at = start;
    if (at < end && isLabelStart(byteAt(source, at))) at++;
    if (at > start) while (at < end && isLabelPart(byteAt(source, at))) at++;
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

  private checkNumber(start: number, end: number): void {
    if (end > start && this.digitsEnd(start, end) === end) return;
    if (end - start > MOST_NUMBER_BYTES || !NUMBER.test(decoder.decode(this.source.subarray(start, end))))
      broken(`a value is not a number at ${start}`);
  }

  /** Where the number of digits that begins at `start` ends, at `end` at the most; `start`: there is none of digits. */
  private digitsEnd(start: number, end: number): number {
    const { source } = this;
    const first = source[start] === MINUS ? start + 1 : start;
    let at = this.skipDigits(first, end);
    if (at === first) return start;
    if (at < end && source[at] === POINT) {
      const fraction = at + 1;
      at = this.skipDigits(fraction, end);
      if (at === fraction) return start;
    }
    return at < end && source[at] === LOWER_E ? this.exponentEnd(at + 1, end, start) : at;
  }

  /** Where the exponent at `at` ends, or `none`. */
  private exponentEnd(at: number, end: number, none: number): number {
    const sign = this.source[at];
    const first = sign === PLUS || sign === MINUS ? at + 1 : at;
    const last = this.skipDigits(first, end);
    return last > first && last - none <= MOST_NUMBER_BYTES ? last : none;
  }

  private skipDigits(start: number, end: number): number {
    const { source } = this;
    let at = start;
    while (at < end && isDigit(byteAt(source, at))) at++;
    return at;
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
