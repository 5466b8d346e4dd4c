import { BlockList, isIP } from "node:net";
import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import { plainIp } from "./address.ts";

/** `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
const MAPPED_BITS = 96;
const BITS = { 4: 32, 6: 128 } as const;

/** Addresses of the internet, by the networks that they are in. */
export class Networks {
  /** One for each family: a network of all IPv6 addresses has no IPv4 address. */
  private readonly lists = { 4: new BlockList(), 6: new BlockList() };

  /** `bits` are those that all addresses of the network begin with. */
  add(family: 4 | 6, address: string, bits: number): void {
    this.lists[family].addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }

  /** Whether an address is in one of them. IPv4 in IPv6 is IPv4; a zone is not looked at. */
  has(ip: string): boolean {
    const plain = plainIp(ip.replace(/%.*/s, ""));
    const family = isIP(plain);
    if (family === 4) return this.lists[4].check(plain, "ipv4");
    return family === 6 && this.lists[6].check(plain, "ipv6");
  }
}

/** Reads `10.0.0.0/8,fd00::/8,192.0.2.7`; null where there is none. */
export function parseNetworks(text: string): Networks | null | Fault {
  if (text === "") return null;
  const networks = new Networks();
  for (const part of text.split(",")) {
    const fault = addNetwork(networks, part.trim());
    if (fault !== null) return fault;
  }
  return networks;
}

function addNetwork(networks: Networks, text: string): Fault | null {
  const [, address = "", written] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return networkFault(text);
  const bits = written === undefined ? BITS[family] : Number(written);
  if (bits > BITS[family]) return networkFault(text);
  const plain = plainIp(address);
  if (plain !== address && bits >= MAPPED_BITS) networks.add(4, plain, bits - MAPPED_BITS);
  else networks.add(family, address, bits);
  return null;
}

function networkFault(text: string): Fault {
  return new Fault(`invalid network ${quoteText(text)}, expected an address or a CIDR like 10.0.0.0/8 or fd00::/8`);
}
