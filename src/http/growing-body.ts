import { COPIED_AT_ONCE_BYTES, GrowingBytes } from "../bytes/growing-bytes.ts";

/** Bodies up to this size need no share in the buffer budget. */
export const SMALL_BODY_BYTES = 64 * 1024;
/** Nothing is taken for what has not come: this at first, this once it is no small body. */
const FIRST_BYTES = 2 * 1024;
const FIRST_LARGE_BYTES = 256 * 1024;

/** The bytes of a body as they come in, and its share in the buffer budget, which doubles as needed. */
export class GrowingBody {
  private readonly bytes: GrowingBytes;
  /** What it may grow to with the share that it has. */
  private capacity: number;
  /** The share in the budget; it only grows. */
  chargedBytes = 0;

  /** No more than `maxBytes`, which may be Infinity, are ever appended. */
  constructor(private readonly maxBytes: number) {
    this.bytes = new GrowingBytes(FIRST_BYTES, maxBytes);
    this.capacity = Math.min(maxBytes, FIRST_BYTES);
  }

  get size(): number {
    return this.bytes.size;
  }

  /** By how much the share grows when `pieceBytes` bytes are appended. */
  growthFor(pieceBytes: number): number {
    return this.shareOf(this.capacityFor(pieceBytes)) - this.chargedBytes;
  }

  /** What is copied in advance, while a large body grows, takes up as much again. */
  private shareOf(capacity: number): number {
    const isCopied = capacity > COPIED_AT_ONCE_BYTES && capacity < this.maxBytes;
    return Math.max(this.chargedBytes, (isCopied ? 2 * capacity : capacity) - SMALL_BODY_BYTES);
  }

  private capacityFor(pieceBytes: number): number {
    const needed = this.size + pieceBytes;
    if (needed <= this.capacity) return this.capacity;
    const isSmall = needed <= SMALL_BODY_BYTES;
    const most = isSmall ? Math.min(SMALL_BODY_BYTES, this.maxBytes) : this.maxBytes;
    return Math.max(needed, Math.min(most, Math.max(isSmall ? 0 : FIRST_LARGE_BYTES, this.capacity * 2)));
  }

  append(piece: Uint8Array): void {
    this.capacity = this.capacityFor(piece.length);
    this.chargedBytes = this.shareOf(this.capacity);
    this.bytes.append(piece);
  }

  /** All that was appended; nothing may be from then on. */
  whole(): Uint8Array {
    return this.bytes.finish();
  }

  /** Frees the memory. Returns the share that it had. Nothing may be appended from then on. */
  free(): number {
    const charged = this.chargedBytes;
    this.bytes.free();
    this.capacity = 0;
    this.chargedBytes = 0;
    return charged;
  }
}
