import { intAt } from "./at.ts";

/** Places of a text at least 1 << UNIT_BITS bytes apart are told from each other. */
const UNIT_BITS = 4;

/**
 * By how many bytes the places of a text have moved since it was first looked at, as runs of it grew and shrank. A
 * place is known by where it was then. A Fenwick tree: both calls cost the logarithm of the size.
 */
export class Shifts {
  private readonly tree: Int32Array;
  /** By how many bytes the end has moved. */
  total = 0;

  /** For places below `sizeBytes`. */
  constructor(sizeBytes: number) {
    this.tree = new Int32Array((sizeBytes >> UNIT_BITS) + 2);
  }

  get sizeBytes(): number {
    return this.tree.byteLength;
  }

  /** Whether a place is one that shifts are kept for. */
  has(place: number): boolean {
    return place >= 0 && place >> UNIT_BITS < this.tree.length - 1;
  }

  /** The place, and all behind it, moved by `bytes`. */
  from(place: number, bytes: number): void {
    this.add(place >> UNIT_BITS, bytes);
  }

  /** All behind the place moved by `bytes`. */
  behind(place: number, bytes: number): void {
    this.add((place >> UNIT_BITS) + 1, bytes);
  }

  private add(unit: number, bytes: number): void {
    const { tree } = this;
    this.total += bytes;
    for (let node = unit + 1; node < tree.length; node += node & -node) tree[node] = intAt(tree, node) + bytes;
  }

  /** By how much a place has moved. */
  of(place: number): number {
    const { tree } = this;
    let bytes = 0;
    for (let node = (place >> UNIT_BITS) + 1; node > 0; node -= node & -node) bytes += intAt(tree, node);
    return bytes;
  }
}
