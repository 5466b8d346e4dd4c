/** What the repository says of the sources that are built. */

/** The output of a git command, or "" where there is no git or no repository. */
function git(...words: string[]): string {
  if (Bun.which("git") === null) return "";
  const { stdout, success } = Bun.spawnSync(["git", ...words], { stderr: "ignore" });
  return success ? stdout.toString().trim() : "";
}

export interface Source {
  readonly revision: string;
  readonly branch: string;
  /** SOURCE_DATE_EPOCH, else the time of the last commit: of all that is built. */
  readonly time: Date;
  readonly buildUser: string;
}

export function readSource(): Source {
  const seconds = process.env.SOURCE_DATE_EPOCH ?? git("log", "-1", "--format=%ct");
  return {
    revision: git("rev-parse", "HEAD") || "unknown",
    branch: git("rev-parse", "--abbrev-ref", "HEAD") || "unknown",
    time: new Date(Number(seconds || "0") * 1000),
    buildUser: process.env.BUILD_USER ?? "unknown",
  };
}
