import { quoteText } from "../model/quote.ts";
import { type Command, commandOf, NAMED_COMMANDS, visibleFlags } from "./commands.ts";
import type { Flag } from "./flags.ts";
import { PROGRAM_NAME, type ProgramInfo, versionText } from "./program.ts";

const INDENT = 2;
const PADDING = 2;
/** Of a command's description and flags under its name. */
const COMMAND_INDENT = 4;
/** Names from this width on have a line to themselves. */
const LONG_NAME = 30;

type HelpRow = readonly [name: string, description: string];

/** The help text of a command in kingpin's layout, `width` columns wide, ended by a blank line. */
export function helpText(command: Command, width: number): string {
  return commandHelp(command, width, (named) => commandHead(named, width));
}

/** The help text of the program with the flags of its commands. */
export function longHelp(width: number): string {
  const rows = (named: Command) => twoColumns(flagRows(named), COMMAND_INDENT, width);
  return commandHelp(commandOf(""), width, (named) => [...commandHead(named, width), ...rows(named), ""]);
}

function commandHelp(command: Command, width: number, entry: (named: Command) => string[]): string {
  const { argument } = command;
  const lines = [`usage: ${usage(command)}`, "", ...wrapText(command.description, width), ""];
  lines.push("Flags:", ...twoColumns(flagRows(command), INDENT, width), "");
  if (argument !== null)
    lines.push("Args:", ...twoColumns([[operand(command), argument.description]], INDENT, width), "");
  if (command.name === "") lines.push("Commands:", ...NAMED_COMMANDS.flatMap(entry));
  return `${lines.join("\n")}\n`;
}

function commandHead(command: Command, width: number): string[] {
  const description = wrapText(command.description, width - COMMAND_INDENT);
  return [synopsis(command), ...description.map((line) => " ".repeat(COMMAND_INDENT) + line), ""];
}

/** The program as a manual page (troff, section 1). */
export function manualPage(program: ProgramInfo): string {
  const serve = commandOf("");
  const lines = [
    `.TH ${PROGRAM_NAME} 1 ${versionText(program)} ""`,
    '.SH "NAME"',
    PROGRAM_NAME,
    '.SH "SYNOPSIS"',
    ".TP",
    `\\fB${usage(serve)}\\fR`,
    '.SH "DESCRIPTION"',
    serve.description,
    '.SH "OPTIONS"',
    ...manualOptions(serve),
    '.SH "COMMANDS"',
    ...NAMED_COMMANDS.flatMap((command) => [
      ".SS",
      `\\fB${synopsis(command)}\\fR`,
      ".PP",
      command.description,
      ...manualOptions(command),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function manualOptions(command: Command): string[] {
  return visibleFlags(command).flatMap((flag) => [".TP", `\\fB${manualUsage(flag)}\\fR`, flag.description]);
}

/** `pushgateway export [<flags>] <file>`. */
function usage(command: Command): string {
  if (command.name === "") return `${PROGRAM_NAME} [<flags>] [<command> [<args> ...]]`;
  return `${PROGRAM_NAME} ${synopsis(command)}`;
}

function synopsis(command: Command): string {
  const parts = [command.name, "[<flags>]", operand(command)];
  return parts.filter((part) => part !== "").join(" ");
}

function operand({ argument }: Command): string {
  if (argument === null) return "";
  return argument.required ? `<${argument.name}>` : `[<${argument.name}>]`;
}

function flagRows(command: Command): HelpRow[] {
  return visibleFlags(command).map((flag) => [flagUsage(flag), flag.description]);
}

/** `-h, --[no-]help`, `    --name="text"`, `    --name=:9091 ...` where it may be repeated. */
function flagUsage(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  if (flag.kind === "switch") return `${short}--[no-]${flag.name}`;
  return `${short}--${flag.name}=${placeholder(flag)}${flag.kind === "list" ? " ..." : ""}`;
}

function manualUsage(flag: Flag): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  return flag.kind === "switch" ? `${short}--${flag.name}` : `${short}--${flag.name}=${placeholder(flag)}`;
}

/** The default, else the name in capitals; only plain texts are in quotes. */
function placeholder({ name, kind, defaults }: Flag): string {
  if (defaults.length === 0) return name.toUpperCase();
  const written = defaults.join(",");
  return kind === "text" || kind === "regex" || kind === "networks" ? quoteText(written) : written;
}

/** The second column begins behind the widest name that is shorter than LONG_NAME. */
function twoColumns(rows: readonly HelpRow[], indent: number, width: number): string[] {
  const nameWidth = Math.max(...rows.map(([name]) => (name.length < LONG_NAME ? name.length : 0)));
  const offset = " ".repeat(indent + nameWidth + PADDING);
  return rows.flatMap(([name, description]) => {
    const text = wrapText(description, width - offset.length);
    const head = " ".repeat(indent) + name.padEnd(nameWidth) + " ".repeat(PADDING);
    const first = name.length < LONG_NAME ? [head + (text[0] ?? "")] : [head, offset + (text[0] ?? "")];
    return [...first, ...text.slice(1).map((line) => offset + line)];
  });
}

/** `text` in lines of at most `width` columns; a longer word has a line to itself. */
function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
