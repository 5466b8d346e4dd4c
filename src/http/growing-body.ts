/** Bodies up to this size need no share in the buffer budget. */
export const SMALL_BODY_BYTES = 64 * 1024;
/** Nothing is taken for what has not come: this at first, this once it is no small body. */
const FIRST_BYTES = 2 * 1024;
const FIRST_LARGE_BYTES = 256 * 1024;

/** The bytes of a body as they come in, in one buffer that doubles as needed. */
export class GrowingBody {
  private bytes: Uint8Array<ArrayBuffer>;
  size = 0;

  /** No more than `maxBytes`, which may be Infinity, are ever appended. */
  constructor(private readonly maxBytes: number) {
    this.bytes = new Uint8Array(Math.min(maxBytes, FIRST_BYTES));
  }

  /** The share in the budget. */
  get chargedBytes(): number {
    return Math.max(0, this.bytes.length - SMALL_BODY_BYTES);
  }

  /** By how much the share grows when `pieceBytes` bytes are appended. */
  growthFor(pieceBytes: number): number {
    const capacity = this.capacityFor(pieceBytes);
    return Math.max(0, capacity - SMALL_BODY_BYTES) - this.chargedBytes;
  }

  private capacityFor(pieceBytes: number): number {
    const needed = this.size + pieceBytes;
    if (needed <= this.bytes.length) return this.bytes.length;
    const isSmall = needed <= SMALL_BODY_BYTES;
    const most = isSmall ? Math.min(SMALL_BODY_BYTES, this.maxBytes) : this.maxBytes;
    return Math.max(needed, Math.min(most, Math.max(isSmall ? 0 : FIRST_LARGE_BYTES, this.bytes.length * 2)));
  }

  append(piece: Uint8Array): void {
    const capacity = this.capacityFor(piece.length);
    if (capacity > this.bytes.length) this.bytes = new Uint8Array(this.bytes.buffer.transfer(capacity));
    this.bytes.set(piece, this.size);
    this.size += piece.length;
  }

  /** All that was appended. */
  whole(): Uint8Array {
    return this.bytes.subarray(0, this.size);
  }

  /** Frees the memory. Returns the share that it had. Nothing may be appended from then on. */
  free(): number {
    const charged = this.chargedBytes;
    this.bytes.buffer.transfer(0);
    this.bytes = new Uint8Array(0);
    return charged;
  }
}
