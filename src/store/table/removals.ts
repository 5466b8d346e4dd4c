import type { Chunks } from "./chunks.ts";

/** Chunks that are taken out at once, within the change that removes them or in one step after it. */
export const REMOVALS_A_STEP = 256;

/** Where chunks are taken out of. */
interface ChunkTable {
  readonly chunks: Chunks;
  /** Takes a chunk out of its family, and of the list of its group if that was a large one. */
  takeOut(chunk: number, shape: number, list: number): void;
}

/** A list of chunks. */
interface ChunkList {
  /** The first one that is left, or -1. */
  chunk: number;
  /** Of the key that its group had. */
  readonly shape: number;
  /** Its list, if the group was a large one. */
  readonly list: number;
}

/**
 * Chunks that belong to no group any more but are still in their families, because there are too many to take them out
 * in one turn of the loop. Readers of families wait until there are none; nobody finds them by their group.
 */
export class Removals {
  private readonly lists: ChunkList[] = [];
  /** The number of the newest list. */
  newest = 0;

  constructor(private readonly table: ChunkTable) {}

  get isUnderWay(): boolean {
    return this.lists.length > 0;
  }

  /** The number of the oldest list that is under way, or of the next one. */
  get oldest(): number {
    return this.newest + 1 - this.lists.length;
  }

  /** Takes out a list of chunks: at once where it is short, else the rest of it step by step. */
  begin(chunk: number, shape: number, list: number): void {
    const removal = { chunk, shape, list };
    this.takeOut(removal);
    if (removal.chunk < 0) return;
    this.lists.push(removal);
    this.newest++;
  }

  /** Takes out some more chunks; false: there are none left. */
  step(): boolean {
    const [removal] = this.lists;
    if (removal === undefined) return false;
    this.takeOut(removal);
    if (removal.chunk < 0) this.lists.shift();
    return this.isUnderWay;
  }

  private takeOut(removal: ChunkList): void {
    const { table } = this;
    const { chunks } = table;
    for (let count = 0; count < REMOVALS_A_STEP && removal.chunk >= 0; count++) {
      const next = chunks.next(removal.chunk);
      table.takeOut(removal.chunk, removal.shape, removal.list);
      removal.chunk = next;
    }
  }

  /** Takes out all that is left, in one turn. */
  finish(): void {
    while (this.step());
  }
}
