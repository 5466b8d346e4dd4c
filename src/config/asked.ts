import { Fault } from "../model/fault.ts";
import { type GivenFlag, readArguments, type Word } from "./arguments.ts";
import {
  BASH_FLAG,
  type Command,
  HELP_FLAG,
  HELP_LONG_FLAG,
  HELP_MAN_FLAG,
  takenFlags,
  VERSION_FLAG,
  ZSH_FLAG,
} from "./commands.ts";
import type { Flag } from "./flags.ts";
import { canonicalText, defaultTexts, type FlagTexts } from "./values.ts";

/** What the words behind a command ask for; the page of a flag is for the caller to print. */
export type Asked =
  | AskedValues
  | { readonly kind: "page"; readonly flag: Flag }
  | { readonly kind: "fault"; readonly words: string };

/** The texts of the command's flags in their one form, without those that have neither value nor default. */
export interface AskedValues {
  readonly kind: "values";
  readonly texts: FlagTexts;
  readonly argument: string | null;
}

/** What is printed for these wins over every fault behind them. */
const PAGE_FLAGS: readonly Flag[] = [VERSION_FLAG, HELP_LONG_FLAG, HELP_MAN_FLAG, BASH_FLAG, ZSH_FLAG];

/**
 * Reads the words by the command's table, in the reference's order of precedence: a page that is asked for before the
 * first fault, then that fault, then help, then the values.
 */
export function askedOf(command: Command, words: readonly Word[]): Asked {
  const { flags, argument, fault } = readArguments(command, words);
  const page = flags.find(({ flag }) => PAGE_FLAGS.includes(flag));
  if (page !== undefined) return { kind: "page", flag: page.flag };
  if (fault !== null) return { kind: "fault", words: fault };
  if (flags.some(({ flag }) => flag === HELP_FLAG)) return { kind: "page", flag: HELP_FLAG };
  const texts = collectTexts(command, flags);
  if (texts instanceof Fault) return { kind: "fault", words: texts.message };
  if (argument === null && command.argument?.required)
    return { kind: "fault", words: `required argument '${command.argument.name}' not provided` };
  return { kind: "values", texts, argument };
}

/** A repeated flag, or one of two names with two values, or the first value that cannot be read is refused. */
function collectTexts(command: Command, given: readonly GivenFlag[]): FlagTexts | Fault {
  const texts = new Map<string, string[]>();
  const seen = new Set<Flag>();
  for (const { flag, text } of given) {
    const { kind, name, means = name } = flag;
    if (seen.has(flag) && kind !== "list") return new Fault(`flag '${name}' cannot be repeated`);
    seen.add(flag);
    const canonical = canonicalText(flag, text);
    if (canonical instanceof Fault) return canonical;
    const earlier = texts.get(means) ?? [];
    if (kind === "list") texts.set(means, [...earlier, canonical]);
    else if (earlier.length === 0) texts.set(means, [canonical]);
    else if (earlier[0] !== canonical)
      return new Fault(`flag '${means}' cannot be repeated with another value: got ${earlier[0]} and ${canonical}`);
  }
  const unset = takenFlags(command).filter(({ name, defaults }) => defaults.length > 0 && !texts.has(name));
  return new Map([...texts, ...unset.map((flag) => [flag.name, defaultTexts(flag)] as const)]);
}
