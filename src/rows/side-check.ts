import { Writer } from "../bytes/writer.ts";
import { GroupingKey } from "../exposition/grouping-key.ts";
import { readLabels } from "../exposition/label-block.ts";
import { PushColumns } from "../model/columns.ts";
import { ProtobufParser } from "../parse/protobuf.ts";
import { appendBytesField, appendTag, appendVarint } from "../protobuf/varint.ts";
import { WIRE_VARINT } from "../protobuf/wire.ts";
import { Store } from "../store/store.ts";

/** A family whose metrics are kept as messages beside its lines. */
export interface SideFamily {
  readonly name: Uint8Array;
  readonly help: Uint8Array | null;
  readonly type: number;
  readonly metricCount: number;
  /** MetricFamily field 4 records. */
  readonly side: Uint8Array;
}

/**
 * Looks at messages that were kept beside lines as at those of a push: they are parsed and put into a store of its own.
 */
export class SideCheck {
  private readonly columns = new PushColumns();
  private readonly parser = new ProtobufParser(this.columns);
  private readonly store = new Store(new Map(), false);
  private readonly message = new Writer(4096);
  private readonly body = new Writer(4096);

  /** Why the messages could not have been pushed to the group of `key`, or null. */
  findFault(key: Uint8Array, family: SideFamily): string | null {
    const { columns, parser, store } = this;
    this.write(family);
    const malformed = parser.parse(this.body.view());
    if (malformed !== null) return malformed.message;
    if (columns.families.count !== 1 || columns.metrics.count !== family.metricCount)
      return `it has ${columns.metrics.count} metrics, expected ${family.metricCount}`;
    const groupingKey = new GroupingKey(readLabels(key));
    const refused = store.apply({ key: groupingKey, columns, replace: true, receivedMs: 0 });
    columns.trim();
    store.delete(groupingKey);
    while (store.stepChange());
    return refused?.message ?? null;
  }

  private write({ name, help, type, side }: SideFamily): void {
    const { message, body } = this;
    message.reset();
    appendBytesField(message, 1, name, 0, name.length);
    if (help !== null) appendBytesField(message, 2, help, 0, help.length);
    appendTag(message, 3, WIRE_VARINT);
    appendVarint(message, type);
    message.append(side);
    body.reset();
    appendVarint(body, message.length);
    body.append(message.view());
  }
}
