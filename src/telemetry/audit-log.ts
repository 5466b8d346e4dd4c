/** What the audit log tells of, by the name of each event. */
export const AUDIT_EVENTS = [
  "refused",
  "group_deleted",
  "groups_deleted",
  "store_wiped",
  "group_expired",
  "config_taken",
  "config_refused",
  "quit_asked",
  "started",
  "stopped",
  "reopened",
  "lost",
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
  /** The flag of the limit that was reached, without dashes, or the field of the access file. */
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

/** Is told of what was done, and of what was to be done and was refused. */
export interface AuditLog {
  /** Whether it is written anywhere: if not, nothing has to be told. */
  readonly isKept: boolean;
  /** Returns at once, whatever becomes of it. */
  add(entry: AuditEntry): void;
}

export const NO_AUDIT: AuditLog = { isKept: false, add: () => {} };

/** How the audit log does. */
export interface AuditState {
  readonly file: string;
  readonly status: "written" | "failing";
  /** Why it cannot be written; empty where it can. */
  readonly reason: string;
  readonly lines: number;
  readonly lostLines: number;
  readonly waitingLines: number;
}
