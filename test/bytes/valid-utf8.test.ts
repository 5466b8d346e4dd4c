import { expect, test } from "bun:test";
import { hasHighBytes, toValidUtf8 } from "../../src/bytes/valid-utf8.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const R = "\ufffd";

/** As `for range` of Go and its JSON encoder have them: one replacement a byte. */
const CASES: readonly (readonly [given: string, expected: string])[] = [
  ["Gr\xf6\xdfe", `Gr${R}${R}e`],
  ["\xff", R],
  ["caf\xc3", `caf${R}`],
  ["\xe2\x82", R + R],
  ["\xe2\x82x", `${R}${R}x`],
  ["\xf0\x9f\x98", R + R + R],
  ["\xc0\xaf \xc1\xbf", `${R}${R} ${R}${R}`],
  ["\xe0\x80\xaf", R + R + R],
  ["\xed\xa0\x80", R + R + R],
  ["\xf0\x80\x80\xaf", R + R + R + R],
  ["\xf4\x90\x80\x80", R + R + R + R],
  ["\xf5\x80", R + R],
  ["\x80\xc3\xa9\xbf", `${R}é${R}`],
  ["\xe2\x98\x83\xff\xf0\x9f\x98\x80", `☃${R}😀`],
];

test.each(CASES)("%p becomes %p", (given, expected) => {
  expect(Buffer.from(toValidUtf8(bytes(given))).toString()).toBe(expected);
});

test("what is UTF-8 comes back itself, the replacement character among it", () => {
  for (const text of ["", "plain", "é☃😀", "\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}", R]) {
    const given = Buffer.from(text);
    expect(toValidUtf8(given)).toBe(given);
  }
});

test("a byte that is not ASCII is seen within the range only", () => {
  const text = bytes("\xffab\xff");
  expect([
    hasHighBytes(text, 1, 2),
    hasHighBytes(text, 1, 3),
    hasHighBytes(text, 0, 1),
    hasHighBytes(text, 0, 0),
  ]).toEqual([false, true, true, false]);
});
