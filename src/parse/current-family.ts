import { isUtf8 } from "node:buffer";
import { isLegacyName } from "../bytes/ascii.ts";
import { sameBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { quoteToken } from "../model/quote.ts";
import { FamilyTable } from "./family-table.ts";
import { Part } from "./samples.ts";

const COUNT_SIZE = 6;
const SUM_SIZE = 4;
const BUCKET_SIZE = 7;

/**
 * The family that the newest line of a text push is about, and the part of it. A name that is nobody's yet makes a
 * family; one that ends in `_count`, `_sum` or `_bucket` may be a part of a summary or histogram that was declared
 * before.
 */
export class CurrentFamily {
  /** The family's row, or -1 before the first. */
  row = -1;
  part: Part = Part.plain;
  private readonly table = new FamilyTable();
  /** The metric name of the newest sample line, while `row` and `part` still follow from it; size 0 otherwise. */
  private lastNameAt = 0;
  private lastNameSize = 0;

  constructor(
    private readonly columns: PushColumns,
    private readonly utf8Names: boolean,
  ) {}

  begin(): void {
    this.table.clear();
    this.row = -1;
    this.lastNameSize = 0;
  }

  get type(): MetricType {
    return this.columns.families.type(this.row);
  }

  /** The family's name in quotes, for errors. */
  get quotedName(): string {
    if (this.row < 0) return '""';
    return quoteToken(this.columns.familyNameBytes(this.row));
  }

  /** Enters the family of a sample's name: it is untyped if nothing else was said. Returns the error, or null. */
  enterForSample(at: number, size: number): string | null {
    const { columns } = this;
    const isLast = at >= 0 && size === this.lastNameSize;
    if (isLast && sameBytes(columns.body, at, columns.body, this.lastNameAt, size)) return null;
    const error = this.enter(at, size);
    if (error !== null) return error;
    if (columns.families.type(this.row) < 0) columns.families.setType(this.row, MetricType.untyped);
    this.lastNameAt = at;
    this.lastNameSize = at < 0 ? 0 : size;
    return null;
  }

  /** Enters the family of a name, adding it if it is new. Returns the error, or null. */
  enter(at: number, size: number): string | null {
    this.lastNameSize = 0;
    const name = this.columns.bytesOf(at);
    const start = offsetOf(at);
    if (size === 0 || (at < 0 && !this.isValid(name, start, size)))
      return `invalid metric name ${quoteToken(name.subarray(start, start + size))}`;
    this.part = Part.plain;
    // The lines of a family are together: HELP, TYPE, samples.
    if (this.row >= 0 && this.columns.isFamilyName(this.row, name, start, size)) return null;
    this.row = this.table.find(this.columns, name, start, size);
    if (this.row < 0 && !this.enterOwner(name, start, size)) {
      this.row = this.columns.addFamily(at, size);
      this.table.add(this.columns, this.row);
    }
    return null;
  }

  /** Only quoted names are asked: what is read without quotes is of the old character set. */
  private isValid(name: Uint8Array, start: number, size: number): boolean {
    return this.utf8Names ? isUtf8(name.subarray(start, start + size)) : isLegacyName(name, start, size);
  }

  private enterOwner(name: Uint8Array, start: number, size: number): boolean {
    const suffix = suffixOf(name, start, size);
    if (suffix === 0) return false;
    const owner = this.table.find(this.columns, name, start, size - suffix);
    if (owner < 0) return false;
    const type = this.columns.families.type(owner);
    const isHistogram = type === MetricType.histogram || type === MetricType.gaugeHistogram;
    if (!isHistogram && !(type === MetricType.summary && suffix !== BUCKET_SIZE)) return false;
    this.row = owner;
    this.part = suffix === COUNT_SIZE ? Part.count : suffix === SUM_SIZE ? Part.sum : Part.plain;
    return true;
  }
}

/** The size of the suffix _count, _sum or _bucket of a longer name; 0 if there is none. */
function suffixOf(name: Uint8Array, start: number, size: number): number {
  const end = start + size;
  if (size > COUNT_SIZE && endsWith(name, end, "_count")) return COUNT_SIZE;
  if (size > SUM_SIZE && endsWith(name, end, "_sum")) return SUM_SIZE;
  return size > BUCKET_SIZE && endsWith(name, end, "_bucket") ? BUCKET_SIZE : 0;
}

function endsWith(name: Uint8Array, end: number, suffix: string): boolean {
  const start = end - suffix.length;
  for (let i = 0; i < suffix.length; i++) if (name[start + i] !== suffix.charCodeAt(i)) return false;
  return true;
}
