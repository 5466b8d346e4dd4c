import { describe, expect, test } from "bun:test";
import { parseOrigins } from "../../src/config/origins.ts";
import { Fault } from "../../src/model/fault.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.PATTERN_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Whether a text is one that a pattern of the flag stands for. */
function isMatched(pattern: string, text: string): boolean {
  const test = parseOrigins(pattern);
  if (test === null || test instanceof Fault) throw new Error(`${pattern} is none: ${test?.message}`);
  return test(text);
}

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
    const ours = parseOrigins(written);
    if (ours === null || ours instanceof Fault) {
      expect([written, ours]).toEqual(["", null]);
      continue;
    }
    const theirs = new RegExp(`^(?:${written})$`);
    for (let n = 0; n < 20; n++) {
      const text = Array.from({ length: random() * 7 }, () => "abc.1-é"[Math.floor(random() * 7)]).join("");
      if (theirs.test(text)) matched++;
      expect([written, text, ours(text)]).toEqual([written, text, theirs.test(text)]);
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
    ["\\bapp\\b", "app", true],
    ["\\pL+", "aé", true],
    ["(?P<name>a)b", "ab", true],
    ["(?<name>a)b", "ab", true],
    ["a|b", "ab", false],
    ["^a$|^b$", "b", true],
  ])("%s on %s is %p", (written, text, expected) => {
    expect(isMatched(written, text)).toBe(expected);
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
  "a{1001}",
  "a{2,1}",
  "(a{1000}){1000}",
  "((){1000}){1000}",
  "[[:no:]]",
  "a\\",
])("%s is refused with the reason", (written) => {
  const refused = parseOrigins(written);
  expect(refused).toBeInstanceOf(Fault);
  expect(refused).toMatchObject({ message: expect.stringContaining(`got '${written}': `) });
});

/** Patterns that take backtracking matchers exponential or quadratic time, each with what its texts are made of. */
const COSTLY: readonly (readonly [string, string])[] = [
  ["https?://([a-z0-9-]+\\.?)+example\\.com", "a"],
  ["(a+)+b", "a"],
  ["(a|a|a)*b", "a"],
  ["(a*)*b", "a"],
  ["(.*)(.*)(.*)(.*)x", "a"],
  ["(a?){150}a{150}x", "a"],
  ["(([a-z]+)*,?)*;", "ab,"],
];

// A matcher that tries one way after the other would not come to an end.
test.each(COSTLY)("%s is answered for texts that nearly match", (written, piece) => {
  for (const start of ["", "https://"]) expect(isMatched(written, start + piece.repeat(300))).toBe(false);
});
