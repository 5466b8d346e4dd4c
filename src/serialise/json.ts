import type { PersistenceState } from "../model/persistence-state.ts";
import type { GroupView } from "../model/view.ts";
import { jsonMap, jsonString, jsonStringMap } from "./json-text.ts";
import { LineCursor } from "./lines.ts";
import { familyJson, labelsJson } from "./metric-json.ts";
import { timeText } from "./time-text.ts";

/** What /api/v1/status tells. */
export interface StatusInfo {
  readonly buildInformation: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  /** How the persistence file does; null where there is none. */
  readonly persistence: PersistenceState | null;
}

/** The body of /api/v1/metrics is this, the groups with commas between them, and `METRICS_JSON_END`. */
export const METRICS_JSON_START = '{"status":"success","data":[';
export const METRICS_JSON_END = "]}";

/**
 * One group as an element of `data` in the body of /api/v1/metrics: `labels`, `last_push_successful` and each family under
 * its name; a family called like one of these two takes its place, as in the reference.
 */
export function groupJson(group: GroupView): string {
  const entries: [string, string][] = [
    ["labels", labelsJson(group.labels)],
    ["last_push_successful", String(group.lastPushSuccessful)],
  ];
  const cursor = new LineCursor();
  for (const family of group.families) entries.push([family.name, familyJson(family, cursor)]);
  return jsonMap(entries);
}

/** The body of /api/v1/status. The reference has no `persistence`, nor have we where there is no file. */
export function statusJson({ buildInformation, flags, persistence, startMs }: StatusInfo): string {
  const entries: [string, string][] = [
    ["build_information", jsonStringMap(Object.entries(buildInformation))],
    ["flags", jsonStringMap(Object.entries(flags))],
    ["start_time", jsonString(timeText(startMs))],
  ];
  if (persistence !== null) entries.push(["persistence", jsonStringMap(Object.entries(persistence))]);
  const data = jsonMap(entries);
  return `{"status":"success","data":${data}}`;
}
