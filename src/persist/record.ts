import { Writer } from "../bytes/writer.ts";
import type { KeptFamily, KeptGroup } from "../model/kept-group.ts";
import { METRIC_TYPE_WORDS, type MetricType } from "../model/metric-type.ts";
import type { GroupFamily, GroupView } from "../model/view.ts";

/** The columns of a row, as bytes. */
export interface Row {
  /** The labels as a JSON object, in the order of their names. */
  readonly labels: Uint8Array;
  /** HELP, TYPE and lines of each family: what people read. */
  readonly exposition: Uint8Array;
  /** Where the families stand in the exposition and what it does not say; see `writeFamily`. */
  readonly parts: Uint8Array;
}

const decoder = new TextDecoder();
/** Heads of so many families are kept; there are seldom more names than this. */
const HEADS_KEPT = 4096;
const NUMBERS_BYTES = 26;

/** What the rows of all groups say alike about a family. */
interface FamilyHead {
  readonly type: MetricType;
  readonly help: string | null;
  /** The HELP and TYPE lines. */
  readonly lines: Uint8Array;
  /** Name and help, each behind its size, as they stand in `parts`. */
  readonly texts: Uint8Array;
}

/** Writes groups as rows. What it gives is lent until the next row. */
export class RowWriter {
  private readonly labels = new Writer(1024);
  private readonly exposition = new Writer(65536);
  private readonly parts = new Writer(4096);
  private readonly heads = new Map<string, FamilyHead>();
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
    const kept = this.heads.get(family.name);
    if (kept !== undefined && kept.type === family.type && kept.help === family.help) return kept;
    if (this.heads.size >= HEADS_KEPT) this.heads.clear();
    const head = makeHead(family);
    this.heads.set(family.name, head);
    return head;
  }

  /**
   * Appends one family to `parts`, numbers little-endian; `start` is where its lines stand in the exposition:
   *
   *     f64 pushedMs | u8 type | u8 has help, 2: has side | u32 metrics | u32 lines | u32 start in exposition | u32 size
   *     u32 size, name | u32 size, help | u32 size, side                                    (the last two where they are)
   */
  private writePart(family: GroupFamily, head: FamilyHead, start: number): void {
    const { numbers, parts } = this;
    numbers.setFloat64(0, family.pushedMs, true);
    numbers.setUint8(8, family.type);
    numbers.setUint8(9, (family.help === null ? 0 : 1) | (family.side === null ? 0 : 2));
    numbers.setUint32(10, family.metricCount, true);
    numbers.setUint32(14, family.lineCount, true);
    numbers.setUint32(18, start, true);
    numbers.setUint32(22, family.lines.length, true);
    parts.append(this.numberBytes);
    parts.append(head.texts);
    if (family.side !== null) appendSized(parts, family.side);
  }
}

function makeHead({ name, type, help }: GroupFamily): FamilyHead {
  const lines = new Writer(256);
  if (help !== null) lines.text(helpLine(name, help));
  lines.text(`# TYPE ${JSON.stringify(name)} ${METRIC_TYPE_WORDS[type]}\n`);
  const texts = new Writer(256);
  appendSized(texts, Buffer.from(name));
  if (help !== null) appendSized(texts, Buffer.from(help));
  return { type, help, lines: lines.finish(), texts: texts.finish() };
}

function helpLine(name: string, help: string): string {
  return `# HELP ${JSON.stringify(name)} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
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

/** The group of a row. Lines and sides are parts of `row`. Throws where the row is not one that `RowWriter` wrote. */
export function readRow(row: Row, succeededSeconds: number, failedSeconds: number): KeptGroup {
  const parts = new PieceReader(row.parts);
  const families: KeptFamily[] = [];
  while (!parts.done) families.push(readFamily(parts, row.exposition));
  const labels = Object.entries(JSON.parse(decoder.decode(row.labels)) as Record<string, string>);
  return { labels: labels.map(([name, value]) => ({ name, value })), succeededSeconds, failedSeconds, families };
}

function readFamily(parts: PieceReader, exposition: Uint8Array): KeptFamily {
  const pushedMs = parts.double();
  const type = parts.byte() as MetricType;
  const flags = parts.byte();
  const metricCount = parts.uint32();
  const lineCount = parts.uint32();
  const start = parts.uint32();
  const size = parts.uint32();
  const name = parts.sized();
  const help = (flags & 1) !== 0 ? parts.sized() : null;
  const side = (flags & 2) !== 0 ? parts.sized() : null;
  if (start + size > exposition.length || type > 5)
    throw new Error(`reading a row: family ${decoder.decode(name)} is not whole`);
  const lines = exposition.subarray(start, start + size);
  return { name, type, help, pushedMs, metricCount, lineCount, lines, side };
}
