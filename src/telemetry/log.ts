import type { Clock } from "../model/clock.ts";
import { quoteText } from "../model/quote.ts";

/** In rising severity. */
export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "logfmt" | "json";

/** What is logged beside the message, in order. Of errors the message. */
export type LogFields = Readonly<Record<string, string | number | boolean | Error>>;

/**
 * Writes one line a call if the level is high enough; long fields are cut. No call throws, whatever the fields hold.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that names `caller`, the file of the part that logs: `push.ts`. */
  for(caller: string): Log;
}

export interface LogOptions extends Pick<Clock, "now"> {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one line, its line feed included. What it throws is dropped: a log that cannot be written stops nothing. */
  readonly write: (line: string) => void;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** The log's own keys under any of their names; a field of such a name gets a prefix, so that no key comes twice. */
const RESERVED_KEYS: ReadonlySet<string> = new Set(["time", "ts", "level", "source", "caller"]);
const RESERVED_PREFIX = "logged_";

type Pair = readonly [key: string, value: unknown];

/**
 * The reference's log: slog's lines in the style of go-kit (prometheus/common, promslog.GoKitStyle), so
 * `ts=2026-11-21T01:02:03.456Z level=info caller=push.ts msg="..." key=value`, or the same as one JSON object. The log
 * that is returned names no caller until `for` is called.
 */
export function createLog(options: LogOptions): Log {
  return callerLog(options, null);
}

function callerLog(options: LogOptions, caller: string | null): Log {
  const lowest = LEVELS.indexOf(options.level);
  const render = options.format === "json" ? jsonLine : logfmtLine;
  const at = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < lowest) return () => {};
    return (message: string, fields: LogFields = {}) => {
      try {
        options.write(render(linePairs(options.now(), level, caller, message, fields)));
      } catch {}
    };
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    for: (name) => callerLog(options, name),
  };
}

/** What a client sent must not fill the log: of a longer text the start is shown, and how long it is. */
const MAX_FIELD_CHARACTERS = 4000;

/** The start of a text that is longer, and how long it is. */
export function cutText(text: string, maxCharacters = MAX_FIELD_CHARACTERS): string {
  if (text.length <= maxCharacters) return text;
  const isAmidPair = (text.charCodeAt(maxCharacters) & 0xfc00) === 0xdc00;
  return `${text.slice(0, maxCharacters - (isAmidPair ? 1 : 0))}... (${text.length} characters)`;
}

function linePairs(nowMs: number, level: LogLevel, caller: string | null, message: string, fields: LogFields): Pair[] {
  const pairs: Pair[] = [
    ["ts", new Date(nowMs).toISOString()],
    ["level", level],
  ];
  if (caller !== null) pairs.push(["caller", caller]);
  pairs.push(["msg", message]);
  for (const [key, value] of Object.entries(fields)) {
    pairs.push([RESERVED_KEYS.has(key) ? RESERVED_PREFIX + key : key, value]);
  }
  return pairs;
}

function logfmtLine(pairs: readonly Pair[]): string {
  return `${pairs.map(([key, value]) => `${logfmtText(key)}=${logfmtText(plainText(value))}`).join(" ")}\n`;
}

function jsonLine(pairs: readonly Pair[]): string {
  return `{${pairs.map(([key, value]) => `${jsonText(key)}:${jsonValue(value)}`).join(",")}}\n`;
}

/**
 * Text that a logfmt reader would take apart is quoted: empty, or with a space, `=`, `"` or a character not printable.
 */
function logfmtText(text: string): string {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u.test(text) && !/["=\ufffd]/.test(text)
    ? text
    : quoteText(text.toWellFormed());
}

function jsonValue(value: unknown): string {
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return String(value);
  return jsonText(plainText(value));
}

/** A JSON string with the escapes of slog, and besides of every character that is not printable, as in logfmt. */
export function jsonText(text: string): string {
  return `"${text.toWellFormed().replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeJson)}"`;
}

function escapeJson(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Go's names for numbers that are not finite; values of other types than the fields' are shown as well as possible. */
function plainText(value: unknown): string {
  try {
    if (value === Number.POSITIVE_INFINITY) return "+Inf";
    if (value === Number.NEGATIVE_INFINITY) return "-Inf";
    return cutText(value instanceof Error ? String(value.message) : String(value));
  } catch {
    return "!ERROR";
  }
}
