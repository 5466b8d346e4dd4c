import { expect, test } from "bun:test";
import { GrowingBytes } from "../../src/bytes/growing-bytes.ts";
import { SlicedCopy } from "../../src/bytes/sliced-copy.ts";

const MIB = 1024 * 1024;

/** The most bytes that one addition has copied, beyond a buffer that is copied at once. */
function mostCopied(run: (bytes: GrowingBytes) => void): { most: number; total: number } {
  const original = SlicedCopy.prototype.copyOn;
  const counts = { most: 0, total: 0 };
  SlicedCopy.prototype.copyOn = function (source, start, end, mostBytes) {
    const before = this.copiedBytes;
    const isAll = original.call(this, source, start, end, mostBytes);
    counts.most = Math.max(counts.most, this.copiedBytes - before);
    counts.total += this.copiedBytes - before;
    return isAll;
  };
  try {
    run(new GrowingBytes(0));
  } finally {
    SlicedCopy.prototype.copyOn = original;
  }
  return counts;
}

test.each([1_000, 65_536, 300_000])(
  "pieces of %d bytes come back as they were added, and few are copied at once",
  (size) => {
    const added = Math.ceil((40 * MIB) / size);
    let whole = new Uint8Array(0);
    const { most, total } = mostCopied((bytes) => {
      for (let i = 0; i < added; i++) {
        bytes.append(new Uint8Array(size).fill(i % 251));
        expect(bytes.sizeBytes).toBeLessThanOrEqual(4 * bytes.size + MIB);
      }
      whole = bytes.finish();
    });
    expect(whole.length).toBe(added * size);
    for (let i = 0; i < added; i += 7) {
      expect(whole[i * size]).toBe(i % 251);
      expect(whole[(i + 1) * size - 1]).toBe(i % 251);
    }
    expect(most).toBeLessThanOrEqual(Math.max(MIB + size, 4 * size));
    expect(total).toBeLessThanOrEqual(3 * added * size);
  },
);

test("no more memory is taken than may ever be added", () => {
  const bytes = new GrowingBytes(16, 3 * MIB);
  for (let i = 0; i < 48; i++) bytes.append(new Uint8Array(MIB / 16).fill(i));
  expect(bytes.bytes.length).toBe(3 * MIB);
  expect(bytes.sizeBytes).toBe(3 * MIB);
  bytes.free();
  expect([bytes.size, bytes.sizeBytes]).toEqual([0, 0]);
});
