import { expect, test } from "bun:test";
import { quoteByte, quoteBytes, quoteText } from "../../src/model/quote.ts";

/** SHA-256 of what Go 1.24 (Unicode 15.0.0) makes of the same input, one quoted text after the other. */
const ALL_CHARACTERS = "a2094d1b9931beae7c277a835f74b96670d49c8654a66ddfc24199cb11f4956a";
const ALL_BYTES = "45a8158d95c5c56cd5a88c021dc663377a2e3a058f90c6312044da95cc4186bb";

test("every character is quoted as strconv.Quote does it", () => {
  const hash = new Bun.CryptoHasher("sha256");
  for (let code = 0; code <= 0x10ffff; code++)
    if (code < 0xd800 || code >= 0xe000) hash.update(quoteText(String.fromCodePoint(code)));
  expect(hash.digest("hex")).toBe(ALL_CHARACTERS);
});

test("bytes that are not UTF-8, cut or overlong characters among them, are quoted as strconv.Quote does it", () => {
  const hash = new Bun.CryptoHasher("sha256");
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++)
      for (const more of [[], [0x61], [0x80], [0xbf, 0x80], [0x9f, 0xbf, 0xbf]])
        hash.update(quoteBytes(Uint8Array.from([first, second, ...more])));
    hash.update(quoteByte(first));
  }
  expect(hash.digest("hex")).toBe(ALL_BYTES);
});

test("a byte order mark is not lost", () => {
  expect(quoteBytes(Uint8Array.from([0xef, 0xbb, 0xbf, 0x31]))).toBe('"\\ufeff1"');
});
