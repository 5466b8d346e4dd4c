import { mustBe, mustHold } from "../../bytes/broken.ts";
import { linesIn } from "../../exposition/lines-in.ts";
import type { Family } from "./families.ts";
import { NO_HELP } from "./help-texts.ts";
import { sideMemory, sideSize } from "./page.ts";
import type { Table } from "./table.ts";

/**
 * Throws, naming what is broken, where counts, lists, slots and pages of a table differ. Nothing may be on its way out
 * of the table. Costs as much as the table holds, for tests.
 */
export function verifyTable(table: Table): void {
  mustHold(!table.removals.isUnderWay, "chunks are on their way out of the table");
  const { groups, chunks, pages, names, order, lists } = table;
  groups.table.verify("groups");
  names.verify("families");
  chunks.verify();
  pages.verify();
  order.verify(names.count);
  const found = new FoundChunks(table);
  for (let group = 0; group < groups.table.limit; group++) if (groups.table.has(group)) found.addGroup(group);
  lists.verifyIndex(found.largeChunks);
  groups.reaches.verify();
  groups.lifetimes.verify(groups.table.limit, (group) => groups.table.has(group));
  groups.pushIds.verify((group) => groups.table.has(group));
  found.verify();
  groups.usage?.verify();
  table.segments?.verify();
  table.contradictions?.verify();
  const hidden = order.read().flatMap(({ families }) => families.filter(({ isShown }) => !isShown));
  const leftOut = hidden.reduce((sum, { filledCount }) => sum + filledCount, 0);
  mustBe(table.leftOutCount, leftOut, "chunks that are left out");
}

/** What the chunks in the lists of all groups add up to. */
class FoundChunks {
  largeChunks = 0;
  private chunkCount = 0;
  private seriesCount = 0;
  private chunkBytes = 0;
  private sideBytes = 0;
  private readonly shapes = new Map<number, number>();
  private readonly helps = new Map<number, number>();
  private readonly families = new Map<Family, FoundFamily>();
  private readonly place = { slot: 0, offset: 0, size: 0 };

  constructor(private readonly table: Table) {}

  addGroup(group: number): void {
    const { groups, lists, helps } = this.table;
    const shape = groups.shapeId(group);
    count(this.shapes, shape);
    let [series, bytes] = [0, 0];
    lists.verifyGroup(group, (chunk) => {
      this.addChunk(chunk, shape);
      series += this.table.chunks.lineCount(chunk);
      bytes += this.place.size + sideSize(this.table.pageOf(chunk), chunk) + helps.size(this.table.chunks.help(chunk));
    });
    if (lists.isLarge(group)) this.largeChunks += groups.chunkCount(group);
    mustBe(groups.seriesCount(group), series, `group ${group}: series`);
    mustBe(groups.heldBytes(group), bytes, `group ${group}: bytes of what it holds`);
  }

  private addChunk(chunk: number, shape: number): void {
    const { table, place } = this;
    const { chunks } = table;
    const family = table.familyOf(chunk);
    const page = table.locate(chunk, place);
    mustBe(page.slots[chunks.slot(chunk)] ?? -1, chunk, `chunk ${chunk}: the chunk in its slot`);
    mustBe(page.family, family.id, `chunk ${chunk}: the family of its page`);
    const lineCount = linesIn(page.bytes, place.offset, place.offset + place.size);
    mustBe(chunks.lineCount(chunk), lineCount, `chunk ${chunk}: its lines`);
    this.chunkCount++;
    this.seriesCount += chunks.lineCount(chunk);
    this.chunkBytes += place.size;
    this.sideBytes += sideMemory(sideSize(page, chunk));
    const help = chunks.help(chunk);
    if (help !== NO_HELP) count(this.helps, help);
    const found = this.families.get(family) ?? new FoundFamily(family);
    this.families.set(family, found);
    found.add(shape, help, chunks.metricCount(chunk) > 0, chunks.isQuoted(chunk));
  }

  verify(): void {
    const { table } = this;
    mustBe(table.chunks.count, this.chunkCount, "the table: chunks in the lists of its groups");
    mustBe(table.seriesCount, this.seriesCount, "the table: series");
    mustBe(table.chunkBytes, this.chunkBytes, "the table: bytes of chunks");
    mustBe(table.familyCount, this.families.size, "the table: families that have chunks");
    for (const found of this.families.values()) found.verify();
    table.groups.shapes.verify(this.shapes);
    table.helps.verify(this.helps);
    table.size.verify([...this.families.keys()], this.sideBytes);
  }
}

/** What the chunks of a family add up to. */
class FoundFamily {
  private chunks = 0;
  private filled = 0;
  private quoted = 0;
  private readonly shapes = new Map<number, number>();
  private readonly helps = new Map<number, number>();

  constructor(private readonly family: Family) {}

  add(shape: number, help: number, isFilled: boolean, isQuoted: boolean): void {
    this.chunks++;
    if (isFilled) this.filled++;
    if (isQuoted) this.quoted++;
    count(this.shapes, shape);
    count(this.helps, help);
  }

  verify(): void {
    const { family } = this;
    const what = `family ${family.name}`;
    family.verify();
    mustBe(family.chunkCount, this.chunks, `${what}: chunks`);
    mustBe(family.filledCount, this.filled, `${what}: chunks with metrics`);
    mustBe(family.quotedCount, this.quoted, `${what}: chunks with names in quotes`);
    for (const [shape, groups] of this.shapes) mustBe(family.shapes.get(shape), groups, `${what}: of shape ${shape}`);
    mustBe(family.shapes.size, this.shapes.size, `${what}: shapes`);
    for (const [help, groups] of this.helps) mustBe(family.helpIds.get(help), groups, `${what}: of help text ${help}`);
    mustBe(family.helpIds.size, this.helps.size, `${what}: help texts`);
  }
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
