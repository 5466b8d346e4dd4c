import { Broken } from "../../bytes/broken.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import { comparePlaces, type GroupOrder } from "./group-order.ts";
import type { GroupPlace } from "./group-query.ts";

/** A place with the row of its group; another group may take it. */
interface PlacedRow {
  value: GroupPlace["value"];
  id: number;
  row: number;
}

/** Of many groups the first ones in an order, as many as are wanted: a heap with the last of them on top. */
export class FirstGroups {
  private readonly heap: PlacedRow[] = [];

  constructor(
    private readonly order: GroupOrder,
    private readonly texts: GroupTexts,
    private readonly limit: number,
  ) {}

  /** Takes a group where it is among the first so far. Its place is that of this moment. */
  offer(id: number, row: number): void {
    const { heap, order, limit } = this;
    if (heap.length < limit) {
      heap.push({ value: order.valueOf(id), id, row });
      this.rise();
      return;
    }
    const last = place(heap, 0);
    if (order.compare(id, last) >= 0) return;
    last.value = order.valueOf(id);
    last.id = id;
    last.row = row;
    this.sink();
  }

  /** In order, without those that are gone since. */
  taken(): GroupPlace[] {
    const here = this.heap.filter(({ id, row }) => this.texts.idAt(row) === id);
    return here.sort(comparePlaces);
  }

  private rise(): void {
    const { heap } = this;
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (comparePlaces(place(heap, at), place(heap, parent)) <= 0) return;
      swap(heap, at, parent);
      at = parent;
    }
  }

  private sink(): void {
    const { heap } = this;
    const count = heap.length;
    const sinking = place(heap, 0);
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && isBehind(place(heap, child + 1), place(heap, child))) child++;
      if (!isBehind(place(heap, child), sinking)) break;
      heap[at] = place(heap, child);
      at = child;
    }
    heap[at] = sinking;
  }
}

function isBehind(a: PlacedRow, b: PlacedRow): boolean {
  if (typeof a.value !== "number" || typeof b.value !== "number") return comparePlaces(a, b) > 0;
  return a.value > b.value || (a.value === b.value && a.id > b.id);
}

function place(heap: readonly PlacedRow[], at: number): PlacedRow {
  const found = heap[at];
  if (found === undefined) throw new Broken(`reading a heap of ${heap.length} places: there is none at ${at}`);
  return found;
}

function swap(heap: PlacedRow[], a: number, b: number): void {
  const first = place(heap, a);
  heap[a] = place(heap, b);
  heap[b] = first;
}
