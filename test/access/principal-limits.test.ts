import { describe, expect, test } from "bun:test";
import { LimitFault, LimitsSection, readPrincipalLimits } from "../../src/access/principal-limits.ts";
import { readStrictYaml } from "../../src/config/strict-yaml.ts";
import { Fault } from "../../src/model/fault.ts";
import { NO_PRINCIPAL_LIMITS } from "../../src/model/principal.ts";

function read(text: string) {
  const section = readStrictYaml(text, LimitsSection);
  if (section instanceof Fault) throw new Error(section.message);
  return readPrincipalLimits(section);
}

describe("limits of a principal are read from their section", () => {
  const cases: [string, object][] = [
    ["", {}],
    ["{pushes_per_second: 50, burst: 100}", { pushesPerSecond: 50, burst: 100 }],
    ["{pushes_per_second: 2.5}", { pushesPerSecond: 2.5, burst: 3 }],
    ["{pushes_per_second: 0.01}", { pushesPerSecond: 0.01, burst: 1 }],
    ["{groups: 1000, series: 100000}", { maxGroups: 1000, maxSeries: 100_000 }],
    ["{size: 64MiB, max_body_size: 1024}", { maxSizeBytes: 64 << 20, maxBodyBytes: 1024 }],
    ['{size: "1GiB", groups: "7"}', { maxSizeBytes: 2 ** 30, maxGroups: 7 }],
  ];
  for (const [text, limits] of cases)
    test(text === "" ? "no limits where there is nothing" : text, () => {
      expect(read(text)).toEqual({ ...NO_PRINCIPAL_LIMITS, ...limits });
    });
});

describe("a limit that says nothing certain is a fault of its field", () => {
  const cases: [string, string, string][] = [
    ["{groups: 0}", "groups", "invalid limit 0: where there is none, it is left out"],
    ["{pushes_per_second: 0}", "pushes_per_second", "invalid limit 0: where there is none, it is left out"],
    ["{size: 0MiB}", "size", "invalid limit 0: where there is none, it is left out"],
    ["{groups: -1}", "groups", 'invalid number "-1", expected a whole number, 0 or more'],
    ["{groups: 1.5}", "groups", 'invalid number "1.5", expected a whole number, 0 or more'],
    ["{series: 1e3}", "series", 'invalid number "1e3", expected a whole number, 0 or more'],
    ["{size: many}", "size", 'invalid size "many", expected a number like 512, 64KiB, 64MiB or 1GiB'],
    [
      "{max_body_size: 1.5MiB}",
      "max_body_size",
      'invalid size "1.5MiB", expected a number like 512, 64KiB, 64MiB or 1GiB',
    ],
    ["{pushes_per_second: fast}", "pushes_per_second", 'invalid rate "fast", expected pushes a second like 50 or 0.5'],
    ["{pushes_per_second: 1e9}", "pushes_per_second", 'invalid rate "1e9", expected pushes a second like 50 or 0.5'],
    ["{pushes_per_second: .inf}", "pushes_per_second", 'invalid rate ".inf", expected pushes a second like 50 or 0.5'],
    [
      "{pushes_per_second: 0.000001}",
      "pushes_per_second",
      'invalid rate "0.000001", expected pushes a second like 50 or 0.5',
    ],
    ["{burst: 5}", "burst", "a burst without pushes_per_second"],
  ];
  for (const [text, field, message] of cases)
    test(text, () => {
      const fault = read(text);
      expect(fault).toBeInstanceOf(LimitFault);
      expect(fault).toMatchObject({ field, message });
    });
});
