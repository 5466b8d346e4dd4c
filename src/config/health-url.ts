import { Fault } from "../model/fault.ts";
import { formatListenAddress, isEverywhere, type PortOf, parseListenAddress } from "./address.ts";
import type { Word } from "./arguments.ts";
import { parseCommandLine } from "./command-line.ts";
import { HEALTHY_PATH } from "./prefix.ts";
import { PROGRAM_NAME, type ProgramInfo } from "./program.ts";

/**
 * Where a server that was started with these words answers on its own machine, as an http URL: `["/bin/pushgateway",
 * "--web.route-prefix=/push"]` at http://localhost:9091/push/-/healthy. Words before the program's name, of a process
 * that started it, are skipped. What is not a command line of this program counts as one without flags.
 */
export function ownHealthUrl(words: readonly Word[], program: ProgramInfo, portOf: PortOf): URL {
  const start = words.findIndex((word) => String(word).split("/").at(-1) === PROGRAM_NAME);
  const given = parseCommandLine(start < 0 ? [] : words.slice(start + 1), program);
  const line = given.kind === "run" ? given : parseCommandLine([], program);
  const [written = "", routePrefix] =
    line.kind === "run" ? [line.settings.listenAddresses[0], line.settings.routePrefix] : [];
  const read = parseListenAddress(written, portOf);
  const { hostname, port } = read instanceof Fault ? { hostname: "", port: 0 } : read;
  const address = formatListenAddress({ hostname: isEverywhere(hostname) ? "localhost" : hostname, port });
  return new URL(`http://${address}${routePrefix ?? ""}${HEALTHY_PATH}`);
}
