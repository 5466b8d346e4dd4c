import { expect, test } from "bun:test";
import { formatFloat } from "../../src/bytes/float.ts";
import { canonicalSize, isGoInteger, parseGoFloat, plainInteger } from "../../src/parse/number.ts";
import { tokenEnd } from "../../src/parse/scan.ts";
import { randomDouble } from "../serialise/families.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** What of a token is copied; it is put between digits, which must not be looked at. */
function canonicalPart(token: string): string {
  return token.slice(0, canonicalSize(Buffer.from(`9${token}9`), 1, 1 + token.length));
}

const CANONICAL = ["1", "-1", "10", "999999", "0", "0.5", "-0.25", "0.0001", "123456.789", "1e+06", "1.5e+06", "1e-05"];
const MORE_CANONICAL = ["-2.25e+299", "9.99e-299", "1e+100", "NaN", "+Inf", "-Inf", "100", "120000"];

for (const token of [...CANONICAL, ...MORE_CANONICAL])
  test(`${token} is copied as it is`, () => {
    expect(canonicalPart(token)).toBe(token);
    expect(formatFloat(parseGoFloat(token) ?? Number.NEGATIVE_INFINITY)).toBe(token);
  });

const OTHERS = [
  "",
  "-",
  "+1",
  "-0",
  "00",
  "01",
  "1.",
  ".5",
  "-0.0",
  "1000000",
  "1000000.0",
  "0.00001",
  "0.00001234",
  "1e6",
];
const MORE_OTHERS = ["1e+6", "1e+006", "1E+06", "1.0e+06", "10e+06", "0e+06", "1e+05", "1e-04", "1e+", "1e", "1e+400"];
const WORDS = [
  "Inf",
  "inf",
  "nan",
  "-NaN",
  "+NaN",
  "Infinity",
  "0x1p4",
  "1_0",
  "1 ",
  " 1",
  "1.5.5",
  "--1",
  "1-",
  "1e+0a",
];

for (const token of [...OTHERS, ...MORE_OTHERS, ...WORDS])
  test(`${JSON.stringify(token)} is not copied as it is`, () => {
    expect(canonicalPart(token)).toBe("");
  });

const SHORTENED = [
  ["1.0", "1"],
  ["-12.000", "-12"],
  ["0.0", "0"],
  ["0.50", "0.5"],
  ["123.4500", "123.45"],
] as const;

for (const [token, part] of SHORTENED)
  test(`${token} is copied as ${part}`, () => {
    expect(canonicalPart(token)).toBe(part);
  });

const PLAIN_INTEGERS: readonly (readonly [token: string, value: number])[] = [
  ["0", 0],
  ["1763689131", 1763689131],
  ["-42", -42],
  ["999999999999999", 999999999999999],
  ["1000000000000000", Number.NaN],
  ["-0", Number.NaN],
  ["", Number.NaN],
  ["-", Number.NaN],
  ["1.5", Number.NaN],
  ["1e3", Number.NaN],
];

for (const [token, value] of PLAIN_INTEGERS)
  test(`${JSON.stringify(token)} as digits only is ${value}`, () => {
    expect(plainInteger(Buffer.from(`9${token}9`), 1, 1 + token.length)).toBe(value);
  });

test(`whole numbers print as their doubles do in the exponent form (seed ${seed})`, () => {
  const random = seededRandom(seed);
  for (let i = 0; i < 20_000; i++) {
    const value = Math.floor(random() * 10 ** (6 + Math.floor(random() * 10))) * (random() < 0.5 ? -1 : 1);
    if (Math.abs(value) < 1e6) continue;
    const [mantissa, exponent] = value.toExponential().split("e+");
    expect(formatFloat(value)).toBe(`${mantissa}e+${exponent?.padStart(2, "0")}`);
  }
});

const NUMBERS: readonly (readonly [token: string, value: number | undefined])[] = [
  ["1", 1],
  ["+1", 1],
  ["-1.5", -1.5],
  ["1.", 1],
  [".5", 0.5],
  ["-.5e1", -5],
  ["1e5", 100_000],
  ["1E+5", 100_000],
  ["1e-400", 0],
  ["-0", -0],
  ["00012", 12],
  ["0.1000000000000000055511151231257827", 0.1],
  ["179769313486231570000000000000000000000e270", Number.MAX_VALUE],
  ["inf", Infinity],
  ["-INF", -Infinity],
  ["+Infinity", Infinity],
  ["iNfInItY", Infinity],
  ["nan", Number.NaN],
  ["NAN", Number.NaN],
  ["+nan", undefined],
  ["-NaN", undefined],
  ["", undefined],
  [".", undefined],
  ["+", undefined],
  ["e5", undefined],
  ["1e", undefined],
  ["1e+", undefined],
  ["1e309", undefined],
  ["-1e309", undefined],
  ["0x1F", undefined],
  ["0x1p-2", undefined],
  ["1_000", undefined],
  ["1,5", undefined],
  ["infin", undefined],
  ["１", undefined],
];

for (const [token, value] of NUMBERS)
  test(`${JSON.stringify(token)} is read as ${Object.is(value, -0) ? "-0" : value}`, () => {
    expect(Object.is(parseGoFloat(token), value)).toBe(true);
  });

const PIECES = ["0", "1", "9", "00", "123456", "999999999999999", ".", "-", "+", "e", "E", "e+", "e-0", "Inf", "NaN"];

function randomToken(random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const kind = below(4);
  if (kind === 0) return formatFloat(randomDouble(random));
  if (kind === 1) return (randomDouble(random) / 10 ** below(20)).toPrecision(1 + below(18));
  if (kind === 2) return Array.from({ length: 1 + below(5) }, () => PIECES[below(PIECES.length)]).join("");
  return `${random() < 0.2 ? "-" : ""}${below(10 ** below(9))}.${below(10 ** below(9))}${random() < 0.3 ? `e${random() < 0.5 ? "+" : "-"}${below(320)}` : ""}`;
}

test(`of 100,000 random tokens those called canonical are what their number prints as (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const wrong: string[] = [];
  let canonical = 0;
  for (let i = 0; i < 100_000; i++) {
    const token = randomToken(random);
    const part = canonicalPart(token);
    if (part === "") continue;
    canonical++;
    const value = parseGoFloat(token);
    if (value === undefined || formatFloat(value) !== part) wrong.push(token);
  }
  expect(wrong).toEqual([]);
  expect(canonical).toBeGreaterThan(10_000);
});

test(`most numbers that people push are called canonical when printed (seed ${seed})`, () => {
  const random = seededRandom(seed);
  let canonical = 0;
  for (let i = 0; i < 1_000; i++)
    if (canonicalPart(formatFloat(Math.round(random() * 1e6) / 10 ** (i % 5))) !== "") canonical++;
  expect(canonical).toBe(1_000);
});

const INTEGERS: readonly (readonly [token: string, taken: boolean])[] = [
  ["0", true],
  ["-5", true],
  ["+5", true],
  ["0007", true],
  ["9223372036854775807", true],
  ["-9223372036854775808", true],
  ["9223372036854775808", false],
  ["-9223372036854775809", false],
  ["", false],
  ["+", false],
  ["1.0", false],
  ["1e3", false],
  ["0x1", false],
  ["1_0", false],
];

for (const [token, taken] of INTEGERS)
  test(`${JSON.stringify(token)} is ${taken ? "an" : "no"} integer`, () => {
    expect(isGoInteger(token)).toBe(taken);
  });

test("a token ends at a blank, a tab, a line feed or the end", () => {
  const cases = ["12 3", "12\t3", "12\n3", "12"];
  expect(cases.map((text) => tokenEnd(Buffer.from(text), 0, text.length))).toEqual([2, 2, 2, 2]);
  expect(tokenEnd(Buffer.from("1\r\v2 "), 0, 5)).toBe(4);
});
