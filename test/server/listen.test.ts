import { describe, expect, test } from "bun:test";
import type { ListenAddress } from "../../src/config/address.ts";
import { plainIp } from "../../src/config/address.ts";
import { Fault } from "../../src/model/fault.ts";
import { listenAt } from "../../src/server/listen.ts";
import type { Listener } from "../../src/server/listener.ts";

/** Listens nowhere; fails with the code that is given for the host. */
function listening(codes: Record<string, string>) {
  const tried: string[] = [];
  const serve = async ({ hostname, port }: ListenAddress): Promise<Listener> => {
    tried.push(`${hostname} ${port}`);
    const code = codes[hostname];
    if (code !== undefined) throw Object.assign(new Error("Failed to listen"), { code });
    return { address: { hostname, port }, stop: () => {} };
  };
  return { tried, serve };
}

describe("where it is listened for an address, and why not", () => {
  const CASES = [
    { text: ":1", codes: {}, tried: [":: 1"], err: null },
    { text: "0.0.0.0:1", codes: {}, tried: [":: 1"], err: null },
    { text: "", codes: {}, tried: [":: 0"], err: null },
    { text: ":http", codes: {}, tried: [":: 80"], err: null },
    // Where the kernel has no IPv6.
    { text: ":1", codes: { "::": "EAFNOSUPPORT" }, tried: [":: 1", "0.0.0.0 1"], err: null },
    {
      text: ":1",
      codes: { "::": "EAFNOSUPPORT", "0.0.0.0": "EACCES" },
      tried: [":: 1", "0.0.0.0 1"],
      err: "listen tcp :1: bind: permission denied",
    },
    {
      text: ":1",
      codes: { "::": "EADDRINUSE" },
      tried: [":: 1"],
      err: "listen tcp :1: bind: address already in use",
    },
    {
      text: "[::1]:1",
      codes: { "::1": "EADDRNOTAVAIL" },
      tried: ["::1 1"],
      err: "listen tcp [::1]:1: bind: cannot assign requested address",
    },
    {
      text: "192.0.2.1:1",
      codes: { "192.0.2.1": "?" },
      tried: ["192.0.2.1 1"],
      err: "listen tcp 192.0.2.1:1: Error: Failed to listen",
    },
    { text: "127.1:1", codes: {}, tried: [], err: "listen tcp: lookup 127.1: no such host" },
    { text: "[fe80::1%eth0]:1", codes: {}, tried: ["fe80::1%eth0 1"], err: null },
    { text: "[::1%lo]:1", codes: {}, tried: ["::1 1"], err: null },
    { text: "[::ffff:127.0.0.1%lo]:1", codes: {}, tried: ["127.0.0.1 1"], err: null },
    {
      text: "[fe80::1%eth9]:1",
      codes: { "fe80::1%eth9": "" },
      tried: ["fe80::1%eth9 1"],
      err: "listen tcp [fe80::1%eth9]:1: bind: invalid argument",
    },
  ];

  test.each(CASES)("$text with $codes", async ({ text, codes, tried, err }) => {
    const place = listening(codes);
    const listener = await listenAt(text, place.serve);
    expect(place.tried).toEqual(tried);
    expect(listener instanceof Fault ? listener.message : null).toBe(err);
  });
});

test("an IPv4 address within IPv6 is shown as the former", () => {
  const pairs = {
    "::ffff:127.0.0.1": "127.0.0.1",
    "::ffff:7f00:1": "127.0.0.1",
    "::1": "::1",
    "192.0.2.1": "192.0.2.1",
  };
  for (const [ip, shown] of Object.entries(pairs)) expect(plainIp(ip)).toBe(shown);
});
