import { isIP } from "node:net";
import {
  addressFault,
  formatListenAddress,
  isDomainName,
  isEverywhere,
  type ListenAddress,
  parseListenAddress,
  plainIp,
} from "../config/address.ts";
import { readText } from "../config/read-file.ts";
import { servicePort } from "../config/services.ts";
import { Fault } from "../model/fault.ts";
import type { Listener } from "./listener.ts";

const SERVICES_FILE = "/etc/services";

/** The port of a service, from the list of the system where there is one. */
export function portOf(service: string): number | null {
  const list = readText(SERVICES_FILE);
  return servicePort(service, list instanceof Fault ? "" : list);
}

/**
 * Listens where Go's net.Listen does, or says why not, in its words. `serve` listens on an IP address. All interfaces
 * are those of IPv6 and IPv4, or of IPv4 alone where there is no IPv6.
 */
export async function listenAt(
  text: string,
  serve: (address: ListenAddress) => Promise<Listener>,
): Promise<Listener | Fault> {
  const address = await resolvePlace(text);
  if (address instanceof Fault) return address;
  const { hostname, port } = address;
  const hosts = isEverywhere(hostname) ? ["::", "0.0.0.0"] : [hostname];
  const faults: string[] = [];
  for (const host of hosts) {
    try {
      return await serve({ hostname: host, port });
    } catch (error) {
      faults.push(listenFault(error, host));
      if (isLastWord(error)) break;
    }
  }
  return addressFault(`tcp ${formatListenAddress(address)}: ${faults.at(-1)}`);
}

/** The IP address and port that Go's net.Listen listens on, or the reason why there is none, in its words. */
async function resolvePlace(text: string): Promise<ListenAddress | Fault> {
  const address = parseListenAddress(text, portOf);
  if (address instanceof Fault) return address;
  const { hostname, port } = address;
  const ip = hostname === "" || isIP(hostname) > 0 ? ipOf(hostname) : await lookUp(hostname);
  return ip instanceof Fault ? ip : { hostname: ip, port };
}

/** An IP address as it is listened on: a zone belongs to link-local addresses alone, Go drops that of others. */
function ipOf(text: string): string {
  const [ip = "", zone] = text.split("%");
  return zone === undefined || LINK_LOCAL.test(ip) ? plainIp(text) : plainIp(ip);
}

/** fe80::/10, and multicast within a link. */
const LINK_LOCAL = /^(?:fe[89ab][0-9a-f]|ff[0-9a-f]2):/i;

/** The first IPv4 address of a name, or the first at all. */
async function lookUp(name: string): Promise<string | Fault> {
  const none = addressFault(`tcp: lookup ${name}: no such host`);
  if (!isDomainName(name)) return none;
  // Names are seldom listened on, and the resolver takes its time to load.
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return (found.find(({ family }) => family === 4) ?? found[0])?.address ?? none;
  } catch (error) {
    const code = codeOf(error);
    return code === "ENOTFOUND" ? none : addressFault(`tcp: lookup ${name}: ${code}`);
  }
}

const BIND_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "cannot assign requested address",
  EINVAL: "invalid argument",
};

function listenFault(error: unknown, host: string): string {
  // The runtime's error has no code for a zone that the machine does not have.
  const code = codeOf(error) === "" && host.includes("%") ? "EINVAL" : codeOf(error);
  const words = BIND_FAULTS[code];
  return words === undefined ? String(error) : `bind: ${words}`;
}

/** Whether the address is one of the machine's, so that no other family need be tried. */
const isLastWord = (error: unknown): boolean => ["EADDRINUSE", "EACCES"].includes(codeOf(error));

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
