import { ALL_FLAGS, type Flag } from "./flags.ts";

/** One flag as it stands on the command line. Switches have the text "true", or "false" where negated. */
export interface GivenFlag {
  readonly flag: Flag;
  readonly text: string;
}

/** The flags up to the first fault, in order, and what the fault is; null where everything was understood. */
export interface ReadArguments {
  readonly given: readonly GivenFlag[];
  readonly fault: string | null;
}

type Token = { readonly type: "long" | "short" | "argument"; readonly text: string };

const LONG_FLAGS: ReadonlyMap<string, Flag> = new Map(ALL_FLAGS.map((flag) => [flag.name, flag]));
const SHORT_FLAGS: ReadonlyMap<string, Flag> = new Map(
  ALL_FLAGS.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag]])),
);

/**
 * Reads a command line in the grammar of kingpin v2, which the reference uses: `--name value`, `--name=value`, `--switch`,
 * `--no-switch`, `-h`; after `--` nothing is a flag. Known long names are taken with a single dash too (`-name=value`), as
 * the first releases had them. There are no positional arguments. Faults are in kingpin's words.
 */
export function readArguments(argv: readonly string[]): ReadArguments {
  const tokens = tokenise(argv);
  const given: GivenFlag[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    const found = token.type === "argument" ? `unexpected ${token.text}` : findFlag(token);
    if (typeof found === "string") return { given, fault: found };
    if (found.flag.kind === "switch") {
      given.push({ flag: found.flag, text: String(!found.negated) });
      continue;
    }
    const value = tokens[++at];
    if (value?.type !== "argument") return { given, fault: `expected argument for flag '${written(token)}'` };
    given.push({ flag: found.flag, text: value.text });
  }
  return { given, fault: null };
}

function findFlag(token: Token): { flag: Flag; negated: boolean } | string {
  const names = token.type === "short" ? SHORT_FLAGS : LONG_FLAGS;
  const flag = names.get(token.text);
  if (flag !== undefined) return { flag, negated: false };
  const positive =
    token.type === "long" && token.text.startsWith("no-") ? LONG_FLAGS.get(token.text.slice(3)) : undefined;
  if (positive?.kind === "switch") return { flag: positive, negated: true };
  return `unknown ${token.type} flag '${written(token)}'`;
}

function written(token: Token): string {
  return token.type === "short" ? `-${token.text}` : `--${token.text}`;
}

function tokenise(argv: readonly string[]): Token[] {
  const end = argv.indexOf("--");
  const flags = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end + 1);
  return [...flags.flatMap(tokensOf), ...rest.map(argument)];
}

function tokensOf(written: string): Token[] {
  if (written.startsWith("--")) return longTokens(written.slice(2));
  if (!written.startsWith("-")) return [argument(written)];
  if (written === "-") return [argument("")];
  const name = written.slice(1).split("=", 1)[0] ?? "";
  if (name.length > 1 && typeof findFlag({ type: "long", text: name }) !== "string")
    return longTokens(written.slice(1));
  return [...written.slice(1)].map((letter) => ({ type: "short", text: letter }));
}

function longTokens(text: string): Token[] {
  const equals = text.indexOf("=");
  if (equals < 0) return [{ type: "long", text }];
  return [{ type: "long", text: text.slice(0, equals) }, argument(text.slice(equals + 1))];
}

function argument(text: string): Token {
  return { type: "argument", text };
}
