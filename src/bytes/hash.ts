import { byteAt, wordAt } from "./at.ts";

/** Another key for each process, so that nobody can prepare names that fall onto one slot. */
const [KEY_0 = 0, KEY_1 = 0] = crypto.getRandomValues(new Int32Array(2));
const FINAL_ROUNDS = 3;

/** Longer runs are quicker compared by the runtime. */
const LONG_BYTES = 64;
/** Of Buffer's methods: needs no view. */
const compareRuns = Buffer.prototype.compare;

/**
 * A 31-bit hash of source[start, end): HalfSipHash-1-3 (https://github.com/veorq/SipHash) with a random key. A mere
 * random start of a plain hash would not do: strings can be made that collide under every start. Every hit is to be
 * compared by its bytes.
 */
export function hashBytes(source: Uint8Array, start: number, end: number): number {
  let v0 = KEY_0;
  let v1 = KEY_1;
  let v2 = 0x6c796765 ^ KEY_0;
  let v3 = 0x74656462 ^ KEY_1;
  const wholeEnd = end - ((end - start) & 3);
  let finalRounds = 0;
  for (let at = start; finalRounds <= FINAL_ROUNDS; at += 4) {
    let word = 0;
    if (at < wholeEnd) word = wordAt(source, at);
    else if (finalRounds++ === 0) word = lastWord(source, start, end, at);
    else if (finalRounds === 2) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return (v1 ^ v3) & 0x7fffffff;
}

/** The rest of source[start, end) from `at` on, at most three bytes, and its size in the highest byte. */
function lastWord(source: Uint8Array, start: number, end: number, at: number): number {
  let word = (end - start) << 24;
  if (at + 2 < end) word |= (source[at + 2] as number) << 16;
  if (at + 1 < end) word |= (source[at + 1] as number) << 8;
  if (at < end) word |= source[at] as number;
  return word;
}

/** Whether a[aStart, aStart+size) and b[bStart, bStart+size) are the same bytes. Both ranges must lie inside. */
export function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, size: number): boolean {
  if (size > LONG_BYTES) return compareRuns.call(a as Buffer, b, bStart, bStart + size, aStart, aStart + size) === 0;
  for (let i = 0; i < size; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** How many bytes of a[i, aEnd) and b[j, bEnd) are the same, from their start on. */
export function commonSize(a: Uint8Array, i: number, aEnd: number, b: Uint8Array, j: number, bEnd: number): number {
  const size = Math.min(aEnd - i, bEnd - j);
  let at = 0;
  // Eight at a time: their differences are joined and looked at once.
  while (at + 8 <= size) {
    const p = i + at;
    const q = j + at;
    if (((wordAt(a, p) ^ wordAt(b, q)) | (wordAt(a, p + 4) ^ wordAt(b, q + 4))) !== 0) break;
    at += 8;
  }
  while (at < size && a[i + at] === b[j + at]) at++;
  return at;
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
  if (size > LONG_BYTES) return compareRuns.call(a as Buffer, b, bStart, bStart + bSize, aStart, aStart + aSize);
  for (let i = 0; i < size; i++) {
    const difference = byteAt(a, aStart + i) - byteAt(b, bStart + i);
    if (difference !== 0) return difference;
  }
  return aSize - bSize;
}
