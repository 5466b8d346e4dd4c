import { type Static, type TSchema, Type } from "@sinclair/typebox";

/**
 * How a flag's text is read.
 * - switch: present or negated (`--[no-]name`), takes no value
 * - text: taken as it is
 * - list: as text, may be repeated
 * - url, duration, size, count, level, format, regex: checked and brought into one form, see values.ts
 */
export const FLAG_KINDS = [
  "switch",
  "text",
  "list",
  "url",
  "duration",
  "size",
  "count",
  "level",
  "format",
  "sync",
  "regex",
] as const;
export type FlagKind = (typeof FLAG_KINDS)[number];

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export const SYNC_MODES = ["always", "interval"] as const;
export const LOG_FORMATS = ["logfmt", "json"] as const;

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
    description: "Memory for all bodies above 64KiB that are received at the same time.",
  }),
  "push.max-series": Type.String({ ...option("count", "500000"), description: "Most series in one push." }),
  "push.max-families": Type.String({
    ...option("count", "50000"),
    description: "Most metric families in one push.",
  }),
  "push.max-labels": Type.String({ ...option("count", "1000"), description: "Most labels on one pushed series." }),
  "push.max-label-length": Type.String({
    ...option("size", "64KiB"),
    description: "Longest metric name, label name, label value or help text in a push.",
  }),
  "store.max-groups": Type.String({ ...option("count", "1000000"), description: "Most groups that are kept." }),
  "store.max-series": Type.String({ ...option("count", "10000000"), description: "Most series that are kept." }),
  "store.max-size": Type.String({ ...option("size", "2GiB"), description: "Most memory for all that is kept." }),
  "web.max-connections": Type.String({
    ...option("count", "10000"),
    description: "Most open connections; beyond that, idle ones are closed.",
  }),
  "web.max-pushes-in-flight": Type.String({
    ...option("count", "4096"),
    description: "Most pushes whose body is awaited; beyond that, the oldest is refused.",
  }),
  "web.max-scrapes-in-flight": Type.String({
    ...option("count", "64"),
    description: "Most long answers that are sent at the same time; beyond that, the oldest is cut.",
  }),
  "web.body-timeout": Type.String({
    ...option("duration", "30s"),
    description: "Time in which a body has to bring 1KiB for each second of it, or to end.",
  }),
};

/**
 * Every setting under its flag's name, in the order of the help text: the type of its value, the default as it would be
 * written on the command line, and the help text. Names and defaults are those of the Prometheus Pushgateway 1.11.
 */
export const FlagTable = Type.Object({
  "web.systemd-socket": Type.Boolean({
    ...SWITCH,
    description: "Take the listening sockets from systemd (socket activation) in place of opening ports.",
  }),
  "web.listen-address": Type.Array(Type.String(), {
    ...option("list", [":9091"]),
    description:
      "Address to serve the API, the metrics and the web interface on. May be given several times. Examples: `:9091` for all interfaces, `[::1]:9091`, `localhost:9091`.",
  }),
  "web.config.file": Type.String({
    ...option("text", ""),
    description: "File that turns on TLS, authentication and rate limits.",
  }),
  "web.telemetry-path": Type.String({
    ...option("text", "/metrics"),
    description: "Path at which Prometheus scrapes the metrics.",
  }),
  "web.external-url": Type.String({
    ...option("url", ""),
    description: "URL by which users and browsers reach this Pushgateway, for instance through a proxy.",
  }),
  "web.route-prefix": Type.String({
    ...option("text", ""),
    description: "Prefix of all paths that are served. If empty, the path of --web.external-url is taken.",
  }),
  "web.cors.origin": Type.String({
    ...option("regex", ""),
    description:
      "Regular expression for the origins whose pages may push and read in a browser, fully anchored. Example: 'https?://(domain1|domain2)\\.com'. If empty, none may.",
  }),
  "web.enable-lifecycle": Type.Boolean({ ...SWITCH, description: "Allow to shut down by an HTTP request." }),
  "web.enable-admin-api": Type.Boolean({ ...SWITCH, description: "Serve the admin API, which can wipe all metrics." }),
  "persistence.file": Type.String({
    ...option("text", ""),
    description: "File that keeps the metrics over a restart. If empty, they are held in memory only.",
  }),
  "persistence.interval": Type.String({
    ...option("duration", "5m"),
    description: "Least time between two writes of the persistence file.",
  }),
  "persistence.sync": Type.Union(
    SYNC_MODES.map((mode) => Type.Literal(mode)),
    {
      ...option("sync", "always"),
      description: `Whether a push is answered once it is durable, or at once and written at intervals. One of: [${SYNC_MODES.join(", ")}]`,
    },
  ),
  "persistence.required": Type.Boolean({
    ...SWITCH,
    description: "End with an error where the persistence file cannot be made, in place of serving from memory.",
  }),
  "push.disable-consistency-check": Type.Boolean({
    ...SWITCH,
    description: "Accept pushes without checking them against what is stored. DANGEROUS: scrapes may fail.",
  }),
  "push.enable-utf8-names": Type.Boolean({
    ...SWITCH,
    description: "Accept any UTF-8 text as the name of a metric or a label.",
  }),
  ...LIMIT_FLAGS,
  "log.level": Type.Union(
    LOG_LEVELS.map((level) => Type.Literal(level)),
    { ...option("level", "info"), description: `Least severity that is logged. One of: [${LOG_LEVELS.join(", ")}]` },
  ),
  "log.format": Type.Union(
    LOG_FORMATS.map((format) => Type.Literal(format)),
    { ...option("format", "logfmt"), description: `Form of log lines. One of: [${LOG_FORMATS.join(", ")}]` },
  ),
});

/** The value of each flag. Durations and URLs are text in one form: `5m0s`. */
export type FlagValues = Static<typeof FlagTable>;

/** One row of the table, as the parser and the help text need it. */
export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  /** The default as it would be written; more than one text only where the flag may be repeated. */
  readonly defaults: readonly string[];
  readonly description: string;
  /** The letter of the short form, `-h`. */
  readonly short?: string;
  /** Left out of the help text. */
  readonly hidden?: boolean;
}

/** The settings, in the order of the help text. */
export const SETTING_FLAGS: readonly Flag[] = Object.entries(FlagTable.properties).map(([name, schema]) =>
  flagOf(name, schema),
);

/** The flags that print something and end the program. They are no settings and the status API does not show them. */
export const HELP_FLAG: Flag = {
  ...printing("help", "Show this text (--help-long and --help-man print it as well, the latter as a manual page)."),
  short: "h",
};
export const HELP_LONG_FLAG: Flag = { ...printing("help-long", "Show the long help text."), hidden: true };
export const HELP_MAN_FLAG: Flag = { ...printing("help-man", "Print a manual page."), hidden: true };
export const VERSION_FLAG: Flag = printing("version", "Show the version and how the program was built.");

/** Every flag there is, in the order of the help text. */
export const ALL_FLAGS: readonly Flag[] = [HELP_FLAG, HELP_LONG_FLAG, HELP_MAN_FLAG, ...SETTING_FLAGS, VERSION_FLAG];

interface FlagOptions {
  readonly kind: FlagKind;
  readonly default: string | boolean | string[];
}

function option(kind: FlagKind, written: string | string[]): FlagOptions {
  return { kind, default: written };
}

function printing(name: string, description: string): Flag {
  return { name, kind: "switch", defaults: [], description };
}

function flagOf(name: string, schema: TSchema): Flag {
  const written: unknown = schema.default;
  const kind = FLAG_KINDS.find((known) => known === schema.kind);
  if (kind === undefined)
    throw new Error(`reading the flag table: ${name} has the unknown kind ${String(schema.kind)}`);
  const defaults = Array.isArray(written) ? written.map(String) : [String(written)];
  return { name, kind, defaults, description: schema.description ?? "" };
}
