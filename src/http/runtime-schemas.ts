import { type TSchema, Type } from "@sinclair/typebox";
import { ClusterStatus } from "./cluster-status.ts";
import { QuotaStatus } from "./quota-status.ts";
import { CLOSED, success } from "./schemas.ts";

const numberOrNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const limit = (description = "null: there is no limit.") => Type.Union([Type.Integer(), Type.Null()], { description });

const Access = Type.Object(
  {
    web_config: Type.Union([Type.Literal("none"), Type.Literal("in use"), Type.Literal("broken")]),
    tls: Type.Boolean(),
    http2: Type.Boolean(),
    passwords: Type.Boolean(),
    client_certificates: Type.String({ description: "`client_auth_type` of the web-config file; empty without TLS." }),
    rate_limit: Type.Boolean(),
    access_file: Type.Union([Type.Literal("none"), Type.Literal("in use"), Type.Literal("broken")], {
      description: "broken: the last good one is in use.",
    }),
    trusted_proxies: Type.Boolean(),
  },
  { ...CLOSED, description: "How clients are let in: whether, and not with what." },
);

const countOrNull = (description = "null: it is not for who asks.") =>
  Type.Union([Type.Integer(), Type.Null()], { description });

const StoreFigures = Type.Object(
  {
    groups: Type.Integer(),
    max_groups: limit(),
    series: Type.Integer(),
    max_series: limit(),
    families: countOrNull(),
    max_families: limit(),
    size_bytes: Type.Integer(),
    max_size_bytes: limit(),
    held_bytes: countOrNull("What was replaced, but is still being sent."),
    conflicting_families: countOrNull(),
    expired_groups_total: countOrNull(),
  },
  {
    ...CLOSED,
    description: "For who may not read all groups: of those that may be read. What is of all together is null then.",
  },
);

/** What grows with whatever anybody does. */
const ofAllGroups = <T extends TSchema>(schema: T) =>
  Type.Union([schema, Type.Null()], { description: "null for who may not read all groups." });

const Pushes = Type.Object(
  {
    total: Type.Integer(),
    last_seconds: numberOrNull("When the last one came, to a second, since 1970; null: there was none."),
    per_second: numberOrNull("In the last minute; null where no second has passed."),
    last_minute: Type.Array(Type.Integer(), { description: "Of each second, the oldest first." }),
    p50_seconds: numberOrNull("Half of those of the last ten minutes took no longer."),
    p99_seconds: numberOrNull("Ninety-nine of a hundred took no longer."),
    in_flight: Type.Integer({ description: "Pushes whose body is awaited." }),
    max_in_flight: limit(),
    refused_total: Type.Integer({ description: "Pushes, and other requests, that were refused." }),
    refused_per_second: numberOrNull("In the last minute."),
  },
  CLOSED,
);

const Scrapes = Type.Object(
  {
    total: Type.Integer(),
    last_seconds: numberOrNull("When the last one began, in seconds since 1970; null: there was none."),
    last_duration_seconds: numberOrNull("Until its last byte was taken."),
    last_durations_seconds: Type.Array(Type.Number(), { description: "Of the last 60, the oldest first." }),
    clients: Type.Array(
      Type.Object(
        { client: Type.String(), last_seconds: Type.Number(), interval_seconds: numberOrNull("Between its last two.") },
        CLOSED,
      ),
      { description: "Who has scraped in the last ten minutes, the last one first." },
    ),
    in_flight: Type.Integer({ description: "Long answers that are being sent." }),
    max_in_flight: limit(),
  },
  CLOSED,
);

const PersistenceFigures = Type.Object(
  {
    file: Type.String(),
    status: Type.Union([
      Type.Literal("restoring"),
      Type.Literal("kept"),
      Type.Literal("failing"),
      Type.Literal("memory-only"),
    ]),
    reason: Type.String({ description: "Why metrics are not kept; empty where they are." }),
    since_seconds: numberOrNull("Since when the status is this one, to a second; null: less than a second."),
    commits_total: Type.Integer(),
    errors_total: Type.Integer(),
    last_commit_seconds: numberOrNull("When a commit last succeeded, in seconds since 1970; null: none has."),
    commit_seconds: numberOrNull("What a commit took in the last minute; null: there was none."),
    last_commits_seconds: Type.Array(Type.Number(), {
      description: "What a commit took, of each second of the last minute, the oldest first; 0: there was none.",
    }),
    file_bytes: Type.Integer({ description: "What the file takes up, its log with it; 0 until it is open." }),
    restored_groups: Type.Integer({ description: "Groups that came from the file at the start, so far." }),
    waiting_groups: Type.Integer({ description: "Changed groups that are not committed yet." }),
  },
  CLOSED,
);

const Process = Type.Object(
  {
    pid: Type.Integer(),
    cpu_ratio: numberOrNull("Of one core, in the last minute."),
    loop_delay_seconds: numberOrNull("How late a timer of one a second came at the most, in the last minute."),
    resident_bytes: numberOrNull("null where the system does not say."),
    heap_bytes: Type.Integer({ description: "Of the runtime's own heap." }),
    connections: Type.Integer(),
    max_connections: Type.Integer(),
    open_fds: numberOrNull("Open file descriptors."),
    max_fds: numberOrNull("null: there is no limit."),
    viewers: Type.Integer({ description: "Streams of events." }),
    max_viewers: Type.Integer(),
  },
  CLOSED,
);

const AuditFigures = Type.Object(
  {
    file: Type.String(),
    status: Type.Union([Type.Literal("written"), Type.Literal("failing")]),
    reason: Type.String({ description: "Why it cannot be written; empty where it can." }),
    lines_total: Type.Integer(),
    lost_lines_total: Type.Integer(),
    waiting_lines: Type.Integer(),
  },
  CLOSED,
);

const ReachedLimits = Type.Array(
  Type.Object(
    {
      limit: Type.String({ description: "The flag that sets it, without dashes." }),
      count: Type.Integer(),
      first_seconds: Type.Number(),
      last_seconds: Type.Number(),
    },
    CLOSED,
  ),
  { description: "Limits that were reached since the start." },
);

export const RuntimeStatus = Type.Object(
  {
    as_of: Type.Number({ description: "When the answer was made, in seconds since 1970." }),
    start_seconds: Type.Number(),
    uptime_seconds: Type.Number(),
    not_ready: Type.Union([Type.String(), Type.Null()], { description: "Why nothing can be pushed yet, or null." }),
    build: Type.Record(Type.String(), Type.String()),
    listen_addresses: Type.Array(Type.String()),
    access: Access,
    store: StoreFigures,
    pushes: ofAllGroups(Pushes),
    scrapes: ofAllGroups(Scrapes),
    persistence: Type.Union([PersistenceFigures, Type.Null()], {
      description: "null: there is no file, or it is not for who asks.",
    }),
    cluster: Type.Union([ClusterStatus, Type.Null()], {
      description: "null: this server is alone, or it is not for who asks.",
    }),
    audit: Type.Union([AuditFigures, Type.Null()], {
      description: "null: there is no audit log, or it is not for who asks.",
    }),
    quotas: Type.Union([Type.Array(QuotaStatus), Type.Null()], {
      description:
        "Of each principal, of 20 at most, those nearest to a limit first; of who does not see all groups, only its own. null: there is no access file.",
    }),
    process: ofAllGroups(Process),
    limits_reached: ReachedLimits,
    flags: Type.Record(Type.String(), Type.Object({ value: Type.String(), default: Type.String() }, CLOSED)),
  },
  CLOSED,
);

/** The answer of /api/v1/status/runtime. */
export const RuntimeResponse = success(RuntimeStatus);
