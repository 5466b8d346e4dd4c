import { SlicedCopy } from "./sliced-copy.ts";
import { uninitialized } from "./uninitialized.ts";

/** A buffer of this size is copied at once: up to a millisecond. */
export const COPIED_AT_ONCE_BYTES = 1 << 20;
/** Of a larger one, so many bytes for each that is added: all of it, before it is full. */
const COPIED_A_BYTE = 4;

/**
 * Bytes that come one after the other, in one buffer. Once a large buffer is half full the next one is filled bit by
 * bit: so what is added never has more copied than a few times its own size. Until then what is copied already takes up
 * memory once more. A buffer that was replaced is left to who has been lent it.
 */
export class GrowingBytes {
  /** What was added is bytes[0, size); another buffer may take its place when more is added. */
  bytes: Uint8Array<ArrayBuffer>;
  size = 0;
  private larger: SlicedCopy | null = null;

  /** No more than `maxBytes` are ever added. */
  constructor(
    startBytes: number,
    private readonly maxBytes = Infinity,
  ) {
    this.bytes = uninitialized(Math.min(startBytes, maxBytes));
  }

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.bytes.length + (this.larger?.copiedBytes ?? 0);
  }

  /** Makes room for so many bytes: the caller writes them to `bytes` from `size` on, and adds their number to it. */
  reserve(addedBytes: number): void {
    const needed = this.size + addedBytes;
    const { length } = this.bytes;
    if (length > COPIED_AT_ONCE_BYTES && needed * 2 > length && length < this.maxBytes) {
      this.larger ??= new SlicedCopy(this.sizeFor(needed));
      this.larger.copyOn(this.bytes, 0, this.size, COPIED_A_BYTE * addedBytes);
    }
    if (needed <= length) return;
    const { larger } = this;
    this.larger = null;
    const next = larger === null || larger.target.length < needed ? new SlicedCopy(this.sizeFor(needed)) : larger;
    next.copyOn(this.bytes, 0, this.size, Infinity);
    this.bytes = next.target;
  }

  private sizeFor(needed: number): number {
    return Math.min(this.maxBytes, Math.max(needed, this.bytes.length * 2));
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.size);
    this.size += source.length;
  }

  /** All that was added. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.size);
  }

  /** Nothing more is added: the memory of what was copied in advance is freed. */
  finish(): Uint8Array<ArrayBuffer> {
    this.larger?.target.buffer.transfer(0);
    this.larger = null;
    return this.whole();
  }

  /** Frees the memory; nothing may be added from then on. */
  free(): void {
    this.finish();
    if (this.bytes.length > 0) this.bytes.buffer.transfer(0);
    this.bytes = uninitialized(0);
    this.size = 0;
  }
}
