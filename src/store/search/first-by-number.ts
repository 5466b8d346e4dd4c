import { intAt } from "../../bytes/at.ts";
import { Broken } from "../../bytes/broken.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { GroupPlace } from "./group-query.ts";

/** So many groups are gathered, at the least, before all but the first ones are dropped. */
const LEAST_GATHERED = 1024;

/**
 * Of many groups the first ones in an order by a number, as many as are wanted. Those that may be among them are
 * gathered, and all but the first ones dropped each time that there are very many: a few steps a group, whatever the
 * order in which they come.
 */
export class FirstByNumber {
  private readonly values: Float64Array;
  private readonly ids: Int32Array;
  private readonly rows: Int32Array;
  private count = 0;
  /** What is behind this place is not among the first: once so many were gathered, the last of them. */
  private lastValue = Infinity;
  private lastId = Infinity;

  constructor(
    private readonly numberOf: (id: number) => number,
    private readonly texts: GroupTexts,
    private readonly limit: number,
  ) {
    const gathered = Math.max(LEAST_GATHERED, 2 * limit);
    this.values = new Float64Array(gathered);
    this.ids = new Int32Array(gathered);
    this.rows = new Int32Array(gathered);
  }

  /** Takes a group where it is among the first so far. Its place is that of this moment. */
  offer(id: number, row: number): void {
    const value = this.numberOf(id);
    if (value > this.lastValue || (value === this.lastValue && id >= this.lastId)) return;
    const at = this.count++;
    this.values[at] = value;
    this.ids[at] = id;
    this.rows[at] = row;
    if (this.count === this.values.length) this.drop();
  }

  /** In order, without those that are gone since. */
  taken(): GroupPlace[] {
    if (this.count > this.limit) this.drop();
    const places: GroupPlace[] = [];
    for (let at = 0; at < this.count; at++) {
      const id = intAt(this.ids, at);
      if (this.texts.idAt(intAt(this.rows, at)) === id) places.push({ value: this.valueAt(at), id });
    }
    return places.sort((a, b) => numberIn(a) - numberIn(b) || a.id - b.id);
  }

  /** All but the first ones, of more than are wanted. */
  private drop(): void {
    const { limit } = this;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const pivot = this.partition(low, high);
      if (pivot === limit - 1) break;
      if (pivot < limit - 1) low = pivot + 1;
      else high = pivot - 1;
    }
    this.count = limit;
    this.lastValue = this.valueAt(limit - 1);
    this.lastId = intAt(this.ids, limit - 1);
  }

  /** Puts one of [low, high] to its place, which is returned: those before it come before it. */
  private partition(low: number, high: number): number {
    // Any of them would do; that one which nobody can foresee makes no order of pushes a slow one.
    this.swap(low + Math.floor(Math.random() * (high - low + 1)), high);
    const value = this.valueAt(high);
    const id = intAt(this.ids, high);
    let end = low;
    for (let at = low; at < high; at++) {
      const other = this.valueAt(at);
      if (other < value || (other === value && intAt(this.ids, at) < id)) this.swap(at, end++);
    }
    this.swap(end, high);
    return end;
  }

  private swap(a: number, b: number): void {
    const { values, ids, rows } = this;
    const value = this.valueAt(a);
    values[a] = this.valueAt(b);
    values[b] = value;
    const id = intAt(ids, a);
    ids[a] = intAt(ids, b);
    ids[b] = id;
    const row = intAt(rows, a);
    rows[a] = intAt(rows, b);
    rows[b] = row;
  }

  private valueAt(at: number): number {
    return this.values[at] as number;
  }
}

function numberIn({ value }: GroupPlace): number {
  if (typeof value !== "number") throw new Broken("sorting places of groups: a number is expected, not a key");
  return value;
}
