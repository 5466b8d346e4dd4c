import type { GroupTexts } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";
import type { GroupPlace, GroupSort } from "./group-query.ts";

/** A place with the row of its group. */
interface Entry extends GroupPlace {
  readonly row: number;
}

/** Of many groups the first ones in an order, as many as are wanted: a heap with the last of them on top. */
export class FirstGroups {
  private readonly heap: Entry[] = [];

  constructor(
    private readonly groups: Groups,
    private readonly texts: GroupTexts,
    private readonly sort: GroupSort,
    private readonly limit: number,
  ) {}

  /** Takes a group where it is among the first so far. Its place is that of this moment. */
  offer(id: number, row: number): void {
    const { heap, groups, sort, limit } = this;
    if (heap.length === limit) {
      const last = heap[0];
      if (last === undefined || compareWith(groups, sort, id, last) > 0) return;
      heap[0] = { ...placeOf(groups, sort, id), row };
      this.sink();
      return;
    }
    heap.push({ ...placeOf(groups, sort, id), row });
    this.rise();
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

function place(heap: readonly Entry[], at: number): Entry {
  const found = heap[at];
  if (found === undefined) throw new Error(`reading a heap of ${heap.length} places: there is none at ${at}`);
  return found;
}

function swap(heap: Entry[], a: number, b: number): void {
  const first = place(heap, a);
  heap[a] = place(heap, b);
  heap[b] = first;
}

/** Where a group is in an order. */
function placeOf(groups: Groups, sort: GroupSort, id: number): GroupPlace {
  return { id, value: sort === "labels" ? groups.table.key(id).slice() : numberOf(groups, sort, id) };
}

/** Below 0: the group comes before that place, which is one of this order. */
export function compareWith(groups: Groups, sort: GroupSort, id: number, { value, id: other }: GroupPlace): number {
  if (typeof value !== "number") return Buffer.compare(groups.table.key(id), value);
  return numberOf(groups, sort, id) - value || id - other;
}

function comparePlaces(a: GroupPlace, b: GroupPlace): number {
  if (typeof a.value === "number" && typeof b.value === "number") return a.value - b.value || a.id - b.id;
  if (typeof a.value !== "number" && typeof b.value !== "number") return Buffer.compare(a.value, b.value);
  throw new Error("comparing places of groups: they are of different orders");
}

/** What groups are sorted by: the smallest comes first. */
function numberOf(groups: Groups, sort: GroupSort, id: number): number {
  switch (sort) {
    case "stored":
      return id;
    case "pushed":
      return groups.succeededSeconds(id);
    case "-pushed":
      return -groups.succeededSeconds(id);
    case "-failed":
      return -groups.failedSeconds(id);
    case "-series":
      return -groups.seriesCount(id);
    case "-bytes":
      return -groups.heldBytes(id);
    case "labels":
      throw new Error("sorting groups by labels: there is no number to sort them by");
  }
}
