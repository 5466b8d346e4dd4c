import { describe, expect, test } from "bun:test";
import { Writer } from "../../src/bytes/writer.ts";
import { appendBytesField, appendTag, appendVarint, DoubleWriter, varintSize } from "../../src/protobuf/varint.ts";

const written = (append: (out: Writer) => void): string => {
  const out = new Writer(1);
  append(out);
  return Buffer.from(out.finish()).toString("hex");
};

/** The encoding by its definition, over big integers. */
function definition(value: bigint): string {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]).toString("hex");
}

describe("appendVarint", () => {
  const values = Array.from({ length: 64 }, (_, i) => [2 ** i, 2 ** i - 1, 2 ** i + 1]).flat();
  test("writes the numbers around every power of two below 2^64, and varintSize foretells the bytes", () => {
    for (const value of values.filter((one) => one < 2 ** 64)) {
      const hex = written((out) => appendVarint(out, value));
      expect(hex).toBe(definition(BigInt(value)));
      expect(varintSize(value)).toBe(hex.length / 2);
    }
  });

  test.each([2 ** 64, 1e30, Infinity])("writes %d, which does not fit, as the largest number that does", (value) => {
    expect(written((out) => appendVarint(out, value))).toBe(definition(2n ** 64n - 1n));
    expect(varintSize(value)).toBe(10);
  });
});

test("appendTag puts the field's number above the wire type, beyond one byte too", () => {
  expect(written((out) => appendTag(out, 4, 2))).toBe("22");
  expect(written((out) => appendTag(out, 16, 2))).toBe("8201");
});

test("appendBytesField writes key, length and the range given", () => {
  expect(written((out) => appendBytesField(out, 1, Buffer.from("-abc-"), 1, 4))).toBe("0a03616263");
});

test("DoubleWriter writes little-endian doubles one after another", () => {
  const doubles = new DoubleWriter();
  const hex = written((out) => {
    for (const value of [1, -0, Infinity, 5e-324]) doubles.append(out, value);
  });
  expect(hex).toBe(["000000000000f03f", "0000000000000080", "000000000000f07f", "0100000000000000"].join(""));
});
