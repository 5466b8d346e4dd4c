import { formatFloat } from "../../src/bytes/float.ts";
import {
  FAMILY_HELP_AT,
  FAMILY_HELP_SIZE,
  FAMILY_NAME_AT,
  FAMILY_NAME_SIZE,
  FAMILY_STRIDE,
  LABEL_NAME_AT,
  LABEL_NAME_SIZE,
  LABEL_STRIDE,
  LABEL_VALUE_AT,
  LABEL_VALUE_SIZE,
  METRIC_COUNT,
  METRIC_FIRST,
  METRIC_FLAGS,
  METRIC_LABEL_COUNT,
  METRIC_LABELS,
  METRIC_NEEDS_SIDE,
  METRIC_STRIDE,
  METRIC_SUM,
  type PushColumns,
  SAMPLE_NEXT,
  SAMPLE_STRIDE,
  SAMPLE_TOKEN_AT,
  SAMPLE_TOKEN_SIZE,
} from "../../src/model/columns.ts";
import { METRIC_TYPE_WORDS } from "../../src/model/metric-type.ts";

/**
 * What columns hold, a line each: `name type "help"`, then its metrics as `  {labels} value` or `  {labels} bound:value
 * ... sum s count c`, marked with `+side` where lines alone will not say everything.
 */
export function dump(columns: PushColumns): string[] {
  return Array.from({ length: columns.familyCount }, (_, family) => dumpFamily(columns, family)).flat();
}

function dumpFamily(columns: PushColumns, family: number): string[] {
  const at = (column: number) => columns.families[family * FAMILY_STRIDE + column] ?? 0;
  const name = columns.text(at(FAMILY_NAME_AT), at(FAMILY_NAME_SIZE));
  const helpSize = at(FAMILY_HELP_SIZE);
  const help = helpSize < 0 ? "" : ` ${JSON.stringify(columns.text(at(FAMILY_HELP_AT), helpSize))}`;
  const lines = [`${name} ${METRIC_TYPE_WORDS[columns.familyType(family)]}${help}`];
  columns.eachMetric(family, (metric) => lines.push(`  ${dumpMetric(columns, metric)}`));
  return lines;
}

function dumpMetric(columns: PushColumns, metric: number): string {
  const at = (column: number) => columns.metrics[metric * METRIC_STRIDE + column] ?? 0;
  const parts: string[] = [`{${dumpLabels(columns, at(METRIC_LABELS), at(METRIC_LABEL_COUNT))}}`];
  for (let row = at(METRIC_FIRST); row >= 0; row = columns.samples[row * SAMPLE_STRIDE + SAMPLE_NEXT] ?? -1) {
    const bound = columns.numbers[row * 2] ?? Number.NaN;
    parts.push(
      Number.isNaN(bound) ? printedValue(columns, row) : `${formatFloat(bound)}:${printedValue(columns, row)}`,
    );
  }
  if (at(METRIC_SUM) >= 0) parts.push(`sum ${printedValue(columns, at(METRIC_SUM))}`);
  if (at(METRIC_COUNT) >= 0) parts.push(`count ${printedValue(columns, at(METRIC_COUNT))}`);
  if ((at(METRIC_FLAGS) & METRIC_NEEDS_SIDE) !== 0) parts.push("+side");
  return parts.join(" ");
}

function dumpLabels(columns: PushColumns, first: number, count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const at = (column: number) => columns.labels[(first + i) * LABEL_STRIDE + column] ?? 0;
    const name = columns.text(at(LABEL_NAME_AT), at(LABEL_NAME_SIZE));
    return `${name}="${columns.text(at(LABEL_VALUE_AT), at(LABEL_VALUE_SIZE))}"`;
  }).join(",");
}

/** A value as it will be printed: its token, or its number. */
function printedValue(columns: PushColumns, row: number): string {
  const size = columns.samples[row * SAMPLE_STRIDE + SAMPLE_TOKEN_SIZE] ?? 0;
  if (size > 0) return columns.text(columns.samples[row * SAMPLE_STRIDE + SAMPLE_TOKEN_AT] ?? 0, size);
  return formatFloat(columns.numbers[row * 2 + 1] ?? Number.NaN);
}
