const MAGIC = 0xfd2fb528;
/** Bytes that a dictionary's number takes up, by the lowest two bits of the descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const BLOCK_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RUN = 1;
/** Added to a content size of two bytes. */
const TWO_BYTES_FROM = 256;

/**
 * How many bytes the content of a zstd frame (RFC 8878) has by its header; -1: it does not say, or these are not one
 * whole frame.
 */
export function frameContentBytes(packed: Uint8Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < 5 || view.getUint32(0, true) !== MAGIC) return -1;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0);
  const flag = descriptor >>> 6;
  const sizeBytes = flag === 0 ? (isSingleSegment ? 1 : 0) : 1 << flag;
  const blocksAt = sizeAt + sizeBytes;
  if (sizeBytes === 0 || blocksAt > packed.length) return -1;
  const end = blocksEnd(view, blocksAt) + ((descriptor & 4) === 0 ? 0 : CHECKSUM_BYTES);
  return end === packed.length ? contentSize(view, sizeAt, sizeBytes) : -1;
}

/** Where the last block of the frame ends; beyond the end of the bytes where one is not all there. */
function blocksEnd(view: DataView, start: number): number {
  for (let at = start; at + BLOCK_HEAD_BYTES <= view.byteLength; ) {
    const head = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    at += BLOCK_HEAD_BYTES + (((head >>> 1) & 3) === RUN ? 1 : head >>> 3);
    if ((head & 1) === 1) return at;
  }
  return view.byteLength + 1;
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + TWO_BYTES_FROM;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
