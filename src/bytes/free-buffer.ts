/** Less is left to the collector. */
const LARGE_BYTES = 64 * 1024;

/**
 * Frees the buffer of bytes that nothing reads any more at once, where it is large and the collector would take its
 * time (docs/workarounds.md, `buffer-detach`).
 */
export function freeBuffer(bytes: Uint8Array): void {
  if (bytes.length > LARGE_BYTES && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
}
