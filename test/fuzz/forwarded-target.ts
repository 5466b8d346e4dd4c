import { clientBehind } from "../../src/access/proxied-exchange.ts";
import { Networks } from "../../src/config/networks.ts";
import type { Target } from "./loop.ts";
import { encoded } from "./seeds.ts";

const trusted = new Networks();
trusted.add({ family: 4, address: "10.0.0.0", bits: 8 });

/** What proxies add behind what a client wrote, and whom it names. */
const ADDED = [
  ["x-forwarded-for", "198.51.100.7", "198.51.100.7"],
  ["x-forwarded-for", "198.51.100.7, 10.0.0.9", "198.51.100.7"],
  ["forwarded", "for=198.51.100.7", "198.51.100.7"],
  ["forwarded", 'proto=https;for="[2001:db8::1]:80";host="a,b"', "2001:db8::1"],
  ["forwarded", 'for="[2001:db8::1]", for=10.0.0.9', "2001:db8::1"],
] as const;

const WORDS = encoded([
  ", ",
  "for=",
  '"',
  "\\",
  '"[',
  ']"',
  ";",
  "10.0.0.1",
  "198.51.100.9",
  "::1",
  "unknown",
  "_x",
  ":80",
]);

/** Whatever a client writes into the headers of proxies, it is known by the address that its proxy has added. */
function read(input: Uint8Array): string {
  const text = Buffer.from(input).toString("latin1");
  for (const [name, added, client] of ADDED) {
    const found = clientOf(name, `${text}, ${added}`);
    if (found !== client) throw new Error(`${JSON.stringify(text)} and ${added} are taken for one of ${found}`);
  }
  return ["x-forwarded-for", "forwarded"]
    .map((name) => (clientOf(name, text) === null ? "nobody" : "somebody"))
    .join(" ");
}

function clientOf(name: string, value: string): string | null {
  return clientBehind(trusted, { client: "10.0.0.1:80", header: (asked) => (asked === name ? value : null) });
}

export function forwardedTarget(): Target {
  return { name: "forwarded", seeds: WORDS, words: WORDS, maxBytes: 1 << 12, read };
}
