import { sortInTurns } from "../bytes/sort-in-turns.ts";
import { compareText } from "../bytes/utf8-text.ts";
import type { Writer } from "../bytes/writer.ts";
import { MetricType } from "../model/metric-type.ts";
import type { LabelPair } from "../model/view.ts";
import { SideCursor } from "../protobuf/metric-reader.ts";
import { jsonString } from "./json-text.ts";
import type { NativeBucket } from "./native-histogram.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, pieceOf, RUN } from "./pieces.ts";
import { type ShownMetric, type ShownPoints, showSide } from "./shown-metric.ts";

/**
 * Appends the metrics of the records beside the lines as JSON objects with commas between them; pieces as in
 * metric-json.ts.
 */
export function* sideJsonPieces(out: Writer, side: Uint8Array, type: MetricType): Generator<Uint8Array> {
  const cursor = new SideCursor(side);
  for (let isFirst = true; cursor.next(); isFirst = false) {
    if (!isFirst) out.ascii(",");
    if (cursor.sizeBytes <= LARGE_METRIC_BYTES) yield* metricJsonPieces(out, showSide(cursor.metric(), type), type);
    else yield* metricJsonPieces(out, showSide(yield* paused(cursor.metricInTurns()), type), type);
    yield pieceOf(out);
  }
}

/** Turns pauses into pieces. */
export function* paused<T>(steps: Generator<null, T>): Generator<Uint8Array, T> {
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
    yield NOTHING;
  }
}

function* metricJsonPieces(out: Writer, metric: ShownMetric, type: MetricType): Generator<Uint8Array> {
  if (metric.kind === "value" || type === MetricType.gaugeHistogram) {
    out.ascii("{");
    yield* labelsPieces(out, metric.labels);
    // The API of the reference takes a gauge histogram for a metric with a single value, and finds none.
    return out.text(`"value":${jsonString(metric.kind === "value" ? metric.value : "0")}}`);
  }
  const { labels, count, sum } = metric;
  out.ascii("{");
  if (metric.kind === "native histogram") yield* bucketsPieces(out, metric.buckets);
  else if (metric.kind === "histogram") yield* pointsPieces(out, "buckets", metric.buckets);
  out.text(`"count":${jsonString(count)},`);
  yield* labelsPieces(out, labels);
  if (metric.kind === "summary") yield* pointsPieces(out, "quantiles", metric.quantiles);
  out.text(`"sum":${jsonString(sum)}}`);
}

/** Labels are sorted by name in the records, as in the lines. */
function* labelsPieces(out: Writer, labels: readonly LabelPair[]): Generator<Uint8Array> {
  out.ascii('"labels":{');
  for (const [i, { name, value }] of labels.entries()) {
    out.text(`${i === 0 ? "" : ","}${jsonString(name)}:${jsonString(value)}`);
    if (out.length > LARGE_METRIC_BYTES) yield pieceOf(out);
  }
  out.ascii("},");
}

/** A map of the points, sorted by key; of equal keys the last one counts. */
function* pointsPieces(out: Writer, name: string, points: ShownPoints): Generator<Uint8Array> {
  const { count } = points;
  const keys: string[] = [];
  const order = new Int32Array(count);
  yield* inRuns(out, count, RUN, (from, to) => {
    for (let point = from; point < to; point++) {
      keys.push(points.key(point));
      order[point] = point;
    }
  });
  const compare = (a: number, b: number) => compareText(keys[a] as string, keys[b] as string) || a - b;
  if (count > 1) yield* paused(sortInTurns(order, count, compare));
  let separator = `"${name}":{`;
  if (count === 0) out.ascii(separator);
  yield* inRuns(out, count, RUN, (from, to) => {
    for (let place = from; place < to; place++) {
      const point = order[place] as number;
      const key = keys[point] as string;
      if (place + 1 < count && key === keys[order[place + 1] as number]) continue;
      out.text(`${separator}${jsonString(key)}:${jsonString(points.value(point))}`);
      separator = ",";
    }
  });
  out.ascii("},");
}

function* bucketsPieces(out: Writer, buckets: Iterable<NativeBucket | null>): Generator<Uint8Array> {
  out.ascii('"buckets":[');
  let separator = "";
  for (const bucket of buckets) {
    if (bucket === null) {
      yield pieceOf(out);
      continue;
    }
    const { boundaries, lower, upper, count } = bucket;
    out.text(`${separator}[${boundaries},${jsonString(lower)},${jsonString(upper)},${jsonString(count)}]`);
    separator = ",";
  }
  out.ascii("],");
}
