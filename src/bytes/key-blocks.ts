import { mustBe } from "./broken.ts";
import { copyBytes } from "./copy.ts";

/** A block is as large as all before, but at least and at most so large. */
const LEAST_BLOCK_BYTES = 8192;
const MOST_BLOCK_BYTES = 64 * 1024;
/** A larger key has a block to itself, which goes when the key goes. */
const LARGE_KEY_BYTES = MOST_BLOCK_BYTES / 8;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * The bytes of keys, end to end in blocks. Nothing is copied when more are added, and nothing is ever written over a
 * key: a block only grows fuller, and is dropped once all of its keys are gone.
 */
export class KeyBlocks {
  /** By number; those that were dropped are empty. */
  bytes: Uint8Array[] = [];
  /** Of each block: the bytes of keys that are there, and whether what is left of them is to be put elsewhere. */
  private living: number[] = [];
  private left: boolean[] = [];
  private dropped: number[] = [];
  /** Of all blocks, and of those that several keys share: their size, and what of it are keys. */
  sizeBytes = 0;
  private sharedBytes = 0;
  private sharedLiving = 0;
  /** The block that was filled last, or -1, and up to where it is. */
  private block = -1;
  private used = 0;
  /** Where the newest key was put: the number of its block, and where it begins there. */
  newestBlock = 0;
  newestAt = 0;

  add(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size >= LARGE_KEY_BYTES) return this.addLarge(source.slice(start, end));
    if (this.block < 0 || this.used + size > (this.bytes[this.block] as Uint8Array).length) this.open();
    const { block, used } = this;
    copyBytes(source, start, end, this.bytes[block] as Uint8Array, used);
    this.newestBlock = block;
    this.newestAt = used;
    this.used = used + size;
    this.sharedLiving += size;
    this.living[block] = (this.living[block] as number) + size;
  }

  private addLarge(key: Uint8Array): void {
    this.newestBlock = this.take(key);
    this.newestAt = 0;
    this.living[this.newestBlock] = key.length;
  }

  private take(bytes: Uint8Array): number {
    const block = this.dropped.pop() ?? this.bytes.length;
    this.bytes[block] = bytes;
    this.living[block] = 0;
    this.left[block] = false;
    this.sizeBytes += bytes.length;
    return block;
  }

  private open(): void {
    const before = this.block;
    const size = Math.min(MOST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, this.sharedBytes));
    this.block = this.take(new Uint8Array(size));
    this.used = 0;
    this.sharedBytes += size;
    if (before >= 0 && this.living[before] === 0) this.drop(before, false);
  }

  /** A key of this size is gone from a block. */
  remove(block: number, size: number): void {
    const isLarge = size >= LARGE_KEY_BYTES;
    const living = (this.living[block] as number) - size;
    this.living[block] = living;
    if (!isLarge) this.sharedLiving -= size;
    if (living === 0 && block !== this.block) this.drop(block, isLarge);
  }

  private drop(block: number, isLarge: boolean): void {
    const { length } = this.bytes[block] as Uint8Array;
    if (length === 0) return;
    this.sizeBytes -= length;
    if (!isLarge) this.sharedBytes -= length;
    this.bytes[block] = NO_BYTES;
    this.dropped.push(block);
  }

  /** Whether more than half of what is shared are holes of keys that are gone. */
  get isSparse(): boolean {
    return this.sharedLiving * 2 + MOST_BLOCK_BYTES < this.sharedBytes;
  }

  /** All keys of shared blocks are to be put elsewhere, one by one; what is added from now on need not. */
  leave(): void {
    this.left.fill(true);
    this.block = -1;
  }

  /** Whether a key of this size is in a block that is being left. */
  isLeft(block: number, size: number): boolean {
    return size < LARGE_KEY_BYTES && this.left[block] === true;
  }

  /** Drops all keys. The newest block is used again: none of its bytes may be lent any more. */
  clear(): void {
    this.sharedLiving = 0;
    this.used = 0;
    if (this.bytes.length === 1 && this.block === 0) {
      this.living[0] = 0;
      return;
    }
    this.bytes = [];
    this.living = [];
    this.left = [];
    this.dropped = [];
    this.block = -1;
    this.sizeBytes = 0;
    this.sharedBytes = 0;
  }

  /** Throws where what is counted differs from the bytes of all keys and of large ones. */
  verify(what: string, keyBytes: number, largeBytes: number): void {
    const sizeBytes = this.bytes.reduce((sum, { length }) => sum + length, 0);
    mustBe(sizeBytes, this.sizeBytes, `${what}: bytes of blocks`);
    mustBe(sizeBytes - largeBytes, this.sharedBytes, `${what}: bytes of shared blocks`);
    mustBe(keyBytes - largeBytes, this.sharedLiving, `${what}: bytes of keys in shared blocks`);
    const living = this.living.reduce((sum, bytes) => sum + bytes, 0);
    mustBe(living, keyBytes, `${what}: bytes of keys by block`);
  }

  /** Whether a key has a block to itself. */
  isLarge(size: number): boolean {
    return size >= LARGE_KEY_BYTES;
  }
}
