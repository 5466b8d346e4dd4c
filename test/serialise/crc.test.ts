import { expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { CrcJoiner } from "../../src/serialise/crc.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

function randomBytes(random: () => number, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
}

const SIZES = [0, 1, 2, 3, 7, 8, 255, 256, 4095, 8191, 8192, 65_537];

for (const sizeBytes of SIZES)
  test(`the checksum of two pieces follows from theirs, the second having ${sizeBytes} bytes`, () => {
    const random = seededRandom(sizeBytes);
    const joiner = new CrcJoiner();
    const second = randomBytes(random, sizeBytes);
    for (const firstBytes of SIZES.slice(0, 9)) {
      const first = randomBytes(random, firstBytes);
      expect(joiner.join(crc32(first), crc32(second), sizeBytes)).toBe(crc32(Buffer.concat([first, second])));
    }
  });

test(`the checksums of 2,000 random pieces join to that of all (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const joiner = new CrcJoiner();
  const pieces = Array.from({ length: 2_000 }, () => randomBytes(random, Math.floor(random() * 300)));
  const joined = pieces.reduce((crc, piece) => joiner.join(crc, crc32(piece), piece.length), 0);
  expect(joined).toBe(crc32(Buffer.concat(pieces)));
});

test("more lengths than are kept are joined as rightly", () => {
  const joiner = new CrcJoiner();
  const zeros = Buffer.alloc(10_000);
  const first = crc32("first");
  for (let size = 0; size < 10_000; size += 2)
    expect(joiner.join(first, crc32(zeros.subarray(0, size)), size)).toBe(crc32(zeros.subarray(0, size), first));
});

test("a piece longer than 4 GiB moves the checksum by as many zeros", () => {
  const joiner = new CrcJoiner();
  const half = joiner.join(0x12345678, 0, 2 ** 32);
  expect(joiner.join(half, 0, 2 ** 32)).toBe(joiner.join(0x12345678, 0, 2 ** 33));
});
