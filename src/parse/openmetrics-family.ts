import { isUtf8 } from "node:buffer";
import { isLegacyName } from "../bytes/ascii.ts";
import { sameBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { quoteToken } from "../model/quote.ts";
import { typeNote } from "../model/type-note.ts";
import { NameSet } from "./name-set.ts";
import { type OpenMetricsKind, Role, type Suffix, UNKNOWN_KIND } from "./openmetrics-kinds.ts";
import { endsInUnit } from "./unit.ts";

const NO_SUFFIX = new Uint8Array(0);

/**
 * The family that the newest line of an OpenMetrics push is about. All its lines are together: metadata, then samples.
 * Methods return what is wrong, or null.
 */
export class OpenMetricsFamily {
  /** Its row, or -1 before the first. */
  row = -1;
  kind: OpenMetricsKind = UNKNOWN_KIND;
  /** What the newest sample is of its metric. */
  role: Role = Role.value;
  private readonly names = new NameSet();
  private nameAt = 0;
  private nameSize = 0;
  private isTyped = false;
  private hasHelp = false;
  private unitAt = 0;
  /** -1: no unit was given. */
  private unitSize = -1;
  /** It has samples, so its name in the store is settled. */
  private isSettled = true;
  /** The name of the newest sample, while the role still follows from it; size 0 otherwise. */
  private sampleAt = 0;
  private sampleSize = 0;

  constructor(
    private readonly columns: PushColumns,
    private readonly utf8Names: boolean,
  ) {}

  begin(): void {
    this.names.clear();
    this.row = -1;
    this.nameSize = 0;
    this.sampleSize = 0;
    this.isSettled = true;
  }

  /** The name in quotes, for errors. */
  get quotedName(): string {
    return quoteToken(this.columns.slice(this.nameAt, this.nameSize));
  }

  /** Whether a name is that of the family. */
  isNamed(at: number, size: number): boolean {
    const { columns } = this;
    if (size !== this.nameSize) return false;
    return sameBytes(columns.bytesOf(at), offsetOf(at), columns.bytesOf(this.nameAt), offsetOf(this.nameAt), size);
  }

  /** Whether a line about this name ends the family before it. */
  isOther(at: number, size: number): boolean {
    return this.row >= 0 && !this.isNamed(at, size);
  }

  /** Whether a sample of this name ends the family before it. */
  isOtherSample(at: number, size: number): boolean {
    const { columns, sampleAt } = this;
    if (this.row < 0) return false;
    if (at >= 0 && size === this.sampleSize && sameBytes(columns.body, at, columns.body, sampleAt, size)) return false;
    this.sampleSize = 0;
    const suffix = this.suffixOf(at, size);
    if (suffix === null) return true;
    this.role = suffix.role;
    this.sampleAt = at;
    this.sampleSize = at < 0 ? 0 : size;
    return false;
  }

  /** Enters the family of a metadata line. */
  enter(at: number, size: number): string | null {
    if (this.row < 0 || !this.isNamed(at, size)) return this.open(at, size);
    return this.isSettled ? `expected the metadata of ${this.quotedName} before its samples` : null;
  }

  /** Enters the family of a sample: unknown, if nothing was said of it. */
  enterSample(at: number, size: number): string | null {
    if (this.row < 0 || this.isOtherSample(at, size)) {
      const wrong = this.open(at, size);
      if (wrong !== null) return wrong;
      this.role = Role.value;
    }
    return this.isSettled ? null : this.settle();
  }

  setType(kind: OpenMetricsKind): string | null {
    if (this.isTyped) return `second TYPE line for metric name ${this.quotedName}`;
    this.isTyped = true;
    this.kind = kind;
    return null;
  }

  setUnit(at: number, size: number): string | null {
    if (this.unitSize >= 0) return `second UNIT line for metric name ${this.quotedName}`;
    this.unitAt = at;
    this.unitSize = size;
    return null;
  }

  noteHelp(): string | null {
    if (this.hasHelp) return `second HELP line for metric name ${this.quotedName}`;
    this.hasHelp = true;
    return null;
  }

  /** No line is about the family any more. */
  close(): string | null {
    return this.row < 0 || this.isSettled ? null : this.settle();
  }

  private open(at: number, size: number): string | null {
    const { columns } = this;
    const bytes = columns.bytesOf(at);
    const start = offsetOf(at);
    // What is read without quotes is of the old character set.
    const isWrong = at < 0 && !(this.utf8Names ? isUtf8(columns.slice(at, size)) : isLegacyName(bytes, start, size));
    if (size === 0 || isWrong) return `invalid metric name ${quoteToken(bytes.subarray(start, start + size))}`;
    this.row = columns.addFamily(at, size);
    this.kind = UNKNOWN_KIND;
    this.nameAt = at;
    this.nameSize = size;
    this.isTyped = false;
    this.hasHelp = false;
    this.unitSize = -1;
    this.isSettled = false;
    this.sampleSize = 0;
    return null;
  }

  /** All metadata is known. */
  private settle(): string | null {
    const { columns, kind, row } = this;
    this.isSettled = true;
    const unit = this.findUnit();
    if (typeof unit === "string") return unit;
    const wrong = this.claimNames();
    if (wrong !== null) return wrong;
    columns.families.setType(row, kind.type);
    columns.families.setTypeNote(row, typeNote(kind.note, unit));
    return null;
  }

  /** The size of the unit, or what is wrong with it. */
  private findUnit(): number | string {
    const { columns, kind, unitAt, unitSize } = this;
    if (unitSize <= 0) return 0;
    if (kind.word === "info" || kind.word === "stateset")
      return `expected no unit for the ${kind.word} ${this.quotedName}`;
    const start = offsetOf(this.nameAt);
    const end = start + this.nameSize;
    if (endsInUnit(columns.bytesOf(this.nameAt), start, end, columns.body, unitAt, unitSize)) return unitSize;
    const unit = quoteToken(columns.slice(unitAt, unitSize));
    return `unit ${unit} is no suffix of the metric name ${this.quotedName}`;
  }

  /** Notes all names that samples of the family may have: no other family may have them. */
  private claimNames(): string | null {
    const { columns, kind, names, nameAt, nameSize, row } = this;
    if (!names.add(columns, nameAt, nameSize)) return this.clash(NO_SUFFIX);
    for (const { bytes, role } of kind.suffixes) {
      if (bytes.length === 0) continue;
      const at = this.spillName(bytes);
      if (!names.add(columns, at, nameSize + bytes.length)) return this.clash(bytes);
      if (role === Role.value) columns.families.setName(row, at, nameSize + bytes.length);
    }
    return null;
  }

  private clash(suffix: Uint8Array): string {
    const name = Buffer.concat([this.columns.slice(this.nameAt, this.nameSize), suffix]);
    return `the name ${quoteToken(name)} is that of another family as well`;
  }

  /** The place of the name with a suffix, in the spill. */
  private spillName(suffix: Uint8Array): number {
    const { columns, nameAt, nameSize } = this;
    columns.reserveSpill(nameSize + suffix.length);
    const at = columns.spillSize;
    columns.spill.set(columns.slice(nameAt, nameSize), at);
    columns.spill.set(suffix, at + nameSize);
    columns.spillSize += nameSize + suffix.length;
    return ~at;
  }

  private suffixOf(at: number, size: number): Suffix | null {
    const { columns, nameAt, nameSize } = this;
    const bytes = columns.bytesOf(at);
    const start = offsetOf(at);
    if (size < nameSize || !sameBytes(bytes, start, columns.bytesOf(nameAt), offsetOf(nameAt), nameSize)) return null;
    const end = start + nameSize;
    for (const suffix of this.kind.suffixes) {
      if (suffix.bytes.length !== size - nameSize) continue;
      if (sameBytes(bytes, end, suffix.bytes, 0, suffix.bytes.length)) return suffix;
    }
    return null;
  }
}
