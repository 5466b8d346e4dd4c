import { Float64Column, Int32Column } from "../bytes/columns.ts";
import { sameBytes } from "../bytes/hash.ts";
import { KeyTable } from "../bytes/key-table.ts";
import { Writer } from "../bytes/writer.ts";
import {
  HEAD_HELP_AT,
  HEAD_HELP_SIZE,
  HEAD_NAME_AT,
  HEAD_STRIDE,
  KEPT_AT,
  KEPT_FAILED,
  KEPT_FAMILY_STRIDE,
  KEPT_GROUP_STRIDE,
  KEPT_HEAD,
  KEPT_LINES,
  KEPT_METRICS,
  KEPT_SIDE_AT,
  KEPT_SIDE_SIZE,
  KEPT_SIZE,
  KEPT_SUCCEEDED,
  KEPT_TIMES_STRIDE,
  KEPT_TTL,
  type KeptGroups,
} from "../model/kept-group.ts";
import { PUSH_ID_BYTES, PUSH_ID_STRIDE } from "../model/push-id.ts";
import { HEAD_NUMBERS_BYTES, PartsCursor } from "./parts-cursor.ts";
import { pushIdsOf } from "./push-id-bytes.ts";

/** The columns of a row that its group is restored from. */
export interface KeptRow {
  readonly key: Uint8Array;
  /** 0: the group's own row. */
  readonly segment: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly ttl: number;
  /** Ids of pushes, as pushIdBytes writes them. */
  readonly pushIds: Uint8Array;
  readonly exposition: Uint8Array;
  readonly parts: Uint8Array;
}

/** Gathers rows into columns (kept-group.ts). A row that is not whole is an error. */
export class KeptColumns {
  private readonly bytes = new Writer(1 << 20);
  private readonly groups = new Int32Column();
  private readonly times = new Float64Column();
  private readonly pushIds = new Int32Column();
  /** Plain arrays: what grows in place is slower to write, and this is written for each family. */
  private families = new Int32Array(KEPT_FAMILY_STRIDE << 13);
  private pushedMs = new Float64Array(1 << 13);
  private readonly heads = new Int32Column();
  /** The heads as they are in rows; their ids are their numbers. */
  private readonly knownHeads = new KeyTable();
  /** The heads of the row before, in order: those of the next one are nearly always the same. */
  private guesses: number[] = [];
  private readonly cursor = new PartsCursor();
  rowCount = 0;
  private familyCount = 0;
  private headCount = 0;
  private pushIdCount = 0;

  get sizeBytes(): number {
    return this.bytes.length;
  }

  add(row: KeptRow): void {
    const { bytes } = this;
    const keyAt = bytes.length;
    bytes.append(row.key);
    const start = bytes.length;
    bytes.append(row.exposition);
    const firstFamily = this.familyCount;
    this.addFamilies(row, start);
    this.groups.ensure((this.rowCount + 1) * KEPT_GROUP_STRIDE);
    const pushIds = this.addPushIds(row.pushIds);
    const group = [keyAt, row.key.length, this.familyCount - firstFamily, row.segment, pushIds];
    this.groups.rows.set(group, this.rowCount * KEPT_GROUP_STRIDE);
    this.addTimes(row);
    this.rowCount++;
  }

  /** Gives how many there are. */
  private addPushIds(bytes: Uint8Array): number {
    const count = bytes.length / PUSH_ID_BYTES;
    if (count === 0) return 0;
    this.pushIds.ensure((this.pushIdCount + count) * PUSH_ID_STRIDE);
    this.pushIds.rows.set(pushIdsOf(bytes), this.pushIdCount * PUSH_ID_STRIDE);
    this.pushIdCount += count;
    return count;
  }

  private addTimes({ succeeded, failed, ttl }: KeptRow): void {
    const at = this.rowCount * KEPT_TIMES_STRIDE;
    this.times.ensure(at + KEPT_TIMES_STRIDE);
    const { rows } = this.times;
    rows[at + KEPT_SUCCEEDED] = succeeded;
    rows[at + KEPT_FAILED] = failed;
    rows[at + KEPT_TTL] = ttl;
  }

  /** The groups so far, in arrays of their own; the next ones begin. */
  finish(): KeptGroups {
    const { rowCount, familyCount, headCount, pushIdCount } = this;
    const kept = {
      bytes: new Uint8Array(this.bytes.view()),
      groups: this.groups.rows.slice(0, rowCount * KEPT_GROUP_STRIDE),
      times: this.times.rows.slice(0, rowCount * KEPT_TIMES_STRIDE),
      pushIds: this.pushIds.rows.slice(0, pushIdCount * PUSH_ID_STRIDE),
      families: this.families.slice(0, familyCount * KEPT_FAMILY_STRIDE),
      pushedMs: this.pushedMs.slice(0, familyCount),
      heads: this.heads.rows.slice(0, headCount * HEAD_STRIDE),
    };
    this.bytes.reset();
    this.knownHeads.clear();
    this.guesses = [];
    this.rowCount = 0;
    this.familyCount = 0;
    this.headCount = 0;
    this.pushIdCount = 0;
    return kept;
  }

  /** Adds the families of a row whose exposition was copied to `start`. */
  private addFamilies({ parts, exposition }: KeptRow, start: number): void {
    const { cursor } = this;
    cursor.open(parts, exposition.length);
    for (let place = 0; cursor.step(); place++) {
      this.pushFamily(this.headOf(parts, cursor.headAt, cursor.headSize, place), start + cursor.linesAt);
      if (cursor.sideSize > 0) this.bytes.append(parts.subarray(cursor.sideAt, cursor.sideAt + cursor.sideSize));
    }
  }

  private pushFamily(head: number, linesAt: number): void {
    const { cursor } = this;
    if (this.familyCount === this.pushedMs.length) this.grow();
    const rows = this.families;
    const row = this.familyCount * KEPT_FAMILY_STRIDE;
    rows[row + KEPT_HEAD] = head;
    rows[row + KEPT_METRICS] = cursor.metricCount;
    rows[row + KEPT_LINES] = cursor.lineCount;
    rows[row + KEPT_AT] = linesAt;
    rows[row + KEPT_SIZE] = cursor.linesSize;
    rows[row + KEPT_SIDE_AT] = this.bytes.length;
    rows[row + KEPT_SIDE_SIZE] = cursor.sideSize;
    this.pushedMs[this.familyCount++] = cursor.pushedMs;
  }

  private grow(): void {
    const families = new Int32Array(this.families.length * 2);
    const pushedMs = new Float64Array(this.pushedMs.length * 2);
    families.set(this.families);
    pushedMs.set(this.pushedMs);
    this.families = families;
    this.pushedMs = pushedMs;
  }

  /** The number of the head parts[at, at+size), which is that of the family at `place` in its row. */
  private headOf(parts: Uint8Array, at: number, size: number, place: number): number {
    const guess = this.guesses[place];
    if (guess !== undefined && this.isHead(guess, parts, at, size)) return guess;
    const known = this.knownHeads.find(parts, at, at + size);
    const head = known < 0 ? this.addHead(parts, at, size) : known;
    if (known < 0) this.knownHeads.add(parts, at, at + size);
    this.guesses[place] = head;
    return head;
  }

  /** Whether parts[at, at+size) is the head of this number, which is in `bytes` as in a row. */
  private isHead(head: number, parts: Uint8Array, at: number, size: number): boolean {
    const { heads } = this;
    const row = head * HEAD_STRIDE;
    const start = heads.at(row + HEAD_NAME_AT) - HEAD_NUMBERS_BYTES;
    const end = heads.at(row + HEAD_HELP_AT) + Math.max(heads.at(row + HEAD_HELP_SIZE), 0);
    return end - start === size && sameBytes(this.bytes.bytes, start, parts, at, size);
  }

  /** Adds the head of the cursor's family, parts[at, at+size). */
  private addHead(parts: Uint8Array, at: number, size: number): number {
    const start = this.bytes.length;
    this.bytes.append(parts.subarray(at, at + size));
    const { type, flags, nameAt, nameSize, helpAt, helpSize } = this.cursor;
    this.heads.ensure((this.headCount + 1) * HEAD_STRIDE);
    const head = [type, flags, start + nameAt - at, nameSize, start + helpAt - at, helpSize];
    this.heads.rows.set(head, this.headCount * HEAD_STRIDE);
    return this.headCount++;
  }
}
