import { Rejection } from "../model/rejection.ts";
import { type ListenAddress, parseListenAddress } from "./address.ts";
import { type GivenFlag, readArguments } from "./arguments.ts";
import { parseDuration } from "./duration.ts";
import { parseExternalUrl } from "./external-url.ts";
import { type FlagValues, HELP_FLAG, HELP_LONG_FLAG, HELP_MAN_FLAG, SETTING_FLAGS, VERSION_FLAG } from "./flags.ts";
import { helpText, manualPage } from "./help.ts";
import { type Limits, readLimits } from "./limits.ts";
import { parseOrigins } from "./origins.ts";
import { computeRoutePrefix } from "./prefix.ts";
import { PROGRAM_NAME, type ProgramInfo, versionText } from "./program.ts";
import { canonicalText, defaultTexts, type FlagTexts, flagValues } from "./values.ts";

/** What the program runs with. */
export interface Settings {
  /** Listen on the sockets that systemd hands over, not on `listenAddresses`. */
  readonly systemdSocket: boolean;
  /** At least one. */
  readonly listenAddresses: readonly ListenAddress[];
  /** "" is none: plain HTTP for everybody. */
  readonly webConfigFile: string;
  /** As given; prefix.ts joins it with the route prefix. */
  readonly telemetryPath: string;
  /** "" where none is given. */
  readonly externalUrl: string;
  /** Of the served paths: "" or begins with a slash and does not end with one. */
  readonly routePrefix: string;
  /** Of the paths that browsers see, in the same form. */
  readonly externalPathPrefix: string;
  /** The origins of other sites whose pages may push and read; null: none may. */
  readonly corsOrigin: RegExp | null;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  /** "" is memory only. */
  readonly persistenceFile: string;
  readonly persistenceIntervalMs: number;
  readonly persistenceSync: FlagValues["persistence.sync"];
  /** Whether the program ends where the file cannot be made. */
  readonly persistenceRequired: boolean;
  readonly consistencyCheck: boolean;
  readonly utf8Names: boolean;
  readonly limits: Limits;
  readonly logLevel: FlagValues["log.level"];
  readonly logFormat: FlagValues["log.format"];
  /** Every setting by its flag's name as the status API shows it, sorted; `web.route-prefix` is the computed one. */
  readonly flagValues: Readonly<Record<string, string>>;
}

/**
 * What a command line asks for. `text` is all that is to be written, its last line feed included: of "print" on stdout
 * with exit status 0, of "fail" on stderr with exit status 1.
 */
export type CommandLine =
  | { readonly kind: "run"; readonly settings: Settings }
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "fail"; readonly text: string };

/** The help text's width where no terminal says otherwise. */
const DEFAULT_WIDTH = 80;

/**
 * Reads the arguments after the program's name, in the reference's order of precedence: a version or manual page that is
 * asked for before the first fault, then that fault, then help, then the values.
 */
export function parseCommandLine(argv: readonly string[], program: ProgramInfo): CommandLine {
  const { given, fault } = readArguments(argv);
  const page = firstPage(given, program);
  if (page !== null) return { kind: "print", text: page };
  if (fault !== null) return fail(fault);
  if (given.some(({ flag }) => flag === HELP_FLAG)) return { kind: "print", text: helpText(DEFAULT_WIDTH) };
  const texts = collectTexts(given);
  if (texts instanceof Rejection) return fail(texts.message);
  const settings = readSettings(texts);
  if (settings instanceof Rejection) return fail(settings.message);
  return { kind: "run", settings };
}

function firstPage(given: readonly GivenFlag[], program: ProgramInfo): string | null {
  for (const { flag } of given) {
    if (flag === VERSION_FLAG) return `${versionText(program)}\n`;
    if (flag === HELP_LONG_FLAG) return helpText(DEFAULT_WIDTH);
    if (flag === HELP_MAN_FLAG) return manualPage(program);
  }
  return null;
}

/** The texts of all settings, defaults included; a repeated flag or the first value that cannot be read is refused. */
function collectTexts(given: readonly GivenFlag[]): FlagTexts | Rejection {
  const texts = new Map<string, string[]>();
  for (const { flag, text } of given) {
    const earlier = texts.get(flag.name) ?? [];
    if (earlier.length > 0 && flag.kind !== "list") {
      return new Rejection("malformed", `flag '${flag.name}' cannot be repeated`);
    }
    const canonical = canonicalText(flag, text);
    if (canonical instanceof Rejection) return canonical;
    texts.set(flag.name, [...earlier, canonical]);
  }
  return new Map(SETTING_FLAGS.map((flag) => [flag.name, texts.get(flag.name) ?? defaultTexts(flag)]));
}

function readSettings(texts: FlagTexts): Settings | Rejection {
  const values = flagValues(texts);
  const listenAddresses = readAddresses(values["web.listen-address"]);
  if (listenAddresses instanceof Rejection) return listenAddresses;
  const externalUrl = parseExternalUrl(values["web.external-url"]);
  if (externalUrl instanceof Rejection) return externalUrl;
  const interval = parseDuration(values["persistence.interval"]);
  if (interval instanceof Rejection) return interval;
  const corsOrigin = parseOrigins(values["web.cors.origin"]);
  if (corsOrigin instanceof Rejection) return corsOrigin;
  const routePrefix = computeRoutePrefix(values["web.route-prefix"], externalUrl.path);
  return {
    systemdSocket: values["web.systemd-socket"],
    listenAddresses,
    webConfigFile: values["web.config.file"],
    telemetryPath: values["web.telemetry-path"],
    externalUrl: externalUrl.text,
    routePrefix,
    externalPathPrefix: computeRoutePrefix("", externalUrl.path),
    corsOrigin,
    enableLifecycle: values["web.enable-lifecycle"],
    enableAdminApi: values["web.enable-admin-api"],
    persistenceFile: values["persistence.file"],
    persistenceIntervalMs: Number(interval) / 1e6,
    persistenceSync: values["persistence.sync"],
    persistenceRequired: values["persistence.required"],
    consistencyCheck: !values["push.disable-consistency-check"],
    utf8Names: values["push.enable-utf8-names"],
    limits: readLimits(values),
    logLevel: values["log.level"],
    logFormat: values["log.format"],
    flagValues: shownValues(texts, routePrefix),
  };
}

function readAddresses(written: readonly string[]): readonly ListenAddress[] | Rejection {
  const addresses: ListenAddress[] = [];
  for (const text of written) {
    const address = parseListenAddress(text);
    if (address instanceof Rejection) return address;
    addresses.push(address);
  }
  return addresses;
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
