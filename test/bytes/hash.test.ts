import { describe, expect, test } from "bun:test";
import { compareBytes, hashBytes, sameBytes } from "../../src/bytes/hash.ts";
import { KeyTable } from "../../src/bytes/key-table.ts";
import pairs from "../fixtures/fnv-collisions.json";

const FNV_PRIME = 0x01000193;
const encoder = new TextEncoder();

/**
 * Names that all have one FNV-1a hash wherever its start has the lowest byte `start`: at each place either string of
 * the pair that collides from there, so 2^`places` names. fixtures/fnv-collisions.json holds such a pair for each
 * lowest byte.
 */
function collidingNames(start: number, places: number): string[] {
  let names = [""];
  let state = start;
  for (let place = 0; place < places; place++) {
    const [a = "", b = ""] = pairs[state] ?? [];
    names = names.flatMap((name) => [name + a, name + b]);
    for (const byte of encoder.encode(a)) state = Math.imul(state ^ byte, FNV_PRIME) & 0xff;
  }
  return names;
}

function fnv(name: string, start: number): number {
  return encoder.encode(name).reduce((hash, byte) => Math.imul(hash ^ byte, FNV_PRIME), start);
}

describe("hashBytes", () => {
  test("the prepared names do collide under FNV-1a with any start of their lowest byte", () => {
    const names = collidingNames(0x2a, 6);
    for (const start of [0x2a, 0x1234562a, 0x7fffff2a])
      expect(new Set(names.map((name) => fnv(name, start))).size).toBe(1);
  });

  test("names that collide under FNV-1a whatever its start are found with few probes", () => {
    let worst = 0;
    for (let start = 0; start < 256; start++) {
      const table = new KeyTable();
      const names = collidingNames(start, 10).map((name) => encoder.encode(name));
      for (const name of names) if (table.find(name, 0, name.length) < 0) table.add(name, 0, name.length);
      expect(table.count).toBe(1024);
      worst = Math.max(worst, table.probes / names.length);
    }
    expect(worst).toBeLessThan(8);
  });

  test("depends on each byte, the order of bytes and their number", () => {
    const texts = ["", "\0", "\0\0", "\0\0\0\0", "a", "ab", "ba", "abc", "abcd", "abce", "abcde", "abcdf", "bbcde"];
    const hashes = texts.map((text) => hashBytes(encoder.encode(`xx${text}`), 2, 2 + text.length));
    expect(new Set(hashes).size).toBe(texts.length);
    expect(hashes.every((hash) => hash >= 0 && Number.isInteger(hash))).toBe(true);
  });
});

describe("runs of bytes, short and long ones", () => {
  test.each([0, 1, 63, 64, 65, 66, 1000])("of %i bytes are the same, or differ at any place", (size) => {
    const a = Uint8Array.from({ length: size + 9 }, (_, i) => i % 251);
    const b = new Uint8Array(size + 9);
    b.set(a.subarray(3, 3 + size), 5);
    expect(sameBytes(a, 3, b, 5, size)).toBe(true);
    expect(compareBytes(a, 3, size, b, 5, size)).toBe(0);
    for (let at = 0; at < size; at++) {
      const other = b.slice();
      other[5 + at] = (b[5 + at] ?? 0) + 1;
      expect(sameBytes(a, 3, other, 5, size)).toBe(false);
      expect(Math.sign(compareBytes(a, 3, size, other, 5, size))).toBe(-1);
      expect(Math.sign(compareBytes(other, 5, size, a, 3, size))).toBe(1);
    }
  });
});
