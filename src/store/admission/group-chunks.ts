import { intAt } from "../../bytes/at.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, type PushTimeName } from "../../model/push-times.ts";
import type { Family } from "../table/families.ts";
import type { PushTimes } from "../table/push-times.ts";
import type { Table } from "../table/table.ts";

/** What the group of a push has of a family: see `GroupChunks.find`. */
interface FoundChunk {
  stored: Family | null;
  chunk: number;
}

/**
 * The chunks of the group that a push is for, as they were before it. Clients push the same families in the same order
 * again and again, and that is the order of the group's list from its end: so the next family is guessed by comparing
 * names, and only a wrong guess costs a look-up.
 */
export class GroupChunks {
  /** The chunks in the order of the group's list, the newest first. */
  private ids = new Int32Array(64);
  count = 0;
  /** They are too many to be read: each is looked up. */
  private isLarge = false;
  /** The place in `ids` behind the next guess. */
  private guess = 0;
  /** Where in `ids` each family's chunk stands, by family id, while `round` says so; filled when a guess was wrong. */
  private places = new Int32Array(64);
  private rounds = new Int32Array(64);
  private round = 0;
  private isMapped = false;
  /** The chunks of the two push times, or -1. */
  succeeded = -1;
  failed = -1;

  private group = -1;

  constructor(
    private readonly table: Table,
    private readonly times: PushTimes,
  ) {}

  /** Reads the chunks of a group; -1 is a group that is not there yet. */
  read(group: number): void {
    const { times } = this;
    const { chunks } = this.table;
    const succeeded = times.family(PUSH_TIME)?.id;
    const failed = times.family(PUSH_FAILURE_TIME)?.id;
    this.count = 0;
    this.isMapped = false;
    this.succeeded = -1;
    this.failed = -1;
    this.group = group;
    this.isLarge = group >= 0 && this.table.lists.isLarge(group);
    if (this.isLarge) return this.readLarge(group, succeeded, failed);
    let chunk = group < 0 ? -1 : this.table.groups.firstChunk(group);
    for (; chunk >= 0; chunk = chunks.next(chunk)) {
      if (this.count === this.ids.length) this.ids = grown(this.ids, this.count + 1);
      this.ids[this.count++] = chunk;
      const family = chunks.familyId(chunk);
      if (family === succeeded) this.succeeded = chunk;
      else if (family === failed) this.failed = chunk;
    }
    this.guess = this.count;
    if (this.table.contradictions !== null && (this.succeeded < 0 || this.failed < 0)) this.readTimesSetAside();
  }

  private readLarge(group: number, succeeded: number | undefined, failed: number | undefined): void {
    const { table } = this;
    this.guess = 0;
    this.count = table.groups.chunkCount(group);
    if (succeeded !== undefined) this.succeeded = table.chunkOf(group, succeeded);
    if (failed !== undefined) this.failed = table.chunkOf(group, failed);
    if (this.succeeded < 0) this.succeeded = this.timeSetAside(PUSH_TIME);
    if (this.failed < 0) this.failed = this.timeSetAside(PUSH_FAILURE_TIME);
  }

  private timeSetAside(name: PushTimeName): number {
    const { table, group } = this;
    const family = table.contradictions?.eachOf(Buffer.from(name), ({ id }) => table.chunkOf(group, id) >= 0);
    return family ? table.chunkOf(group, family.id) : -1;
  }

  private readTimesSetAside(): void {
    for (let place = 0; place < this.count; place++) {
      const chunk = intAt(this.ids, place);
      const { name, isPushTime } = this.familyOf(chunk);
      if (isPushTime && name === PUSH_TIME) this.succeeded = chunk;
      else if (isPushTime) this.failed = chunk;
    }
  }

  /** Sets the family named source[start, start+size), or null, and the group's chunk of the name, or -1. */
  find(source: Uint8Array, start: number, size: number, found: FoundChunk): void {
    while (this.guess > 0) {
      const chunk = intAt(this.ids, this.guess - 1);
      const family = this.familyOf(chunk);
      if (this.isNamed(this.guess - 1, source, start, size)) {
        this.guess--;
        found.chunk = chunk;
        found.stored = family;
        return;
      }
      if (!family.isPushTime) break;
      this.guess--;
    }
    const family = this.table.findFamily(source, start, start + size);
    found.stored = family;
    found.chunk = this.chunkIn(family);
    const { contradictions } = this.table;
    if (found.chunk >= 0 || contradictions === null) return;
    const name = source.subarray(start, start + size);
    const further = contradictions.eachOf(name, (other) => this.chunkIn(other) >= 0);
    found.chunk = this.chunkIn(further);
    found.stored = further ?? family;
  }

  /** The chunk of a family, or -1. The next guess is the family behind it. */
  chunkIn(family: Family | null): number {
    if (family === null) return -1;
    if (this.isLarge) return this.table.chunkOf(this.group, family.id);
    if (!this.isMapped) this.map();
    if (this.rounds[family.id] !== this.round) return -1;
    this.guess = intAt(this.places, family.id);
    return intAt(this.ids, this.guess);
  }

  at(place: number): number {
    return intAt(this.ids, place);
  }

  /**
   * The place of the next chunk that is no push time, from `place` downwards: in the order pushed; -1: there is none.
   */
  nextPushed(place: number): number {
    let next = place - 1;
    while (next >= 0 && (this.ids[next] === this.succeeded || this.ids[next] === this.failed)) next--;
    return next;
  }

  /** Whether the family of the chunk at a place is named source[start, start+size). */
  isNamed(place: number, source: Uint8Array, start: number, size: number): boolean {
    const { nameBytes } = this.familyOf(this.at(place));
    return nameBytes.length === size && sameBytes(nameBytes, 0, source, start, size);
  }

  private familyOf(chunk: number): Family {
    return this.table.familyOf(chunk);
  }

  private map(): void {
    this.isMapped = true;
    this.round++;
    for (let place = 0; place < this.count; place++) {
      const { id } = this.familyOf(intAt(this.ids, place));
      if (id >= this.places.length) {
        this.places = grown(this.places, id + 1);
        this.rounds = grown(this.rounds, id + 1);
      }
      this.places[id] = place;
      this.rounds[id] = this.round;
    }
  }
}

function grown(rows: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(Math.max(size, rows.length * 2));
  result.set(rows);
  return result;
}
