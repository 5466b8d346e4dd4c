import { Float64Column, Int32Column } from "../../bytes/columns.ts";
import { KeyTable } from "../../bytes/key-table.ts";
import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import { NEVER_EXPIRES } from "../../model/group-ttl.ts";
import { GroupTexts } from "./group-texts.ts";
import { Lifetimes } from "./lifetimes.ts";
import { PushIds } from "./push-ids.ts";
import { Reaches } from "./reaches.ts";
import { Shapes } from "./shapes.ts";
import type { Usage } from "./usage.ts";

/** So many groups are entered in the text that is searched before a turn of the loop may be taken. */
const GROUPS_A_STEP = 512;

const decoder = new TextDecoder();

const FIRST_CHUNK = 0;
const SHAPE = 1;
const SERIES = 2;
const FORM = 3;
const CHUNK_COUNT = 4;
const STRIDE = 5;

/** Of the second column: push times in seconds, and a size. */
const SUCCEEDED = 0;
const FAILED = 1;
const SIZE = 2;
const DOUBLES_STRIDE = 3;

/** The group that a push is for, -1 if there is none yet; its shape is -1 if no group has such a key. */
export interface PushedGroup {
  readonly group: number;
  readonly shape: number;
}

/** The groups: a row of the store each, found by the block of its grouping key. */
export class Groups {
  readonly table = new KeyTable();
  /** Who may see which of them. */
  readonly reaches = new Reaches(this.table);
  readonly shapes = new Shapes();
  /** The group that a large push is being stored in, or -1: nobody should look into it until all is stored. */
  beingStored = -1;
  /** What they hold for each quota; null: there is none. */
  usage: Usage | null = null;
  /** The keys as a text that is searched; null until it is asked for. */
  private keyTexts: GroupTexts | null = null;
  private readonly walk = new LabelWalk();
  private readonly column = new Int32Column();
  private readonly doubles = new Float64Column();
  readonly lifetimes: Lifetimes;
  readonly pushIds = new PushIds();

  /** The time to live that all groups have, and when a group that no push succeeded to was first pushed to, or 0. */
  constructor(ttlSeconds = NEVER_EXPIRES, firstFailureSeconds: (group: number) => number = () => 0) {
    const since = (group: number) => this.succeededSeconds(group) || firstFailureSeconds(group) || Infinity;
    this.lifetimes = new Lifetimes(ttlSeconds, since);
  }

  get count(): number {
    return this.table.count;
  }

  find(block: Uint8Array, start = 0, end = block.length): number {
    return this.table.find(block, start, end);
  }

  add(key: GroupingKey): number {
    return this.addRow(key.block, 0, key.block.length, key.writtenNames);
  }

  /** Adds a group by the block of its key, source[start, end). */
  addBlock(source: Uint8Array, start: number, end: number): number {
    return this.addRow(source, start, end, this.namesIn(source, start, end));
  }

  private namesIn(source: Uint8Array, start: number, end: number): string[] {
    const names: string[] = [];
    this.walk.open(source, start, end);
    while (this.walk.step()) names.push(decoder.decode(source.subarray(this.walk.start, this.walk.nameEnd)));
    return names;
  }

  private addRow(source: Uint8Array, start: number, end: number, names: readonly string[]): number {
    const group = this.table.add(source, start, end);
    this.column.ensure((group + 1) * STRIDE);
    this.doubles.ensure((group + 1) * DOUBLES_STRIDE);
    this.column.rows[group * STRIDE + FIRST_CHUNK] = -1;
    this.column.rows[group * STRIDE + SHAPE] = this.shapes.enter(names).id;
    this.column.rows[group * STRIDE + CHUNK_COUNT] = 0;
    this.doubles.rows[group * DOUBLES_STRIDE + SUCCEEDED] = 0;
    this.doubles.rows[group * DOUBLES_STRIDE + FAILED] = 0;
    this.column.rows[group * STRIDE + SERIES] = 0;
    this.doubles.rows[group * DOUBLES_STRIDE + SIZE] = 0;
    this.setForm(group, 0);
    this.keyTexts?.add(group, source.subarray(start, end));
    this.reaches.added(group);
    this.usage?.added(group, source.subarray(start, end));
    return group;
  }

  /** Removes a group that has no chunks any more. */
  remove(group: number): void {
    this.shapes.leave(this.column.at(group * STRIDE + SHAPE));
    this.keyTexts?.remove(group);
    this.reaches.removed(group);
    this.usage?.removed(group);
    this.table.remove(group);
    this.pushIds.remove(group);
    this.lifetimes.removed(group, this.table.limit);
    this.usage?.trim(this.table.limit);
    this.column.trim(this.table.limit * STRIDE);
    this.doubles.trim(this.table.limit * DOUBLES_STRIDE);
  }

  /** The memory that the rows, the keys and their names take up. */
  get sizeBytes(): number {
    const columns = this.column.sizeBytes + this.doubles.sizeBytes;
    const { keyTexts, lifetimes, pushIds, reaches, shapes, table, usage } = this;
    const found = (keyTexts?.sizeBytes ?? 0) + reaches.sizeBytes + (usage?.sizeBytes ?? 0);
    return table.sizeBytes + columns + shapes.sizeBytes + lifetimes.sizeBytes + pushIds.sizeBytes + found;
  }

  /**
   * The text in which keys are searched, made where there is none yet, or where most of it is of groups that are gone.
   * null: a turn of the loop may be taken.
   */
  *texts(): Generator<null, GroupTexts> {
    if (this.keyTexts === null || this.keyTexts.isWorn) this.keyTexts = new GroupTexts();
    const texts = this.keyTexts;
    if (texts.count === this.count) return texts;
    for (let group = 0; group < this.table.limit; group++) {
      if (this.table.has(group) && !texts.has(group)) texts.add(group, this.table.key(group));
      if (group % GROUPS_A_STEP === GROUPS_A_STEP - 1) yield null;
    }
    return texts;
  }

  /** Whether rows of this text still are those of the groups. */
  isSearched(texts: GroupTexts): boolean {
    return this.keyTexts === texts;
  }

  /** How many series a group holds. */
  seriesCount(group: number): number {
    return this.column.at(group * STRIDE + SERIES);
  }

  /** The size of what a group holds: lines, the records beside them, and help texts. */
  heldBytes(group: number): number {
    return this.doubles.at(group * DOUBLES_STRIDE + SIZE);
  }

  setHeld(group: number, seriesCount: number, heldBytes: number): void {
    this.addHeld(group, seriesCount - this.seriesCount(group), heldBytes - this.heldBytes(group));
  }

  /** Notes that a group holds more, or less. */
  addHeld(group: number, seriesCount: number, heldBytes: number): void {
    const at = group * STRIDE + SERIES;
    this.column.rows[at] = this.column.at(at) + seriesCount;
    this.doubles.rows[group * DOUBLES_STRIDE + SIZE] = this.heldBytes(group) + heldBytes;
    this.usage?.held(group, seriesCount, heldBytes);
  }

  /** The first chunk of a group, or -1; the next ones are linked in the chunk rows. */
  firstChunk(group: number): number {
    return this.column.at(group * STRIDE + FIRST_CHUNK);
  }

  chunkCount(group: number): number {
    return this.column.at(group * STRIDE + CHUNK_COUNT);
  }

  /** Sets the list of a group's chunks. */
  setChunks(group: number, first: number, count: number): void {
    this.column.rows[group * STRIDE + FIRST_CHUNK] = first;
    this.column.rows[group * STRIDE + CHUNK_COUNT] = count;
  }

  /**
   * The form of pushes whose series are all that the group has besides its push times, in the order of its list; 0:
   * none.
   */
  form(group: number): number {
    return this.column.at(group * STRIDE + FORM);
  }

  setForm(group: number, form: number): void {
    this.column.rows[group * STRIDE + FORM] = form;
  }

  /** A group, or a key that has none yet (-1), as the search for duplicates knows it. */
  pushedGroup(group: number, key: GroupingKey): PushedGroup {
    return { group, shape: group < 0 ? this.shapes.idOf(key.writtenNames) : this.shapeId(group) };
  }

  shapeId(group: number): number {
    return this.column.at(group * STRIDE + SHAPE);
  }

  /** Seconds since 1970 of the last push that succeeded, as its metric says; 0 where none has. */
  succeededSeconds(group: number): number {
    return this.doubles.at(group * DOUBLES_STRIDE + SUCCEEDED);
  }

  failedSeconds(group: number): number {
    return this.doubles.at(group * DOUBLES_STRIDE + FAILED);
  }

  /** Seconds since 1970 of the last push, whether it succeeded or not. */
  pushedSeconds(group: number): number {
    return Math.max(this.succeededSeconds(group), this.failedSeconds(group));
  }

  /** Whether the last push failed. */
  isFailing(group: number): boolean {
    return this.failedSeconds(group) > this.succeededSeconds(group);
  }

  setSucceeded(group: number, seconds: number): void {
    this.doubles.rows[group * DOUBLES_STRIDE + SUCCEEDED] = seconds;
  }

  setFailed(group: number, seconds: number): void {
    this.doubles.rows[group * DOUBLES_STRIDE + FAILED] = seconds;
  }
}
