import { RecordSearch } from "../../add/find-records.ts";
import type { AddedFamily } from "../../add/sum-family.ts";
import { LINE_FEED } from "../../bytes/characters.ts";
import { sameBytes } from "../../bytes/hash.ts";
import type { PushColumns } from "../../model/columns.ts";
import { chunkView } from "../table/group-view.ts";
import type { Table } from "../table/table.ts";
import type { WrittenFamily } from "./admission.ts";
import type { Renderer } from "./render.ts";
import { BEHIND_LABELS, StoredSeries } from "./stored-series.ts";

/** What stands beside the lines of a chunk is copied as a whole: larger ones are not taken apart. */
const MOST_SIDE_BYTES = 1024 * 1024;

/** What a chunk has of the metrics of a push. */
export interface StoredPart {
  /** In the order pushed, in bytes of its own. */
  readonly family: AddedFamily;
  /** The lines of the chunk. */
  readonly linesBytes: number;
  /** Where in them those of each of these metrics are: two numbers a metric. */
  readonly runs: readonly number[];
  /** Where their records are beside the lines, two numbers a metric; null: the chunk has none. */
  readonly records: readonly number[] | null;
}

/** Takes out of the chunks of a group what has the labels of pushed metrics. */
export class StoredParts {
  private readonly series: StoredSeries;
  private readonly search = new RecordSearch();

  constructor(private readonly table: Table) {
    this.series = new StoredSeries(table);
  }

  /** A push begins. */
  begin(): void {
    this.series.isIncomplete = false;
  }

  /** Some part is known only once the indexes that are being made are whole. */
  get isIncomplete(): boolean {
    return this.series.isIncomplete;
  }

  /** null: the family is to be added as a whole. `written` is the pushed family, which `renderer` rendered. */
  of(chunk: number, written: WrittenFamily, columns: PushColumns, renderer: Renderer): StoredPart | null {
    const view = chunkView(this.table, chunk);
    const { lines, side } = view;
    if (side !== null && side.length > MOST_SIDE_BYTES) return null;
    const places = side === null ? null : this.search.find(side, written);
    const [runs, records]: [number[], number[]] = [[], []];
    let place = 0;
    let metric = columns.families.firstMetric(written.family);
    for (; metric >= 0; metric = columns.metrics.next(metric), place += 2) {
      const run = this.runOf(chunk, lines, renderer, metric, runs.at(-1) ?? 0);
      const isBeside = places === null ? run !== null : (places[place] ?? -1) >= 0;
      if (isBeside !== (run !== null)) return null;
      if (run === null) continue;
      runs.push(...run);
      if (places !== null) records.push(places[place] ?? 0, places[place + 1] ?? 0);
    }
    if (isAll(runs, lines.length)) return null;
    const { name, type, help } = view;
    const parts = { lines: runsOf(lines, runs), side: side === null ? null : runsOf(side, records) };
    const family = { name, type, help: help?.slice() ?? null, ...parts };
    return { family, linesBytes: lines.length, runs, records: side === null ? null : records };
  }

  /** Where the lines of a rendered metric are among those of a chunk, or null. */
  private runOf(chunk: number, lines: Uint8Array, renderer: Renderer, metric: number, at: number): number[] | null {
    const { bytes } = renderer.out;
    const labels = renderer.blockStart(metric);
    const lineStart = bytes.lastIndexOf(LINE_FEED, labels) + 1;
    const headSize = labels - lineStart;
    const line = bytes.subarray(lineStart, renderer.blockEnd(metric) + BEHIND_LABELS);
    const start = this.series.find(chunk, lines, line, headSize, at);
    if (start < 0) return null;
    let last = start;
    while (!sameBytes(lines, last, line, 0, headSize)) last = lines.indexOf(LINE_FEED, last) + 1;
    return [start, lines.indexOf(LINE_FEED, last) + 1];
  }
}

/** Whether runs are the whole, in its order. */
function isAll(runs: readonly number[], sizeBytes: number): boolean {
  let at = 0;
  for (let run = 0; run < runs.length; run += 2) {
    if (runs[run] !== at) return false;
    at = runs[run + 1] ?? 0;
  }
  return at === sizeBytes;
}

function runsOf(bytes: Uint8Array, runs: readonly number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let run = 0; run < runs.length; run += 2) parts.push(bytes.subarray(runs[run], runs[run + 1]));
  return Buffer.concat(parts);
}
