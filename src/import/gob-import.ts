import { doubleAt } from "../bytes/at.ts";
import { compareNames, GroupingKey } from "../exposition/grouping-key.ts";
import { Fault } from "../model/fault.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, PUSH_TIME_HELPS, type PushTime } from "../model/push-times.ts";
import { type GobFamily, type GobFile, type GobGroup, readGob } from "../persist/gob/read.ts";
import { ZERO_TIME_MS } from "../persist/gob/time.ts";
import { FAMILY_HELP, FAMILY_METRIC, METRIC_GAUGE, SINGLE_VALUE } from "../protobuf/field-numbers.ts";
import { FieldCursor, WIRE_BYTES, WIRE_FIXED64 } from "../protobuf/wire.ts";
import type { Store } from "../store/store.ts";
import { ImportCount, type Imported, type ImportWatch } from "./import-watch.ts";
import { Admission } from "./replay.ts";

/**
 * Puts what a persistence file of the reference holds into an empty store: metrics, help, push times, and when each
 * family was pushed. Pushes are made again in the order of their times, so of two that contradict each other the older
 * one stays. What could not be pushed is left out. A file that is not whole is refused, and nothing of it is taken.
 */
export function importGob(bytes: Uint8Array, store: Store, watch: ImportWatch): Imported | Fault {
  const file = readGob(bytes);
  return file instanceof Fault ? file : new GobImport(file, store, watch).run();
}

const FAILURE_HELP = Buffer.from(PUSH_TIME_HELPS[PUSH_FAILURE_TIME]);

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
      watch.step("read", count.groups + count.leftOutGroups, file.groupCount);
      this.importPush(file.groupAt(index), index, timeMs);
    }
    return count.result();
  }

  /** Makes again what was pushed to a group at one time. */
  private importPush(group: GobGroup, index: number, timeMs: number): void {
    if (this.standing[index] === LEFT_OUT) return;
    const key = new GroupingKey([...group.labels].sort((a, b) => compareNames(a.name, b.name)));
    const families = group.families.filter((family) => family.timestampMs === timeMs && !isPushTime(family));
    const full = families.filter((family) => !isEmpty(family));
    const refused = group.isUtf8 ? this.admit(key, index, full, timeMs) : "its labels are not UTF-8";
    if (refused !== null) return this.leaveGroupOut(group, key, index, refused);
    for (const { name } of families.filter(isEmpty)) this.leaveOut(key, name, "it is empty");
    if (timeMs === lastTimeOf(group)) this.finish(group, key);
  }

  /** Returns the reason if there can be no group of that key. */
  private admit(key: GroupingKey, index: number, families: readonly GobFamily[], timeMs: number): string | null {
    const isFirst = this.standing[index] === UNMET;
    const admitted = this.admission.admit(key, families, timeMs, isFirst);
    if (typeof admitted === "string") return admitted;
    this.standing[index] = OPEN;
    if (isFirst) this.count.groups++;
    this.count.families += admitted;
    return null;
  }

  private leaveGroupOut(group: GobGroup, key: GroupingKey, index: number, reason: string): void {
    this.standing[index] = LEFT_OUT;
    this.count.leftOutGroups++;
    this.count.leftOut += group.families.filter((family) => !isPushTime(family)).length;
    this.watch.leftOut({ group: keyText(key), family: null, reason });
  }

  private leaveOut(key: GroupingKey, family: string, reason: string): void {
    this.count.leftOut++;
    this.watch.leftOut({ group: keyText(key), family, reason });
  }

  /** Everything of the group is there: its push times are what they were. */
  private finish(group: GobGroup, key: GroupingKey): void {
    const failure = group.families.find(({ name }) => name === PUSH_FAILURE_TIME);
    const isPushed = failure !== undefined && !isFailureTime(failure);
    this.store.setPushTimes(key, pushTimeOf(group, PUSH_TIME), isPushed ? null : pushTimeOf(group, PUSH_FAILURE_TIME));
  }
}

interface GobPush {
  readonly timeMs: number;
  readonly index: number;
}

/** Every time at which a group was pushed to, with the group's index, the oldest first. */
function* pushesInOrder({ pushes: { groups, timesMs } }: GobFile): Generator<GobPush> {
  const order = Uint32Array.from(timesMs.keys());
  order.sort((a, b) => (timesMs[a] as number) - (timesMs[b] as number) || a - b);
  for (const at of order) yield { timeMs: timesMs[at] as number, index: groups[at] as number };
}

const isEmpty = ({ familyBytes }: GobFamily): boolean => familyBytes.length === 0;

/**
 * Whether a family is the gateway's own report of its pushes. A failure time can be pushed, too; the help text tells
 * them apart.
 */
function isPushTime(family: GobFamily): boolean {
  return family.name === PUSH_TIME || isFailureTime(family);
}

function isFailureTime({ name, familyBytes }: GobFamily): boolean {
  if (name !== PUSH_FAILURE_TIME) return false;
  const help = findField(familyBytes, 0, familyBytes.length, FAMILY_HELP);
  return help !== null && Buffer.from(familyBytes.subarray(help.start, help.end)).equals(FAILURE_HELP);
}

function lastTimeOf({ families }: GobGroup): number {
  let last = ZERO_TIME_MS;
  for (const { timestampMs } of families) if (timestampMs > last) last = timestampMs;
  return last;
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
  const metric = findField(family, 0, family.length, FAMILY_METRIC);
  const gauge = metric && findField(family, metric.start, metric.end, METRIC_GAUGE);
  const value = gauge && findField(family, gauge.start, gauge.end, SINGLE_VALUE);
  if (value === null || value.wire !== WIRE_FIXED64) return 0;
  return doubleAt(family, value.start);
}

function findField(bytes: Uint8Array, start: number, end: number, field: number): FieldCursor | null {
  const cursor = new FieldCursor();
  cursor.open(bytes, start, end);
  while (cursor.step())
    if (cursor.field === field && (cursor.wire === WIRE_BYTES || cursor.wire === WIRE_FIXED64)) return cursor;
  return null;
}
