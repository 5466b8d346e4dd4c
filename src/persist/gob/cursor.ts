import { byteAt } from "../../bytes/at.ts";
/**
 * Walks the primitives of Go's encoding/gob (https://pkg.go.dev/encoding/gob, "Encoding Details"). Nothing is read
 * outside bytes[at, limit). The first thing that is broken sets `fault`; from then on every read returns 0 and nothing
 * moves, so loops over counts and fields end by themselves when they look at `fault` once a round.
 */
export class GobCursor {
  at = 0;
  /** The end of the message that is being read. */
  limit = 0;
  /** Of the last `run`: where its bytes start; they end at `at`. */
  start = 0;
  /** What is broken and where; null as long as nothing is. */
  fault: string | null = null;

  /** The bytes stay the caller's and must not change while they are read. */
  constructor(readonly bytes: Uint8Array) {}

  /** Sets the first fault, at byte `offset`. */
  fail(offset: number, problem: string): 0 {
    this.fault ??= `at byte ${offset}: ${problem}`;
    this.at = this.limit;
    return 0;
  }

  /** An unsigned integer: exact up to 2^53, rounded above. `what` names it in a fault. */
  uint(what: string): number {
    const { at } = this;
    if (at >= this.limit) return this.fail(at, `expected ${what}, got the end of the message`);
    const byte = byteAt(this.bytes, at);
    if (byte >= 0x80) return this.longUint(256 - byte, what);
    this.at = at + 1;
    return byte;
  }

  private longUint(sizeBytes: number, what: string): number {
    const { bytes, at } = this;
    if (sizeBytes > 8) return this.fail(at, `expected ${what} of at most 8 bytes, got one of ${sizeBytes}`);
    const end = at + 1 + sizeBytes;
    if (end > this.limit) return this.fail(at, `expected ${what} of ${sizeBytes} bytes, got ${this.limit - at - 1}`);
    let value = 0;
    for (let i = at + 1; i < end; i++) value = value * 256 + byteAt(bytes, i);
    this.at = end;
    return value;
  }

  /** A signed integer: bit 0 says whether the others are complemented. */
  int(what: string): number {
    const folded = this.uint(what);
    const half = Math.floor(folded / 2);
    return folded % 2 === 1 ? -half - 1 : half;
  }

  /** The number of elements that follow, each of at least one byte. */
  count(what: string): number {
    const offset = this.at;
    const count = this.uint(what);
    const left = this.limit - this.at;
    return count <= left ? count : this.fail(offset, `expected ${what} that fits into ${left} bytes, got ${count}`);
  }

  /** Steps over a length and that many bytes: they are bytes[start, at). Of a broken one nothing is left. */
  run(what: string): void {
    const offset = this.at;
    const sizeBytes = this.uint(what);
    const left = this.limit - this.at;
    if (sizeBytes > left) this.fail(offset, `expected ${what} of at most ${left} bytes, got a length of ${sizeBytes}`);
    this.start = this.at;
    if (this.fault === null) this.at += sizeBytes;
  }

  /** Enters the message that starts at `at`: from here to `limit`. */
  openMessage(): void {
    this.limit = this.bytes.length;
    const offset = this.at;
    const sizeBytes = this.uint("the length of a message");
    const left = this.limit - this.at;
    if (sizeBytes > left) this.fail(offset, `expected a message of ${sizeBytes} bytes, got ${left}`);
    else this.limit = this.fault === null ? this.at + sizeBytes : this.at;
  }

  /** Checks that the message ends here. */
  closeMessage(what: string): void {
    if (this.at < this.limit) this.fail(this.at, `expected the end of ${what}, got ${this.limit - this.at} more bytes`);
  }
}
