import { expect, test } from "bun:test";
import { MOST_NAMED, maskedLines, seenParts, seenText, shortened } from "../../src/ui/seen.ts";

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
  ["\u0000\u0000\u0000a\u0000", "[NUL×3]a[NUL]"],
  ["\u{e0041}\u{e0041}", "[U+E0041×2]"],
  ["\u202e\u202d\u202e", "[RLO][LRO][RLO]"],
];

test.each(NAMED)("what cannot be seen is named: %j", (text, seen) => {
  expect(seenText(text)).toBe(seen);
});

test("a name tells which character it is", () => {
  expect(seenParts("a\u202e")).toEqual(["a", { name: "RLO", code: "U+202E" }]);
});

test("of very many characters that cannot be seen the first ones are named, and the others masked", () => {
  const parts = seenParts("a\u0001\u0002".repeat(1000));
  expect(parts.filter((part) => typeof part !== "string")).toHaveLength(MOST_NAMED);
  expect(parts.at(-1)).toStartWith("a\ufffd\ufffda");
  expect(seenText("a\u0001\u0002".repeat(1000))).not.toContain("\u0002");
  expect(maskedLines("a\u202e\nb\u0000")).toBe("a\ufffd\nb\ufffd");
});

test("long texts are cut, and say so", () => {
  expect(shortened("abc", 3)).toBe("abc");
  expect(shortened("abcd", 3)).toBe("abc…");
});
