import { sameBytes } from "../bytes/hash.ts";
import { appendHelpText } from "../bytes/help-text.ts";
import { Writer } from "../bytes/writer.ts";
import { HEAD_ASIDE, HEAD_HAS_AGE, HEAD_HAS_HELP, HEAD_QUOTED, HEAD_TYPELESS } from "../model/kept-group.ts";
import { METRIC_TYPE_WORDS, type MetricType } from "../model/metric-type.ts";
import type { GroupFamily, GroupView } from "../model/view.ts";

/** The columns of a row, as bytes. */
export interface Row {
  /** The labels as a JSON object, in the order of their names. */
  readonly labels: Uint8Array;
  /** HELP, TYPE and lines of each family: what people read. */
  readonly exposition: Uint8Array;
  /** Where the families stand in the exposition and what it does not say; see `writePart`. */
  readonly parts: Uint8Array;
}

/** Heads of so many families are kept; there are seldom more names than this. */
const HEADS_KEPT = 65_536;
/** Of a family in `parts`, before its head. */
export const NUMBERS_BYTES = 32;
const LINE_FEED = 0x0a;
/** The size of a side that is not there. */
const NO_SIDE = -1;

/** What the rows of all groups say alike about a family. */
interface FamilyHead {
  readonly name: string;
  readonly type: MetricType;
  readonly isTypeless: boolean;
  readonly quoted: boolean;
  readonly help: Uint8Array | null;
  readonly age: number;
  readonly isAside: boolean;
  /** The HELP and TYPE lines. */
  readonly lines: Uint8Array;
  /** The head as it stands in `parts`. */
  readonly bytes: Uint8Array;
}

/** Writes groups as rows. What it gives is lent until the next row. */
export class RowWriter {
  private readonly labels = new Writer(1024);
  private readonly exposition = new Writer(65536);
  private readonly parts = new Writer(4096);
  /** By the id of the family. */
  private readonly heads: (FamilyHead | undefined)[] = [];
  private readonly numbers = new DataView(new ArrayBuffer(NUMBERS_BYTES));
  private readonly numberBytes = new Uint8Array(this.numbers.buffer);

  write(group: GroupView): Row {
    const { labels, exposition, parts } = this;
    labels.reset();
    exposition.reset();
    parts.reset();
    labels.text(JSON.stringify(Object.fromEntries(group.labels.map(({ name, value }) => [name, value]))));
    for (const family of group.families) {
      const head = this.headOf(family);
      exposition.append(head.lines);
      this.writePart(family, head, exposition.length);
      exposition.append(family.lines);
    }
    return { labels: labels.view(), exposition: exposition.view(), parts: parts.view() };
  }

  private headOf(family: GroupFamily): FamilyHead {
    const kept = this.heads[family.id];
    if (kept !== undefined && isHeadOf(kept, family)) return kept;
    const head = makeHead(family);
    if (family.id < HEADS_KEPT) this.heads[family.id] = head;
    return head;
  }

  /**
   * Appends one family to `parts`, numbers little-endian; `start` is where its lines stand in the exposition:
   *
   *     f64 pushedMs | u32 metrics | u32 lines | u32 start | u32 size | i32 size of the side or -1 | u32 size of the head
   *     head:  u8 type | u8 flags of kept-group.ts | u32 size of the name | name | f64 age, if there is one | help
   *     side
   */
  private writePart(family: GroupFamily, head: FamilyHead, start: number): void {
    const { numbers, parts } = this;
    numbers.setFloat64(0, family.pushedMs, true);
    numbers.setUint32(8, family.metricCount, true);
    numbers.setUint32(12, family.lineCount, true);
    numbers.setUint32(16, start, true);
    numbers.setUint32(20, family.lines.length, true);
    numbers.setInt32(24, family.side?.length ?? NO_SIDE, true);
    numbers.setUint32(28, head.bytes.length, true);
    parts.append(this.numberBytes);
    parts.append(head.bytes);
    if (family.side !== null) parts.append(family.side);
  }
}

function isHeadOf(
  head: FamilyHead,
  { name, type, isTypeless = false, quoted, help, age, isAside }: GroupFamily,
): boolean {
  if (head.age !== age || head.isAside !== isAside) return false;
  if (head.name !== name || head.type !== type || head.quoted !== quoted) return false;
  if (head.isTypeless !== isTypeless) return false;
  if (head.help === null || help === null) return head.help === help;
  return head.help.length === help.length && sameBytes(head.help, 0, help, 0, help.length);
}

function makeHead({ name, type, isTypeless = false, quoted, help, age, isAside }: GroupFamily): FamilyHead {
  const lines = new Writer(256);
  if (help !== null) {
    lines.text(`# HELP ${JSON.stringify(name)} `);
    appendHelpText(lines, help);
    lines.byte(LINE_FEED);
  }
  lines.text(`# TYPE ${JSON.stringify(name)} ${METRIC_TYPE_WORDS[type]}\n`);
  const bytes = new Writer(256);
  bytes.byte(type);
  const flags = (quoted ? HEAD_QUOTED : 0) | (help === null ? 0 : HEAD_HAS_HELP);
  bytes.byte(flags | (isAside ? HEAD_ASIDE : 0) | (age === 0 ? 0 : HEAD_HAS_AGE) | (isTypeless ? HEAD_TYPELESS : 0));
  appendSized(bytes, Buffer.from(name));
  if (age !== 0) bytes.append(new Uint8Array(Float64Array.of(age).buffer));
  if (help !== null) bytes.append(help);
  const said = { name, type, isTypeless, quoted, help: help?.slice() ?? null, age, isAside };
  return { ...said, lines: lines.finish(), bytes: bytes.finish() };
}

/** Appends a size of 32 bits and the bytes. */
export function appendSized(out: Writer, bytes: Uint8Array): void {
  const size = bytes.length;
  for (let shift = 0; shift < 32; shift += 8) out.byte((size >>> shift) & 0xff);
  out.append(bytes);
}

/** Reads sized pieces of a buffer one after the other; throws where it ends too early. */
export class PieceReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  take(size: number): Uint8Array {
    if (size > this.bytes.length - this.at) throw new Error(`reading a row: ${size} bytes are missing at ${this.at}`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  sized(): Uint8Array {
    return this.take(this.uint32());
  }

  byte(): number {
    return this.take(1)[0] as number;
  }

  uint32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }

  double(): number {
    this.take(8);
    return this.view.getFloat64(this.at - 8, true);
  }
}
