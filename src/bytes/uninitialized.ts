/**
 * Memory that is to be filled before it is read: it may hold anything. To have a large one emptied, as `new Uint8Array`
 * does, takes up to half a millisecond a megabyte.
 */
export function uninitialized(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(sizeBytes);
  return new Uint8Array(buffer, byteOffset, sizeBytes);
}
