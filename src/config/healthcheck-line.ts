import { ALL_INTERFACES, formatListenAddress } from "./address.ts";
import { parseCommandLine } from "./command-line.ts";
import { PROGRAM_NAME, type ProgramInfo } from "./program.ts";

/** Whom `pushgateway healthcheck ...` is to ask. */
export type HealthcheckLine =
  | { readonly kind: "check"; readonly url: URL | null; readonly insecure: boolean }
  | { readonly kind: "fail"; readonly text: string };

const USAGE = `usage: ${PROGRAM_NAME} healthcheck [--url=URL] [--insecure]`;
const HEALTHY_PATH = "/-/healthy";

/** Reads the arguments behind the word `healthcheck`. `--insecure` takes any certificate. */
export function parseHealthcheckLine(argv: readonly string[]): HealthcheckLine {
  let [text, insecure]: [string | null, boolean] = [null, false];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    if (word === "--url") text = argv[++i] ?? "";
    else if (word.startsWith("--url=")) text = word.slice("--url=".length);
    else if (word === "--insecure") insecure = true;
    else return fail(`unexpected '${word}'`);
  }
  if (text === null) return { kind: "check", url: null, insecure };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return fail(`--url must be an http or https URL, got '${text}'`);
  return { kind: "check", url: url.pathname === "/" ? new URL(HEALTHY_PATH, url) : url, insecure };
}

function fail(fault: string): HealthcheckLine {
  return { kind: "fail", text: `${PROGRAM_NAME}: error: ${fault}, ${USAGE}\n` };
}

/**
 * Where a server that was started with these words answers on its own machine, as an http URL: `["/bin/pushgateway",
 * "--web.route-prefix=/push"]` at http://localhost:9091/push/-/healthy. Words before the program's name, of a process that
 * started it, are passed over. What is no command line of this program counts as one without flags.
 */
export function ownHealthUrl(words: readonly string[], program: ProgramInfo): URL {
  const start = words.findIndex((word) => word.slice(word.lastIndexOf("/") + 1) === PROGRAM_NAME);
  const given = parseCommandLine(start < 0 ? [] : words.slice(start + 1), program);
  const command = given.kind === "run" ? given : parseCommandLine([], program);
  const settings = command.kind === "run" ? command.settings : null;
  const { hostname, port } = settings?.listenAddresses[0] ?? { hostname: ALL_INTERFACES, port: 9091 };
  const everywhere = hostname === ALL_INTERFACES || hostname === "0.0.0.0";
  const address = formatListenAddress({ hostname: everywhere ? "localhost" : hostname, port });
  return new URL(`http://${address}${settings?.routePrefix ?? ""}${HEALTHY_PATH}`);
}
