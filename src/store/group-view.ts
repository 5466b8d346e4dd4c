import { LabelWalk } from "../bytes/label-block.ts";
import type { GroupFamily, GroupView, LabelPair } from "../model/view.ts";
import { CHUNK_FAMILY, CHUNK_LINES, CHUNK_METRICS, CHUNK_NEXT, CHUNK_STRIDE } from "./chunks.ts";
import type { Family } from "./families.ts";
import type { Table } from "./table.ts";

/** A group as it is now: borrowed, valid until something is written. */
export function viewOf(table: Table, group: number): GroupView {
  const families: GroupFamily[] = [];
  const { rows, pushedMs } = table.chunks;
  for (
    let chunk = table.groups.firstChunk(group);
    chunk >= 0;
    chunk = rows[chunk * CHUNK_STRIDE + CHUNK_NEXT] as number
  ) {
    const family = table.family(rows[chunk * CHUNK_STRIDE + CHUNK_FAMILY] as number);
    families.push(familyView(table, family, chunk, pushedMs[chunk] as number));
  }
  families.sort((a, b) => (a.name < b.name ? -1 : 1));
  const { groups } = table;
  return {
    labels: readLabels(groups.table.key(group)),
    lastPushSuccessful: groups.failedSeconds(group) <= groups.succeededSeconds(group),
    families,
  };
}

function familyView(table: Table, family: Family, chunk: number, pushedMs: number): GroupFamily {
  return {
    name: family.name,
    id: family.id,
    type: table.typeOf(chunk),
    isTypeless: family.isTypeless,
    help: table.helpOf(chunk),
    age: family.asides === null ? family.age : family.asides.ageOf(chunk),
    isAside: family.asides !== null,
    quoted: table.isQuoted(chunk),
    pushedMs,
    metricCount: table.chunks.rows[chunk * CHUNK_STRIDE + CHUNK_METRICS] as number,
    lineCount: table.chunks.rows[chunk * CHUNK_STRIDE + CHUNK_LINES] as number,
    lines: table.linesOf(chunk),
    side: table.pageOf(chunk).sides?.get(chunk) ?? null,
  };
}

/** The labels of a key by its block. */
export function readLabels(block: Uint8Array): LabelPair[] {
  const walk = new LabelWalk();
  const labels: LabelPair[] = [];
  walk.open(block, 0, block.length);
  while (walk.step()) labels.push({ name: text(walk.name()), value: text(walk.value()) });
  return labels;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
