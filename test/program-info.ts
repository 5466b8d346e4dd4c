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
