import { describe, expect, test } from "bun:test";
import { computeRoutePrefix, telemetryRoute } from "../../src/config/prefix.ts";

describe("the route prefix is the given one, else the external path, without a slash at its end", () => {
  const cases: [prefix: string, externalPath: string, expected: string][] = [
    ["", "", ""],
    ["", "/", ""],
    ["", "/foo", "/foo"],
    ["", "/foo/", "/foo"],
    ["", "foo/bar", "/foo/bar"],
    ["/", "/foo", ""],
    ["//", "/foo", ""],
    ["bar", "/foo", "/bar"],
    ["/bar/", "", "/bar"],
    ["/bar//", "", "/bar"],
  ];
  for (const [prefix, externalPath, expected] of cases) {
    test(`${JSON.stringify(prefix)} and ${JSON.stringify(externalPath)} give ${JSON.stringify(expected)}`, () => {
      expect(computeRoutePrefix(prefix, externalPath)).toBe(expected);
    });
  }
});

describe("the scrape endpoint is the telemetry path below the route prefix", () => {
  const cases: [prefix: string, path: string, expected: string][] = [
    ["", "/metrics", "/metrics"],
    ["", "metrics/", "/metrics"],
    ["/foo", "/metrics", "/foo/metrics"],
    ["/foo", "", "/foo"],
    ["/foo", "../a//b/./c", "/a/b/c"],
    ["", "/", "/"],
  ];
  for (const [prefix, path, expected] of cases) {
    test(`${prefix} ${path}`, () => expect(telemetryRoute(prefix, path)).toBe(expected));
  }
});
