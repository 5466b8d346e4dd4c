import { describe, expect, test } from "bun:test";
import { formatListenAddress, isDomainName, parseListenAddress } from "../../src/config/address.ts";
import { servicePort } from "../../src/config/services.ts";
import { Fault } from "../../src/model/fault.ts";

const portOf = (service: string) => servicePort(service, "");

describe("a listen address gives the host and the port to bind", () => {
  const cases: [text: string, hostname: string, port: number, printed: string][] = [
    ["", "", 0, ":0"],
    [":9091", "", 9091, ":9091"],
    [":0", "", 0, ":0"],
    [":", "", 0, ":0"],
    ["localhost:", "localhost", 0, "localhost:0"],
    [":+80", "", 80, ":80"],
    [":+", "", 0, ":0"],
    [":http", "", 80, ":80"],
    ["[::1]:http", "::1", 80, "[::1]:80"],
    ["0.0.0.0:1", "0.0.0.0", 1, "0.0.0.0:1"],
    ["localhost:9091", "localhost", 9091, "localhost:9091"],
    ["127.0.0.1:65535", "127.0.0.1", 65535, "127.0.0.1:65535"],
    ["[::1]:9091", "::1", 9091, "[::1]:9091"],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80, "[fe80::1%eth0]:80"],
    ["[::]:009091", "::", 9091, "[::]:9091"],
  ];
  for (const [text, hostname, port, printed] of cases) {
    test(text, () => {
      expect(parseListenAddress(text, portOf)).toEqual({ hostname, port });
      expect(formatListenAddress({ hostname, port })).toBe(printed);
    });
  }
});

describe("what cannot be listened on is refused in the words of Go's net.Listen", () => {
  const cases: [text: string, words: string][] = [
    ["9091", "listen tcp: address 9091: missing port in address"],
    ["[::1]", "listen tcp: address [::1]: missing port in address"],
    ["[::1]9091:1", "listen tcp: address [::1]9091:1: missing port in address"],
    ["::1:9091", "listen tcp: address ::1:9091: too many colons in address"],
    ["[::1]:90:91", "listen tcp: address [::1]:90:91: too many colons in address"],
    ["[::1:9091", "listen tcp: address [::1:9091: missing ']' in address"],
    ["a]:1", "listen tcp: address a]:1: unexpected ']' in address"],
    ["a[b:1", "listen tcp: address a[b:1: unexpected '[' in address"],
    ["[a[b]:1", "listen tcp: address [a[b]:1: unexpected '[' in address"],
    [":65536", "listen tcp: address 65536: invalid port"],
    [":-1", "listen tcp: address -1: invalid port"],
    [":nope", "listen tcp: lookup tcp/nope: unknown port"],
    [":0x50", "listen tcp: lookup tcp/0x50: unknown port"],
    [":4294967296", "listen tcp: address 4294967296: invalid port"],
    ["http://x", "listen tcp: lookup tcp///x: unknown port"],
    ["tcp://127.0.0.1:1", "listen tcp: address tcp://127.0.0.1:1: too many colons in address"],
    [":90 91", "listen tcp: lookup tcp/90 91: unknown port"],
    [
      "vsock://:9091",
      "listen vsock: vsock://:9091: addresses of virtual machine sockets are not supported, expected host:port",
    ],
  ];
  for (const [text, words] of cases) {
    test(JSON.stringify(text), () => expect(parseListenAddress(text, portOf)).toEqual(new Fault(words)));
  }
});

describe("the name of a service is looked up as Go does", () => {
  const LIST = "# list\nhttp\t8080/tcp www # web\nx 7/udp\ny 9/tcp\nbad zz/tcp\nhttps 1\nnone 0/tcp\n z 5/tcp\ty2\n";
  const CASES: [name: string, port: number | null][] = [
    ["http", 8080],
    ["HTTP", 8080],
    ["www", 8080],
    ["gopher", 70],
    ["https", 443],
    ["y2", 5],
    ["z", 5],
    ["x", null],
    ["bad", null],
    ["none", null],
    ["80/tcp", null],
    ["", null],
    ["a-name-that-is-longer-than-any-service", null],
  ];
  test.each(CASES)("%j is %p", (name, port) => expect(servicePort(name, LIST)).toBe(port));
});

test("what Go takes for the name of a host, and what it does not", () => {
  const names = ["localhost", "a.b", "a.b.", "a_b", "1a", "x-1"];
  const others = [
    "",
    "127.1",
    "127.0.0.01",
    "a..b",
    "no such",
    "*",
    "@abc",
    "-a",
    "a-",
    "ä",
    `${"x".repeat(64)}.b`,
    "1.2.3",
  ];
  expect(names.filter((name) => !isDomainName(name))).toEqual([]);
  expect(others.filter(isDomainName)).toEqual([]);
});
