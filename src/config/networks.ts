import { BlockList, isIP } from "node:net";
import { Fault } from "../model/fault.ts";
import { quoteText } from "../model/quote.ts";
import { plainIp } from "./address.ts";

/** `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
const MAPPED_BITS = 96;
const BITS = { 4: 32, 6: 128 } as const;

/** The addresses of a network: they begin with the first `bits` of its own. */
export interface Network {
  readonly family: 4 | 6;
  readonly address: string;
  readonly bits: number;
}

/** Addresses of the internet, by the networks that they are in. */
export class Networks {
  /** One for each family: a network of all IPv6 addresses has no IPv4 address. */
  private readonly lists = { 4: new BlockList(), 6: new BlockList() };

  add({ family, address, bits }: Network): void {
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
    const network = readNetwork(part.trim());
    if (network instanceof Fault) return network;
    networks.add(network);
  }
  return networks;
}

/** Reads `10.0.0.0/8` or `192.0.2.7`; IPv4 in IPv6 is IPv4. */
export function readNetwork(text: string): Network | Fault {
  const [, address = "", written] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return networkFault(text);
  const bits = written === undefined ? BITS[family] : Number(written);
  if (bits > BITS[family]) return networkFault(text);
  const plain = plainIp(address);
  if (plain === address || bits < MAPPED_BITS) return { family, address, bits };
  return { family: 4, address: plain, bits: bits - MAPPED_BITS };
}

function networkFault(text: string): Fault {
  return new Fault(`invalid network ${quoteText(text)}, expected an address or a CIDR like 10.0.0.0/8 or fd00::/8`);
}
