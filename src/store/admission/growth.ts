import type { GroupingKey } from "../../exposition/grouping-key.ts";

import type { PushColumns } from "../../model/columns.ts";
import type { StoreLimits } from "../../model/limits.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME } from "../../model/push-times.ts";
import type { Rejection } from "../../model/rejection.ts";
import { NO_HELP } from "../table/help-texts.ts";
import type { Table } from "../table/table.ts";
import { type ComingGroup, findFull, findGroupFull, type GroupGrowth, type Growth, type Room } from "./capacity.ts";
import type { GroupChunks } from "./group-chunks.ts";
import { type JudgedFamilies, type JudgedFamily, linesBytesOf } from "./judged-family.ts";
import type { PushRequest } from "./push-request.ts";
import { findOverQuota, newGroupUsage, pushTimeBytes } from "./quota-room.ts";
import { sideBytesOf } from "./spliced-family.ts";

/**
 * About what a group takes up besides its key and its push times, a chunk besides its lines, and a family besides its
 * name.
 */
const GROUP_BYTES = 200;
const CHUNK_BYTES = 64;
const FAMILY_BYTES = 1800;
/** The push times of a group, with their labels left out. */
const PUSH_TIMES_BYTES = 150;
const PUSH_TIMES = 2;
const NO_CHUNK = -1;

/** By how much a new group makes the store grow, its push times included. */
export function groupGrowth(table: Table, { block, full, writtenNames }: GroupingKey): Growth {
  const keyBytes = block.length + PUSH_TIMES * full.length + table.groups.shapes.bytesFor(writtenNames);
  return { groups: 1, families: 0, series: PUSH_TIMES, sizeBytes: GROUP_BYTES + PUSH_TIMES_BYTES + keyBytes };
}

/** No push makes anything grow by more than this, of its body and its lines; no line is shorter. */
const MOST_BYTES_A_BYTE = 4;
const MOST_FAMILY_BYTES = 4096;
const LEAST_LINE_BYTES = 16;

/** Adds up by how much a judged push makes the store and its group grow, one push after the other. */
export class PushGrowth {
  private readonly more: Growth = { groups: 0, families: 0, series: 0, sizeBytes: 0 };
  private readonly group: GroupGrowth = { series: 0, seriesBefore: 0, sizeBytes: 0, sizeBytesBefore: 0 };
  /** By how much it makes its quota grow. */
  private readonly counted = { groups: 0, series: 0, sizeBytes: 0 };
  /** Of the chunks that the push brings again: what they held. */
  private knownCount = 0;
  private knownSeries = 0;
  private knownBytes = 0;
  /** The push brings a failure time. */
  private bringsFailed = false;

  constructor(
    private readonly table: Table,
    private readonly chunks: GroupChunks,
    private readonly room: Room,
  ) {}

  /**
   * Whether there is room for a push of `count` families whatever it brings, `linesBytes` being the size of its lines:
   * nearly always, and then nothing has to be added up.
   */
  hasRoom(limits: StoreLimits, request: PushRequest, group: number, linesBytes: number, count: number): boolean {
    const { table } = this;
    const { columns } = request;
    const { groups } = table;
    const mostBytes = MOST_BYTES_A_BYTE * (linesBytes + columns.body.length) + MOST_FAMILY_BYTES * (count + 1);
    const mostSeries = linesBytes / LEAST_LINE_BYTES;
    const { comingSeries, comingFamilies } = this.room;
    if (table.seriesCount + comingSeries + mostSeries > limits.maxSeries) return false;
    if (table.familyCount + comingFamilies + count > limits.maxFamilies) return false;
    if ((group < 0 ? 0 : groups.seriesCount(group)) + mostSeries > limits.maxGroupSeries) return false;
    if ((group < 0 ? 0 : groups.heldBytes(group)) + mostBytes > limits.maxGroupBytes) return false;
    if (this.findOverQuota(request, group, mostSeries, mostBytes) !== null) return false;
    return this.takesRoom(limits, mostBytes);
  }

  /** Why a push that brings its group so much more goes over its quota, or null. Sums are judged, not what is added. */
  private findOverQuota(request: PushRequest, group: number, series: number, sizeBytes: number): Rejection | null {
    const { counted, room, table } = this;
    const { adding, key, quota } = request;
    if (quota === undefined || adding !== undefined) return null;
    counted.groups = group < 0 ? 1 : 0;
    counted.series = series;
    counted.sizeBytes = sizeBytes;
    this.addMissingTimes(key);
    return findOverQuota(table, room.coming, quota, counted);
  }

  /** Push times that the group has not get there with the push. */
  private addMissingTimes(key: GroupingKey): void {
    const { chunks, counted } = this;
    if (chunks.succeeded < 0) {
      counted.series++;
      counted.sizeBytes += pushTimeBytes(PUSH_TIME, key);
    }
    if (chunks.failed < 0) {
      counted.series++;
      counted.sizeBytes += pushTimeBytes(PUSH_FAILURE_TIME, key);
    }
  }

  /** Why there is no room in its quota for a group that is not there yet, whatever comes into it, or null. */
  findOverQuotaForNew({ key, quota }: PushRequest): Rejection | null {
    return quota === undefined ? null : findOverQuota(this.table, this.room.coming, quota, newGroupUsage(key));
  }

  private takesRoom(limits: StoreLimits, sizeBytes: number): boolean {
    const { room, table } = this;
    room.sizeBytes -= sizeBytes;
    // Half of it: tables grow by more than is put into them.
    if (room.sizeBytes < 0) room.sizeBytes = (limits.maxSizeBytes - table.size.countedBytes) / 2 - sizeBytes;
    return room.sizeBytes >= 0;
  }

  /** Why there is no room for values in a group that are larger by so much, or null. */
  findFullForValues(limits: StoreLimits, request: PushRequest, group: number, moreBytes: number): Rejection | null {
    if (moreBytes <= 0) return null;
    return this.findFullFor(limits, group, moreBytes) ?? this.findOverQuota(request, group, 0, moreBytes);
  }

  private findFullFor(limits: StoreLimits, group: number, moreBytes: number): Rejection | null {
    const heldBytes = this.table.groups.heldBytes(group);
    if (heldBytes + moreBytes <= limits.maxGroupBytes && this.takesRoom(limits, moreBytes)) return null;
    const sizes = { sizeBytes: heldBytes + moreBytes, sizeBytesBefore: heldBytes };
    return (
      findGroupFull(limits, { series: 0, seriesBefore: 0, ...sizes }) ??
      findFull(this.table, limits, this.room, { groups: 0, families: 0, series: 0, sizeBytes: moreBytes })
    );
  }

  /** Why there is no room for the families of a push, or null; `group` is -1 where there is none yet. */
  findFull(limits: StoreLimits, request: PushRequest, group: number, families: JudgedFamilies): Rejection | null {
    const { groups } = this.table;
    const { more } = this;
    const before = this.group;
    before.seriesBefore = group < 0 ? 0 : groups.seriesCount(group);
    before.sizeBytesBefore = group < 0 ? 0 : groups.heldBytes(group);
    before.series = before.seriesBefore;
    before.sizeBytes = before.sizeBytesBefore;
    more.families = 0;
    more.series = 0;
    more.sizeBytes = 0;
    this.knownCount = 0;
    this.knownSeries = 0;
    this.knownBytes = 0;
    this.bringsFailed = false;
    for (let i = 0; i < families.count; i++) this.add(request, families.at(i));
    if (request.replace) this.takeAway();
    return (
      findGroupFull(limits, before) ??
      findFull(this.table, limits, this.room, more) ??
      this.findOverQuota(request, group, before.series - before.seriesBefore, before.sizeBytes - before.sizeBytesBefore)
    );
  }

  /** What the group of the push that was looked at last will hold. */
  comingOf({ key }: PushRequest): ComingGroup {
    const { counted, group } = this;
    counted.series = group.series;
    counted.sizeBytes = group.sizeBytes;
    this.addMissingTimes(key);
    return { block: key.block, series: counted.series, sizeBytes: counted.sizeBytes };
  }

  private add({ columns }: PushRequest, item: JudgedFamily): void {
    const { table, more, group } = this;
    const { chunk, splice, stored } = item;
    const helpBytes = this.helpBytesOf(columns, item);
    const size = linesBytesOf(item) + sideBytesOf(table, item) + helpBytes;
    let series = splice === null ? item.lineCount : table.lineCountOf(chunk) + splice.moreLines;
    let moreBytes = size;
    if (chunk >= 0) {
      const helpBefore = table.helps.size(table.helpIdOf(chunk));
      const knownBytes = table.heldBytesOf(chunk);
      const knownSeries = table.lineCountOf(chunk);
      series -= knownSeries;
      moreBytes -= knownBytes;
      if (chunk === this.chunks.failed) this.bringsFailed = true;
      this.knownCount++;
      this.knownSeries += knownSeries;
      this.knownBytes += knownBytes;
      more.sizeBytes += moreBytes - (helpBytes - helpBefore);
    } else more.sizeBytes += CHUNK_BYTES + size - helpBytes;
    more.series += series;
    group.series += series;
    group.sizeBytes += moreBytes;
    if (stored === null) {
      more.families++;
      more.sizeBytes += FAMILY_BYTES + 3 * columns.families.nameSize(item.family);
    }
    if (stored === null || stored.help === NO_HELP) more.sizeBytes += helpBytes;
  }

  /** Who adds without a help text leaves the one that is there. */
  private helpBytesOf(columns: PushColumns, { family, chunk, splice }: JudgedFamily): number {
    const size = columns.families.helpSize(family);
    if (size >= 0 || splice === null) return Math.max(0, size);
    return this.table.helps.size(this.table.helpIdOf(chunk));
  }

  /** A PUT takes away what the group held besides, but for the push times. */
  private takeAway(): void {
    const { table, group, more, chunks } = this;
    const failed = this.bringsFailed ? NO_CHUNK : chunks.failed;
    const times = (chunks.succeeded < 0 ? 0 : 1) + (failed < 0 ? 0 : 1);
    if (this.knownCount + times === chunks.count) return;
    let series = group.seriesBefore - this.knownSeries;
    let sizeBytes = group.sizeBytesBefore - this.knownBytes;
    for (const chunk of [chunks.succeeded, failed]) {
      if (chunk < 0) continue;
      series -= table.lineCountOf(chunk);
      sizeBytes -= table.heldBytesOf(chunk);
    }
    group.series -= series;
    group.sizeBytes -= sizeBytes;
    more.series -= series;
    more.sizeBytes -= sizeBytes;
  }
}
