import { isIP } from "node:net";
import { plainIp } from "./address.ts";

const GROUPS = 8;

/**
 * The bytes of an IP address, 4 or 16; null: the text is none. IPv4 in IPv6 is IPv4; a zone is not looked at.
 */
export function ipBytes(ip: string): Uint8Array | null {
  const zone = ip.indexOf("%");
  const plain = plainIp(zone < 0 ? ip : ip.slice(0, zone));
  const family = isIP(plain);
  if (family === 4) return Uint8Array.from(plain.split("."), Number);
  return family === 6 ? ipv6Bytes(plain) : null;
}

function ipv6Bytes(ip: string): Uint8Array {
  const [high = "", low] = ip.split("::");
  const before = groupsOf(high);
  const after = groupsOf(low ?? "");
  const bytes = new Uint8Array(2 * GROUPS);
  const view = new DataView(bytes.buffer);
  for (const [i, group] of before.entries()) view.setUint16(2 * i, group);
  for (const [i, group] of after.entries()) view.setUint16(2 * (GROUPS - after.length + i), group);
  return bytes;
}

/** The groups of a part of an IPv6 address, of which the last two may be written as IPv4. */
function groupsOf(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
