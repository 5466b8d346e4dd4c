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

/** The body of /api/v1/status. */
export function statusJson(info: StatusInfo): string {
  const data = jsonMap([
    ["build_information", jsonStringMap(Object.entries(info.buildInformation))],
    ["flags", jsonStringMap(Object.entries(info.flags))],
    ["start_time", jsonString(timeText(info.startMs))],
  ]);
  return `{"status":"success","data":${data}}`;
}
