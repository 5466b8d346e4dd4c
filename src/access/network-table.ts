import { ipBytes } from "../config/ip-bytes.ts";
import type { Network } from "../config/networks.ts";

interface NetworkRow<Value> {
  /** Of the addresses, 4 or 16. */
  readonly bytes: Uint8Array;
  readonly bits: number;
  readonly value: Value;
}

/** Values of networks. An address has that of the narrowest network that it is in. */
export class NetworkTable<Value> {
  /** The narrowest first. */
  private readonly rows: NetworkRow<Value>[] = [];

  /** The value of the same network that is there already: nothing is added then. Else null. */
  add(network: Network, value: Value): Value | null {
    const { bits } = network;
    const bytes = bytesOf(network);
    const same = this.rows.find((row) => row.bits === bits && isWithin(bytes, row));
    if (same !== undefined) return same.value;
    this.rows.push({ bytes, bits, value });
    this.rows.sort((a, b) => b.bits - a.bits);
    return null;
  }

  /** null: it is in no network, or no address. */
  find(ip: string): Value | null {
    if (this.rows.length === 0) return null;
    const bytes = ipBytes(ip);
    if (bytes === null) return null;
    for (const row of this.rows) if (isWithin(bytes, row)) return row.value;
    return null;
  }
}

/** IPv4 in IPv6 as what it is written: the network is wider than that of all such addresses. */
function bytesOf({ family, address }: Network): Uint8Array {
  const bytes = ipBytes(address) ?? new Uint8Array(16);
  return family === 6 && bytes.length === 4 ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes) : bytes;
}

function isWithin(bytes: Uint8Array, { bytes: own, bits }: Pick<NetworkRow<unknown>, "bytes" | "bits">): boolean {
  if (bytes.length !== own.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (bytes[i] !== own[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((Number(bytes[whole]) ^ Number(own[whole])) & (0xff00 >> rest) & 0xff) === 0;
}
