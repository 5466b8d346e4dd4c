import { describe, expect, test } from "bun:test";
import { Networks, parseNetworks } from "../../src/config/networks.ts";
import { Fault } from "../../src/model/fault.ts";

function networksOf(text: string): Networks {
  const networks = parseNetworks(text);
  if (!(networks instanceof Networks)) throw new Error(`reading ${text}: got ${JSON.stringify(networks)}`);
  return networks;
}

describe("networks", () => {
  const CASES: readonly (readonly [text: string, within: readonly string[], beyond: readonly string[]])[] = [
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3", "::ffff:a01:203"], ["11.0.0.0", "9.255.255.255"]],
    ["10.1.2.3/8", ["10.9.9.9"], ["11.0.0.0"]],
    ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"]],
    ["192.0.2.7, fd00::/8", ["192.0.2.7", "fd12::1", "fdff::1%eth0"], ["fc00::1", "fe80::1"]],
    ["0.0.0.0/0", ["1.2.3.4", "::ffff:1.2.3.4"], ["::1", "fd00::1"]],
    ["::/0", ["::1", "2001:db8::1"], ["1.2.3.4", "::ffff:1.2.3.4"]],
    ["::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2", "127.0.0.1"]],
    ["::ffff:10.0.0.0/104", ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.0"]],
    ["10.0.0.0/8", [], ["", "unknown", "10.0.0.1:80", "10.0.0", "localhost"]],
  ];

  test.each(CASES)("%s has %j and not %j", (text, within, beyond) => {
    const networks = networksOf(text);
    expect(within.filter((ip) => !networks.has(ip))).toEqual([]);
    expect(beyond.filter((ip) => networks.has(ip))).toEqual([]);
  });

  test("are none where nothing is written", () => {
    expect(parseNetworks("")).toBeNull();
  });

  const REFUSED: readonly (readonly [text: string, quoted: string])[] = [
    ["10.0.0.0/33", '"10.0.0.0/33"'],
    ["fd00::/129", '"fd00::/129"'],
    ["10.0.0.0/", '"10.0.0.0/"'],
    ["10.0.0.0/-1", '"10.0.0.0/-1"'],
    ["10.0.0.0/8/8", '"10.0.0.0/8/8"'],
    ["10.0.0/8", '"10.0.0/8"'],
    ["010.0.0.1", '"010.0.0.1"'],
    ["fe80::1%eth0", '"fe80::1%eth0"'],
    ["proxy.example", '"proxy.example"'],
    ["10.0.0.0/8,", '""'],
    ["10.0.0.0/8,,fd00::/8", '""'],
    ["unix", '"unix"'],
  ];

  test.each(REFUSED)("%s is refused", (text, quoted) => {
    expect(parseNetworks(text)).toEqual(
      new Fault(`invalid network ${quoted}, expected an address or a CIDR like 10.0.0.0/8 or fd00::/8`),
    );
  });
});
