import { expect, test } from "bun:test";
import {
  type EscapingScheme,
  escapeName,
  isLegacyLabelName,
  isLegacyMetricName,
  unescapeValuesName,
} from "../../src/model/names.ts";
import { seededBelow } from "../telemetry/fixtures.ts";

const kinds: [string, boolean, boolean][] = [
  ["a", true, true],
  ["Z_9", true, true],
  ["_", true, true],
  ["__name__", true, true],
  ["a:b", true, false],
  [":", true, false],
  ["", false, false],
  ["9a", false, false],
  ["a-b", false, false],
  ["a.b", false, false],
  ["a b", false, false],
  ["a\n", false, false],
  ["@", false, false],
  ["[", false, false],
  ["`", false, false],
  ["{", false, false],
  ["é", false, false],
  ["\u212a", false, false],
  ["š", false, false],
  ["😱", false, false],
];

for (const [name, metric, label] of kinds) {
  test(`${JSON.stringify(name)} is ${metric ? "a" : "no"} metric and ${label ? "a" : "no"} label name of the old set`, () => {
    expect(isLegacyMetricName(name)).toBe(metric);
    expect(isLegacyLabelName(name)).toBe(label);
  });
}

const escaped: [string, string, string, string][] = [
  ["", "", "", ""],
  ["job:rate_5m", "job:rate_5m", "job:rate__5m", "job:rate_5m"],
  ["disk.used", "disk_used", "disk_dot_used", "U__disk_2e_used"],
  ["disk.used_bytes", "disk_used_bytes", "disk_dot_used__bytes", "U__disk_2e_used__bytes"],
  ["9lives", "_lives", "__lives", "U___39_lives"],
  [".9", "_9", "_dot_9", "U___2e_9"],
  ["a b", "a_b", "a__b", "U__a_20_b"],
  ["größe", "gr__e", "gr____e", "U__gr_f6__df_e"],
  ["x 😱", "x__", "x____", "U__x_20__1f631_"],
  ["水位", "__", "____", "U___6c34__4f4d_"],
  ["a\u0000", "a_", "a__", "U__a_0_"],
  ["a\ud800", "a_", "a__", "U__a_FFFD_"],
];

for (const [name, underscores, dots, values] of escaped) {
  const expected: Record<EscapingScheme, string> = { "allow-utf-8": name, underscores, dots, values };
  test(`${JSON.stringify(name)} is escaped code point by code point in every scheme`, () => {
    expect(escapeName(name, "allow-utf-8")).toBe(expected["allow-utf-8"]);
    expect(escapeName(name, "underscores")).toBe(expected.underscores);
    expect(escapeName(name, "dots")).toBe(expected.dots);
    expect(escapeName(name, "values")).toBe(expected.values);
  });
}

const unescaped: [string, string, string][] = [
  ["a name without the prefix stays", "a_2e_b", "a_2e_b"],
  ["the prefix alone is an empty name", "U__", ""],
  ["a code is its character", "U__disk_2e_used", "disk.used"],
  ["digits may be capitals", "U__disk_2E_used", "disk.used"],
  ["two underscores are one", "U__a__b", "a_b"],
  ["underscores and codes side by side", "U_____2e____5f_", "_.__"],
  ["a code of five digits", "U__x_1f631_", "x😱"],
  ["code 0 is a character", "U__a_0_", "a\0"],
  ["a code of six digits stays escaped", "U__x_10ffff_", "U__x_10ffff_"],
  ["leading zeros count", "U__x_00002e_", "U__x_00002e_"],
  ["half a surrogate pair stays escaped", "U__x_d900_", "U__x_d900_"],
  ["no hexadecimal stays escaped", "U__x_2g_", "U__x_2g_"],
  ["a sign is no digit", "U__x_-2_", "U__x_-2_"],
  ["an open code stays escaped", "U__a_2e", "U__a_2e"],
  ["a last single underscore stays escaped", "U__a__b_", "U__a__b_"],
  ["characters outside of the old set are kept", "U__ä_2e_", "ä."],
];

for (const [rule, name, expected] of unescaped) {
  test(`unescaping: ${rule}`, () => {
    expect(unescapeValuesName(name)).toBe(expected);
  });
}

const seed = Date.now() >>> 0;
test(`"values" escaping gives old names and is undone by unescaping (seed ${seed})`, () => {
  const below = seededBelow(seed);
  const alphabet = [...'ab_:.9 -/é水😱{}"\\\n'];
  for (let round = 0; round < 3000; round++) {
    const name = Array.from({ length: 1 + below(12) }, () => alphabet[below(alphabet.length)] ?? "").join("");
    const inOldSet = escapeName(name, "values");
    expect(isLegacyMetricName(inOldSet)).toBe(true);
    expect(unescapeValuesName(inOldSet)).toBe(name);
    expect(isLegacyMetricName(escapeName(name, "underscores"))).toBe(true);
    expect(isLegacyMetricName(escapeName(name, "dots"))).toBe(true);
  }
});
