import { formatFloat } from "../../src/bytes/float.ts";
import type { PushColumns } from "../../src/model/columns.ts";
import { NEEDS_SIDE } from "../../src/model/metric-rows.ts";
import { METRIC_TYPE_WORDS } from "../../src/model/metric-type.ts";
import { INFO, noteKind, unitOf } from "../../src/model/type-note.ts";
import { verifyColumns } from "../../src/model/verify-columns.ts";

/**
 * What columns hold, a line each: `name type "help"` and what was said of the type besides, then its metrics as
 * `  {labels} value` or `  {labels} bound:value ... sum s count c`, marked with `+side` where lines alone will not say
 * everything.
 */
export function dump(columns: PushColumns): string[] {
  verifyColumns(columns);
  return Array.from({ length: columns.families.count }, (_, family) => dumpFamily(columns, family)).flat();
}

function dumpFamily(columns: PushColumns, family: number): string[] {
  const { families } = columns;
  const helpSize = families.helpSize(family);
  const help = helpSize < 0 ? "" : ` ${JSON.stringify(columns.text(families.helpAt(family), helpSize))}`;
  const [name, type, note] = [columns.familyName(family), families.type(family), families.typeNote(family)];
  const unit = unitOf({ name, type, typeNote: note });
  const said = `${noteKind(note) >= INFO ? ` ${NOTE_WORDS[noteKind(note)]}` : ""}${unit === "" ? "" : ` in ${unit}`}`;
  const lines = [`${name} ${METRIC_TYPE_WORDS[type]}${help}${said}`];
  columns.eachMetric(family, (metric) => lines.push(`  ${dumpMetric(columns, metric)}`));
  return lines;
}

const NOTE_WORDS = ["", "", "info", "stateset"];

function dumpMetric(columns: PushColumns, metric: number): string {
  const { metrics, samples } = columns;
  const parts: string[] = [`{${dumpLabels(columns, metrics.firstLabel(metric), metrics.labelCount(metric))}}`];
  for (let point = metrics.firstPoint(metric); point >= 0; point = samples.next(point)) {
    const bound = samples.bound(point);
    parts.push(
      Number.isNaN(bound) ? printedValue(columns, point) : `${formatFloat(bound)}:${printedValue(columns, point)}`,
    );
  }
  const sum = metrics.sumSample(metric);
  const count = metrics.countSample(metric);
  if (sum >= 0) parts.push(`sum ${printedValue(columns, sum)}`);
  if (count >= 0) parts.push(`count ${printedValue(columns, count)}`);
  if (metrics.has(metric, NEEDS_SIDE)) parts.push("+side");
  return parts.join(" ");
}

function dumpLabels(columns: PushColumns, first: number, count: number): string {
  const { labels } = columns;
  return Array.from({ length: count }, (_, i) => {
    const name = columns.text(labels.nameAt(first + i), labels.nameSize(first + i));
    return `${name}="${columns.text(labels.valueAt(first + i), labels.valueSize(first + i))}"`;
  }).join(",");
}

/** A value as it will be printed: its token, or its number. */
function printedValue(columns: PushColumns, sample: number): string {
  const { samples } = columns;
  const size = samples.tokenSize(sample);
  const at = samples.tokenAt(sample);
  return size > 0
    ? Buffer.from(columns.tokens.subarray(at, at + size)).toString("latin1")
    : formatFloat(samples.value(sample));
}
