import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "../bytes/wire.ts";
import { compareNames, GroupingKey } from "../model/grouping-key.ts";
import { Rejection } from "../model/rejection.ts";
import { type GobFamily, type GobFile, type GobGroup, readGob } from "../persist/gob/read.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../store/push-times.ts";
import type { PushTime, Store } from "../store/store.ts";
import { Admission } from "./admission.ts";
import { ImportCount, type Imported, type ImportWatch } from "./import-watch.ts";

/**
 * Puts what a persistence file of the reference holds into an empty store: metrics, help, push times, and when each family was
 * pushed. Pushes are made again in the order of their times, so of two that contradict each other the older one stays. What
 * could not be pushed is left out. A file that is not whole is refused, and nothing of it is taken.
 */
export function importGob(bytes: Uint8Array, store: Store, watch: ImportWatch): Imported | Rejection {
  const file = readGob(bytes);
  return file instanceof Rejection ? file : new GobImport(file, store, watch).run();
}

/** Of a group: not met yet; being filled; left out. */
const UNMET = 0;
const OPEN = 1;
const LEFT_OUT = 2;

class GobImport {
  private readonly count = new ImportCount();
  private readonly admission: Admission;
  private readonly standing: Uint8Array;

  constructor(
    private readonly file: GobFile,
    private readonly store: Store,
    private readonly watch: ImportWatch,
  ) {
    this.standing = new Uint8Array(file.groupCount);
    this.admission = new Admission(store, (key, family, reason) => {
      this.count.leftOut++;
      watch.leftOut({ group: keyText(key), family, reason });
    });
  }

  run(): Imported {
    const { file, watch, count } = this;
    for (const { timeMs, index } of pushesInOrder(file)) {
      watch.step(count.groups + count.leftOutGroups, file.groupCount);
      this.importPush(file.groupAt(index), index, timeMs);
    }
    return count.result();
  }

  /** Makes again what was pushed to a group at one time. */
  private importPush(group: GobGroup, index: number, timeMs: number): void {
    if (this.standing[index] === LEFT_OUT) return;
    const key = new GroupingKey([...group.labels].sort((a, b) => compareNames(a.name, b.name)));
    if (this.standing[index] === UNMET && !this.open(group, key, index, timeMs)) return;
    const families = group.families.filter((family) => family.timestampMs === timeMs && !isPushTime(family));
    for (const { name } of families.filter(isEmpty)) this.leaveOut(key, name, "it is empty");
    const full = families.filter((family) => !isEmpty(family));
    this.count.families += this.admission.admit(key, full, timeMs);
    if (timeMs === lastTimeOf(group)) this.finish(group, key);
  }

  private open(group: GobGroup, key: GroupingKey, index: number, timeMs: number): boolean {
    const reason = group.isUtf8 ? this.admission.openGroup(key, timeMs) : "its labels are not UTF-8";
    this.standing[index] = reason === null ? OPEN : LEFT_OUT;
    if (reason === null) this.count.groups++;
    else {
      this.count.leftOutGroups++;
      this.count.leftOut += group.families.filter((family) => !isPushTime(family)).length;
      this.watch.leftOut({ group: keyText(key), family: null, reason });
    }
    return reason === null;
  }

  private leaveOut(key: GroupingKey, family: string, reason: string): void {
    this.count.leftOut++;
    this.watch.leftOut({ group: keyText(key), family, reason });
  }

  /** Everything of the group is there: its push times are what they were. */
  private finish(group: GobGroup, key: GroupingKey): void {
    this.store.setPushTimes(key, pushTimeOf(group, PUSH_TIME), pushTimeOf(group, PUSH_FAILURE_TIME));
  }
}

interface Push {
  readonly timeMs: number;
  readonly index: number;
}

/** Every time at which a group was pushed to, with the group's index, the oldest first. */
function* pushesInOrder(file: GobFile): Generator<Push> {
  const times: number[] = [];
  const groups: number[] = [];
  for (let index = 0; index < file.groupCount; index++) {
    const distinct = new Set(file.groupAt(index).families.map(({ timestampMs }) => timestampMs));
    if (distinct.size === 0) distinct.add(0);
    for (const timeMs of distinct) {
      times.push(timeMs);
      groups.push(index);
    }
  }
  const order = Uint32Array.from(times.keys());
  order.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  for (const at of order) yield { timeMs: times[at] as number, index: groups[at] as number };
}

const isEmpty = ({ familyBytes }: GobFamily): boolean => familyBytes.length === 0;
const isPushTime = ({ name }: GobFamily): boolean => name === PUSH_TIME || name === PUSH_FAILURE_TIME;

/** 0 where a group has no family at all, not even its push times. */
function lastTimeOf({ families }: GobGroup): number {
  return families.length === 0 ? 0 : families.reduce((last, family) => Math.max(last, family.timestampMs), -Infinity);
}

/** One of the push times of a group; in files of old versions it may be missing. */
function pushTimeOf(group: GobGroup, name: string): PushTime {
  const family = group.families.find((one) => one.name === name);
  if (family === undefined) return { seconds: 0, pushedMs: lastTimeOf(group) };
  return { seconds: readGauge(family.familyBytes), pushedMs: family.timestampMs };
}

const keyText = (key: { readonly block: Uint8Array }): string => Buffer.from(key.block).toString();

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
