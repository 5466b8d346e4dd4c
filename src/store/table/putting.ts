import { sameBytes } from "../../bytes/hash.ts";
import { HEAD_ASIDE, HEAD_HAS_AGE, type KeptGroups } from "../../model/kept-group.ts";
import { KeptReader } from "../../model/kept-reader.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { emptyContent } from "./chunk-content.ts";
import type { Contradictions } from "./contradictions.ts";
import { takeTypeNote } from "./families.ts";
import { describeKept, type KeptHead, KeptHeads, setKeptRow } from "./kept-heads.ts";
import type { Table } from "./table.ts";

/**
 * Puts groups as they were kept in place of those that are there. Each row is a whole group; it was judged where it was
 * pushed and is taken as it is. A group that has the same families gets other lines, in place where their sizes are
 * equal; another one is taken out and put in anew, under its number.
 */
export class Putting {
  private readonly kept: KeptReader;
  private readonly heads: KeptHeads;
  private readonly content = emptyContent();
  private readonly place = { slot: 0, offset: 0, size: 0 };
  /** The chunks that the group has of the families of the row. */
  private readonly chunks: number[] = [];
  /** By the number of the head, as long as nothing was taken out of the table since. */
  private read: KeptHead[] = [];
  /** The row that is next, its first family, and the first id of a push. */
  private row = 0;
  private family = 0;
  private pushId = 0;

  constructor(
    private readonly table: Table,
    reserved: ReservedFamilies,
    kept: KeptGroups,
    allowContradictions: () => Contradictions,
  ) {
    this.kept = new KeptReader(kept);
    this.heads = new KeptHeads(table, reserved, this.kept, allowContradictions);
    this.content.source = kept.bytes;
  }

  /** Makes a group what a row says of it, and returns its id. Rows are given in their order; some may be left out. */
  put(row: number): number {
    const { kept, table } = this;
    while (this.row < row) this.pass();
    const end = this.family + kept.familyCount(row);
    const known = table.groups.find(kept.bytes, kept.keyStart(row), kept.keyEnd(row));
    if (known >= 0 && this.findChunks(known, end)) this.updateAll(known);
    else this.replaceAll(known, row, end);
    const group = known >= 0 ? known : table.groups.find(kept.bytes, kept.keyStart(row), kept.keyEnd(row));
    table.groups.setForm(group, 0);
    setKeptRow(table, group, kept, row, this.pushId);
    return group;
  }

  /** Goes to the next row. */
  private pass(): void {
    this.family += this.kept.familyCount(this.row);
    this.pushId += this.kept.pushIdCount(this.row++);
  }

  /** Whether a group has each of the families up to `end`, of its type; their chunks are noted. */
  private findChunks(group: number, end: number): boolean {
    const { chunks, kept, table } = this;
    chunks.length = 0;
    if (table.contradictions !== null) return false;
    for (let index = this.family; index < end; index++) {
      const head = kept.head(index);
      if ((kept.flags(head) & (HEAD_ASIDE | HEAD_HAS_AGE)) !== 0) return false;
      const name = kept.name(head);
      const family = table.findFamily(name, 0, name.length);
      const chunk = family === null ? -1 : table.chunkOf(group, family.id);
      const type = kept.type(head);
      if (family === null || chunk < 0 || table.typeOf(chunk) !== type) return false;
      // What others hold of the name is of another type: a chunk without metrics may stay beside it, no other.
      if (family.filledCount > 0 && family.type !== type && kept.metricCount(index) > 0) return false;
      chunks.push(chunk);
    }
    return true;
  }

  private updateAll(group: number): void {
    const { chunks, table } = this;
    this.read = [];
    if (table.groups.chunkCount(group) > chunks.length) table.keepOnly(group, chunks);
    for (let i = 0; i < chunks.length; i++) this.update(chunks[i] ?? -1, this.family + i);
  }

  private update(chunk: number, index: number): void {
    const { content, heads, kept, place, table } = this;
    const head = heads.readFor(kept.head(index), table.familyOf(chunk));
    takeTypeNote(head.family, head.typeNote, true);
    describeKept(content, kept, index, head);
    const page = table.locate(chunk, place);
    const hasSide = content.side !== null || page.sides?.has(chunk) === true;
    const isSame = !hasSide && place.size === content.end - content.start;
    if (isSame && sameBytes(content.source, content.start, page.bytes, place.offset, place.size))
      return table.touch(chunk, content.help, content.pushedMs);
    table.update(chunk, place, content);
  }

  private replaceAll(known: number, row: number, end: number): void {
    const { content, kept, table } = this;
    if (known >= 0) {
      this.read = [];
      table.keepOnly(known, []);
      // What is on its way out would be taken for another group's.
      table.removals.finish();
    }
    const group = known >= 0 ? known : table.groups.addBlock(kept.bytes, kept.keyStart(row), kept.keyEnd(row));
    for (let index = this.family; index < end; index++) {
      const head = this.headOf(kept.head(index));
      takeTypeNote(head.family, head.typeNote, false);
      describeKept(content, kept, index, head);
      const chunk = table.insert(group, head.family, content);
      table.contradictions?.restored(head.family, chunk, head.age);
    }
  }

  private headOf(head: number): KeptHead {
    this.read[head] ??= this.heads.read(head);
    return this.read[head];
  }
}
