/**
 * What is known of the running program. `platform` is of the form `linux/amd64`; `runtimeVersion` is Bun's, `1.4.5`.
 */
export interface ProgramInfo {
  readonly version: string;
  readonly revision: string;
  readonly branch: string;
  readonly buildUser: string;
  readonly buildDate: string;
  readonly runtimeVersion: string;
  readonly platform: string;
}

/** The program's name, in the help text and before errors. */
export const PROGRAM_NAME = "pushgateway";

/** Go's build tags: there are none here, and the reference says so with this word. */
const BUILD_TAGS = "unknown";

/** What `--version` prints: the lines of Prometheus programs, without the last line feed. */
export function versionText(program: ProgramInfo): string {
  const rows = [
    ["build user:", program.buildUser],
    ["build date:", program.buildDate],
    ["bun version:", program.runtimeVersion],
    ["platform:", program.platform],
    ["tags:", BUILD_TAGS],
  ] as const;
  const head = `${PROGRAM_NAME}, version ${program.version} (branch: ${program.branch}, revision: ${program.revision})`;
  return [head, ...rows.map(([name, value]) => `  ${name.padEnd(18)}${value}`)].join("\n");
}

/** The version as the first log line has it. */
export function versionInfo(program: ProgramInfo): string {
  return `(version=${program.version}, branch=${program.branch}, revision=${program.revision})`;
}

/** How the program was built, as the second log line has it. */
export function buildContext(program: ProgramInfo): string {
  const { runtimeVersion, platform, buildUser, buildDate } = program;
  return `(bun=${runtimeVersion}, platform=${platform}, user=${buildUser}, date=${buildDate}, tags=${BUILD_TAGS})`;
}
