import { intAt } from "../bytes/at.ts";
import { hashBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { MAX_KEPT_SLOTS } from "./family-table.ts";
import { LabelSet, sameName, sameValue } from "./label-set.ts";

/**
 * Brings the lines of one summary or histogram together: finds the metric of a family that has a given set of labels,
 * whatever their order. Open addressing over pairs (metric row + 1, family row), at most half full. See
 * FamilyTable why it is a table of its own.
 */
export class SeriesTable {
  private slots = new Int32Array(2 * 64);
  private used = 0;

  clear(): void {
    if (this.slots.length > 2 * MAX_KEPT_SLOTS) this.slots = new Int32Array(2 * 64);
    else if (this.used > 0) this.slots.fill(0);
    this.used = 0;
  }

  /** The metric of `family` whose labels are the rows from `firstLabel` to the newest, or -1. */
  find(columns: PushColumns, family: number, firstLabel: number): number {
    const count = columns.labels.count - firstLabel;
    const slots = this.slots;
    const mask = slots.length / 2 - 1;
    for (let slot = hashLabels(columns, family, firstLabel, count) & mask; ; slot = (slot + 1) & mask) {
      const entry = intAt(slots, slot * 2);
      if (entry === 0) return -1;
      if (slots[slot * 2 + 1] === family && sameLabelSet(columns, entry - 1, firstLabel, count)) return entry - 1;
    }
  }

  add(columns: PushColumns, family: number, metric: number): void {
    if (++this.used * 4 > this.slots.length) this.grow(columns);
    this.place(columns, family, metric);
  }

  private place(columns: PushColumns, family: number, metric: number): void {
    const { metrics } = columns;
    const mask = this.slots.length / 2 - 1;
    let slot = hashLabels(columns, family, metrics.firstLabel(metric), metrics.labelCount(metric)) & mask;
    while (this.slots[slot * 2] !== 0) slot = (slot + 1) & mask;
    this.slots[slot * 2] = metric + 1;
    this.slots[slot * 2 + 1] = family;
  }

  private grow(columns: PushColumns): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      const entry = intAt(old, at);
      if (entry !== 0) this.place(columns, intAt(old, at + 1), entry - 1);
    }
  }
}

/**
 * A hash that does not depend on the order of the labels. Name and value are multiplied: a sum of both would be the
 * same for all ways to share out the values among the names.
 */
function hashLabels(columns: PushColumns, family: number, first: number, count: number): number {
  const { labels } = columns;
  let hash = Math.imul(family + 1, 0x9e3779b1);
  for (let label = first; label < first + count; label++) {
    const nameAt = labels.nameAt(label);
    const valueAt = labels.valueAt(label);
    const name = offsetOf(nameAt);
    const value = offsetOf(valueAt);
    const nameHash = hashBytes(columns.bytesOf(nameAt), name, name + labels.nameSize(label));
    const valueHash = hashBytes(columns.bytesOf(valueAt), value, value + labels.valueSize(label));
    hash = (hash + Math.imul((nameHash << 1) | 1, valueHash)) | 0;
  }
  return (hash ^ (hash >>> 15)) & 0x7fffffff;
}

/** Whether the labels of `metric` are those from row `first` on; names are unique on either side. */
export function sameLabelSet(columns: PushColumns, metric: number, first: number, count: number): boolean {
  if (columns.metrics.labelCount(metric) !== count) return false;
  const other = columns.metrics.firstLabel(metric);
  if (count > 64) return sameLargeSet(columns, first, other, count);
  for (let i = 0; i < count; i++) {
    if (sameLabel(columns, first + i, other + i)) continue;
    if (!hasLabel(columns, first + i, other, count)) return false;
  }
  return true;
}

/** As above for many labels, at a cost that grows with their number only. */
function sameLargeSet(columns: PushColumns, a: number, b: number, count: number): boolean {
  const known = new LabelSet();
  for (let row = a; row < a + count; row++) known.add(columns, row);
  for (let row = b; row < b + count; row++) {
    const other = known.find(columns, row);
    if (other < 0 || !sameValue(columns, other, row)) return false;
  }
  return true;
}

function hasLabel(columns: PushColumns, label: number, first: number, count: number): boolean {
  for (let row = first; row < first + count; row++) if (sameLabel(columns, label, row)) return true;
  return false;
}

function sameLabel(columns: PushColumns, a: number, b: number): boolean {
  return sameName(columns, a, b) && sameValue(columns, a, b);
}
