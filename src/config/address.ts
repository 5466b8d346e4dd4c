import { isIP } from "node:net";
import { Fault } from "../model/fault.ts";

/**
 * Where to listen. `hostname` is a name or an IP address without brackets, "" all interfaces; port 0 lets the system
 * choose.
 */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** The TCP port of a service's name, null where there is no such service. */
export type PortOf = (service: string) => number | null;

/**
 * Reads `host:port`, `[::1]:port` or `:port`, the port as a number or as a service's name. An empty port, and an empty
 * text, is port 0. Refused in the words of Go's net.Listen; vsock addresses are refused as well.
 */
export function parseListenAddress(text: string, portOf: PortOf): ListenAddress | Fault {
  if (text === "") return { hostname: "", port: 0 };
  if (text.startsWith("vsock://")) {
    return addressFault(`vsock: ${text}: addresses of virtual machine sockets are not supported, expected host:port`);
  }
  const parts = splitHostPort(text);
  if (typeof parts === "string") return addressFault(`tcp: address ${text}: ${parts}`);
  const port = parsePort(parts.port, portOf);
  return port instanceof Fault ? port : { hostname: parts.host, port };
}

/** `address` as Go prints it: `[::]:9091`, `localhost:9091`, `:9091`. */
export function formatListenAddress({ hostname, port }: ListenAddress): string {
  return /[:%]/.test(hostname) ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** `127.0.0.1` for `::ffff:127.0.0.1`; other addresses as they are. */
export function plainIp(ip: string): string {
  const [, high = "", low = ""] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(ipv6Url(ip)) ?? [];
  if (high === "") return ip;
  const bytes = [high, low].flatMap((half) => [Number.parseInt(half, 16) >> 8, Number.parseInt(half, 16) & 255]);
  return bytes.join(".");
}

/** The address of a client without its port: `10.0.0.1` of `10.0.0.1:4711`, `::1` of `[::1]:4711`. */
export function clientAddress(client: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(client) ?? [];
  return bracketed ?? plain ?? client;
}

const ipv6Url = (ip: string): string => (isIP(ip) === 6 ? (URL.parse(`http://[${ip}]/`)?.hostname ?? "") : "");

/** Whether all interfaces are meant. Go listens for IPv4 and IPv6 then, whichever of both is written. */
export function isEverywhere(hostname: string): boolean {
  return ["", "0.0.0.0", "::"].includes(hostname);
}

/** Whether Go takes the text for the name of a host: all others are none, without a look into hosts file and DNS. */
export function isDomainName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  const isWellFormed = labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label));
  return isWellFormed && text.length <= 254 && /[a-z_-]/i.test(text);
}

function parsePort(text: string, portOf: PortOf): number | Fault {
  const [, sign, digits = ""] = /^([+-]?)(\d*)$/.exec(text) ?? [];
  const port = sign === undefined ? portOf(text) : Number(`${sign}0${digits}`);
  if (port === null) return addressFault(`tcp: lookup tcp/${text}: unknown port`);
  return port >= 0 && port <= 65535 ? port : addressFault(`tcp: address ${text}: invalid port`);
}

/** Go's net.SplitHostPort: the two halves, or what is wrong. */
function splitHostPort(text: string): { host: string; port: string } | string {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return "missing port in address";
  if (text.startsWith("[")) return splitBracketed(text, colon);
  const host = text.slice(0, colon);
  if (host.includes(":")) return "too many colons in address";
  return strayBracket(text, text) ?? { host, port: text.slice(colon + 1) };
}

function splitBracketed(text: string, colon: number): { host: string; port: string } | string {
  const end = text.indexOf("]");
  if (end < 0) return "missing ']' in address";
  if (end + 1 !== colon) return text[end + 1] === ":" ? "too many colons in address" : "missing port in address";
  return strayBracket(text.slice(1), text.slice(end + 1)) ?? { host: text.slice(1, end), port: text.slice(colon + 1) };
}

function strayBracket(noOpening: string, noClosing: string): string | null {
  if (noOpening.includes("[")) return "unexpected '[' in address";
  return noClosing.includes("]") ? "unexpected ']' in address" : null;
}

/** What is wrong with an address to listen on, as Go says it. */
export function addressFault(words: string): Fault {
  return new Fault(`listen ${words}`);
}
