import { Broken } from "../../bytes/broken.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import { comparePlaces, type GroupOrder } from "./group-order.ts";
import type { GroupPlace } from "./group-query.ts";

/** A place with the row of its group. */
interface PlacedRow extends GroupPlace {
  readonly row: number;
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
      heap.push({ ...order.placeOf(id), row });
      this.rise();
    } else if (order.compare(id, place(heap, 0)) < 0) {
      heap[0] = { ...order.placeOf(id), row };
      this.sink();
    }
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
    for (let at = 0; ; ) {
      let last = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < heap.length && comparePlaces(place(heap, child), place(heap, last)) > 0) last = child;
      if (last === at) return;
      swap(heap, at, last);
      at = last;
    }
  }
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
