import { CHUNK_NEXT, CHUNK_STRIDE } from "./chunks.ts";
import type { Table } from "./table.ts";

/** So many chunks are taken out at once, within the change that lets them go or in one step after it. */
export const REMOVALS_A_STEP = 256;

/**
 * Chunks that belong to no group any more and still stand in their families, because there are too many to take them out in
 * one turn of the loop. Readers of families wait until there are none; nobody finds them by their group.
 */
export class Removals {
  /** The first chunk of each list, the shape of the key that its group had, and its list if it was a large one. */
  private readonly lists: { chunk: number; readonly shape: number; readonly list: number }[] = [];

  constructor(private readonly table: Table) {}

  get isUnderWay(): boolean {
    return this.lists.length > 0;
  }

  /** Takes out a list of chunks: at once where it is short, else the rest of it step by step. */
  begin(chunk: number, shape: number, list: number): void {
    this.lists.push({ chunk, shape, list });
    if (this.lists.length === 1) this.step();
  }

  /** Takes out some more chunks; false: there are none left. */
  step(): boolean {
    const { table } = this;
    const { rows } = table.chunks;
    const list = this.lists[0];
    if (list === undefined) return false;
    for (let count = 0; count < REMOVALS_A_STEP && list.chunk >= 0; count++) {
      const next = rows[list.chunk * CHUNK_STRIDE + CHUNK_NEXT] as number;
      table.takeOut(list.chunk, list.shape, list.list);
      list.chunk = next;
    }
    if (list.chunk < 0) this.lists.shift();
    return this.isUnderWay;
  }

  /** Takes out all that is left, in one turn. */
  finish(): void {
    while (this.step());
  }
}
