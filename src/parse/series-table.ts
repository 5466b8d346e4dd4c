import { intAt } from "../bytes/at.ts";
import { hashBytes } from "../bytes/hash.ts";
import { offsetOf, type PushColumns } from "../model/columns.ts";
import { MAX_KEPT_SLOTS } from "./family-table.ts";
import { LabelSet, sameName, sameValue } from "./label-set.ts";

/** Of a slot: the metric's row + 1 (0 is free), its family's row, the hash. */
const METRIC = 0;
const FAMILY = 1;
const HASH = 2;
const STRIDE = 3;
const SMALL_SLOTS = 64;

/**
 * Brings the lines of one summary or histogram together: finds the metric of a family that has a given set of labels,
 * whatever their order. Open addressing, at most half full. See FamilyTable why it is a table of its own.
 */
export class SeriesTable {
  private slots = new Int32Array(STRIDE * SMALL_SLOTS);
  private used = 0;
  /** The larger table that is being filled, if any, and the slot that is put there next. */
  private growing: Int32Array<ArrayBuffer> | null = null;
  private moved = 0;

  clear(): void {
    this.growing = null;
    if (this.slots.length > STRIDE * MAX_KEPT_SLOTS) this.slots = new Int32Array(STRIDE * SMALL_SLOTS);
    else if (this.used > 0) this.slots.fill(0);
    this.used = 0;
  }

  /** The metric of `family` whose labels are the rows from `firstLabel` to the newest, or -1. */
  find(columns: PushColumns, family: number, firstLabel: number): number {
    const count = columns.labels.count - firstLabel;
    const slots = this.slots;
    const mask = slots.length / STRIDE - 1;
    const hash = hashLabels(columns, family, firstLabel, count);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = intAt(slots, slot * STRIDE + METRIC);
      if (entry === 0) return -1;
      if (slots[slot * STRIDE + HASH] !== hash || slots[slot * STRIDE + FAMILY] !== family) continue;
      if (sameLabelSet(columns, entry - 1, firstLabel, count)) return entry - 1;
    }
  }

  add(columns: PushColumns, family: number, metric: number): void {
    const { metrics } = columns;
    if (++this.used * 2 * STRIDE > this.slots.length) this.grow();
    const hash = hashLabels(columns, family, metrics.firstLabel(metric), metrics.labelCount(metric));
    place(this.slots, metric + 1, family, hash);
  }

  private grow(): void {
    while (!this.growOn((this.slots.length / STRIDE) * 2, Infinity));
  }

  /**
   * Makes room for so many more metrics over several turns: at most `mostMoved` slots are looked at in this one. False:
   * it is to be asked again before any is added. A small table grows when it has to.
   */
  reserveOn(count: number, mostMoved: number): boolean {
    if (this.used <= mostMoved) return true;
    let slotCount = this.slots.length / STRIDE;
    while (slotCount < (this.used + count) * 2) slotCount *= 2;
    return slotCount * STRIDE === this.slots.length || this.growOn(slotCount, mostMoved);
  }

  private growOn(slotCount: number, mostMoved: number): boolean {
    const { slots } = this;
    if (this.growing === null) this.moved = 0;
    this.growing ??= new Int32Array(slotCount * STRIDE);
    const stop = Math.min(slots.length, this.moved + mostMoved * STRIDE);
    let at = this.moved;
    for (; at < stop; at += STRIDE) {
      const entry = intAt(slots, at + METRIC);
      if (entry !== 0) place(this.growing, entry, intAt(slots, at + FAMILY), intAt(slots, at + HASH));
    }
    this.moved = at;
    if (at < slots.length) return false;
    this.slots = this.growing;
    this.growing = null;
    return true;
  }
}

function place(slots: Int32Array, entry: number, family: number, hash: number): void {
  const mask = slots.length / STRIDE - 1;
  let slot = hash & mask;
  while (slots[slot * STRIDE + METRIC] !== 0) slot = (slot + 1) & mask;
  slots[slot * STRIDE + METRIC] = entry;
  slots[slot * STRIDE + FAMILY] = family;
  slots[slot * STRIDE + HASH] = hash;
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
