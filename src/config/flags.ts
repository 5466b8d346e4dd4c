import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Broken } from "../bytes/broken.ts";
import { GAUGE_RULES } from "../model/gauge-rule.ts";
import type { LimitName } from "../model/limits.ts";

/**
 * How a flag's text is read.
 * - switch: present or negated (`--[no-]name`), takes no value
 * - text: taken as it is
 * - list: as text, may be repeated
 * - enum: one of its words
 * - url, duration, size, count, level, format, regex, networks: checked and brought into one form, see values.ts
 */
const FLAG_KINDS = [
  "switch",
  "text",
  "list",
  "enum",
  "url",
  "duration",
  "size",
  "count",
  "level",
  "format",
  "regex",
  "networks",
] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const SYNC_MODES = ["always", "interval"] as const;
export const LOG_FORMATS = ["logfmt", "json"] as const;

const PUSH_STATUSES = ["200", "202"] as const;
const TIMESTAMP_MODES = ["reject", "drop"] as const;

/** Where the format of the web-config file is written down. */
const WEB_CONFIG_GUIDE = "https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md";

const SWITCH = { default: false, kind: "switch" } satisfies FlagOptions;

/** What strangers can have the server do and hold at most; 0 is no limit. */
const LIMIT_FLAGS = {
  "push.max-body-size": Type.String({
    ...option("size", "64MiB"),
    description: "Largest body of a push, as it is sent. 0 is no limit, as for all limits.",
  }),
  "push.max-decompressed-size": Type.String({
    ...option("size", "64MiB"),
    description: "Largest body of a push, decompressed.",
  }),
  "push.max-buffered-size": Type.String({
    ...option("size", "256MiB"),
    description: "Most memory for all bodies above 64KiB that are being received; beyond that, one gives way.",
  }),
  "push.max-series": Type.String({ ...option("count", "500000"), description: "Most series in one push." }),
  "push.max-families": Type.String({
    ...option("count", "50000"),
    description: "Most metric families in one push, empty and repeated ones included.",
  }),
  "push.max-labels": Type.String({
    ...option("count", "1000"),
    description: "Most labels on one pushed series, and in one grouping key.",
  }),
  "push.max-labels-size": Type.String({
    ...option("size", "1MiB"),
    description: "Most bytes of all labels of one pushed series together.",
  }),
  "push.max-label-length": Type.String({
    ...option("size", "64KiB"),
    description: "Longest metric name, label name, label value or help text in a push or its path.",
  }),
  "store.max-groups": Type.String({ ...option("count", "1000000"), description: "Most groups in the store." }),
  "store.max-series": Type.String({ ...option("count", "10000000"), description: "Most series in the store." }),
  "store.max-families": Type.String({
    ...option("count", "200000"),
    description: "Most names of metric families in the store.",
  }),
  "store.max-size": Type.String({ ...option("size", "2GiB"), description: "Most memory for everything in the store." }),
  "store.max-group-series": Type.String({
    ...option("count", "1000000"),
    description: "Most series in one group.",
  }),
  "store.max-group-size": Type.String({
    ...option("size", "256MiB"),
    description: "Most bytes of lines and help texts in one group.",
  }),
  "web.max-connections": Type.String({
    ...option("count", "10000"),
    description: "Most open connections; beyond that, stalled ones are closed.",
  }),
  "web.max-pushes-in-flight": Type.String({
    ...option("count", "4096"),
    description: "Most pushes whose body is awaited; beyond that, one gives way.",
  }),
  "web.max-scrapes-in-flight": Type.String({
    ...option("count", "64"),
    description: "Most long answers that are being sent; beyond that, one is cut.",
  }),
  "web.max-held-size": Type.String({
    ...option("size", "256MiB"),
    description: "Most memory for what was replaced but is still being sent; beyond that, slow answers are cut.",
  }),
  "web.body-timeout": Type.String({
    ...option("duration", "30s"),
    description: "Time in which a body must make some progress.",
  }),
} satisfies Record<LimitName, TSchema>;

/** How this replica is joined to others over a shared log. */
const CLUSTER_FLAGS = {
  "cluster.url": Type.String({
    ...option("text", ""),
    description:
      "Servers of NATS JetStream that keep the log by which replicas hold the same content, separated by commas. Example: 'nats://a:4222,nats://b:4222,nats://c:4222', or 'tls://...'. If empty, this is no replica.",
  }),
  "cluster.name": Type.String({
    ...option("text", "pushgateway"),
    description: "Name of the cluster: all replicas of one have the same.",
  }),
  "cluster.timeout": Type.String({
    ...option("duration", "12s"),
    description: "Time after which a push is answered 503 that could not be brought into the log.",
  }),
  "cluster.replicas": Type.String({
    ...option("count", "3"),
    description: "Servers that keep a copy of the log, where it is made.",
  }),
  "cluster.credentials-file": Type.String({
    ...option("text", ""),
    description:
      "File with what the servers know this replica by: a NATS credentials file, or YAML with user and password.",
  }),
  "cluster.tls-ca-file": Type.String({
    ...option("text", ""),
    description: "File with the certificates of the authorities that sign those of the servers.",
  }),
  "cluster.tls-cert-file": Type.String({
    ...option("text", ""),
    description: "File with the certificate that this replica shows to the servers.",
  }),
  "cluster.tls-key-file": Type.String({
    ...option("text", ""),
    description: "File with the key of that certificate.",
  }),
};

/**
 * Every setting under its flag's name, in the order of the help text: the type of its value, the default as it would be
 * written on the command line, and the help text. Names and defaults are those of the Prometheus Pushgateway 1.11.
 */
export const FlagTable = Type.Object({
  "web.systemd-socket": Type.Boolean({
    ...SWITCH,
    description: "Use systemd socket activation listeners instead of port listeners (Linux only).",
  }),
  "web.listen-address": Type.Array(Type.String(), {
    ...option("list", [":9091"]),
    description:
      "Addresses on which to expose metrics and web interface. Repeatable for multiple addresses. Examples: `:9091`, `[::1]:9091`, `localhost:http`.",
  }),
  "web.config.file": Type.String({
    ...option("text", ""),
    description: `Path to configuration file that can enable TLS, authentication or a rate limit. See: ${WEB_CONFIG_GUIDE}`,
  }),
  "web.access-file": Type.String({
    ...option("text", ""),
    description:
      "Path to a file that says who may push, delete, scrape, read and administer what. It is read again as it changes.",
  }),
  "web.telemetry-path": Type.String({
    ...option("text", "/metrics"),
    description: "Path under which to expose metrics.",
  }),
  "web.external-url": Type.String({
    ...option("url", ""),
    description: "The URL under which the Pushgateway is externally reachable.",
  }),
  "web.route-prefix": Type.String({
    ...option("text", ""),
    description: "Prefix for the internal routes of web endpoints. Defaults to the path of --web.external-url.",
  }),
  "web.cors.origin": Type.String({
    ...option("regex", ""),
    description:
      "Regular expression for the origins whose pages may push and read in a browser, fully anchored. Example: 'https?://(domain1|domain2)\\.com'. If empty, none may.",
  }),
  "web.trusted-proxies": Type.String({
    ...option("networks", ""),
    description:
      "Networks of proxies whose X-Forwarded-For or Forwarded header says which client a request is from, separated by commas. Example: '10.0.0.0/8,fd00::/8'. If empty, none is believed.",
  }),
  "web.enable-lifecycle": Type.Boolean({ ...SWITCH, description: "Enable shutdown via HTTP request." }),
  "web.enable-admin-api": Type.Boolean({
    ...SWITCH,
    description: "Enable API endpoints for admin control actions.",
  }),
  "web.enable-openmetrics": Type.Boolean({
    ...SWITCH,
    description: "Answer scrapes that ask for OpenMetrics in that format.",
  }),
  "web.openmetrics-omit-created": Type.Boolean({
    ...SWITCH,
    description: "Leave the times of creation out of OpenMetrics: a Prometheus may store them as series of their own.",
  }),
  "persistence.file": Type.String({
    ...option("text", ""),
    description: "File to persist metrics. If empty, metrics are only kept in memory.",
  }),
  "persistence.interval": Type.String({
    ...option("duration", "5m"),
    description: "The minimum interval at which to write out the persistence file with --persistence.sync=interval.",
  }),
  "persistence.sync": Type.Union(
    SYNC_MODES.map((mode) => Type.Literal(mode)),
    {
      ...option("enum", "always", SYNC_MODES),
      description: `Whether a push is answered once it is durable, or at once and written at intervals. One of: [${SYNC_MODES.join(", ")}]`,
    },
  ),
  "persistence.required": Type.Boolean({
    ...SWITCH,
    description: "Exit with an error if the persistence file cannot be made, instead of serving from memory.",
  }),
  "push.disable-consistency-check": Type.Boolean({
    ...SWITCH,
    description: "Do not check consistency of pushed metrics. DANGEROUS.",
  }),
  "push.group-ttl": Type.String({
    ...option("duration", "0"),
    description:
      "Time after the last successful push to a group when the group is removed. A push may set another one for its group. 0 is never.",
  }),
  "push.ttl-keep-times": Type.Boolean({
    ...SWITCH,
    description: "Keep the push times of groups that expire, and remove their metrics only.",
  }),
  "push.aggregate": Type.Array(Type.String(), {
    ...option("list", []),
    description:
      "Selector of groups whose pushes are added to what they hold, as with ?aggregate=sum. Repeatable: one that holds is enough. Example: '{job=~\"web.*\"}', or '{}' for all.",
  }),
  "push.aggregate-gauges": Type.Union(
    GAUGE_RULES.map((rule) => Type.Literal(rule)),
    {
      ...option("enum", "replace", GAUGE_RULES),
      description: `What becomes of a gauge where a push is added. One of: [${GAUGE_RULES.join(", ")}]`,
    },
  ),
  "push.clearmode-label": Type.String({
    ...option("text", ""),
    description:
      "Label of series that says how each of them is added, as gravel-gateway's: aggregate, replace or family. It is taken off. Example: clearmode",
  }),
  "push.idempotency-window": Type.String({
    ...option("duration", "1h"),
    description:
      "How long the Idempotency-Key of a push that was added is remembered: one that repeats it adds nothing.",
  }),
  "push.max-idempotency-keys": Type.String({
    ...option("count", "1000"),
    description:
      "Most keys that are remembered of one group, the newest ones; 10000 or fewer. 0: keys are not looked at.",
  }),
  "push.enable-utf8-names": Type.Boolean({
    ...SWITCH,
    description: "Allow UTF-8 characters in metric and label names.",
  }),
  "push.status": Type.Union(
    PUSH_STATUSES.map((status) => Type.Literal(status)),
    {
      ...option("enum", "200", PUSH_STATUSES),
      description: `Status of the answer to a push that was stored. One of: [${PUSH_STATUSES.join(", ")}]`,
    },
  ),
  "push.timestamps": Type.Union(
    TIMESTAMP_MODES.map((mode) => Type.Literal(mode)),
    {
      ...option("enum", "reject", TIMESTAMP_MODES),
      description: `Whether a push with timestamps is refused, or stored without them. One of: [${TIMESTAMP_MODES.join(", ")}]`,
    },
  ),
  "push.lenient-text": Type.Boolean({
    ...SWITCH,
    description:
      "Take text that ends its lines with CR LF or lacks the last line feed, and text in UTF-8 or UTF-16 with a byte order mark.",
  }),
  "push.allow-no-job": Type.Boolean({
    ...SWITCH,
    description:
      "Take pushes to /metrics and /metrics/<label>/<value>, without a job, as prom-aggregation-gateway does.",
  }),
  ...LIMIT_FLAGS,
  ...CLUSTER_FLAGS,
  "log.level": Type.Union(
    LOG_LEVELS.map((level) => Type.Literal(level)),
    {
      ...option("level", "info", LOG_LEVELS),
      description: `Only log messages with the given severity or above. One of: [${LOG_LEVELS.join(", ")}]`,
    },
  ),
  "log.format": Type.Union(
    LOG_FORMATS.map((format) => Type.Literal(format)),
    {
      ...option("format", "logfmt", LOG_FORMATS),
      description: `Output format of log messages. One of: [${LOG_FORMATS.join(", ")}]`,
    },
  ),
  "log.audit": Type.String({
    ...option("text", ""),
    description:
      "File to append a line of JSON to for each refused change, deletion, wipe, expired group and change of the configuration, or - for standard output. If empty, there is none.",
  }),
});

/** The value of each flag. Durations and URLs are text in one form: `5m0s`. */
export type FlagValues = Static<typeof FlagTable>;

/** One row of a command's table, as the grammar and the help text need it. */
export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  /** The default as it would be written; more than one text only where the flag may be repeated. */
  readonly defaults: readonly string[];
  readonly description: string;
  /** What the value may be, where that is one of some words. */
  readonly words?: readonly string[];
  /** The letter of the short form, `-h`. */
  readonly short?: string;
  /** Left out of the help text. */
  readonly hidden?: boolean;
  /** The name of the flag that this is another name of. */
  readonly means?: string;
}

/** The settings of a server, in the order of the help text. */
export const SETTING_FLAGS: readonly Flag[] = Object.entries(FlagTable.properties).map(([name, schema]) =>
  flagOf(name, schema),
);

/** What other builds of the reference have and what nothing here depends on: taken, so that their units start. */
export const IGNORED_FLAGS: readonly Flag[] = [
  { name: "web.local-assets", kind: "text", defaults: [], description: "Ignored.", hidden: true },
];

/** Names that builds of the reference with a time to live have for it. */
export const OTHER_NAMES: readonly Flag[] = ["metric.timetolive", "metrics.ttl"].map((name) => ({
  name,
  kind: "duration",
  defaults: [],
  description: "The same as --push.group-ttl.",
  hidden: true,
  means: "push.group-ttl",
}));

interface FlagOptions {
  readonly kind: FlagKind;
  readonly default: string | boolean | string[];
  readonly words?: readonly string[];
}

function option(kind: FlagKind, written: string | string[], words: readonly string[] = []): FlagOptions {
  return { kind, default: written, words };
}

function flagOf(name: string, schema: TSchema): Flag {
  const written: unknown = schema.default;
  const kind = FLAG_KINDS.find((known) => known === schema.kind);
  if (kind === undefined)
    throw new Broken(`reading the flag table: ${name} has the unknown kind ${String(schema.kind)}`);
  const defaults = Array.isArray(written) ? written.map(String) : [String(written)];
  const words: unknown = schema.words;
  const allowed = Array.isArray(words) ? words.map(String) : [];
  return { name, kind, defaults, description: schema.description ?? "", words: allowed };
}
