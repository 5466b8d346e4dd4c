import { Broken } from "../../bytes/broken.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import { NEVER_EXPIRES } from "../../model/group-ttl.ts";
import type { MetricType } from "../../model/metric-type.ts";
import { isPushTimeName, PUSH_TIME } from "../../model/push-times.ts";
import type { ChunkContent } from "./chunk-content.ts";
import { Chunks } from "./chunks.ts";
import type { Contradictions } from "./contradictions.ts";
import { Family } from "./families.ts";
import { FamilyOrder } from "./family-order.ts";
import { GroupLists } from "./group-lists.ts";
import { Groups } from "./groups.ts";
import { HelpTexts, NO_HELP } from "./help-texts.ts";
import { Indexing } from "./indexing.ts";
import { type ChunkPlace, type Page, sideSize } from "./page.ts";
import { Pages } from "./pages.ts";
import { Readers } from "./readers.ts";
import { Removals } from "./removals.ts";
import { putOnPage, rewrite } from "./rewriting.ts";
import type { SegmentWatch } from "./segment-watch.ts";
import { TableSize } from "./table-size.ts";

const PUSH_TIME_NAME = new TextEncoder().encode(PUSH_TIME);

/**
 * The table of families (columns) and groups (rows) with a chunk in each cell that is filled. It keeps all counts and
 * lists in step and knows nothing of what may be pushed.
 */
export class Table {
  readonly groups: Groups;
  readonly chunks = new Chunks();
  readonly pages = new Pages();
  readonly helps = new HelpTexts();
  readonly names = new KeyTable();
  private readonly families: (Family | null)[] = [];
  readonly order = new FamilyOrder();
  readonly readers = new Readers(this.pages);
  readonly removals = new Removals(this);
  readonly indexing = new Indexing(this.pages);
  readonly lists: GroupLists;
  private readonly place = { slot: 0, offset: 0, size: 0 };
  /** Decides what cannot be shown together; null if everything can, because it was checked or nothing else is known. */
  contradictions: Contradictions | null = null;
  /** Which chunks the persister has to write; null if there is none. */
  segments: SegmentWatch | null = null;
  /** Families with several help texts, or with texts that may not be ours, that changed since somebody looked. */
  readonly newHelps = new Set<Family>();
  seriesCount = 0;
  chunkBytes = 0;
  /** Chunks with metrics whose families are not shown. */
  leftOutCount = 0;
  readonly size: TableSize;

  /** The time to live that all groups have. */
  constructor(ttlSeconds = NEVER_EXPIRES) {
    this.groups = new Groups(ttlSeconds, (group) => this.firstFailureSeconds(group));
    this.lists = new GroupLists(this.groups, this.chunks);
    this.size = new TableSize(this);
  }

  /** When the push time of a group was set first where none has succeeded, in seconds since 1970; 0: it has none. */
  private firstFailureSeconds(group: number): number {
    const family = this.findFamily(PUSH_TIME_NAME, 0, PUSH_TIME_NAME.length);
    const chunk = family === null ? -1 : this.chunkOf(group, family.id);
    return chunk < 0 ? this.groups.failedSeconds(group) : this.chunks.pushedMs(chunk) / 1000;
  }

  get familyCount(): number {
    return this.names.count;
  }

  /** Every family's id is below this. */
  get familyLimit(): number {
    return this.families.length;
  }

  family(id: number): Family {
    const family = this.families[id];
    if (!family) throw new Broken(`there is no family ${id}`);
    return family;
  }

  /** Whether a family that was found before is still there. */
  isCurrent(family: Family): boolean {
    return this.families[family.id] === family;
  }

  findFamily(name: Uint8Array, start: number, end: number): Family | null {
    const id = this.names.find(name, start, end);
    return id < 0 ? null : this.family(id);
  }

  /** Adds a family; it is found by its key, which is its name unless there is one of that name. Both are borrowed. */
  addFamily(name: Uint8Array, type: MetricType, key = name): Family {
    const id = this.names.add(key, 0, key.length);
    const family = new Family(id, Buffer.from(name).toString(), new Uint8Array(name), type);
    family.isPushTime = isPushTimeName(family.name);
    family.isFurther = key !== name;
    family.epoch = this.pages.epoch;
    this.families[id] = family;
    this.order.add(family);
    this.size.recount(family);
    return family;
  }

  private beforeChange(family: Family): void {
    if (family.epoch !== this.pages.epoch)
      this.readers.beforeFamilyChanges(family, (one) => one.shown(this.helpText(one.help)));
  }

  /** The chunk of a family in a group, or -1. */
  chunkOf(group: number, family: number): number {
    return this.lists.chunkOf(group, family);
  }

  pageOf(chunk: number): Page {
    return this.pages.get(this.chunks.pageId(chunk));
  }

  /** Sets where a chunk is on its page; returns the page. */
  locate(chunk: number, place: ChunkPlace): Page {
    const page = this.pageOf(chunk);
    page.locate(this.chunks.slot(chunk), place);
    return page;
  }

  /** The lines of a chunk: borrowed, valid until something is written. */
  linesOf(chunk: number): Uint8Array {
    const { place } = this;
    const page = this.locate(chunk, place);
    return page.bytes.subarray(place.offset, place.offset + place.size);
  }

  /** Fills the cell of a family in a group that has none yet; returns the chunk. */
  insert(group: number, family: Family, content: ChunkContent): number {
    const chunk = this.chunks.add(family.id, group);
    this.lists.add(group, chunk);
    this.putIn(family, group, chunk, content);
    this.segments?.inserted(group, chunk);
    return chunk;
  }

  /** Makes a chunk that is in its group's list one of a family. */
  private putIn(family: Family, group: number, chunk: number, content: ChunkContent): void {
    this.beforeChange(family);
    this.chunks.setHelp(chunk, content.help);
    family.countShape(this.groups.shapeId(group), 1);
    this.countHelp(family, content.help, 1);
    this.size.recount(family);
    family.chunkCount++;
    this.helps.retain(content.help);
    this.countIn(family, content);
    this.chunks.describe(chunk, content);
    const size = content.end - content.start;
    const sideBytes = content.side?.length ?? 0;
    this.chunkBytes += size;
    this.size.changeSide(0, sideBytes);
    this.groups.addHeld(group, content.lineCount, size + sideBytes + this.helps.size(content.help));
    putOnPage({ family, pages: this.pages, places: this.chunks }, chunk, content);
    if (content.metricCount > 0 && family.filledCount === 1) this.contradictions?.filled(family, content.pushedMs);
  }

  /** Gives a cell other lines, in another family of the same name. */
  move(chunk: number, family: Family, content: ChunkContent): void {
    const group = this.groupOf(chunk);
    this.helps.retain(content.help); // It may be one that nobody else has.
    this.groups.addHeld(group, -this.lineCountOf(chunk), -this.heldBytesOf(chunk));
    this.leaveFamily(chunk, this.groups.shapeId(group));
    this.lists.beforeMove(group, chunk);
    this.chunks.setFamily(chunk, family.id);
    this.lists.afterMove(group, chunk);
    this.putIn(family, group, chunk, content);
    this.helps.release(content.help);
    this.noteChange(chunk);
  }

  /** Gives a cell other lines; `place` is where its page located it. */
  update(chunk: number, place: ChunkPlace, content: ChunkContent): void {
    const family = this.familyOf(chunk);
    this.beforeChange(family);
    const { filledCount } = family;
    const moreSeries = content.lineCount - this.lineCountOf(chunk);
    this.countOut(family, chunk);
    this.countIn(family, content);
    if (filledCount === 0 && family.filledCount > 0) this.contradictions?.filled(family, content.pushedMs);
    else if (filledCount > 0 && family.filledCount === 0) this.contradictions?.emptied(family);
    this.changeHelp(family, chunk, content.help);
    this.chunks.describe(chunk, content);
    const moreBytes = this.rewrite(family, chunk, place, content);
    if (moreSeries !== 0 || moreBytes !== 0) this.groups.addHeld(this.groupOf(chunk), moreSeries, moreBytes);
    this.noteChange(chunk);
  }

  private noteChange(chunk: number): void {
    const segment = this.chunks.segmentOf(chunk);
    if (segment > 0) this.segments?.changed(this.groupOf(chunk), segment);
  }

  /** Gives a cell lines with other values and nothing else. */
  revalue(chunk: number, place: ChunkPlace, content: ChunkContent): void {
    const family = this.familyOf(chunk);
    this.beforeChange(family);
    const moreBytes = this.rewrite(family, chunk, place, content);
    if (moreBytes !== 0) this.groups.addHeld(this.groupOf(chunk), 0, moreBytes);
    this.retime(chunk, content.pushedMs);
  }

  /** Notes that a cell was pushed again with all that it had. */
  retime(chunk: number, pushedMs: number): void {
    this.chunks.setPushedMs(chunk, pushedMs);
    this.noteChange(chunk);
  }

  /** Returns by how many bytes the chunk is larger now. */
  private rewrite(family: Family, chunk: number, place: ChunkPlace, content: ChunkContent): number {
    const size = content.end - content.start;
    const held = this.pageOf(chunk);
    const sideBefore = sideSize(held, chunk);
    const side = content.side?.length ?? 0;
    const moreBytes = size - place.size + side - sideBefore;
    this.chunkBytes += size - place.size;
    if (side !== sideBefore) this.size.changeSide(sideBefore, side);
    rewrite({ family, pages: this.pages, places: this.chunks }, held, place, chunk, content);
    return moreBytes;
  }

  /** The size of what a chunk holds: lines, the records beside them, and the help text. */
  heldBytesOf(chunk: number): number {
    const page = this.locate(chunk, this.place);
    return this.place.size + sideSize(page, chunk) + this.helps.size(this.helpIdOf(chunk));
  }

  /** Notes that a cell was pushed again with the very same lines. */
  touch(chunk: number, help: number, pushedMs: number): void {
    const family = this.familyOf(chunk);
    this.changeHelp(family, chunk, help);
    this.retime(chunk, pushedMs);
  }

  /**
   * Leaves a group those of its chunks that are in `kept`, in the order in which they were added. The others, where
   * they are many, leave their families step by step. Costs what is kept, however many there are.
   */
  keepOnly(group: number, kept: readonly number[]): void {
    this.segments?.keptOnly(group, kept);
    this.groups.setHeld(group, 0, 0);
    for (const chunk of kept) this.groups.addHeld(group, this.lineCountOf(chunk), this.heldBytesOf(chunk));
    const { first, list } = this.lists.keepOnly(group, kept);
    if (first >= 0) this.removals.begin(first, this.groups.shapeId(group), list);
  }

  removeGroup(group: number): void {
    this.keepOnly(group, []);
    this.groups.remove(group);
    this.segments?.removed(group);
  }

  /**
   * Empties the cell of a chunk that is in no group's list any more, `shape` being that of its key, `list` its large
   * group's.
   */
  takeOut(chunk: number, shape: number, list: number): void {
    this.lists.forget(list, chunk);
    this.leaveFamily(chunk, shape);
    this.chunks.remove(chunk);
  }

  /** Takes a chunk away from its family, which goes if it was the last. The chunk's lines are gone. */
  private leaveFamily(chunk: number, shape: number): void {
    const family = this.familyOf(chunk);
    this.beforeChange(family);
    const page = this.locate(chunk, this.place);
    this.chunkBytes -= this.place.size;
    this.size.changeSide(sideSize(page, chunk), 0);
    family.remove(this.pages, page, this.place);
    this.countOut(family, chunk);
    const help = this.helpIdOf(chunk);
    this.countHelp(family, help, -1);
    family.countShape(shape, -1);
    this.size.recount(family);
    const { contradictions } = this;
    if (contradictions !== null) {
      contradictions.left(family, this.groupOf(chunk), chunk);
      if (family.filledCount === 0) contradictions.emptied(family);
    }
    this.helps.release(help);
    if (--family.chunkCount === 0) this.dropFamily(family);
  }

  private countHelp(family: Family, help: number, by: 1 | -1): void {
    if (!family.countHelp(help, by)) return;
    if (family.isOwn || family.helpIds.size > 1) this.newHelps.add(family);
  }

  /** Puts the chunks of a family into the exposition, where they are not; or leaves them out of it, where they are. */
  setShown(family: Family, isShown: boolean): void {
    this.beforeChange(family);
    family.isShown = isShown;
    this.leftOutCount += isShown ? -family.filledCount : family.filledCount;
  }

  private dropFamily(family: Family): void {
    this.names.remove(family.id);
    this.segments?.familyRemoved(family.id);
    this.families[family.id] = null;
    this.families.length = this.names.limit;
    this.size.drop(family);
    this.order.remove(family);
    this.newHelps.delete(family);
    this.contradictions?.dropped(family);
  }

  private countIn(family: Family, content: ChunkContent): void {
    this.seriesCount += content.lineCount;
    if (content.quoted) family.quotedCount++;
    if (content.metricCount === 0) return;
    family.filledCount++;
    if (!family.isShown) this.leftOutCount++;
    if (family.filledCount === 1) family.type = content.type;
  }

  private countOut(family: Family, chunk: number): void {
    const { chunks } = this;
    this.seriesCount -= chunks.lineCount(chunk);
    if (chunks.isQuoted(chunk)) family.quotedCount--;
    if (chunks.metricCount(chunk) === 0) return;
    family.filledCount--;
    if (!family.isShown) this.leftOutCount--;
  }

  private changeHelp(family: Family, chunk: number, help: number): void {
    const old = this.chunks.help(chunk);
    if (old === help) return;
    this.beforeChange(family);
    this.chunks.setHelp(chunk, help);
    this.countHelp(family, help, 1);
    this.countHelp(family, old, -1);
    this.size.recount(family);
    this.groups.addHeld(this.groupOf(chunk), 0, this.helps.size(help) - this.helps.size(old));
    this.helps.retain(help);
    this.helps.release(old);
  }

  familyOf(chunk: number): Family {
    return this.family(this.chunks.familyId(chunk));
  }

  groupOf(chunk: number): number {
    return this.chunks.group(chunk);
  }

  /** The type of a chunk, which is its family's unless that has no metrics. */
  typeOf(chunk: number): MetricType {
    return this.chunks.type(chunk);
  }

  /** Whether some name in the lines of a chunk is in quotes. */
  isQuoted(chunk: number): boolean {
    return this.chunks.isQuoted(chunk);
  }

  /** The type that a family is taken for: that of its metrics, or where it has none, that of some chunk. */
  typeOfFamily(family: Family): MetricType {
    const chunk = family.filledCount > 0 ? undefined : family.pages[0]?.someChunk;
    return chunk === undefined ? family.type : this.typeOf(chunk);
  }

  metricCountOf(chunk: number): number {
    return this.chunks.metricCount(chunk);
  }

  lineCountOf(chunk: number): number {
    return this.chunks.lineCount(chunk);
  }

  helpIdOf(chunk: number): number {
    return this.chunks.help(chunk);
  }

  /** The help text of a number, or null for NO_HELP. */
  helpText(help: number): Uint8Array | null {
    return help === NO_HELP ? null : this.helps.text(help);
  }
}
