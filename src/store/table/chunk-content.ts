import { copyBytes } from "../../bytes/copy.ts";
import { MetricType } from "../../model/metric-type.ts";
import { NO_HELP } from "./help-texts.ts";
import type { Splice } from "./splice.ts";

/** What one family of one group is to become; source[start, end) is its lines. */
export interface ChunkContent {
  source: Uint8Array;
  start: number;
  end: number;
  /** The same lines in bytes of the size of a page, which takes them over; null: they are to be copied. */
  page: Uint8Array | null;
  /**
   * What becomes of the lines of the one chunk of a large page, with new ones in `source`; `start` is 0 then, `end` the
   * size of all. null: the lines in `source` are all.
   */
  splice: Splice | null;
  type: MetricType;
  /** Some name needs quotes. */
  quoted: boolean;
  metricCount: number;
  lineCount: number;
  /** A number of the help texts, or NO_HELP. */
  help: number;
  side: Uint8Array | null;
  pushedMs: number;
}

export function emptyContent(): ChunkContent {
  return {
    source: new Uint8Array(0),
    start: 0,
    end: 0,
    page: null,
    splice: null,
    type: MetricType.untyped,
    quoted: false,
    metricCount: 0,
    lineCount: 0,
    help: NO_HELP,
    side: null,
    pushedMs: 0,
  };
}

/** Writes the lines to target[offset, ..). */
export function copyInto(target: Uint8Array, offset: number, content: ChunkContent): void {
  const { source, start, end } = content;
  copyBytes(source, start, end, target, offset);
}
