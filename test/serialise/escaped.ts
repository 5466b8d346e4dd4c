import { Writer } from "../../src/bytes/writer.ts";
import type { EscapingScheme } from "../../src/model/names.ts";
import { escapeLines } from "../../src/serialise/escape-lines.ts";

/** The lines of a family as `escapeLines` writes them. */
export function escaped(name: string, lines: readonly string[], scheme: EscapingScheme): string[] {
  const out = new Writer(8);
  const pieces = [...escapeLines(out, name, Buffer.from(lines.map((line) => `${line}\n`).join("")), scheme)];
  return Buffer.concat([...pieces, out.finish()])
    .toString()
    .split("\n")
    .slice(0, -1);
}
