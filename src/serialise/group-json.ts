import { Writer } from "../bytes/writer.ts";
import { METRIC_TYPE_NAMES } from "../model/metric-type.ts";
import type { GroupSummary, ShownFamily } from "../model/view.ts";
import { cutBytes, shortText } from "./cut-texts.ts";
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
  /** So many families are passed over, and at most so many told. */
  readonly familyOffset: number;
  readonly familyLimit: number;
  /** Of each family so many metrics are passed over, and at most so many told. */
  readonly offset: number;
  readonly limit: number;
  /** Longer names, help texts, and labels of a metric are cut. */
  readonly mostCharacters: number;
}

/** The body of /api/v1/groups/job/..., piece by piece. */
export function* groupDetailPieces(detail: GroupDetail): Generator<Uint8Array> {
  const { asOfSeconds, summary, families, familyOffset, familyLimit, offset, limit, mostCharacters } = detail;
  const out = new Writer(PIECE_BYTES);
  const scratch = new JsonScratch();
  const hidden = new HiddenLabels(summary.labels);
  const view = { offset, limit, hidden, mostCharacters, gaugeHistogramsAsZero: false };
  out.text(`{"status":"success","data":{"as_of":${asOfSeconds},"group":${groupSummaryJson(summary)},"families":`);
  let separator = "[";
  let place = 0;
  for (const family of families) {
    if (family !== null && place === familyOffset + familyLimit) break;
    if (family !== null && place++ >= familyOffset) {
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
  const { mostCharacters } = view;
  out.text(`{"name":${jsonString(shortText(name, mostCharacters))},"type":"${METRIC_TYPE_NAMES[type]}"`);
  out.text(
    `,"help":${jsonString(help === null ? "" : cutBytes(help, mostCharacters))},"time_stamp":"${timeText(pushedMs)}"`,
  );
  out.text(`,"series":${lineCount},"metrics_total":${metricCount},"offset":${view.offset},"metrics":[`);
  yield* metricsPieces(out, family, view, scratch);
  out.ascii("]}");
}
