/** What the JSON API answers, as far as the page reads it: docs/http-api.md and the OpenAPI document describe it. */

export interface GroupRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly path: string;
  readonly last_push_successful: boolean;
  readonly push_time_seconds: number;
  readonly push_failure_time_seconds: number;
  readonly families: number;
  readonly series: number;
  readonly bytes: number;
  /** When it will be deleted, in seconds since 1970, unless it is pushed to; null or absent: never. */
  readonly expires_at?: number | null;
}

export interface JobCount {
  readonly value: string;
  readonly groups: number;
  readonly failing: number;
}

export interface Facets {
  readonly jobs: readonly JobCount[];
  /** How many there are; not all of them are told. */
  readonly jobs_total: number;
  readonly ages: readonly number[];
  readonly failing: number;
}

export interface GroupsAnswer {
  readonly as_of: number;
  readonly total: number;
  readonly matched: number;
  readonly partial: boolean;
  readonly groups: readonly GroupRow[];
  readonly facets?: Facets;
  readonly cursor: string | null;
}

/** Of a native histogram: which ends belong to the bucket, lower bound, upper bound, count. */
export type NativeBucket = readonly [ends: number, lower: string, upper: string, count: string];

/** Numbers are as the exposition prints them. */
export interface Metric {
  readonly labels: Readonly<Record<string, string>>;
  readonly value?: string;
  readonly count?: string;
  readonly sum?: string;
  readonly quantiles?: Readonly<Record<string, string>>;
  readonly buckets?: Readonly<Record<string, string>> | readonly NativeBucket[];
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly time_stamp: string;
  readonly series: number;
  readonly metrics_total: number;
  readonly metrics: readonly Metric[];
}

export interface GroupAnswer {
  readonly as_of: number;
  readonly group: GroupRow;
  readonly families: readonly Family[];
}

/** What a deletion would delete. */
export interface RemovalPlan {
  readonly as_of: number;
  readonly matched: number;
  readonly series: number;
  readonly bytes: number;
  readonly pushed_last_hour: number;
  readonly sample: readonly GroupRow[];
}

export interface Removed {
  readonly deleted: number;
  readonly left_alone: number;
}

/** Requests that were refused alike: the last of them. */
export interface Refused {
  readonly kind: string;
  readonly status: number;
  readonly reason: string;
  readonly count: number;
  readonly first_seconds: number;
  readonly last_seconds: number;
  readonly method: string;
  readonly path: string;
  readonly group: { readonly labels: Readonly<Record<string, string>>; readonly path: string } | null;
  readonly client: string;
  readonly user: string | null;
  readonly user_agent: string | null;
  readonly line: { readonly number: number; readonly text: string } | null;
  /** A group whose metrics those pushed contradict; null where none is known. */
  readonly contradicts: Refused["group"];
  readonly size_bytes: number | null;
}

export interface RefusedAnswer {
  readonly as_of: number;
  readonly total: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly refused: readonly Refused[];
}

/** Of the events: the state of the server, as counters. */
export interface Tick {
  readonly at: number;
  /** When the server started. */
  readonly start: number;
  /** How often the store was wiped since. */
  readonly epoch: number;
  readonly changes: number;
  readonly groups: number;
  readonly series: number;
  readonly pushes: number;
  readonly refused: number;
  readonly scrape: { readonly at: number; readonly ms: number } | null;
}

/** A limit that was reached, by the flag that sets it. */
export interface ReachedLimit {
  readonly limit: string;
  readonly count: number;
  readonly first_seconds: number;
  readonly last_seconds: number;
}

export interface PersistenceFigures {
  readonly file: string;
  readonly status: "restoring" | "kept" | "failing" | "memory-only";
  readonly reason: string;
  readonly since_seconds: number | null;
  readonly last_commit_seconds: number | null;
  readonly commit_seconds: number | null;
  readonly errors_total: number;
  /** By seconds of the last minute; 0: there was none. */
  readonly last_commits_seconds: readonly number[];
  readonly waiting_groups: number;
  readonly file_bytes: number;
  /** From the file, at the start; so far. */
  readonly restored_groups: number;
}

/** How a replica and the log that it shares with others do. */
export interface ClusterFigures {
  readonly name: string;
  readonly status: "joining" | "joined" | "lost" | "stopped";
  readonly reason: string;
  readonly position: number;
  readonly head: number;
  readonly lag_seconds: number;
  readonly waiting: number;
  readonly log_size_bytes: number;
  readonly clock_skew_seconds: number;
  readonly server: string | null;
  readonly leader: string | null;
  readonly copies: readonly { readonly server: string; readonly current: boolean }[];
}

/** How the audit log does. */
export interface AuditFigures {
  readonly status: "written" | "failing";
  readonly reason: string;
  readonly lines_total: number;
  readonly lost_lines_total: number;
}

/** What is kept of a principal, beside its limits; null: it is being counted, or there is no limit. */
export interface QuotaFigures {
  readonly principal: string;
  readonly pushes_total: number;
  /** By the limit that they went over. */
  readonly refused_pushes: Readonly<Record<string, number>>;
  readonly max_pushes_per_second: number | null;
  readonly max_body_bytes: number | null;
  readonly groups: number | null;
  readonly max_groups: number | null;
  readonly series: number | null;
  readonly max_series: number | null;
  readonly size_bytes: number | null;
  readonly max_size_bytes: number | null;
}

export interface Flag {
  readonly value: string;
  readonly default: string;
}

export interface PushFigures {
  readonly last_seconds: number | null;
  readonly per_second: number | null;
  readonly last_minute: readonly number[];
  readonly p99_seconds: number | null;
  readonly in_flight: number;
  readonly max_in_flight: number | null;
  readonly refused_total: number;
  readonly refused_per_second: number | null;
}

export interface ScrapeFigures {
  readonly last_seconds: number | null;
  readonly last_duration_seconds: number | null;
  readonly last_durations_seconds: readonly number[];
  readonly clients: readonly { readonly client: string; readonly interval_seconds: number | null }[];
  readonly in_flight: number;
  readonly max_in_flight: number | null;
}

export interface ProcessFigures {
  readonly pid: number;
  readonly cpu_ratio: number | null;
  readonly loop_delay_seconds: number | null;
  readonly resident_bytes: number | null;
  readonly connections: number;
  readonly max_connections: number;
  readonly open_fds: number | null;
  readonly max_fds: number | null;
  readonly viewers: number;
  readonly max_viewers: number;
}

/**
 * What the server is doing. Where a limit is null there is none. A reader who may not see all groups is told of those
 * that may be seen, and nothing (null) that comes of others.
 */
export interface RuntimeAnswer {
  readonly as_of: number;
  readonly start_seconds: number;
  readonly not_ready: string | null;
  readonly build: Readonly<Record<string, string>>;
  readonly listen_addresses: readonly string[];
  readonly access: { readonly tls: boolean; readonly passwords: boolean; readonly web_config: string };
  readonly store: {
    readonly groups: number;
    readonly max_groups: number | null;
    readonly series: number;
    readonly max_series: number | null;
    readonly size_bytes: number;
    readonly max_size_bytes: number | null;
  };
  readonly pushes: PushFigures | null;
  readonly scrapes: ScrapeFigures | null;
  readonly persistence: PersistenceFigures | null;
  readonly cluster: ClusterFigures | null;
  readonly audit: AuditFigures | null;
  /** Those who are nearest to a limit first. */
  readonly quotas: readonly QuotaFigures[] | null;
  readonly process: ProcessFigures | null;
  readonly limits_reached: readonly ReachedLimit[];
  /** Neither it nor `build` is there where a first screen brought the answer that did not show them. */
  readonly flags: Readonly<Record<string, Flag>>;
}
