import { Broken } from "../bytes/broken.ts";
import { sameBytes } from "../bytes/hash.ts";
import { GroupingKey } from "../exposition/grouping-key.ts";
import type { KeyedGroup } from "../model/kept-group.ts";
import { isPushTimeName, PUSH_FAILURE_TIME, PUSH_TIME } from "../model/push-times.ts";
import type { GroupView } from "../model/view.ts";
import { BatchWriter } from "../persist/batch.ts";
import { claimFile } from "../persist/claim.ts";
import type { GobFamily } from "../persist/gob/read.ts";
import { schemaVersionOf } from "../persist/opening.ts";
import { type LeftOutRow, readKeptGroups } from "../persist/reading.ts";
import { RECHECKED_VERSION } from "../persist/schema.ts";
import { type Amendment, upgradeDatabase } from "../persist/upgrade.ts";
import { RowWriter } from "../rows/record.ts";
import { keyedGroups } from "../store/keyed-groups.ts";
import { Store } from "../store/store.ts";
import { ImportCount, type Imported, type ImportWatch } from "./import-watch.ts";
import { FamilyEncoder } from "./kept-families.ts";
import { Admission } from "./replay.ts";

/**
 * Brings a database of an older version to the present one. A database from when more could be pushed than today is
 * searched: what could not be pushed now is taken out of its row, and the row as it was is kept in the table `left_out`
 * of the same file. Returns what was found then, or null. `store` is empty and checks.
 */
export function adoptOlderDatabase(file: string, store: Store, watch: ImportWatch): Imported | null {
  const claim = claimFile(file);
  try {
    const recheck = schemaVersionOf(file) < RECHECKED_VERSION ? recheckGroups(file, store, watch, () => {}) : null;
    upgradeDatabase(file, recheck?.amendments ?? [], () => watch.step("read", recheck?.count.groups ?? 0, null));
    return recheck?.count.result() ?? null;
  } finally {
    claim.release();
  }
}

/** Whether a text of what a file holds needs a look through it. */
export function mustBeRechecked(file: string): boolean {
  return schemaVersionOf(file) < RECHECKED_VERSION;
}

/**
 * Looks through a file without changing it: `store` has what could be pushed today. Rows that are not ours stay where
 * they are.
 */
export function recheckGroups(
  file: string,
  store: Store,
  watch: ImportWatch,
  leaveOut: (row: LeftOutRow) => void,
): Recheck {
  const recheck = new Recheck(store, watch);
  for (const kept of readKeptGroups(file, leaveOut)) {
    const held = new Store(new Map(), false);
    const restoring = held.restoring(kept);
    while (restoring.step());
    for (const group of keyedGroups(held)) recheck.add(group);
  }
  return recheck;
}

class Recheck {
  readonly amendments: Amendment[] = [];
  readonly count = new ImportCount();
  private readonly encoder = new FamilyEncoder();
  private readonly rows = new RowWriter();
  private readonly batch = new BatchWriter();
  private readonly admission: Admission;
  /** Why families of the current group were left out. */
  private reasons: string[] = [];

  constructor(
    private readonly store: Store,
    private readonly watch: ImportWatch,
  ) {
    this.admission = new Admission(store, (key, family, reason) => {
      this.count.leftOut++;
      this.reasons.push(`${family}: ${reason}`);
      watch.leftOut({ group: Buffer.from(key.block).toString(), family, reason });
    });
  }

  add(group: KeyedGroup): void {
    this.watch.step("read", this.count.groups + this.count.leftOutGroups, null);
    const key = new GroupingKey([...group.view.labels]);
    const families = this.encoder.encode(group.view);
    this.reasons = [];
    for (const [i, [timeMs, together]] of byTime(families).entries()) {
      const pushed = together.filter(({ name }) => !isPushTimeName(name));
      const admitted = this.admission.admit(key, pushed, timeMs, i === 0);
      if (typeof admitted === "string") return this.leaveOut(group, families, admitted);
      this.count.families += admitted;
    }
    this.count.groups++;
    this.setPushTimes(key, group, families);
    this.compare(key, group);
  }

  private leaveOut({ key }: KeyedGroup, families: readonly GobFamily[], reason: string): void {
    this.count.leftOutGroups++;
    this.count.leftOut += families.filter(({ name }) => !isPushTimeName(name)).length;
    this.watch.leftOut({ group: Buffer.from(key).toString(), family: null, reason });
    this.batch.remove(key);
    this.amendments.push({ key: key.slice(), reason, batch: this.batch.finish() });
  }

  private setPushTimes(key: GroupingKey, group: KeyedGroup, families: readonly GobFamily[]): void {
    const pushedMs = (name: string) => families.find((family) => family.name === name)?.timestampMs ?? 0;
    this.store.setPushTimes(
      key,
      { seconds: group.succeededSeconds, pushedMs: pushedMs(PUSH_TIME) },
      { seconds: group.failedSeconds, pushedMs: pushedMs(PUSH_FAILURE_TIME) },
    );
  }

  /** A group that is not what it was is to be written anew. */
  private compare(key: GroupingKey, group: KeyedGroup): void {
    const now = this.store.keyedGroup(this.store.groupOf(key.block));
    if (now === null) throw new Broken(`checking the group {${Buffer.from(key.block)}}: it is not there`);
    if (this.reasons.length === 0 && isAlike(group.view, now.view)) return;
    this.batch.group(group.key);
    this.batch.put(group, this.rows.writeWhole(now.view.families));
    const reason = this.reasons.join("\n") || "written otherwise today";
    this.amendments.push({ key: group.key.slice(), reason, batch: this.batch.finish() });
  }
}

function byTime(families: readonly GobFamily[]): [number, GobFamily[]][] {
  const times = new Map<number, GobFamily[]>();
  for (const family of families) {
    const together = times.get(family.timestampMs) ?? [];
    together.push(family);
    times.set(family.timestampMs, together);
  }
  return [...times].sort(([a], [b]) => a - b);
}

/** Whether two views of a group would be exposed alike as text. */
function isAlike(one: GroupView, other: GroupView): boolean {
  if (one.families.length !== other.families.length) return false;
  return one.families.every((family, i) => {
    const now = other.families[i];
    return now?.name === family.name && isSame(family.lines, now.lines) && isSame(family.help, now.help);
  });
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && sameBytes(one, 0, other, 0, one.length);
}
