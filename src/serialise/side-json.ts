import { intAt } from "../bytes/at.ts";
import { sortInTurns } from "../bytes/sort-in-turns.ts";
import { compareText } from "../bytes/utf8-text.ts";
import type { Writer } from "../bytes/writer.ts";
import type { MetricType } from "../model/metric-type.ts";
import type { LabelPair } from "../model/view.ts";
import { SideCursor } from "../protobuf/metric-reader.ts";
import { shortText } from "./cut-texts.ts";
import { jsonString } from "./json-text.ts";
import { type MetricsView, shownAs } from "./metrics-view.ts";
import type { NativeBucket } from "./native-histogram.ts";
import { inRuns, LARGE_METRIC_BYTES, NOTHING, pieceOf, RUN } from "./pieces.ts";
import { type ShownMetric, type ShownPoints, showSide } from "./shown-metric.ts";

/**
 * Appends metrics of the records beside the lines as JSON objects with commas between them; pieces as in
 * metric-json.ts.
 */
export function* sideJsonPieces(
  out: Writer,
  side: Uint8Array,
  type: MetricType,
  view: MetricsView,
): Generator<Uint8Array> {
  const cursor = new SideCursor(side);
  const { offset } = view;
  const end = offset + view.limit;
  for (let metric = 0; metric < end && cursor.step(); metric++) {
    if (metric < offset) {
      if (metric % RUN === 0) yield NOTHING;
      continue;
    }
    if (metric > offset) out.ascii(",");
    if (cursor.sizeBytes <= LARGE_METRIC_BYTES)
      yield* metricJsonPieces(out, showSide(cursor.metric(), type), type, view);
    else yield* metricJsonPieces(out, showSide(yield* paused(cursor.metricInTurns()), type), type, view);
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

function* metricJsonPieces(
  out: Writer,
  metric: ShownMetric,
  type: MetricType,
  view: MetricsView,
): Generator<Uint8Array> {
  const isZero = shownAs(type, view) === "zero";
  if (metric.kind === "value" || isZero) {
    out.ascii("{");
    yield* labelsPieces(out, metric.labels, view);
    return out.text(`"value":${jsonString(metric.kind === "value" ? metric.value : "0")}}`);
  }
  const { labels, count, sum } = metric;
  out.ascii("{");
  if (metric.kind === "native histogram") yield* bucketsPieces(out, metric.buckets);
  else if (metric.kind === "histogram") yield* pointsPieces(out, "buckets", metric.buckets);
  out.text(`"count":${jsonString(count)},`);
  yield* labelsPieces(out, labels, view);
  if (metric.kind === "summary") yield* pointsPieces(out, "quantiles", metric.quantiles);
  out.text(`"sum":${jsonString(sum)}}`);
}

/** Labels are sorted by name in the records, as in the lines. */
function* labelsPieces(out: Writer, labels: readonly LabelPair[], view: MetricsView): Generator<Uint8Array> {
  const { hidden, mostCharacters } = view;
  const shown = hidden === null ? labels : labels.filter((label) => !hidden.hides(label));
  let separator = '"labels":{';
  let left = mostCharacters;
  if (shown.length === 0) out.ascii(separator);
  for (const { name, value } of shown) {
    if (left < 0) break;
    const told = shortText(name, left);
    out.text(`${separator}${jsonString(told)}:${jsonString(shortText(value, Math.max(0, left - name.length)))}`);
    left -= name.length + value.length;
    separator = ",";
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
      const point = intAt(order, place);
      const key = keys[point] as string;
      if (place + 1 < count && key === keys[intAt(order, place + 1)]) continue;
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
