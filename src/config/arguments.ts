import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import { type Command, takenFlags } from "./commands.ts";
import type { Flag } from "./flags.ts";
import type { ReadText } from "./read-file.ts";

/** A word of a command line; a fault if a file of arguments could not be read. */
export type Word = string | Fault;

/** One flag as it was written. Switches have the text "true", or "false" if negated. */
export interface GivenFlag {
  readonly flag: Flag;
  readonly text: string;
}

/** What was given up to the first fault, in order, and what the fault is; null where everything was understood. */
export interface ReadArguments {
  readonly flags: readonly GivenFlag[];
  /** The word that is not a flag; null if there is none. */
  readonly argument: string | null;
  readonly fault: string | null;
}

type ArgumentToken = { readonly type: "long" | "short" | "argument" | "fault"; readonly text: string };

interface FoundFlag {
  readonly flag: Flag;
  readonly negated: boolean;
}

/**
 * Replaces each word `@FILE` by the lines of that file, as kingpin does: one word a line, without empty lines and those
 * that begin with `#`; a line may name another file. After `--`, and after a `=`, nothing is expanded. `read` returns
 * the text of a file or why it cannot be read: `open FILE: ...`, `read FILE: ...`.
 */
export function expandWords(words: readonly string[], read: ReadText, within: readonly string[] = []): Word[] {
  const expanded: Word[] = [];
  for (const word of words) {
    const isLiteral = !word.startsWith("@") || expanded.includes("--");
    expanded.push(...(isLiteral ? [word] : wordsOfFile(word.slice(1), read, within)));
  }
  return expanded;
}

function wordsOfFile(path: string, read: ReadText, within: readonly string[]): Word[] {
  if (path === "") return [new Fault("expected @ file to expand arguments from")];
  if (within.includes(path)) return [new Fault(`arguments file ${quoteText(path)} names itself`)];
  const text = read(path);
  if (text instanceof Fault) {
    const doing = text.message.startsWith("read ") ? "read arguments from" : "open arguments file";
    return [new Fault(`failed to ${doing} ${quoteText(path)}: ${text.message}`)];
  }
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const words = lines.filter((line) => !line.startsWith("#") && line.trim() !== "");
  return expandWords(words, read, [...within, path]);
}

/**
 * Reads the words behind a command in the grammar of kingpin v2, which the reference uses: `--name value`,
 * `--name=value`, `--switch`, `--no-switch`, `-h`; after `--` nothing is a flag. Known long names are taken with a
 * single dash too (`-name=value`), as the first releases had them. Faults are in kingpin's words.
 */
export function readArguments(command: Command, words: readonly Word[]): ReadArguments {
  const { argument } = command;
  const flags = takenFlags(command);
  const tokens = tokenise(flags, words);
  const given: GivenFlag[] = [];
  let operand: string | null = null;
  const stop = (fault: string | null) => ({ flags: given, argument: operand, fault });
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as ArgumentToken;
    if (token.type === "fault") return stop(token.text);
    if (token.type === "argument") {
      if (argument === null || operand !== null) return stop(`unexpected ${token.text}`);
      operand = token.text;
      continue;
    }
    const found = findFlag(flags, token);
    if (found === null) return stop(`unknown ${token.type} flag '${written(token)}'`);
    const value = found.flag.kind === "switch" ? argumentToken(String(!found.negated)) : tokens[++at];
    if (value?.type !== "argument") return stop(`expected argument for flag '${written(token)}'`);
    given.push({ flag: found.flag, text: value.text });
  }
  return stop(null);
}

function findFlag(flags: readonly Flag[], { type, text }: ArgumentToken): FoundFlag | null {
  const named = flags.find(({ name, short }) => text === (type === "short" ? short : name));
  if (named !== undefined) return { flag: named, negated: false };
  if (type === "short" || !text.startsWith("no-")) return null;
  const positive = flags.find(({ kind, name }) => kind === "switch" && name === text.slice(3));
  return positive === undefined ? null : { flag: positive, negated: true };
}

function written(token: ArgumentToken): string {
  return token.type === "short" ? `-${token.text}` : `--${token.text}`;
}

function tokenise(flags: readonly Flag[], words: readonly Word[]): ArgumentToken[] {
  const end = words.indexOf("--");
  const read = (word: Word) => (word instanceof Fault ? faultToken(word) : tokensOf(flags, word));
  if (end < 0) return words.flatMap(read);
  const operands = words.slice(end + 1).map((word) => argumentToken(String(word)));
  return [...words.slice(0, end).flatMap(read), ...operands];
}

function tokensOf(flags: readonly Flag[], word: string): ArgumentToken[] {
  if (word.startsWith("--")) return longTokens(word.slice(2));
  if (!word.startsWith("-")) return [argumentToken(word)];
  if (word === "-") return [argumentToken("")];
  const name = word.slice(1).split("=", 1)[0] ?? "";
  if (name.length > 1 && findFlag(flags, { type: "long", text: name }) !== null) return longTokens(word.slice(1));
  return [...word.slice(1)].map((letter) => ({ type: "short", text: letter }));
}

function longTokens(text: string): ArgumentToken[] {
  const equals = text.indexOf("=");
  if (equals < 0) return [{ type: "long", text }];
  return [{ type: "long", text: text.slice(0, equals) }, argumentToken(text.slice(equals + 1))];
}

function argumentToken(text: string): ArgumentToken {
  return { type: "argument", text };
}

function faultToken({ message }: Fault): ArgumentToken {
  return { type: "fault", text: message };
}
