import { byteAt } from "../bytes/at.ts";
import { HEAD_AGE_BYTES, HEAD_HAS_AGE, HEAD_HAS_HELP, HEAD_HAS_NOTE, HEAD_NOTE_BYTES } from "../model/kept-group.ts";
import { NO_NOTE } from "../model/type-note.ts";
import { broken } from "./row-fault.ts";

/** Of a family in `parts`, before its head: the numbers of `RowWriter.writePart`. */
export const NUMBERS_BYTES = 32;
/** Type, flags and the size of the name, which a head begins with. */
export const HEAD_NUMBERS_BYTES = 6;
const LAST_TYPE = 5;
/** Where each number is among them, as `RowWriter.writePart` says what they are. */
export const PUSHED_AT = 0;
export const METRICS_AT = 8;
export const LINES_AT = 12;
export const START_AT = 16;
export const SIZE_AT = 20;
export const SIDE_SIZE_AT = 24;
export const HEAD_SIZE_AT = 28;
/** Counts and sizes are kept as integers of 32 bits. */
const MOST = 2 ** 31 - 1;

/**
 * Walks the families of a row by its `parts`; all fields but numbers of the family are places in it. What is not whole
 * throws.
 */
export class PartsCursor {
  at = 0;
  headAt = 0;
  headSize = 0;
  sideAt = 0;
  /** -1: there is none. */
  sideSize = 0;
  type = 0;
  flags = 0;
  /** As in type-note.ts, where flags do not say it. */
  typeNote = 0;
  nameAt = 0;
  nameSize = 0;
  helpAt = 0;
  /** -1: there is none. */
  helpSize = 0;
  /** Of the family: when it was pushed, its metrics and lines, and where these are in the exposition. */
  pushedMs = 0;
  metricCount = 0;
  lineCount = 0;
  linesAt = 0;
  linesSize = 0;
  private parts: Uint8Array = new Uint8Array(0);
  private numbers: DataView = new DataView(this.parts.buffer);
  private expositionSize = 0;
  private next = 0;

  open(parts: Uint8Array, expositionSize: number): void {
    this.parts = parts;
    this.numbers = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
    this.expositionSize = expositionSize;
    this.next = 0;
  }

  step(): boolean {
    const { parts, numbers } = this;
    const at = this.next;
    if (at === parts.length) return false;
    if (parts.length - at < NUMBERS_BYTES) broken(`a family is cut short at ${at}`);
    this.at = at;
    this.pushedMs = numbers.getFloat64(at + PUSHED_AT, true);
    this.metricCount = numbers.getUint32(at + METRICS_AT, true);
    this.lineCount = numbers.getUint32(at + LINES_AT, true);
    this.linesAt = numbers.getUint32(at + START_AT, true);
    this.linesSize = numbers.getUint32(at + SIZE_AT, true);
    this.sideSize = numbers.getInt32(at + SIDE_SIZE_AT, true);
    this.headSize = numbers.getUint32(at + HEAD_SIZE_AT, true);
    this.headAt = at + NUMBERS_BYTES;
    this.sideAt = this.headAt + this.headSize;
    this.next = this.sideAt + Math.max(this.sideSize, 0);
    const isInside = this.next <= parts.length && this.linesAt + this.linesSize <= this.expositionSize;
    if (!isInside || this.metricCount > MOST || this.lineCount > MOST || this.sideSize < -1)
      broken(`the family at ${at} is not whole`);
    this.readHead();
    return true;
  }

  /** Where the family ends. */
  get end(): number {
    return this.next;
  }

  private readHead(): void {
    const { parts, numbers, headAt, headSize } = this;
    if (headSize < HEAD_NUMBERS_BYTES) broken(`the head of the family at ${this.at} is not whole`);
    this.type = byteAt(parts, headAt);
    this.flags = byteAt(parts, headAt + 1);
    this.nameAt = headAt + HEAD_NUMBERS_BYTES;
    this.nameSize = numbers.getUint32(headAt + 2, true);
    const ageSize = (this.flags & HEAD_HAS_AGE) !== 0 ? HEAD_AGE_BYTES : 0;
    const noteSize = (this.flags & HEAD_HAS_NOTE) !== 0 ? HEAD_NOTE_BYTES : 0;
    if (noteSize > 0 && headSize >= HEAD_NUMBERS_BYTES + this.nameSize + noteSize)
      this.typeNote = numbers.getInt32(this.nameAt + this.nameSize, true);
    else this.typeNote = NO_NOTE;
    const fixedSize = this.nameSize + noteSize + ageSize;
    this.helpAt = this.nameAt + fixedSize;
    const rest = headSize - HEAD_NUMBERS_BYTES - fixedSize;
    const hasHelp = (this.flags & HEAD_HAS_HELP) !== 0;
    if (this.type > LAST_TYPE || rest < 0 || (!hasHelp && rest > 0))
      broken(`the head of the family at ${this.at} is not whole`);
    this.helpSize = hasHelp ? rest : -1;
  }
}
