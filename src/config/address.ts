import { Rejection } from "../model/rejection.ts";

/** Where to listen. `hostname` is a name or an IP address without brackets; port 0 lets the system choose. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** All interfaces, IPv4 and IPv6 in one socket: what Go listens on where the host is empty. */
export const ALL_INTERFACES = "::";

/**
 * Reads `host:port`, `[::1]:port` or `:port`, the latter meaning all interfaces. An empty port is 0. Refused in the words
 * of Go's net.Listen; names of services (`:http`) and vsock addresses are refused as well.
 */
export function parseListenAddress(text: string): ListenAddress | Rejection {
  if (text.startsWith("vsock://")) {
    return refused(`vsock: ${text}: addresses of virtual machine sockets are not supported, expected host:port`);
  }
  const parts = splitHostPort(text);
  if (typeof parts === "string") return refused(`tcp: address ${text}: ${parts}`);
  const port = parsePort(parts.port);
  if (port instanceof Rejection) return port;
  return { hostname: parts.host === "" ? ALL_INTERFACES : parts.host, port };
}

/** `address` as Go prints it: `[::]:9091`, `localhost:9091`. */
export function formatListenAddress({ hostname, port }: ListenAddress): string {
  return /[:%]/.test(hostname) ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function parsePort(text: string): number | Rejection {
  if (text === "") return 0;
  if (!/^[+-]?\d+$/.test(text)) return refused(`tcp: lookup tcp/${text}: unknown port`);
  const port = Number(text);
  return port >= 0 && port <= 65535 ? port : refused(`tcp: address ${text}: invalid port`);
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

function refused(words: string): Rejection {
  return new Rejection("malformed", `listen ${words}`);
}
