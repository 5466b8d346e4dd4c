import { describe, expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import { decodeBody } from "../../src/decode/content-encoding.ts";
import { Rejection } from "../../src/model/rejection.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;
const CUT_SHORT = "malformed: decoding the zstd body: it is cut short";

const zstd = (content: string | Uint8Array, params: Record<number, number> = {}): Uint8Array =>
  new Uint8Array(zstdCompressSync(content, { params }));
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
/** A frame that is to be skipped, with so many bytes in it. */
const skipped = (size: number): Uint8Array =>
  join(Uint8Array.fromHex("5a2a4d18"), Uint8Array.of(size & 255, size >> 8, 0, 0), new Uint8Array(size));

/** The content as text, or the rejection's kind and message. */
async function outcome(body: Uint8Array, maxSizeBytes = LIMIT_BYTES): Promise<string> {
  const content = await decodeBody(body, "zstd", maxSizeBytes);
  return content instanceof Rejection ? `${content.kind}: ${content.message}` : new TextDecoder().decode(content);
}

describe("is decoded", () => {
  const noise = Array.from({ length: 40_000 }, (_, i) => `a{x="${(i * 7919) % 40_000}"} ${i}\n`).join("");
  const rows: readonly [string, Uint8Array, string][] = [
    ["one frame", zstd("a 1\n"), "a 1\n"],
    ["a frame with a checksum", zstd("a 1\n", { [constants.ZSTD_c_checksumFlag]: 1 }), "a 1\n"],
    ["a frame without the size of its content", zstd("a 1\n", { [constants.ZSTD_c_contentSizeFlag]: 0 }), "a 1\n"],
    ["an empty frame", zstd(""), ""],
    ["frames, some of them to be skipped", join(skipped(3), zstd("a 1\n"), skipped(0), zstd("b 1\n")), "a 1\nb 1\n"],
    ["a large body", zstd(noise), noise],
    ["many frames", join(...Array.from({ length: 20_000 }, () => zstd("a 1\n"))), "a 1\n".repeat(20_000)],
    ["a small body of much", zstd("a 1\n".repeat(1_000_000)), "a 1\n".repeat(1_000_000)],
  ];
  test.each(rows)("%s", async (_, body, content) => {
    expect((await outcome(body)) === content).toBe(true);
  });

  test.each(["zstd", "ZSTD"])("where the encoding is %s", async (encoding) => {
    expect(await decodeBody(zstd("a 1\n"), encoding, LIMIT_BYTES)).toEqual(new TextEncoder().encode("a 1\n"));
  });
});

test.each(["", "a 1\n", "(\u00b5/", "\x1f\x8b"])("a body that is none is left as it is: %p", (text) => {
  const body = new TextEncoder().encode(text);
  expect(decodeBody(body, "zstd", LIMIT_BYTES)).toBe(body);
});

test("a body that is cut short anywhere is refused", async () => {
  const whole = join(skipped(2), zstd("a 1\n".repeat(50), { [constants.ZSTD_c_checksumFlag]: 1 }));
  for (let size = 4; size < whole.length; size++)
    if (size !== skipped(2).length) expect([size, await outcome(whole.slice(0, size))]).toEqual([size, CUT_SHORT]);
});

test("a large body that is cut short is refused", async () => {
  const noise = Array.from({ length: 40_000 }, (_, i) => `a{x="${(i * 7919) % 40_000}"} ${i}\n`).join("");
  expect(await outcome(zstd(noise).slice(0, -1))).toBe(CUT_SHORT);
});

describe("is refused with the reason", () => {
  const rows: readonly [string, Uint8Array, string][] = [
    ["what follows the frames", join(zstd("a 1\n"), Uint8Array.of(1, 2, 3, 4, 5)), "expected a frame at byte 13"],
    ["a window of 128 MiB", Uint8Array.fromHex("28b52ffd00880b000041"), "a frame needs a window of more than 8 MiB"],
    ["content beyond its stated size", Uint8Array.fromHex("28b52ffd2100502b4d1800"), "a frame holds more than it says"],
    ["a block of the reserved type", Uint8Array.fromHex("28b52ffd0000070000"), "a block of an unknown type at byte 6"],
    [
      "a wrong checksum",
      flipped(zstd("a 1\n", { [constants.ZSTD_c_checksumFlag]: 1 })),
      "Restored data doesn't match checksum",
    ],
  ];
  test.each(rows)("%s", async (_, body, reason) => {
    expect(await outcome(body)).toBe(`malformed: decoding the zstd body: ${reason}`);
  });
});

/** The same with another last byte. */
function flipped(bytes: Uint8Array): Uint8Array {
  return join(bytes.slice(0, -1), Uint8Array.of((bytes.at(-1) ?? 0) ^ 1));
}

test("no more is decoded than may be", async () => {
  const words = (size: number) =>
    `too-large: decoding the zstd body: more than the limit of ${size} bytes (--push.max-decompressed-size)`;
  expect(await outcome(zstd("a 1\n"), 4)).toBe("a 1\n");
  expect(await outcome(zstd("a 1\n"), 3)).toBe(words(3));
  const large = zstd(new Uint8Array(2 ** 26), { [constants.ZSTD_c_contentSizeFlag]: 0 });
  expect(await outcome(large, 2 ** 25)).toBe(words(2 ** 25));
  expect(await outcome(join(...Array.from({ length: 40 }, () => zstd(new Uint8Array(2 ** 20)))), 2 ** 25)).toBe(
    words(2 ** 25),
  );
});
