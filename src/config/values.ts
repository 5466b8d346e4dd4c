import { Check } from "@sinclair/typebox/value";
import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { parseExternalUrl } from "./external-url.ts";
import { type Flag, FlagTable, type FlagValues, LOG_FORMATS, LOG_LEVELS, SETTING_FLAGS } from "./flags.ts";
import { parseNetworks } from "./networks.ts";
import { parseOrigins } from "./origins.ts";
import { formatSize, parseCount, parseSize } from "./size.ts";

/**
 * The texts of each setting by its flag's name, in their one form; more than one only where the flag may be repeated.
 */
export type FlagTexts = ReadonlyMap<string, readonly string[]>;

/** What was written for a flag in the form that the status API shows: `5m` becomes `5m0s`, `WARN` becomes `warn`. */
export function canonicalText(flag: Flag, written: string): string | Fault {
  switch (flag.kind) {
    case "duration": {
      const nanoseconds = parseDuration(written);
      return nanoseconds instanceof Fault ? nanoseconds : formatDuration(nanoseconds);
    }
    case "size": {
      const bytes = parseSize(written);
      return bytes instanceof Fault ? bytes : formatSize(bytes);
    }
    case "count": {
      const count = parseCount(written);
      return count instanceof Fault ? count : String(count);
    }
    case "url": {
      const url = parseExternalUrl(written);
      return url instanceof Fault ? url : url.text;
    }
    case "regex":
      return expressionText(written);
    case "networks":
      return networksText(written);
    case "level":
      return oneOf(LOG_LEVELS, written.toLowerCase()) ?? unrecognized("level", written);
    case "enum":
      return enumText(flag.words ?? [], written);
    case "format":
      return oneOf(LOG_FORMATS, written) ?? unrecognized("format", written);
    default:
      return written;
  }
}

/** The default of a setting in its one form. A default that is not valid is a fault of the table and throws. */
export function defaultTexts(flag: Flag): readonly string[] {
  return flag.defaults.map((written) => {
    const text = canonicalText(flag, written);
    if (text instanceof Fault) throw new Broken(`reading the default of --${flag.name}: ${text.message}`);
    return text;
  });
}

/** The texts as values of the types that the table names. `texts` holds every setting in its one form. */
export function flagValues(texts: FlagTexts): FlagValues {
  const values: unknown = Object.fromEntries(SETTING_FLAGS.map((flag) => [flag.name, settingValue(flag, texts)]));
  if (!Check(FlagTable, values))
    throw new Broken(`reading the settings: ${JSON.stringify(values)} is not what was parsed`);
  return values;
}

function settingValue(flag: Flag, texts: FlagTexts): string | boolean | readonly string[] | undefined {
  const given = texts.get(flag.name);
  if (flag.kind === "list") return given ?? [];
  return flag.kind === "switch" ? given?.[0] === "true" : given?.[0];
}

function expressionText(written: string): string | Fault {
  const origins = parseOrigins(written);
  return origins instanceof Fault ? origins : written;
}

function networksText(written: string): string | Fault {
  const networks = parseNetworks(written);
  return networks instanceof Fault ? networks : written;
}

function enumText(words: readonly string[], written: string): string | Fault {
  if (words.includes(written)) return written;
  return new Fault(`enum value must be one of ${words.join(",")}, got '${written}'`);
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word | undefined {
  return words.find((word) => word === text);
}

function unrecognized(what: string, written: string): Fault {
  return new Fault(`unrecognized log ${what} ${written}`);
}
