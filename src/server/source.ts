import { plainIp } from "../config/address.ts";

/** Where clients of sockets that are no addresses of the internet come from. */
const UNKNOWN = "unknown";
const GROUPS = 8;
/** The first 64 bits of an IPv6 address: a client usually has all addresses that begin with them. */
const NETWORK_GROUPS = 4;

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 one. `ip` is as the runtime has it, with a zone or
 * without.
 */
export function sourceOf(ip: string | undefined): string {
  if (ip === undefined) return UNKNOWN;
  if (!ip.includes(":")) return ip;
  const plain = plainIp(ip);
  if (!plain.includes(":")) return plain;
  const [high = "", low] = (plain.split("%")[0] ?? "").split("::");
  const before = groupsOf(high);
  const after = groupsOf(low ?? "");
  const zeros = low === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** The groups of a part of an IPv6 address, without leading zeros. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part
    .toLowerCase()
    .split(":")
    .flatMap((group) => (group.includes(".") ? ["0", "0"] : [group.replace(/^0+(?=.)/, "")]));
}
