import { Broken } from "../../bytes/broken.ts";
import type { KeyTable } from "../../bytes/key-table.ts";
import type { GroupTexts } from "../table/group-texts.ts";
import type { GroupPlace } from "./group-query.ts";

/** A key with its group and the row of that; another group may take its place. */
interface PlacedRow {
  value: Uint8Array;
  id: number;
  row: number;
}

/** Of many groups the first ones by their keys, as many as are wanted: a heap with the last of them on top. */
export class FirstByKey {
  private readonly heap: PlacedRow[] = [];

  constructor(
    private readonly keys: Pick<KeyTable, "key" | "compareKey">,
    private readonly texts: GroupTexts,
    private readonly limit: number,
  ) {}

  /** Takes a group where it is among the first so far. */
  offer(id: number, row: number): void {
    const { heap, keys, limit } = this;
    if (heap.length < limit) {
      heap.push({ value: keys.key(id).slice(), id, row });
      this.rise();
      return;
    }
    const last = place(heap, 0);
    if (keys.compareKey(id, last.value) >= 0) return;
    last.value = keys.key(id).slice();
    last.id = id;
    last.row = row;
    this.sink();
  }

  /** In order, without those that are gone since. */
  taken(): GroupPlace[] {
    const here = this.heap.filter(({ id, row }) => this.texts.idAt(row) === id);
    return here.sort((a, b) => Buffer.compare(a.value, b.value));
  }

  private rise(): void {
    const { heap } = this;
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!isBehind(place(heap, at), place(heap, parent))) return;
      const child = place(heap, at);
      heap[at] = place(heap, parent);
      heap[parent] = child;
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

const isBehind = (a: PlacedRow, b: PlacedRow): boolean => Buffer.compare(a.value, b.value) > 0;

function place(heap: readonly PlacedRow[], at: number): PlacedRow {
  const found = heap[at];
  if (found === undefined) throw new Broken(`reading a heap of ${heap.length} places: there is none at ${at}`);
  return found;
}
