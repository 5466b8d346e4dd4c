/** Another start for each process, so that nobody can prepare names that fall onto one slot. */
const SEED = (Math.random() * 0x100000000) | 0;

/** A 31-bit hash of source[start, end) (FNV-1a with a random start). Every hit is to be compared by its bytes. */
export function hashBytes(source: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193);
  hash ^= hash >>> 15;
  return hash & 0x7fffffff;
}

/** Whether a[aStart, aStart+size) and b[bStart, bStart+size) are the same bytes. Both ranges must lie inside. */
export function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** The order of two byte runs as Go compares strings: negative, zero or positive. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aSize: number,
  b: Uint8Array,
  bStart: number,
  bSize: number,
): number {
  const size = aSize < bSize ? aSize : bSize;
  for (let i = 0; i < size; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aSize - bSize;
}
