import { mustBe, mustHold } from "../bytes/broken.ts";
import { offsetOf, type PushColumns } from "./columns.ts";

/** Throws where the rows of a push that was parsed do not fit together; it must be within its limits. */
export function verifyColumns(columns: PushColumns): void {
  const { families, metrics, labels, samples } = columns;
  mustHold(columns.spillSize <= columns.spill.length, "columns: the spill is larger than its memory");
  let [linked, valued] = [0, 0];
  for (let family = 0; family < families.count; family++) linked += verifyFamily(columns, family);
  mustHold(linked <= metrics.count, `columns: ${linked} metrics of families, there are ${metrics.count}`);
  for (let metric = 0; metric < metrics.count; metric++) valued += verifyMetric(columns, metric);
  mustHold(valued <= samples.count, `columns: ${valued} samples of metrics, there are ${samples.count}`);
  for (let label = 0; label < labels.count; label++) {
    verifyPlace(columns, labels.nameAt(label), labels.nameSize(label), `the name of label ${label}`);
    verifyPlace(columns, labels.valueAt(label), labels.valueSize(label), `the value of label ${label}`);
  }
}

/** Returns how many metrics the family has. */
function verifyFamily(columns: PushColumns, family: number): number {
  const { families, metrics } = columns;
  verifyPlace(columns, families.nameAt(family), families.nameSize(family), `the name of family ${family}`);
  const helpSize = families.helpSize(family);
  if (helpSize >= 0) verifyPlace(columns, families.helpAt(family), helpSize, `the help text of family ${family}`);
  let [count, last] = [0, -1];
  for (let metric = families.firstMetric(family); metric >= 0; metric = metrics.next(metric)) {
    mustHold(metric < metrics.count, `family ${family}: there is no metric ${metric}`);
    mustHold(++count <= metrics.count, `family ${family}: its list of metrics has no end`);
    last = metric;
  }
  mustBe(count, families.metricCount(family), `family ${family}: metrics in its list`);
  mustBe(last, families.lastMetric(family), `family ${family}: its last metric`);
  return count;
}

/** Returns how many samples the metric has. */
function verifyMetric({ metrics, labels, samples }: PushColumns, metric: number): number {
  const labelEnd = metrics.firstLabel(metric) + metrics.labelCount(metric);
  mustHold(labelEnd <= labels.count, `metric ${metric}: its labels end at ${labelEnd}, there are ${labels.count}`);
  let [count, last] = [0, -1];
  for (let point = metrics.firstPoint(metric); point >= 0; point = samples.next(point)) {
    mustHold(point < samples.count, `metric ${metric}: there is no sample ${point}`);
    mustHold(++count <= samples.count, `metric ${metric}: its list of points has no end`);
    last = point;
  }
  mustBe(last, metrics.lastPoint(metric), `metric ${metric}: its last point`);
  for (const sample of [metrics.sumSample(metric), metrics.countSample(metric)]) {
    mustHold(sample < samples.count, `metric ${metric}: there is no sample ${sample}`);
    if (sample >= 0) count++;
  }
  return count;
}

function verifyPlace(columns: PushColumns, place: number, size: number, what: string): void {
  const end = offsetOf(place) + size;
  const limit = place < 0 ? columns.spillSize : columns.body.length;
  mustHold(size >= 0 && end <= limit, `columns: ${what} ends at ${end} of ${limit} bytes`);
}
