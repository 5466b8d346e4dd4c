import { Float64Column, Int32Column } from "../bytes/columns.ts";
import { LabelWalk } from "../bytes/label-block.ts";
import type { GroupingKey } from "../model/grouping-key.ts";
import type { OwnGroup } from "./duplicates.ts";
import { KeyTable } from "./key-table.ts";
import { Shapes } from "./shapes.ts";

const decoder = new TextDecoder();

const FIRST_CHUNK = 0;
const SHAPE = 1;
const STRIDE = 2;

const SUCCEEDED = 0;
const FAILED = 1;
const TIME_STRIDE = 2;

/** The groups: a row of the store each, found by the block of its grouping key. */
export class Groups {
  readonly table = new KeyTable();
  readonly shapes = new Shapes();
  private readonly walk = new LabelWalk();
  private readonly column = new Int32Column();
  private readonly timeColumn = new Float64Column();

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
    this.timeColumn.ensure((group + 1) * TIME_STRIDE);
    this.column.rows[group * STRIDE + FIRST_CHUNK] = -1;
    this.column.rows[group * STRIDE + SHAPE] = this.shapes.enter(names).id;
    this.timeColumn.rows[group * TIME_STRIDE + SUCCEEDED] = 0;
    this.timeColumn.rows[group * TIME_STRIDE + FAILED] = 0;
    return group;
  }

  /** Removes a group that has no chunks any more. */
  remove(group: number): void {
    this.shapes.leave(this.column.rows[group * STRIDE + SHAPE] as number);
    this.table.remove(group);
  }

  /** The first chunk of a group, or -1; the next ones are linked in the chunk rows. */
  firstChunk(group: number): number {
    return this.column.rows[group * STRIDE + FIRST_CHUNK] as number;
  }

  setFirstChunk(group: number, chunk: number): void {
    this.column.rows[group * STRIDE + FIRST_CHUNK] = chunk;
  }

  /** A group, or a key that has none yet (-1), as the search for duplicates knows it. */
  ownGroup(group: number, key: GroupingKey): OwnGroup {
    return { group, shape: group < 0 ? this.shapes.idOf(key.writtenNames) : this.shapeId(group) };
  }

  shapeId(group: number): number {
    return this.column.rows[group * STRIDE + SHAPE] as number;
  }

  /** Seconds since 1970 of the last push that succeeded, as its metric says; 0 where none has. */
  succeededSeconds(group: number): number {
    return this.timeColumn.rows[group * TIME_STRIDE + SUCCEEDED] as number;
  }

  failedSeconds(group: number): number {
    return this.timeColumn.rows[group * TIME_STRIDE + FAILED] as number;
  }

  setSucceeded(group: number, seconds: number): void {
    this.timeColumn.rows[group * TIME_STRIDE + SUCCEEDED] = seconds;
  }

  setFailed(group: number, seconds: number): void {
    this.timeColumn.rows[group * TIME_STRIDE + FAILED] = seconds;
  }
}
