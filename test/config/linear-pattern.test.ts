import { describe, expect, test } from "bun:test";
import { LinearPattern, MAX_STEPS } from "../../src/config/linear-pattern.ts";
import { parseOrigins } from "../../src/config/origins.ts";
import { Fault } from "../../src/model/fault.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.PATTERN_SEED ?? Math.floor(Math.random() * 2 ** 31));

const ATOMS = [
  "a",
  "b",
  ".",
  "[ab]",
  "[^a]",
  "[a-c]",
  "\\.",
  "\\d",
  "\\w",
  "\\W",
  "[\\d.-]",
  "^",
  "$",
  "",
  "[b-]",
  "\\x61",
];
const REPEATS = ["", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?"];

function pattern(random: () => number, depth: number): string {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? "";
  const count = 1 + Math.floor(random() * 3);
  const parts = Array.from({ length: count }, () => {
    if (depth > 0 && random() < 0.4)
      return `${pick(["(", "(?:"])}${pattern(random, depth - 1)}|${pattern(random, depth - 1)})${pick(REPEATS)}`;
    const atom = pick(ATOMS);
    return atom === "" || atom === "^" || atom === "$" ? atom : atom + pick(REPEATS);
  });
  return parts.join("");
}

test(`matches what JavaScript's expressions match (PATTERN_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  let matched = 0;
  for (let i = 0; i < 3_000; i++) {
    const written = pattern(random, 2);
    const ours = new LinearPattern(written);
    const theirs = new RegExp(`^(?:${written})$`);
    for (let n = 0; n < 20; n++) {
      const text = Array.from({ length: random() * 7 }, () => "abc.1-é"[Math.floor(random() * 7)]).join("");
      if (theirs.test(text)) matched++;
      expect([written, text, ours.test(text)]).toEqual([written, text, theirs.test(text)]);
    }
  }
  expect(matched).toBeGreaterThan(1_000);
});

describe("what Go knows and JavaScript does not", () => {
  test.each([
    ["(?i)https://(App|web)\\.example", "HTTPS://aPP.example", true],
    ["https://(?i:app)\\.example", "HTTPS://app.example", false],
    ["https://(?i:app)\\.example", "https://APP.example", true],
    ["(?i)[a-z]+[^x]", "ABx", false],
    ["[[:alpha:]]+", "aZ", true],
    ["[]a]+", "]a", true],
    ["\\Aa\\z", "a", true],
    ["\\x{e9}", "é", true],
  ])("%s on %s is %p", (written, text, expected) => {
    expect(new LinearPattern(written).test(text)).toBe(expected);
  });
});

test.each([
  "(",
  ")",
  "a**",
  "*",
  "[a",
  "[b-a]",
  "\\1",
  "(?=a)",
  "(?<n>a)",
  "a{1001}",
  "a{2,1}",
  "\\b",
  "\\pL",
  "(a{1000}){1000}",
  "((){1000}){1000}",
  "[[:no:]]",
  "a\\",
  "(".repeat(200),
])("%s is refused with the reason", (written) => {
  const refused = parseOrigins(written);
  expect(refused).toBeInstanceOf(Fault);
  expect(refused).toMatchObject({ message: expect.stringContaining(`got '${written}': `) });
});

/** Patterns that other matchers take exponential or quadratic time for, each with what its texts are made of. */
const COSTLY: readonly (readonly [string, string])[] = [
  ["https?://([a-z0-9-]+\\.?)+example\\.com", "a"],
  ["(a+)+b", "a"],
  ["(a|a|a)*b", "a"],
  ["(a*)*b", "a"],
  ["(.*)(.*)(.*)(.*)x", "a"],
  ["(a?){300}a{300}x", "a"],
  ["(([a-z]+)*,?)*;", "ab,"],
];

test.each(COSTLY)("%s looks at each character so many times at most", (written, piece) => {
  for (const start of ["", "https://"]) {
    const pattern = new LinearPattern(written);
    const text = start + piece.repeat(300 / piece.length);
    expect(pattern.test(text)).toBe(false);
    expect(pattern.work).toBeLessThanOrEqual((text.length + 1) * 3 * MAX_STEPS);
    const before = pattern.work;
    pattern.test(text + text);
    // Twice the text, twice the work.
    expect(pattern.work - before).toBeLessThanOrEqual(2.5 * before);
  }
});
