import type { TextTest } from "../match/engine.ts";
import { Fault } from "../model/fault.ts";
import { type CommonExpiry, NEVER_EXPIRES } from "../model/group-ttl.ts";
import { quoteText } from "../model/quote.ts";
import { type AddingSettings, readAdding } from "./adding.ts";
import type { Word } from "./arguments.ts";
import { type AskedValues, askedOf } from "./asked.ts";
import { type ClusterSettings, readCluster } from "./cluster.ts";
import {
  BASH_FLAG,
  type Command,
  commandOf,
  HELP_LONG_FLAG,
  HELP_MAN_FLAG,
  VERSION_FLAG,
  ZSH_FLAG,
} from "./commands.ts";
import { BASH_SCRIPT, COMPLETION_WORD, completions, ZSH_SCRIPT } from "./completion.ts";
import { parseDuration } from "./duration.ts";
import { parseExternalUrl } from "./external-url.ts";
import { type Flag, type FlagValues, IGNORED_FLAGS, SETTING_FLAGS } from "./flags.ts";
import { helpText, longHelp, manualPage } from "./help.ts";
import { type Limits, readLimits } from "./limits.ts";
import { type Networks, parseNetworks } from "./networks.ts";
import { parseOrigins } from "./origins.ts";
import { computeRoutePrefix, HEALTHY_PATH } from "./prefix.ts";
import { PROGRAM_NAME, type ProgramInfo, versionText } from "./program.ts";
import { type FlagTexts, flagValues } from "./values.ts";

/** What is taken and answered otherwise than by the reference. */
export interface PushSettings {
  /** Of a push that was stored, and checked. */
  readonly status: 200 | 202;
  /** Timestamps are passed over; otherwise a push that has some is refused. */
  readonly dropsTimestamps: boolean;
  /** Text is taken that is no valid exposition only for its line ends and its encoding. */
  readonly lenientText: boolean;
}

/** What the program runs with. */
export interface Settings {
  /** Listen on the sockets that systemd hands over, not on `listenAddresses`. */
  readonly systemdSocket: boolean;
  /** As given, at least one: what they are is found out when they are listened on. */
  readonly listenAddresses: readonly string[];
  /** "" is none: plain HTTP for everybody. */
  readonly webConfigFile: string;
  /** Who may do what; "" is none. */
  readonly accessFile: string;
  /** As given; prefix.ts joins it with the route prefix. */
  readonly telemetryPath: string;
  /** "" where none is given. */
  readonly externalUrl: string;
  /** Of the served paths: "" or begins with a slash and does not end with one. */
  readonly routePrefix: string;
  /** Of the paths that browsers see, in the same form. */
  readonly externalPathPrefix: string;
  /** The origins of other sites whose pages may push and read; null: none may. */
  readonly corsOrigin: TextTest | null;
  /** Who may say whom a request comes from; null: nobody. */
  readonly trustedProxies: Networks | null;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  readonly openMetrics: {
    /** Scrapes that ask for it are answered in it. */
    readonly isOffered: boolean;
    /** With times of creation. */
    readonly withCreated: boolean;
  };
  /** "" is memory only. */
  readonly persistenceFile: string;
  readonly persistenceIntervalMs: number;
  readonly persistenceSync: FlagValues["persistence.sync"];
  /** Whether the program ends where the file cannot be made. */
  readonly persistenceRequired: boolean;
  readonly consistencyCheck: boolean;
  readonly utf8Names: boolean;
  /** Groups may be without a job. */
  readonly allowsNoJob: boolean;
  readonly pushes: PushSettings;
  readonly adding: AddingSettings;
  readonly expiry: CommonExpiry;
  readonly limits: Limits;
  /** null: this is no replica. */
  readonly cluster: ClusterSettings | null;
  readonly logLevel: FlagValues["log.level"];
  readonly logFormat: FlagValues["log.format"];
  /** "" is none, "-" standard output. */
  readonly auditFile: string;
  /** As they are written on the command line: `--web.local-assets`. */
  readonly ignoredFlags: readonly string[];
  /** Every setting by its flag's name as the status API shows it, sorted; `web.route-prefix` is the computed one. */
  readonly flagValues: Readonly<Record<string, string>>;
}

/**
 * What a command line asks for: to serve, to export a file, to ask a server for its health, or to print. `text` is all
 * that is to be written, its last line feed included: of "print" on stdout with exit status 0, of "fail" on stderr with
 * status 1.
 */
export type CommandLine =
  | { readonly kind: "run"; readonly settings: Settings }
  | { readonly kind: "export"; readonly format: "text" | "gob"; readonly file: string }
  /** `url` null: the server of this container. `insecure` takes any certificate. */
  | { readonly kind: "healthcheck"; readonly url: URL | null; readonly insecure: boolean }
  | CheckConfig
  /** `token` null: it is to be read, or made. */
  | { readonly kind: "hash-token"; readonly token: string | null; readonly generate: boolean }
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "fail"; readonly text: string };

/** What is to be checked, and how that is told. */
export interface CheckConfig {
  readonly kind: "check-config";
  /** What a server would run with, or why its flags cannot be read. */
  readonly settings: Settings | Fault;
  readonly format: "text" | "json";
  /** Warnings count. */
  readonly isStrict: boolean;
}

/** The help text's width where no terminal says otherwise. */
const DEFAULT_WIDTH = 80;

/** Reads the words after the program's name, as `expandWords` returns them. */
export function parseCommandLine(words: readonly Word[], program: ProgramInfo, width = DEFAULT_WIDTH): CommandLine {
  const command = commandOf(words[0]);
  if (words[0] === COMPLETION_WORD) return { kind: "print", text: completions(words.slice(1).map(String)) };
  const asked = askedOf(command, command.name === "" ? words : words.slice(1));
  if (asked.kind === "fault")
    return command.name === "check-config" ? uncheckable(words, asked.words) : fail(asked.words);
  if (asked.kind === "page") return { kind: "print", text: pageOf(asked.flag, command, program, width) };
  const line = readLine(command, asked, width);
  return line instanceof Fault ? fail(line.message) : line;
}

function pageOf(flag: Flag, command: Command, program: ProgramInfo, width: number): string {
  if (flag === VERSION_FLAG) return `${versionText(program)}\n`;
  if (flag === HELP_MAN_FLAG) return manualPage(program);
  if (flag === BASH_FLAG) return BASH_SCRIPT;
  if (flag === ZSH_FLAG) return ZSH_SCRIPT;
  return flag === HELP_LONG_FLAG ? longHelp(width) : helpText(command, width);
}

function readLine(command: Command, { texts, argument }: AskedValues, width: number): CommandLine | Fault {
  switch (command.name) {
    case "help": {
      const named = commandOf(argument);
      if (argument !== null && named.name === "") return new Fault(`expected command but got ${quoteText(argument)}`);
      return { kind: "print", text: helpText(named, width) };
    }
    case "export":
      return { kind: "export", format: texts.get("format")?.[0] === "gob" ? "gob" : "text", file: argument ?? "" };
    case "healthcheck":
      return readHealthcheck(texts);
    case "hash-token":
      return readHashToken(texts, argument);
    case "check-config": {
      const isStrict = texts.get("strict")?.[0] === "true";
      const format = texts.get("format")?.[0] === "json" ? "json" : "text";
      return { kind: "check-config", settings: readSettings(texts), format, isStrict };
    }
    default: {
      const settings = readSettings(texts);
      return settings instanceof Fault ? settings : { kind: "run", settings };
    }
  }
}

function readHealthcheck(texts: FlagTexts): CommandLine | Fault {
  const insecure = texts.get("insecure")?.[0] === "true";
  const text = texts.get("url")?.[0];
  if (text === undefined) return { kind: "healthcheck", url: null, insecure };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return new Fault(`--url must be an http or https URL, got ${quoteText(text)}`);
  return { kind: "healthcheck", url: url.pathname === "/" ? new URL(HEALTHY_PATH, url) : url, insecure };
}

/** Flags that cannot be read are what is wrong; how that is told may stand behind them. */
function uncheckable(words: readonly Word[], fault: string): CheckConfig {
  const isJson = words.some((word, i) => word === "--format=json" || (word === "--format" && words[i + 1] === "json"));
  return { kind: "check-config", settings: new Fault(fault), format: isJson ? "json" : "text", isStrict: false };
}

function readHashToken(texts: FlagTexts, token: string | null): CommandLine | Fault {
  const generate = texts.get("generate")?.[0] === "true";
  if (generate && token !== null) return new Fault("a token is either given or generated");
  return { kind: "hash-token", token, generate };
}

function readSettings(texts: FlagTexts): Settings | Fault {
  const values = flagValues(texts);
  const externalUrl = parseExternalUrl(values["web.external-url"]);
  if (externalUrl instanceof Fault) return externalUrl;
  const interval = parseDuration(values["persistence.interval"]);
  if (interval instanceof Fault) return interval;
  const pushing = readPushing(values);
  if (pushing instanceof Fault) return pushing;
  const corsOrigin = parseOrigins(values["web.cors.origin"]);
  if (corsOrigin instanceof Fault) return corsOrigin;
  const trustedProxies = parseNetworks(values["web.trusted-proxies"]);
  if (trustedProxies instanceof Fault) return trustedProxies;
  const cluster = readCluster(values);
  if (cluster instanceof Fault) return cluster;
  const routePrefix = computeRoutePrefix(values["web.route-prefix"], externalUrl.path);
  return {
    systemdSocket: values["web.systemd-socket"],
    listenAddresses: values["web.listen-address"],
    webConfigFile: values["web.config.file"],
    accessFile: values["web.access-file"],
    telemetryPath: values["web.telemetry-path"],
    externalUrl: externalUrl.text,
    routePrefix,
    externalPathPrefix: computeRoutePrefix("", externalUrl.path),
    corsOrigin,
    trustedProxies,
    enableLifecycle: values["web.enable-lifecycle"],
    enableAdminApi: values["web.enable-admin-api"],
    openMetrics: openMetricsOf(values),
    persistenceFile: values["persistence.file"],
    persistenceIntervalMs: Number(interval) / 1e6,
    persistenceSync: values["persistence.sync"],
    persistenceRequired: values["persistence.required"],
    ...pushing,
    limits: readLimits(values),
    cluster,
    logLevel: values["log.level"],
    logFormat: values["log.format"],
    auditFile: values["log.audit"],
    ignoredFlags: IGNORED_FLAGS.flatMap(({ name }) => (texts.has(name) ? [`--${name}`] : [])),
    flagValues: shownValues(texts, routePrefix),
  };
}

/** How pushes are taken. */
function readPushing(
  values: FlagValues,
): Pick<Settings, "consistencyCheck" | "utf8Names" | "allowsNoJob" | "pushes" | "adding" | "expiry"> | Fault {
  const expiry = readExpiry(values);
  if (expiry instanceof Fault) return expiry;
  const adding = readAdding(values);
  if (adding instanceof Fault) return adding;
  return {
    consistencyCheck: !values["push.disable-consistency-check"],
    utf8Names: values["push.enable-utf8-names"],
    allowsNoJob: values["push.allow-no-job"],
    pushes: pushesOf(values),
    adding,
    expiry,
  };
}

function readExpiry(values: FlagValues): CommonExpiry | Fault {
  const { "push.group-ttl": written, "push.ttl-keep-times": keepsPushTimes } = values;
  const ttl = parseDuration(written);
  if (ttl instanceof Fault) return ttl;
  if (ttl < 0n) return new Fault(`--push.group-ttl must not be negative, got ${written}`);
  return { ttlSeconds: ttl === 0n ? NEVER_EXPIRES : Number(ttl) / 1e9, keepsPushTimes };
}

function pushesOf(values: FlagValues): PushSettings {
  return {
    status: values["push.status"] === "202" ? 202 : 200,
    dropsTimestamps: values["push.timestamps"] === "drop",
    lenientText: values["push.lenient-text"],
  };
}

function openMetricsOf(values: FlagValues): Settings["openMetrics"] {
  return { isOffered: values["web.enable-openmetrics"], withCreated: !values["web.openmetrics-omit-created"] };
}

/** The reference stores the computed prefix into the flag before it shows its flags. */
function shownValues(texts: FlagTexts, routePrefix: string): Record<string, string> {
  const shown = SETTING_FLAGS.map(({ name }) => [name, texts.get(name)?.join(",") ?? ""] as const);
  const sorted = shown.sort(([left], [right]) => (left < right ? -1 : 1));
  return { ...Object.fromEntries(sorted), "web.route-prefix": routePrefix };
}

function fail(words: string): CommandLine {
  return { kind: "fail", text: `${PROGRAM_NAME}: error: ${words}, try --help\n` };
}
