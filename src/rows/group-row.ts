import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import { type KeptGroups, type KeyedGroup, OWN_SEGMENT } from "../model/kept-group.ts";
import { PUSH_ID_BYTES, PUSH_ID_STRIDE } from "../model/push-id.ts";
import { MORE } from "../model/work.ts";
import { KeptColumns } from "./kept-columns.ts";
import { pushIdBytes } from "./push-id-bytes.ts";
import { RowWriter } from "./record.ts";
import { RowCheck, type UncheckedRow } from "./row-check.ts";
import { SideCheck } from "./side-check.ts";

/** The three times and two sizes. */
const FIXED_BYTES = 32;
/** Of the size of the parts: ids of pushes follow. Who does not know them takes the row for one that is cut short. */
const HAS_PUSH_IDS = 2 ** 31;
const COUNT_BYTES = 4;
const SUCCEEDED_AT = 0;
const FAILED_AT = 8;
const TTL_AT = 16;
const EXPOSITION_SIZE_AT = 24;
const PARTS_SIZE_AT = 28;

/** A whole group outside of a store. */
export interface GroupBytes {
  /** The label block of its key. */
  readonly key: Uint8Array;
  readonly row: Uint8Array;
}

/** Writes whole groups as rows, whatever their size. */
export class GroupRowWriter {
  private readonly rows = new RowWriter();

  /**
   * The row of a group, in bytes of its own; numbers little-endian, exposition and parts as in any other row:
   *
   *     f64 succeeded | f64 failed | f64 ttl | u32 size of the exposition | u32 size of the parts | exposition | parts
   *
   * Where pushes to it came with idempotency keys the size of the parts has its highest bit set, and behind them are
   *
   *     u32 how many | ids of pushes, 20 bytes each (push-id.ts)
   */
  write({ view, succeededSeconds, failedSeconds, ttlSeconds, pushIds }: KeyedGroup): Uint8Array<ArrayBuffer> {
    const { exposition, parts } = this.rows.writeWhole(view.families);
    const end = FIXED_BYTES + exposition.length + parts.length;
    const hasIds = pushIds.length > 0;
    const row = new Uint8Array(hasIds ? end + COUNT_BYTES + pushIds.byteLength : end);
    const numbers = new DataView(row.buffer);
    numbers.setFloat64(SUCCEEDED_AT, succeededSeconds, true);
    numbers.setFloat64(FAILED_AT, failedSeconds, true);
    numbers.setFloat64(TTL_AT, ttlSeconds, true);
    numbers.setUint32(EXPOSITION_SIZE_AT, exposition.length, true);
    numbers.setUint32(PARTS_SIZE_AT, hasIds ? parts.length + HAS_PUSH_IDS : parts.length, true);
    row.set(exposition, FIXED_BYTES);
    row.set(parts, FIXED_BYTES + exposition.length);
    if (hasIds) {
      numbers.setUint32(end, pushIds.length / PUSH_ID_STRIDE, true);
      row.set(pushIdBytes(pushIds), end + COUNT_BYTES);
    }
    return row;
  }

  /** The store has no family of this id any more. */
  forget(family: number): void {
    this.rows.heads.forget(family);
  }

  /** The store has none of the families any more. */
  clear(): void {
    this.rows.heads.clear();
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.rows.sizeBytes;
  }
}

/**
 * Reads what a GroupRowWriter wrote somewhere else. Each byte is looked at: nothing comes in that no push could bring.
 */
export class GroupRowReader {
  private readonly columns = new KeptColumns();
  private readonly check = new RowCheck(new SideCheck());
  /** What `begin` was given. */
  private begun: { readonly group: GroupBytes; readonly row: UncheckedRow } | null = null;

  /** The groups of these rows, in their order, in arrays of their own; or what is wrong with one of them. */
  read(groups: readonly GroupBytes[]): KeptGroups | Fault {
    for (const group of groups) {
      const fault = this.add(group);
      if (fault === null) continue;
      this.columns.finish();
      return rowFault(group, fault);
    }
    return this.columns.finish();
  }

  private add(group: GroupBytes): string | null {
    const row = unchecked(group);
    if (typeof row === "string") return row;
    const fault = this.check.findFault(row);
    if (fault === null) this.columns.add(row);
    return fault;
  }

  /** Begins with the row of one group, which `readOn` reads; or what is wrong with it. */
  begin(group: GroupBytes): Fault | null {
    const row = unchecked(group);
    if (typeof row === "string") return rowFault(group, row);
    this.begun = { group, row };
    this.check.begin(row);
    return null;
  }

  /** Reads about so many bytes more: the group, what is wrong with its row, or MORE. */
  readOn(sizeBytes: number): KeptGroups | Fault | typeof MORE {
    const { begun, columns } = this;
    if (begun === null) throw new Broken("reading a row: none was begun");
    const fault = this.check.readOn(sizeBytes);
    if (fault === MORE) return MORE;
    this.begun = null;
    if (fault !== null) return rowFault(begun.group, fault);
    columns.add(begun.row);
    return columns.finish();
  }
}

const rowFault = ({ key }: GroupBytes, fault: string): Fault =>
  new Fault(`reading the row of the group {${Buffer.from(key)}}: ${fault}`);

/** The parts of a row; or why it has none. */
function unchecked({ key, row }: GroupBytes): UncheckedRow | string {
  if (row.length < FIXED_BYTES) return `it has ${row.length} bytes, expected ${FIXED_BYTES} or more`;
  const numbers = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const partsAt = FIXED_BYTES + numbers.getUint32(EXPOSITION_SIZE_AT, true);
  const size = numbers.getUint32(PARTS_SIZE_AT, true);
  const hasIds = size >= HAS_PUSH_IDS;
  const partsEnd = partsAt + (hasIds ? size - HAS_PUSH_IDS : size);
  const idsAt = hasIds ? partsEnd + COUNT_BYTES : partsEnd;
  const count = hasIds && row.length >= idsAt ? numbers.getUint32(partsEnd, true) : 0;
  const end = idsAt + count * PUSH_ID_BYTES;
  if (row.length !== end) return `it has ${row.length} bytes, expected ${end}`;
  if (hasIds && count === 0) return "it has no ids of pushes, though it says so";
  return {
    key,
    segment: OWN_SEGMENT,
    succeeded: numbers.getFloat64(SUCCEEDED_AT, true),
    failed: numbers.getFloat64(FAILED_AT, true),
    ttl: numbers.getFloat64(TTL_AT, true),
    exposition: row.subarray(FIXED_BYTES, partsAt),
    parts: row.subarray(partsAt, partsEnd),
    pushIds: row.subarray(idsAt),
    isTyped: 1,
  };
}
