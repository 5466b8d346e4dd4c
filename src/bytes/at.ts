/**
 * The byte at a place of `bytes`, which must be inside: whoever reads it has compared `at` with an end before. The
 * runtime puts it in the place of its calls, in loops as well: snappy's checksum, comparisons and copies take as long
 * as with an index of their own. One call that reads outside makes all others slower, for they share what was seen.
 *
 * Where a loop is so hot and large that the runtime leaves out some calls of it, it has the index itself: the hash
 * (30 ns more a look-up in KeyTable), names, values and numbers of the text parser (4 % of a push).
 */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** The integer at a place of `rows`, which must be inside, as `byteAt`. Not for Int32Column: that has `at`. */
export function intAt(rows: Int32Array, at: number): number {
  return rows[at] as number;
}

/** The four bytes from a place of `bytes` on, all of them inside, as a little-endian word. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The eight bytes from a place of `bytes` on, all of them inside, as a little-endian double. Not for hot loops. */
export function doubleAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(at, true);
}
