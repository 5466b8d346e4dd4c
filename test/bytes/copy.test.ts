import { expect, test } from "bun:test";
import { copyBytes } from "../../src/bytes/copy.ts";

const source = Uint8Array.from({ length: 512 }, (_, i) => i % 251);

test.each([0, 1, 31, 32, 63, 64, 65, 192, 400])("%d bytes are copied to where they belong, and no others", (size) => {
  const target = new Uint8Array(512).fill(255);
  copyBytes(source, 7, 7 + size, target, 3);
  const expected = [255, 255, 255, ...source.subarray(7, 7 + size), ...new Uint8Array(509 - size).fill(255)];
  expect([...target]).toEqual(expected);
});

test("a run is copied out of a view of a larger buffer, and into one", () => {
  const from = source.subarray(100, 300);
  const into = new Uint8Array(300).subarray(50, 250);
  copyBytes(from, 0, 200, into, 0);
  expect([...into]).toEqual([...from]);
});
