import { METRIC_LABEL } from "../../protobuf/field-numbers.ts";
import { isKnownField, METRIC, type MessageSchema } from "../../protobuf/metrics-proto.ts";
import { FieldCursor } from "../../protobuf/wire.ts";

/**
 * Looks through Metric messages for fields of another wire type than theirs, step by step: Go reads such a field as an
 * unknown one, Prometheus' reader fails. Labels are not looked at.
 */
export class WireCheck {
  /** Of the message and those that it is within, from the outermost to the innermost. */
  private readonly cursors: FieldCursor[] = [];
  private readonly schemas: MessageSchema[] = [];
  private depth = -1;
  private source: Uint8Array = new Uint8Array(0);

  begin(source: Uint8Array, start: number, end: number): void {
    this.source = source;
    this.depth = -1;
    this.enter(start, end, METRIC);
  }

  private enter(start: number, end: number, schema: MessageSchema): void {
    const cursor = this.cursors[++this.depth] ?? new FieldCursor();
    this.cursors[this.depth] = cursor;
    this.schemas[this.depth] = schema;
    cursor.open(this.source, start, end);
  }

  /** Looks at so many more fields; true: that was all, unless it gives what is wrong. */
  checkOn(most: number): boolean | string {
    for (let left = most; this.depth >= 0; left--) {
      if (left === 0) return false;
      const cursor = this.cursors[this.depth] as FieldCursor;
      const schema = this.schemas[this.depth] as MessageSchema;
      if (!cursor.step()) {
        this.depth--;
        continue;
      }
      const field = schema.byNumber[cursor.field];
      if (field === undefined) continue;
      if (!isKnownField(schema, cursor))
        return `proto: wrong wireType = ${cursor.wire} for field ${goName(field.name)}`;
      const isLabel = schema === METRIC && field.number === METRIC_LABEL;
      if (typeof field.content === "object" && !isLabel) this.enter(cursor.start, cursor.end, field.content);
    }
    return true;
  }
}

/** The name of a field in Go's generated code. */
const goName = (name: string): string => name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
