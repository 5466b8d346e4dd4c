import { describe, expect, test } from "bun:test";
import { formatFloat } from "../../src/bytes/float.ts";
import { goFloat, isUint64, readFloat, uint64Text } from "../../src/exposition/number-text.ts";
import { randomDouble, randomFrom } from "../serialise/families.ts";

const read = (text: string) => readFloat(Buffer.from(`<${text}>`), 1, text.length + 1);

describe("readFloat", () => {
  test.each([
    "0",
    "1",
    "-1",
    "0.0001",
    "1e-05",
    "1e+06",
    "-2.5e-07",
    "5e-324",
    "1.7976931348623157e+308",
    "1e+22",
    "1e+23",
  ])("reads %s", (text) => expect(read(text)).toBe(Number(text)));

  test("reads the special values by Go's names", () => {
    expect(["NaN", "+Inf", "-Inf"].map(read)).toEqual([Number.NaN, Infinity, -Infinity]);
  });

  test.each(["", "-", "e+06", "1e", "1e+", "1.2.3", "Infinity", "0x1", "1 ", "1e+999", "--1"])(
    "throws at %p",
    (text) => {
      expect(() => read(text)).toThrow("reading a stored number");
    },
  );

  test("gives back every random double that the text format prints", () => {
    const seed = 20261121;
    const random = randomFrom(seed);
    const wrong: string[] = [];
    for (let i = 0; i < 50_000; i++) {
      const value = randomDouble(random);
      if (!Object.is(read(formatFloat(value)), value)) wrong.push(`seed ${seed}: ${formatFloat(value)}`);
    }
    expect(wrong).toEqual([]);
  });
});

test("goFloat prints negative zero as Go's fmt does", () => {
  expect([0, -0, 1e6, Infinity, Number.NaN, -0.5].map(goFloat)).toEqual(["0", "-0", "1e+06", "+Inf", "NaN", "-0.5"]);
});

test.each([
  [0, "0"],
  [1e6, "1000000"],
  [2 ** 53 + 2, "9007199254740994"],
  [1e19, "10000000000000000000"],
  [2 ** 64 - 2048, "18446744073709549568"],
  [2 ** 64, "18446744073709551615"],
])("uint64Text prints %d in plain digits", (value, text) => expect(uint64Text(value)).toBe(text));

test.each([
  [0, true],
  [1e19, true],
  [2 ** 64, false],
  [-1, false],
  [1.5, false],
  [Number.NaN, false],
])("isUint64 of %d is %p", (value, expected) => expect(isUint64(value)).toBe(expected));
