import { cutText, jsonText } from "./log.ts";

/** What the audit log tells of, by the name of each event. */
export const AUDIT_EVENTS = [
  "started",
  "stopped",
  "reopened",
  "lost",
  "refused",
  "group_deleted",
  "groups_deleted",
  "store_wiped",
  "group_expired",
  "config_taken",
  "config_refused",
  "quit_asked",
] as const;
export type AuditEventName = (typeof AUDIT_EVENTS)[number];

/** One event. What is absent, null or empty is not written. Texts may be a client's: they are cut and escaped. */
export interface AuditEntry {
  readonly event: AuditEventName;
  /** In whose name it was done. */
  readonly principal?: string;
  /** Whose password was accepted. */
  readonly user?: string | null;
  /** The subject of the verified certificate that was shown. */
  readonly certificate?: string | null;
  /** An address. */
  readonly client?: string;
  readonly method?: string | null;
  /** As sent, without its query. */
  readonly path?: string | null;
  /** The label block of the group's key. */
  readonly group?: string | null;
  /** Of the answer. */
  readonly status?: number;
  /** One of the words that metrics have for it. */
  readonly reason?: string;
  /** More words, none of which are of a body. */
  readonly detail?: string | null;
  /** The flag of the limit that was reached, without dashes. */
  readonly limit?: string | null;
  /** Of groups, or of lines. */
  readonly count?: number;
  readonly left_alone?: number;
  /** What groups were selected by. */
  readonly selection?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly exit_status?: number;
  readonly version?: string;
  readonly pid?: number;
}

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
