import type { AuditEntry } from "./audit-log.ts";
import { cutText, jsonText } from "./log.ts";

/** Most characters of each text; of a longer one the start is written, and how long it is. */
const MOST: Readonly<Record<string, number>> = { group: 4000, path: 1000, detail: 1000 };
const MOST_OTHERWISE = 400;

/** The keys of a line in their order, behind `time`. */
export const AUDIT_KEYS = [
  "event",
  "principal",
  "user",
  "certificate",
  "client",
  "method",
  "path",
  "group",
  "status",
  "reason",
  "detail",
  "limit",
  "count",
  "left_alone",
  "selection",
  "file",
  "exit_status",
  "version",
  "pid",
] as const satisfies readonly (keyof AuditEntry)[];

/** The line of an event, its line feed included: one JSON object of printable characters. */
export function auditLine(entry: AuditEntry, nowMs: number): string {
  let line = `{"time":"${new Date(nowMs).toISOString()}"`;
  for (const key of AUDIT_KEYS) {
    const value = valueText(key, entry[key]);
    if (value !== null) line += `,"${key}":${value}`;
  }
  return `${line}}\n`;
}

/** null: it is not written. */
function valueText(key: keyof AuditEntry, value: AuditEntry[keyof AuditEntry]): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value === "number") return String(value);
  if (typeof value === "object") return selectionText(value);
  return boundedText(key, key === "group" ? `{${value}}` : value);
}

function selectionText(selection: Readonly<Record<string, string>>): string | null {
  const pairs = Object.entries(selection).map(([name, text]) => `${jsonText(name)}:${boundedText("detail", text)}`);
  return pairs.length === 0 ? null : `{${pairs.join(",")}}`;
}

const boundedText = (key: string, text: string): string => jsonText(cutText(text, MOST[key] ?? MOST_OTHERWISE));
