import { describe, expect, test } from "bun:test";
import { RE2JS } from "re2js";
import { MAX_WEIGHT } from "../../src/match/engine.ts";
import { patternTest } from "../../src/match/pattern.ts";
import { patternWeight } from "../../src/match/pattern-weight.ts";
import { readAlternatives } from "../../src/match/plain-pattern.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.MATCH_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A text of a few of the parts. */
function made(random: () => number, parts: readonly string[], most: number): string {
  const count = Math.floor(random() * (most + 1));
  return Array.from({ length: count }, () => parts[Math.floor(random() * parts.length)] ?? "").join("");
}

const PLAIN = ["a", "b", "ab", ".*", ".+", ".*?", "|", "\\.", "\\-", "ü", "\n", "."];
const PARTS = [
  ...PLAIN,
  "[a-c]",
  "[^]x]",
  "[[:alpha:]\\]]",
  "(",
  ")",
  "(?:",
  "?",
  "*",
  "{2}",
  "{2,3}",
  "{5,}",
  "\\d",
  "x{",
];
const VALUES = ["a", "b", "ab", ".", "-", "ü", "\n", "x", "7", "😀"];

describe("patterns", () => {
  test(`say of every value what the engine says (MATCH_SEED=${seed})`, () => {
    const random = seededRandom(seed);
    let plain = 0;
    for (let n = 0; n < 3000; n++) {
      const pattern = made(random, n % 2 === 0 ? PLAIN : PARTS, 6);
      const ours = patternTest(Buffer.from(pattern));
      if (readAlternatives(pattern) !== null) plain++;
      const engine = compiled(pattern);
      if (engine === null || ours instanceof Rejection) {
        expect([pattern, engine === null && ours instanceof Rejection]).toEqual([pattern, true]);
        continue;
      }
      for (let k = 0; k < 10; k++) {
        const value = made(random, VALUES, 5);
        expect([pattern, value, ours.holdsFor(Buffer.from(value))]).toEqual([pattern, value, engine.testExact(value)]);
      }
    }
    expect(plain).toBeGreaterThan(1000);
  });

  test(`are never compiled to more steps than they are weighed with (MATCH_SEED=${seed})`, () => {
    const random = seededRandom(seed);
    const parts = [...PARTS, "{40}", "{0,100}", "[é-ü]", "\\pL", "\\x{1000}", "\\Qa{9}\\E", "(?i)"];
    for (let n = 0; n < 5000; n++) {
      const pattern = made(random, parts, 12);
      const weight = patternWeight(pattern, MAX_WEIGHT);
      const engine = weight > MAX_WEIGHT ? null : compiled(pattern);
      // Beginning and end, and jumps between parts.
      if (engine !== null) expect([pattern, engine.programSize() <= 4 + 3 * weight]).toEqual([pattern, true]);
    }
  });

  test("that repeat much are refused before they are compiled, however they are nested", () => {
    const HUGE = [
      "(?:x{1000})".repeat(300),
      "((a{10}){10}){11}",
      "[a-z]{999}[a-z]{9}",
      `x{100}(?${"i".repeat(30)}){10}x`,
      "(.{0,500}a.{0,500}){2}",
      `(?:${"ab".repeat(30)})?(?i){100}`,
      `(?:${"ab".repeat(30)}){2}?(?i){10}`,
    ];
    for (const pattern of HUGE) expect(patternTest(Buffer.from(pattern))).toBeInstanceOf(Rejection);
  });

  test("of plain text and gaps are not given to the engine", () => {
    const plain = ["", "a", "a|b", "a.*", ".*a.+", ".*", "a\\.b|.+c", "(?"].map(
      (text) => readAlternatives(text) !== null,
    );
    expect(plain).toEqual([true, true, true, true, true, true, true, false]);
  });
});

function compiled(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch {
    return null;
  }
}
