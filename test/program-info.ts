import { parseCommandLine, type Settings } from "../src/config/command-line.ts";
import type { ProgramInfo } from "../src/config/program.ts";

/** Some program, for what has to name one. */
export const PROGRAM: ProgramInfo = {
  version: "2.0.0",
  revision: "r",
  branch: "b",
  buildUser: "u",
  buildDate: "d",
  runtimeVersion: "1",
  platform: "linux/amd64",
};

/** The settings of a server that is started with these words. */
export function settingsOf(...words: string[]): Settings {
  const line = parseCommandLine(words, PROGRAM);
  if (line.kind !== "run") throw new Error(`reading the flags ${words}: got ${JSON.stringify(line)}`);
  return line.settings;
}
