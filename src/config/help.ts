import { ALL_FLAGS, type Flag } from "./flags.ts";
import { PROGRAM_NAME, type ProgramInfo, versionText } from "./program.ts";
import { wrapText } from "./wrap.ts";

const DESCRIPTION = "The Pushgateway";
const INDENT = 2;
const PADDING = 2;
/** Names from this width on have a line to themselves. */
const LONG_NAME = 30;

/** The help text in kingpin's layout, `width` columns wide, ended by a blank line. */
export function helpText(width: number): string {
  const rows = visibleFlags().map((flag) => [usage(flag), flag.description] as const);
  const lines = [`usage: ${PROGRAM_NAME} [<flags>]`, "", DESCRIPTION, "", "Flags:", ...twoColumns(rows, width)];
  return `${lines.join("\n")}\n\n`;
}

/** The flags as a manual page (troff, section 1). */
export function manualPage(program: ProgramInfo): string {
  const options = visibleFlags().flatMap((flag) => [".TP", `\\fB${manualUsage(flag)}\\fR`, flag.description]);
  const lines = [
    `.TH ${PROGRAM_NAME} 1 ${versionText(program)} ""`,
    '.SH "NAME"',
    PROGRAM_NAME,
    '.SH "SYNOPSIS"',
    ".TP",
    `\\fB${PROGRAM_NAME} [<flags>]\\fR`,
    "",
    '.SH "DESCRIPTION"',
    DESCRIPTION,
    '.SH "OPTIONS"',
    ...options,
  ];
  return `${lines.join("\n")}\n`;
}

function visibleFlags(): readonly Flag[] {
  return ALL_FLAGS.filter((flag) => flag.hidden !== true);
}

/** `-h, --[no-]help`, `    --name="text"`, `    --name=:9091 ...` where it may be repeated. */
function usage(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  if (flag.kind === "switch") return `${short}--[no-]${flag.name}`;
  return `${short}--${flag.name}=${placeholder(flag)}${flag.kind === "list" ? " ..." : ""}`;
}

function manualUsage(flag: Flag): string {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  return flag.kind === "switch" ? `${short}--${flag.name}` : `${short}--${flag.name}=${placeholder(flag)}`;
}

/** The default; only plain texts are in quotes. */
function placeholder(flag: Flag): string {
  const written = flag.defaults.join(",");
  return flag.kind === "text" || flag.kind === "regex" ? JSON.stringify(written) : written;
}

/** The second column begins behind the widest name that is shorter than LONG_NAME. */
function twoColumns(rows: readonly (readonly [string, string])[], width: number): string[] {
  const nameWidth = Math.max(...rows.map(([name]) => (name.length < LONG_NAME ? name.length : 0)));
  const offset = " ".repeat(INDENT + nameWidth + PADDING);
  return rows.flatMap(([name, description]) => {
    const text = wrapText(description, width - offset.length);
    const head = " ".repeat(INDENT) + name.padEnd(nameWidth) + " ".repeat(PADDING);
    const first = name.length < LONG_NAME ? [head + (text[0] ?? "")] : [head, offset + (text[0] ?? "")];
    return [...first, ...text.slice(1).map((line) => offset + line)];
  });
}
