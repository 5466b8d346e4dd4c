import { LINE_FEED } from "../bytes/characters.ts";

/** Lines that wait beside those that are being written. */
const MOST_WAITING_BYTES = 4 << 20;
/** Written at once. */
const BATCH_BYTES = 64 << 10;

/** Lines in the order in which they are to be written, within bounds. */
export class AuditQueue {
  private waiting: { readonly line: string; readonly sizeBytes: number }[] = [];
  private waitingBytes = 0;
  /** What is being written; its first bytes have been. */
  private batch = new Uint8Array(0);
  private writtenBytes = 0;

  /** How many lines are not wholly written. */
  get lines(): number {
    return this.waiting.length + countLines(this.unwritten);
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0 && this.unwritten.length === 0;
  }

  /** All of them or none; false: there is no room. */
  add(lines: readonly string[]): boolean {
    const sized = lines.map((line) => ({ line, sizeBytes: Buffer.byteLength(line) }));
    const waitingBytes = sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, this.waitingBytes);
    if (waitingBytes > MOST_WAITING_BYTES) return false;
    this.waiting.push(...sized);
    this.waitingBytes = waitingBytes;
    return true;
  }

  /** What is to be written next: whole lines, or the rest of some. Empty: there is nothing. */
  next(): Uint8Array {
    if (this.unwritten.length === 0) this.takeBatch();
    return this.unwritten;
  }

  /** So many bytes of them have been written. Returns how many lines have thereby become whole. */
  written(sizeBytes: number): number {
    const lines = countLines(this.unwritten.subarray(0, sizeBytes));
    this.writtenBytes += sizeBytes;
    return lines;
  }

  /** Where only the beginning of a line is written. */
  get isAmidLine(): boolean {
    return this.writtenBytes > 0 && this.unwritten.length > 0 && this.batch[this.writtenBytes - 1] !== LINE_FEED;
  }

  /** Does without the rest of a line whose beginning is written. */
  skipLine(): void {
    const end = this.unwritten.indexOf(LINE_FEED);
    this.writtenBytes += end + 1;
  }

  private get unwritten(): Uint8Array {
    return this.batch.subarray(this.writtenBytes);
  }

  private takeBatch(): void {
    let sizeBytes = 0;
    let count = 0;
    while (count < this.waiting.length && sizeBytes < BATCH_BYTES) sizeBytes += this.waiting[count++]?.sizeBytes ?? 0;
    const lines = this.waiting.splice(0, count);
    this.waitingBytes -= sizeBytes;
    this.batch = Buffer.from(lines.map(({ line }) => line).join(""));
    this.writtenBytes = 0;
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
