import { describe, expect, test } from "bun:test";
import { formatListenAddress, parseListenAddress } from "../../src/config/address.ts";
import { Rejection } from "../../src/model/rejection.ts";

describe("a listen address gives the host and the port to bind", () => {
  const cases: [text: string, hostname: string, port: number, printed: string][] = [
    [":9091", "::", 9091, "[::]:9091"],
    [":0", "::", 0, "[::]:0"],
    [":", "::", 0, "[::]:0"],
    ["localhost:9091", "localhost", 9091, "localhost:9091"],
    ["127.0.0.1:65535", "127.0.0.1", 65535, "127.0.0.1:65535"],
    ["[::1]:9091", "::1", 9091, "[::1]:9091"],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80, "[fe80::1%eth0]:80"],
    ["[::]:009091", "::", 9091, "[::]:9091"],
  ];
  for (const [text, hostname, port, printed] of cases) {
    test(text, () => {
      expect(parseListenAddress(text)).toEqual({ hostname, port });
      expect(formatListenAddress({ hostname, port })).toBe(printed);
    });
  }
});

describe("what cannot be listened on is refused in the words of Go's net.Listen", () => {
  const cases: [text: string, words: string][] = [
    ["", "listen tcp: address : missing port in address"],
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
    [":http", "listen tcp: lookup tcp/http: unknown port"],
    [":90 91", "listen tcp: lookup tcp/90 91: unknown port"],
    [
      "vsock://:9091",
      "listen vsock: vsock://:9091: addresses of virtual machine sockets are not supported, expected host:port",
    ],
  ];
  for (const [text, words] of cases) {
    test(JSON.stringify(text), () => expect(parseListenAddress(text)).toEqual(new Rejection("malformed", words)));
  }
});
