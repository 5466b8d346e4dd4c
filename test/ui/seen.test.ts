import { expect, test } from "bun:test";
import { seenParts, seenText, shortened } from "../../src/ui/seen.ts";

const NAMED: readonly (readonly [text: string, seen: string])[] = [
  ["plain, säge-ß, 日本, 😀", "plain, säge-ß, 日本, 😀"],
  ["a\u202egnirts\u202c", "a[RLO]gnirts[PDF]"],
  ["zero\u200bwidth", "zero[ZWSP]width"],
  ["\ufeffbom", "[BOM]bom"],
  ["\u0000\u001b[31m\u007f", "[NUL][ESC][31m[DEL]"],
  ["a\u0085b\u009f", "a[U+0085]b[U+009F]"],
  ["line\nline\ttab\r", "line[LF]line[HT]tab[CR]"],
  ["\u2066a\u2069\u061c", "[LRI]a[PDI][ALM]"],
  ["\u{e0041}tag", "[U+E0041]tag"],
  ["\u3164", "[HF]"],
  ["half \ud800", "half [U+D800]"],
];

test.each(NAMED)("what cannot be seen is named: %j", (text, seen) => {
  expect(seenText(text)).toBe(seen);
});

test("a name tells which character it is", () => {
  expect(seenParts("a\u202e")).toEqual(["a", { name: "RLO", code: "U+202E" }]);
});

test("long texts are cut, and say so", () => {
  expect(shortened("abc", 3)).toBe("abc");
  expect(shortened("abcd", 3)).toBe("abc…");
});
