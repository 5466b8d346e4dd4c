import { BACKSLASH, LINE_FEED } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";

/** Appends a HELP text as the text format 0.0.4 has it: `\` and line feeds escaped, all other bytes as they are. */
export function appendHelpText(out: Writer, help: Uint8Array): void {
  for (const byte of help) {
    if (byte === BACKSLASH) out.ascii("\\\\");
    else if (byte === LINE_FEED) out.ascii("\\n");
    else out.byte(byte);
  }
}
