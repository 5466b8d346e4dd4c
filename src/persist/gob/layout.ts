import { type GobField, type GobTypes, STRING_TYPE } from "./types.ts";

/**
 * Where the stream's own types keep what the reference's types hold (pushgateway, storage/interface.go):
 *
 *     map[string]MetricGroup
 *     MetricGroup { Labels map[string]string; Metrics map[string]TimestampedMetricFamily }
 *     TimestampedMetricFamily { Timestamp time.Time; GobbableMetricFamily *GobbableMetricFamily }
 *
 * Fields are found by their names. Ids, the order of the fields and fields that are not listed here may be any.
 */
export interface Layout {
  /** The grouping key's type. The labels say the same as the key, so keys are stepped over, whatever they are. */
  readonly keyType: number;
  readonly group: readonly GobField[];
  readonly labelsIndex: number;
  readonly metricsIndex: number;
  readonly family: readonly GobField[];
  /** -1 where the stream has no such field. */
  readonly timestampIndex: number;
  readonly familyIndex: number;
}

/** The layout of a stream whose value is of type `root`, or a text that says which type is another than expected. */
export function findLayout(types: GobTypes, root: number): Layout | string {
  const groups = types.get(root);
  if (groups?.kind !== "map") return "expected a map of metric groups, got a value of another type";
  const group = types.get(groups.element);
  if (group?.kind !== "struct") return "expected the elements of the map to be metric groups, got another type";
  const labelsIndex = indexOf(group.fields, "Labels", (id) => isStringMap(types, id, STRING_TYPE));
  const metricsIndex = indexOf(group.fields, "Metrics", (id) => isStringMap(types, id));
  if (labelsIndex < 0 || metricsIndex < 0) return expected("metric group", ["Labels", "Metrics"], group.fields);
  const family = familyFields(types, group.fields[metricsIndex]);
  if (family === null) return "expected the metrics of a group to be timestamped metric families, got another type";
  const timestampIndex = indexOf(family, "Timestamp", (id) => types.get(id)?.kind === "binary");
  const familyIndex = indexOf(family, "GobbableMetricFamily", (id) => types.get(id)?.kind === "binary");
  const hasOtherTimestamp = timestampIndex < 0 && family.some(({ name }) => name === "Timestamp");
  if (hasOtherTimestamp) return "expected a timestamp to be a time.Time, got a field of another type";
  if (familyIndex < 0) return expected("timestamped metric family", ["GobbableMetricFamily"], family);
  return {
    keyType: groups.key,
    group: group.fields,
    labelsIndex,
    metricsIndex,
    family,
    timestampIndex,
    familyIndex,
  };
}

function indexOf(fields: readonly GobField[], name: string, isRight: (id: number) => boolean): number {
  return fields.findIndex((field) => field.name === name && isRight(field.type));
}

/** Whether `id` is a map of strings to anything, or to `element`. */
function isStringMap(types: GobTypes, id: number, element?: number): boolean {
  const type = types.get(id);
  if (type?.kind !== "map" || type.key !== STRING_TYPE) return false;
  return element === undefined || type.element === element;
}

function familyFields(types: GobTypes, metrics: GobField | undefined): readonly GobField[] | null {
  const map = types.get(metrics?.type ?? 0);
  const family = map?.kind === "map" ? types.get(map.element) : undefined;
  return family?.kind === "struct" ? family.fields : null;
}

function expected(what: string, names: readonly string[], fields: readonly GobField[]): string {
  const got = fields.map(({ name }) => JSON.stringify(name.slice(0, 100))).slice(0, 20);
  return `expected a ${what} with ${names.join(" and ")} of the reference's types, got the fields [${got.join(", ")}]`;
}
