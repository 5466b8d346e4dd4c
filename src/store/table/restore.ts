import { Broken } from "../../bytes/broken.ts";
import { type KeptGroups, OWN_SEGMENT } from "../../model/kept-group.ts";
import { KeptReader } from "../../model/kept-reader.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { emptyContent } from "./chunk-content.ts";
import type { Contradictions } from "./contradictions.ts";
import type { Family } from "./families.ts";
import { describeKept, type KeptHead, KeptHeads, setKeptRow } from "./kept-heads.ts";
import type { Table } from "./table.ts";

/** What is restored in one step, at the most one family more. */
const FAMILIES_A_STEP = 64;
const BYTES_A_STEP = 64 * 1024;

/** Puts groups that were kept into a table, step by step. Their lines were rendered by us and are taken as they are. */
export class Restoring {
  private readonly kept: KeptReader;
  private readonly content = emptyContent();
  /** By the number of the head; found when a family first needs it. */
  private readonly heads: KeptHead[] = [];
  private readonly reading: KeptHeads;
  /** The families of the group whose segments are restored. */
  private readonly known = { group: -1, families: new Set<number>() };
  /** Rows that are restored: groups, and further segments of groups. */
  rows = 0;
  /** The group under way, or -1, its segment, the family that is next, and the one behind its last. */
  private group = -1;
  private segment = 0;
  private family = 0;
  /** The first id of a push of the group that is next, or under way. */
  private pushId = 0;
  private end = 0;

  constructor(
    private readonly table: Table,
    reserved: ReservedFamilies,
    kept: KeptGroups,
    /** Called where what was kept may be contradictory. */
    allowContradictions: () => Contradictions,
  ) {
    this.kept = new KeptReader(kept);
    this.reading = new KeptHeads(table, reserved, this.kept, allowContradictions);
    this.content.source = kept.bytes;
  }

  /** Restores some more families: a group, or a part of one. False: all are there. */
  step(): boolean {
    const { kept, rows } = this;
    if (rows === kept.rowCount) return false;
    if (this.group < 0) {
      this.segment = kept.segment(rows);
      this.group = this.enterGroup(kept.bytes, kept.keyStart(rows), kept.keyEnd(rows));
      this.end = this.family + kept.familyCount(rows);
    }
    this.addFamilies(this.group);
    if (this.family < this.end) return true;
    if (this.segment === OWN_SEGMENT) setKeptRow(this.table, this.group, kept, rows, this.pushId);
    this.pushId += kept.pushIdCount(rows);
    this.group = -1;
    this.rows++;
    return true;
  }

  /** Restores families of the group up to some number, and some bytes. */
  private addFamilies(group: number): void {
    let sizeBytes = 0;
    for (let count = 0; count < FAMILIES_A_STEP && sizeBytes < BYTES_A_STEP && this.family < this.end; count++) {
      sizeBytes += this.kept.linesSize(this.family);
      this.addFamily(group, this.family++);
    }
  }

  /** The group of a key: it must be there where this is a further segment of it, else it must not. */
  private enterGroup(source: Uint8Array, start: number, end: number): number {
    const known = this.table.groups.find(source, start, end);
    if (known >= 0 !== this.segment > OWN_SEGMENT) {
      const fault = known < 0 ? "it is not there" : "it is there";
      throw new Broken(`restoring the group {${Buffer.from(source.slice(start, end))}}: ${fault}`);
    }
    return known < 0 ? this.table.groups.addBlock(source, start, end) : known;
  }

  private addFamily(group: number, index: number): void {
    const { content, kept } = this;
    const head = this.headOf(kept.head(index));
    describeKept(content, kept, index, head);
    if (this.segment > OWN_SEGMENT) this.noteFamily(group, head.family);
    const chunk = this.table.insert(group, head.family, content);
    this.table.contradictions?.restored(head.family, chunk, head.age);
    if (this.segment > OWN_SEGMENT) this.table.segments?.restored(group, chunk, this.segment);
  }

  /**
   * A further segment may bring no family that its group has already; the segments of a group come one after the other.
   */
  private noteFamily(group: number, family: Family): void {
    const { table, known } = this;
    if (known.group !== group) {
      known.group = group;
      known.families.clear();
      const { chunks } = table;
      let chunk = table.groups.firstChunk(group);
      for (; chunk >= 0; chunk = chunks.next(chunk)) known.families.add(table.familyOf(chunk).id);
    }
    if (known.families.has(family.id))
      throw new Broken(
        `restoring the group {${Buffer.from(table.groups.table.key(group))}}: ${family.name} is there twice`,
      );
    known.families.add(family.id);
  }

  private headOf(head: number): KeptHead {
    this.heads[head] ??= this.reading.read(head);
    return this.heads[head];
  }
}

/** Makes a group what `restoring` has of it, and returns its id, or -1 where that is nothing. */
export function putBack(table: Table, group: number, restoring: Restoring): number {
  const key = table.groups.table.key(group).slice();
  table.removeGroup(group);
  table.removals.finish();
  while (restoring.step());
  return table.groups.find(key);
}
