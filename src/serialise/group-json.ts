import { textOf } from "../bytes/utf8-text.ts";
import { Writer } from "../bytes/writer.ts";
import { METRIC_TYPE_NAMES } from "../model/metric-type.ts";
import type { GroupSummary, ShownFamily } from "../model/view.ts";
import { groupSummaryJson } from "./groups-json.ts";
import { jsonString } from "./json-text.ts";
import { JsonScratch, metricsPieces } from "./metric-json.ts";
import { HiddenLabels, type MetricsView } from "./metrics-view.ts";
import { PIECE_BYTES, pieceOf, takePiece } from "./pieces.ts";
import { timeText } from "./time-text.ts";

/** What is told of one group. */
export interface GroupDetail {
  /** When it was asked for, in seconds since 1970. */
  readonly asOfSeconds: number;
  readonly summary: GroupSummary;
  /** Those that are told of; null: a turn of the loop may be taken. */
  readonly families: Iterable<ShownFamily | null>;
  /** Of each family so many metrics are passed over, and at most so many told. */
  readonly offset: number;
  readonly limit: number;
}

/** The body of /api/v1/groups/job/..., piece by piece. */
export function* groupDetailPieces(detail: GroupDetail): Generator<Uint8Array> {
  const { asOfSeconds, summary, families, offset, limit } = detail;
  const out = new Writer(PIECE_BYTES);
  const scratch = new JsonScratch();
  const view = { offset, limit, hidden: new HiddenLabels(summary.labels), gaugeHistogramsAsZero: false };
  out.text(`{"status":"success","data":{"as_of":${asOfSeconds},"group":${groupSummaryJson(summary)},"families":`);
  let separator = "[";
  for (const family of families) {
    if (family !== null) {
      out.ascii(separator);
      separator = ",";
      yield* familyPieces(out, family, view, scratch);
    }
    yield pieceOf(out);
  }
  out.ascii(separator === "[" ? "[]}}" : "]}}");
  yield takePiece(out);
}

function* familyPieces(
  out: Writer,
  family: ShownFamily,
  view: MetricsView,
  scratch: JsonScratch,
): Generator<Uint8Array> {
  const { name, type, help, pushedMs, lineCount, metricCount } = family;
  out.text(`{"name":${jsonString(name)},"type":"${METRIC_TYPE_NAMES[type]}"`);
  out.text(`,"help":${jsonString(help === null ? "" : textOf(help))},"time_stamp":"${timeText(pushedMs)}"`);
  out.text(`,"series":${lineCount},"metrics_total":${metricCount},"offset":${view.offset},"metrics":[`);
  yield* metricsPieces(out, family, view, scratch);
  out.ascii("]}");
}
