import { readLabels } from "../../exposition/label-block.ts";
import type { GroupRow } from "../../model/kept-group.ts";
import type { GroupFamily, GroupView, LabelPair } from "../../model/view.ts";
import type { ChunkContent } from "./chunk-content.ts";
import type { Table } from "./table.ts";

/** What is kept of a group besides its families, borrowed; null: there is no such group. */
export function rowOf({ groups }: Table, group: number): GroupRow | null {
  if (!groups.table.has(group)) return null;
  const key = groups.table.key(group);
  return {
    key,
    labels: readLabels(key),
    succeededSeconds: groups.succeededSeconds(group),
    failedSeconds: groups.failedSeconds(group),
    ttlSeconds: groups.lifetimes.ownTtl(group),
    pushIds: groups.pushIds.of(group),
  };
}

/** A group as it is now: borrowed, valid until something is written. */
export function viewOf(table: Table, group: number, labels: readonly LabelPair[]): GroupView {
  const families: GroupFamily[] = [];
  const { chunks } = table;
  let chunk = table.groups.firstChunk(group);
  for (; chunk >= 0; chunk = chunks.next(chunk)) families.push(chunkView(table, chunk));
  families.sort((a, b) => (a.name < b.name ? -1 : 1));
  const { groups } = table;
  return {
    labels,
    lastPushSuccessful: !groups.isFailing(group),
    families,
  };
}

/** A family of a group as it is now, by its chunk: borrowed, valid until something is written. */
export function chunkView(table: Table, chunk: number): GroupFamily {
  const family = table.familyOf(chunk);
  return {
    name: family.name,
    id: family.id,
    type: table.typeOf(chunk),
    typeNote: family.typeNote,
    help: table.helpText(table.helpIdOf(chunk)),
    age: family.asides === null ? family.age : family.asides.ageOf(chunk),
    isAside: family.asides !== null,
    quoted: table.isQuoted(chunk),
    pushedMs: table.chunks.pushedMs(chunk),
    metricCount: table.metricCountOf(chunk),
    lineCount: table.lineCountOf(chunk),
    lines: table.linesOf(chunk),
    side: table.pageOf(chunk).sides?.get(chunk) ?? null,
  };
}

/** What a chunk is now, with lines of its own: those of `page`, as content has them, or null: a copy. */
export function contentOf(table: Table, chunk: number, page: Uint8Array | null): ChunkContent {
  const lines = table.linesOf(chunk);
  return {
    source: page ?? lines.slice(),
    start: 0,
    end: lines.length,
    page,
    splice: null,
    type: table.typeOf(chunk),
    quoted: table.isQuoted(chunk),
    metricCount: table.metricCountOf(chunk),
    lineCount: table.lineCountOf(chunk),
    help: table.helpIdOf(chunk),
    side: table.pageOf(chunk).sides?.get(chunk) ?? null,
    pushedMs: table.chunks.pushedMs(chunk),
  };
}
