import { expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import { pack, unpack } from "../../src/cluster/packing.ts";
import { frameContentBytes } from "../../src/cluster/zstd-frame.ts";
import { Fault } from "../../src/model/fault.ts";

const SIZES = [0, 1, 255, 256, 257, 65_791, 65_792, 300_000, 3_000_000];

function bytesOf(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sizeBytes).map((_, i) => (i * i) >>> (i % 7));
}

/** As programs write it that do not say the size, check the content, or write several frames. */
function otherForms(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const silent = { [constants.ZSTD_c_contentSizeFlag]: 0 };
  const checked = { [constants.ZSTD_c_checksumFlag]: 1 };
  const half = bytes.length >>> 1;
  return [
    new Uint8Array(zstdCompressSync(bytes)),
    new Uint8Array(zstdCompressSync(bytes, { params: silent })),
    new Uint8Array(zstdCompressSync(bytes, { params: checked })),
    new Uint8Array(Buffer.concat([pack(bytes.slice(0, half)), pack(bytes.slice(half))])),
  ];
}

test("what was packed is unpacked, in a buffer of its own, and its frame says how large it is", () => {
  for (const sizeBytes of SIZES) {
    const bytes = bytesOf(sizeBytes);
    const packed = pack(bytes);
    expect(frameContentBytes(packed)).toBe(sizeBytes);
    const unpacked = unpack(packed, sizeBytes);
    expect(unpacked).toEqual(bytes);
    expect(unpacked instanceof Uint8Array && unpacked.buffer.byteLength).toBe(sizeBytes);
  }
});

test("every other form of the same bytes is unpacked as well", () => {
  for (const sizeBytes of SIZES.filter((size) => size > 1))
    for (const packed of otherForms(bytesOf(sizeBytes))) expect(unpack(packed, sizeBytes)).toEqual(bytesOf(sizeBytes));
});

test("frames of another size than was said, cut ones, those with one after them and other bytes are faults", () => {
  const packed = pack(bytesOf(300_000));
  const isRefused = (bytes: Uint8Array<ArrayBuffer>, sizeBytes: number) => unpack(bytes, sizeBytes) instanceof Fault;
  for (const sizeBytes of [0, 1, 299_999, 300_001]) expect(isRefused(packed, sizeBytes)).toBe(true);
  for (let end = 0; end < packed.length; end += 997) expect(isRefused(packed.slice(0, end), 300_000)).toBe(true);
  expect(isRefused(pack(new Uint8Array(100_000_000)), 1_000)).toBe(true);
  expect(isRefused(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 8)).toBe(true);
  const twice = new Uint8Array(Buffer.concat([packed, packed]));
  expect(frameContentBytes(twice)).toBe(-1);
  expect(isRefused(twice, 300_000)).toBe(true);
});

test("a frame that says less than it has is a fault", () => {
  const packed = pack(bytesOf(300_000));
  const view = new DataView(packed.buffer);
  const sizeAt = 5 + ((view.getUint8(4) & 0x20) === 0 ? 1 : 0);
  view.setUint32(sizeAt, 1_000, true);
  expect(frameContentBytes(packed)).toBe(1_000);
  expect(unpack(packed, 1_000)).toBeInstanceOf(Fault);
});
