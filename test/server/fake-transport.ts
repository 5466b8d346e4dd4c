import type { Transport } from "../../src/server/transport.ts";

/** A socket of tests: what is written to it is kept. */
export class FakeTransport implements Transport {
  readonly client = "c:1";
  readonly source = "c";
  readonly peer = null;
  private written: Uint8Array[] = [];
  isReading = true;
  /** What was done to it last. */
  ending: "none" | "end" | "close" | "destroy" = "none";
  /** Its client takes nothing. */
  isFull = false;

  /** No more may be written. */
  get isOver(): boolean {
    return this.ending !== "none";
  }

  write(bytes: Uint8Array): boolean {
    if (this.isOver) throw new Error("written to behind its end");
    this.written.push(bytes.slice());
    return !this.isFull;
  }

  end(): void {
    this.ending = "end";
  }

  close(): void {
    this.ending = "close";
  }

  destroy(): void {
    this.ending = "destroy";
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
  }

  /** All that was written, a character a byte. */
  get text(): string {
    return Buffer.concat(this.written).toString("latin1");
  }

  /** Of each answer so far the status, and " close" where it says that the connection ends. */
  get statuses(): string[] {
    const heads = this.text.match(/HTTP\/1\.[01] \d{3}[\s\S]*?\r\n\r\n/g) ?? [];
    return heads.map((head) => head.slice(9, 12) + (/^Connection: close\r$/m.test(head) ? " close" : ""));
  }
}
