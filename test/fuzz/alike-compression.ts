import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { compress } from "snappyjs";
import { decodeBody } from "../../src/decode/content-encoding.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { Dice } from "./dice.ts";

const MAX_FRAME_BYTES = 65_536;
const IDENTIFIER = Uint8Array.of(0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59);

/** Compresses `count` random contents with zlib, snappyjs and libzstd; gives those that we decode to something else. */
export async function compareCompressed(seed: number, count: number): Promise<string[]> {
  const dice = new Dice(seed);
  const differences: string[] = [];
  for (let i = 0; i < count; i++) {
    const content = randomContent(dice);
    for (const [encoding, body] of [
      ["gzip", gzipMembers(dice, content)],
      ["snappy", snappyFrames(dice, content)],
      ["zstd", zstdFrames(dice, content)],
    ] as const) {
      const decoded = await decodeBody(body, encoding, content.length + 1);
      if (decoded instanceof Rejection || Buffer.compare(decoded, content) !== 0)
        differences.push(
          `${encoding} of ${content.length} bytes: ${decoded instanceof Rejection ? decoded.message : "other bytes"}`,
        );
    }
  }
  return differences;
}

/** Pieces of noise, of one byte, and of what came before. */
function randomContent(dice: Dice): Uint8Array {
  let content = Buffer.alloc(0);
  for (let pieces = dice.size(12); pieces > 0; pieces--) {
    const size = dice.size(40_000);
    const start = dice.below(content.length + 1);
    const piece = dice.pick([
      () => dice.bytes(size >> 4),
      () => Buffer.alloc(size, dice.below(256)),
      () => content.subarray(start, start + size),
    ]);
    content = Buffer.concat([content, piece()]);
  }
  return content;
}

/** The parts of some content, in order. */
function split(dice: Dice, content: Uint8Array, maxBytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; ) {
    const size = 1 + dice.below(Math.min(maxBytes, content.length - at));
    parts.push(content.subarray(at, at + size));
    at += size;
  }
  return parts;
}

function gzipMembers(dice: Dice, content: Uint8Array): Uint8Array {
  const parts = dice.chance(0.5) || content.length === 0 ? [content] : split(dice, content, content.length);
  return Buffer.concat(parts.map((part) => gzipSync(part, { level: dice.below(10) })));
}

/** One frame or more, with and without the size of its content and a checksum; some of them are to be skipped. */
function zstdFrames(dice: Dice, content: Uint8Array): Uint8Array {
  const parts = dice.chance(0.5) || content.length === 0 ? [content] : split(dice, content, content.length);
  const frames = parts.flatMap((part) => {
    const skipped = dice.chance(0.1) ? [skippedFrame(dice.bytes(dice.below(9)))] : [];
    const params = {
      [constants.ZSTD_c_compressionLevel]: 1 + dice.below(6),
      [constants.ZSTD_c_checksumFlag]: dice.below(2),
      [constants.ZSTD_c_contentSizeFlag]: dice.below(2),
    };
    return [zstdCompressSync(part, { params }), ...skipped];
  });
  return Buffer.concat(frames);
}

/** RFC 8878, section 3.1.2. */
function skippedFrame(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, payload.length, 0, 0, 0), payload]);
}

/** The framing format (https://github.com/google/snappy/blob/main/framing_format.txt), written from its text. */
export function snappyFrames(dice: Dice, content: Uint8Array): Uint8Array {
  const frames = split(dice, content, MAX_FRAME_BYTES).flatMap((part) => {
    const isPlain = dice.chance(0.2);
    const skipped = dice.chance(0.1) ? [frame(0xfe, dice.bytes(dice.below(9)))] : [];
    const payload = isPlain ? part : new Uint8Array(compress(part));
    return [...skipped, frame(isPlain ? 1 : 0, Buffer.concat([checksum(part), payload]))];
  });
  return Buffer.concat([IDENTIFIER, ...frames]);
}

function frame(type: number, payload: Uint8Array): Uint8Array {
  const size = payload.length;
  return Buffer.concat([Uint8Array.of(type, size & 0xff, (size >> 8) & 0xff, size >> 16), payload]);
}

/** CRC-32C bit by bit, masked as the framing format says. */
function checksum(content: Uint8Array): Uint8Array {
  let crc = -1;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}
