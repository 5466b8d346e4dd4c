import { appendVarint } from "../bytes/varint.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "../bytes/wire.ts";
import { Writer } from "../bytes/writer.ts";
import { PushColumns } from "../model/columns.ts";
import { compareNames, GroupingKey } from "../model/grouping-key.ts";
import { Rejection } from "../model/rejection.ts";
import { ProtobufParser } from "../parse/protobuf.ts";
import { type GobFamily, type GobGroup, readGob } from "../persist/gob/read.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../store/push-times.ts";
import type { Store } from "../store/store.ts";

/** What became of a file of the reference. */
export interface Imported {
  readonly groups: number;
  /** Groups left out because their labels are not UTF-8: the reference itself can no longer expose those. */
  readonly leftOut: number;
}

/**
 * Puts everything that a persistence file of the reference holds into an empty store that does not check: metrics, help, push
 * times, and when each family was pushed. A file that is not whole is refused, and the store is then not to be used.
 */
export function importGob(bytes: Uint8Array, store: Store): Imported | Rejection {
  const file = readGob(bytes);
  if (file instanceof Rejection) return file;
  const columns = new PushColumns();
  const parser = new ProtobufParser(columns);
  const body = new Writer(1 << 16);
  let groups = 0;
  let leftOut = 0;
  for (const group of file.groups) {
    if (!group.isUtf8) {
      leftOut++;
      continue;
    }
    const key = new GroupingKey([...group.labels].sort((a, b) => compareNames(a.name, b.name)));
    const rejection = importGroup(group, key, { store, columns, parser, body });
    if (rejection !== null)
      return new Rejection("malformed", `group ${JSON.stringify(group.labels)}: ${rejection.message}`);
    groups++;
  }
  return { groups, leftOut };
}

interface Tools {
  readonly store: Store;
  readonly columns: PushColumns;
  readonly parser: ProtobufParser;
  readonly body: Writer;
}

/** Pushes the families of a group, those of one time together, and sets its push times last. */
function importGroup(group: GobGroup, key: GroupingKey, tools: Tools): Rejection | null {
  const times = new Map<number, GobFamily[]>([[0, []]]);
  let succeeded = 0;
  let failed = 0;
  for (const family of group.families) {
    if (family.name === PUSH_TIME) succeeded = readGauge(family.familyBytes);
    else if (family.name === PUSH_FAILURE_TIME) failed = readGauge(family.familyBytes);
    else times.set(family.timestampMs, [...(times.get(family.timestampMs) ?? []), family]);
  }
  for (const [receivedMs, families] of [...times].sort(([a], [b]) => a - b)) {
    const rejection = pushFamilies(families, receivedMs, key, tools);
    if (rejection !== null) return rejection;
  }
  const lastMs = Math.max(...group.families.map(({ timestampMs }) => timestampMs), 0);
  tools.store.setPushTimes(key, succeeded, failed, lastMs);
  return null;
}

function pushFamilies(
  families: readonly GobFamily[],
  receivedMs: number,
  key: GroupingKey,
  { store, columns, parser, body }: Tools,
): Rejection | null {
  body.reset();
  for (const { familyBytes } of families) {
    appendVarint(body, familyBytes.length);
    body.append(familyBytes);
  }
  return parser.parse(body.view()) ?? store.apply({ key, columns, replace: false, receivedMs });
}

/** The value of the first metric of a gauge family; 0 where it has none. */
function readGauge(family: Uint8Array): number {
  const metric = findField(family, 0, family.length, 4);
  const gauge = metric && findField(family, metric.start, metric.end, 2);
  const value = gauge && findField(family, gauge.start, gauge.end, 1);
  if (value === null || value.wire !== WIRE_FIXED64) return 0;
  return new DataView(family.buffer, family.byteOffset).getFloat64(value.start, true);
}

function findField(bytes: Uint8Array, start: number, end: number, field: number): FieldCursor | null {
  const cursor = new FieldCursor();
  cursor.open(bytes, start, end);
  while (cursor.step())
    if (cursor.field === field && (cursor.wire === WIRE_BYTES || cursor.wire === WIRE_FIXED64)) return cursor;
  return null;
}
