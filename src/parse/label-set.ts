import { intAt } from "../bytes/at.ts";
import { hashBytes, sameBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { MAX_KEPT_SLOTS } from "./family-table.ts";

/**
 * Finds the labels of one series by name, where there are too many to compare each with each: open addressing over
 * label rows, at most half full. Names could be made to collide in a Set (docs/workarounds.md, `string-hash`). See
 * FamilyTable why it is a table of its own.
 */
export class LabelSet {
  /** Label row + 1; 0 is free. */
  private slots = new Int32Array(64);
  private count = 0;

  clear(): void {
    if (this.slots.length > MAX_KEPT_SLOTS) this.slots = new Int32Array(64);
    else if (this.count > 0) this.slots.fill(0);
    this.count = 0;
  }

  /** The label row of the same name, or -1. */
  find(columns: PushColumns, row: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    for (let slot = hashName(columns, row) & mask; ; slot = (slot + 1) & mask) {
      const entry = intAt(slots, slot) - 1;
      if (entry < 0 || sameName(columns, entry, row)) return entry;
    }
  }

  /** Adds a label row whose name is not in yet. */
  add(columns: PushColumns, row: number): void {
    if (++this.count * 2 > this.slots.length) this.grow(columns);
    this.place(columns, row);
  }

  private place(columns: PushColumns, row: number): void {
    const mask = this.slots.length - 1;
    let slot = hashName(columns, row) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = row + 1;
  }

  private grow(columns: PushColumns): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    for (const entry of old) if (entry !== 0) this.place(columns, entry - 1);
  }
}

function hashName(columns: PushColumns, row: number): number {
  const at = columns.labels.nameAt(row);
  const start = offsetOf(at);
  return hashBytes(columns.bytesOf(at), start, start + columns.labels.nameSize(row));
}

/** Whether two labels have the same name. */
export function sameName(columns: PushColumns, a: number, b: number): boolean {
  const { labels } = columns;
  const size = labels.nameSize(a);
  return size === labels.nameSize(b) && samePlaces(columns, labels.nameAt(a), labels.nameAt(b), size);
}

/** Whether two labels have the same value. */
export function sameValue(columns: PushColumns, a: number, b: number): boolean {
  const { labels } = columns;
  const size = labels.valueSize(a);
  return size === labels.valueSize(b) && samePlaces(columns, labels.valueAt(a), labels.valueAt(b), size);
}

function samePlaces(columns: PushColumns, a: number, b: number, size: number): boolean {
  return sameBytes(columns.bytesOf(a), offsetOf(a), columns.bytesOf(b), offsetOf(b), size);
}
