interface Entry<T> {
  readonly item: T;
  readonly age: number;
  /** Of the same age the smaller one is older. */
  readonly id: number;
}

/** What an entry takes up: measured. */
const ENTRY_BYTES = 80;

/** A queue that gives the oldest first: a heap. Who is in it twice is given twice. */
export class OldestFirst<T> {
  private readonly heap: Entry<T>[] = [];

  get count(): number {
    return this.heap.length;
  }

  get sizeBytes(): number {
    return this.heap.length * ENTRY_BYTES;
  }

  add(item: T, age: number, id: number): void {
    const { heap } = this;
    const entry = { item, age, id };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry<T>;
      if (isOlder(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes out the oldest; null: there is none. */
  take(): T | null {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length > 0) this.sink(last);
    return first.item;
  }

  /** Puts an entry in the place of the first one, or below. */
  private sink(entry: Entry<T>): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      if (right !== undefined && isOlder(right, heap[child] as Entry<T>)) child++;
      const below = heap[child];
      if (below === undefined || isOlder(entry, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = entry;
  }
}

const isOlder = <T>(a: Entry<T>, b: Entry<T>): boolean => a.age < b.age || (a.age === b.age && a.id < b.id);
