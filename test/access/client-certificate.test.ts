import { describe, expect, test } from "bun:test";
import { alternativeNames, certificateFault } from "../../src/access/client-certificate.ts";
import type { ClientAuth } from "../../src/server/tls-options.ts";

const NONE = { isPresent: false, isVerified: false, subjectAltName: undefined };
const UNVERIFIED = { isPresent: true, isVerified: false, subjectAltName: "DNS:a.example" };
const VERIFIED = { isPresent: true, isVerified: true, subjectAltName: "DNS:a.example" };

describe("who may connect, by the way of client authentication: without a certificate, with any, with a verified one", () => {
  const cases: [ClientAuth, [none: boolean, any: boolean, verified: boolean]][] = [
    ["NoClientCert", [true, true, true]],
    ["RequestClientCert", [true, true, true]],
    ["RequireAnyClientCert", [false, true, true]],
    ["VerifyClientCertIfGiven", [true, false, true]],
    ["RequireAndVerifyClientCert", [false, false, true]],
  ];
  test.each(cases)("%s: %j", (clientAuth, allowed) => {
    const seen = [NONE, UNVERIFIED, VERIFIED].map(
      (presented) => certificateFault(presented, { clientAuth, allowedSans: null }) === null,
    );
    expect(seen).toEqual(allowed);
  });

  test.each(cases.slice(1))("%s with allowed names: nobody without one of them", (clientAuth, [, any, verified]) => {
    const seen = (allowedSans: string[]) =>
      [NONE, UNVERIFIED, VERIFIED].map(
        (presented) => certificateFault(presented, { clientAuth, allowedSans }) === null,
      );
    expect(seen(["b", "a.example"])).toEqual([false, any, verified]);
    expect(seen(["b", "example", "*.example", "A.example"])).toEqual([false, false, false]);
    expect(seen([])).toEqual([false, false, false]);
  });
});

describe("alternative names are read so that none can pass for two", () => {
  const cases: [list: string, names: string[]][] = [
    ["", []],
    ["DNS:a.example", ["a.example"]],
    ["DNS:a, email:b@c.example, URI:spiffe://td/ns", ["a", "b@c.example", "spiffe://td/ns"]],
    ['DNS:"foo\\u002c DNS:admin", DNS:b', ["foo, DNS:admin", "b"]],
    ['URI:"http://a/\\u002c DNS:admin"', ["http://a/, DNS:admin"]],
    ['URI:"a b\\"c", DNS:d', ['a b"c', "d"]],
    ["IP Address:10.0.0.1", ["10.0.0.1"]],
    ["IP Address:0:0:0:0:0:0:0:1", ["::1"]],
    ["IP Address:2001:DB8:0:0:0:0:0:1", ["2001:db8::1"]],
    ["IP Address:0:0:0:0:0:FFFF:102:304", ["1.2.3.4"]],
    ["DirName:CN = x, othername:<unsupported>, Registered ID:1.2.3, DNS:a", ["a"]],
    ["DNS:a, CN = x, DNS:admin", []],
    ['DNS:a, email:b"c, DNS:admin', []],
    ['DirName:"CN = x\\u002c DNS:admin"', []],
  ];
  test.each(cases)("%s", (list, names) => {
    expect(alternativeNames(list)).toEqual(names);
  });
});
