import { CHUNK_NEXT, CHUNK_STRIDE } from "./chunks.ts";
import type { Prepared } from "./prepared.ts";
import type { Table } from "./table.ts";

/** Every group has so many families that no push takes away. */
const PUSH_TIME_FAMILIES = 2;

/** Takes out of a group of `chunkCount` chunks what a PUT does not bring again, `prepared` up to its count, but for the push times. */
export function removeOthers(
  table: Table,
  group: number,
  prepared: readonly Prepared[],
  preparedCount: number,
  chunkCount: number,
): void {
  const { rows } = table.chunks;
  let known = 0;
  for (let i = 0; i < preparedCount; i++) {
    const { chunk, stored } = prepared[i] as Prepared;
    if (chunk >= 0 && !stored?.isPushTime) known++;
  }
  if (known + PUSH_TIME_FAMILIES >= chunkCount) return;
  const keep = new Set(prepared.slice(0, preparedCount).map(({ chunk }) => chunk));
  // Two lists of what was one, each in its order.
  const starts = { kept: -1, gone: -1 };
  const ends = { kept: -1, gone: -1 };
  let series = 0;
  let heldBytes = 0;
  for (let chunk = table.groups.firstChunk(group); chunk >= 0; ) {
    const next = rows[chunk * CHUNK_STRIDE + CHUNK_NEXT] as number;
    const list = keep.has(chunk) || table.familyOf(chunk).isPushTime ? "kept" : "gone";
    if (ends[list] < 0) starts[list] = chunk;
    else rows[ends[list] * CHUNK_STRIDE + CHUNK_NEXT] = chunk;
    rows[chunk * CHUNK_STRIDE + CHUNK_NEXT] = -1;
    ends[list] = chunk;
    if (list === "gone") table.segments?.left(group, chunk);
    if (list === "kept") {
      series += table.lineCountOf(chunk);
      heldBytes += table.heldBytesOf(chunk);
    }
    chunk = next;
  }
  table.groups.setHeld(group, series, heldBytes);
  table.detach(group, starts.kept, starts.gone);
}
