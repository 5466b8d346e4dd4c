import { byteAt } from "../bytes/at.ts";
import { isPacked, type MessageSchema, wireOf } from "./metrics-proto.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "./wire.ts";

/**
 * Counts how many fields and packed numbers a message of a schema has, with any unknown fields, and finds out whether
 * it is one, step by step. Keep one and have it count one message after the other.
 */
export class FieldCount {
  /** Of the message and those that it is within, from the outermost to the innermost. */
  private readonly cursors: FieldCursor[] = [];
  private readonly schemas: MessageSchema[] = [];
  private depth = -1;
  private source: Uint8Array = new Uint8Array(0);
  private most = 0;
  /** Packed numbers that are being counted: what is left of them, and the size of the one so far. */
  private packedAt = 0;
  private packedEnd = 0;
  private varintSize = 0;
  /** The fields and packed numbers so far; packed numbers alone. */
  count = 0;
  packedCount = 0;
  /** It is no message of the schema. */
  isBroken = false;
  /** Up to where it has read. */
  at = 0;

  /** Begins with source[start, end). Nothing is read once there are more than `most`. */
  begin(source: Uint8Array, start: number, end: number, schema: MessageSchema, most: number): void {
    this.source = source;
    this.most = most;
    this.count = 0;
    this.packedCount = 0;
    this.isBroken = false;
    this.depth = -1;
    this.packedAt = 0;
    this.packedEnd = 0;
    this.enter(start, end, schema);
  }

  private enter(start: number, end: number, schema: MessageSchema): void {
    const depth = ++this.depth;
    const cursor = this.cursors[depth] ?? new FieldCursor();
    this.cursors[depth] = cursor;
    this.schemas[depth] = schema;
    cursor.open(this.source, start, end);
    this.at = start;
  }

  /** Goes on up to `pauseAt`; false: there is more to count. */
  countOn(pauseAt: number): boolean {
    while (this.depth >= 0 && this.count <= this.most && !this.isBroken) {
      if (this.at >= pauseAt) return false;
      if (this.packedAt < this.packedEnd) this.countVarints(Math.min(this.packedEnd, pauseAt));
      else this.countIn(this.cursors[this.depth] as FieldCursor, this.schemas[this.depth] as MessageSchema, pauseAt);
    }
    return true;
  }

  /** Goes on within one message, as far as there are no numbers or messages in it. */
  private countIn(cursor: FieldCursor, schema: MessageSchema, pauseAt: number): void {
    while (cursor.next < pauseAt && this.count <= this.most) {
      if (!cursor.step()) {
        this.isBroken = cursor.failed;
        this.depth--;
        return;
      }
      this.count++;
      this.at = cursor.next;
      const field = cursor.wire === WIRE_BYTES ? schema.byNumber[cursor.field] : undefined;
      if (field === undefined) continue;
      if (typeof field.content === "object") return this.enter(cursor.start, cursor.end, field.content);
      if (isPacked(field, cursor)) return this.beginPacked(cursor, wireOf(field.content));
    }
    this.at = cursor.next;
  }

  private beginPacked({ start, end }: FieldCursor, wire: number): void {
    if (wire === WIRE_FIXED64) {
      this.isBroken = (end - start) % 8 !== 0;
      this.add((end - start) / 8);
      return;
    }
    this.packedAt = start;
    this.packedEnd = end;
    this.varintSize = 0;
    this.at = start;
  }

  private add(numbers: number): void {
    this.count += numbers;
    this.packedCount += numbers;
  }

  private countVarints(stop: number): void {
    const { source } = this;
    let numbers = 0;
    let size = this.varintSize;
    for (let at = this.packedAt; at < stop; at++) {
      const byte = byteAt(source, at);
      if (++size === 10 && byte > 1) this.isBroken = true;
      if (byte >= 0x80) continue;
      size = 0;
      numbers++;
    }
    this.add(numbers);
    this.varintSize = size;
    this.packedAt = stop;
    this.at = stop;
    if (stop === this.packedEnd && size > 0) this.isBroken = true;
  }
}
