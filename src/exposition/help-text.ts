import { BACKSLASH, LINE_FEED } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";
import { appendWithEscapes } from "./escape.ts";

const needsHelpEscape = (byte: number): boolean => byte === BACKSLASH || byte === LINE_FEED;

/** Appends a HELP text as the text format 0.0.4 has it: `\` and line feeds escaped, all other bytes as they are. */
export function appendHelpText(out: Writer, help: Uint8Array): void {
  if (!help.includes(BACKSLASH) && !help.includes(LINE_FEED)) return out.append(help);
  appendWithEscapes(out, help, needsHelpEscape);
}
