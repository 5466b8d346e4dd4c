import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Float64Column, Int32Column } from "../../src/bytes/columns.ts";

const MIB = 1024 * 1024;

/** Bytes in memory that nobody may read or write: what resizable buffers have cut off and not given back. */
function cutOffBytes(): number {
  const [, ...mappings] = readFileSync("/proc/self/smaps", "latin1").split(/^[0-9a-f]+-[0-9a-f]+ (?=[-r])/m);
  const cutOff = mappings.filter((mapping) => mapping.startsWith("---p"));
  return 1024 * cutOff.reduce((sum, mapping) => sum + Number(/^Rss:\s+(\d+) kB$/m.exec(mapping)?.[1]), 0);
}

const COLUMNS = [
  { name: "integers", column: () => new Int32Column(), rowBytes: 4 },
  { name: "doubles", column: () => new Float64Column(), rowBytes: 8 },
];

test.each(COLUMNS)("$name: pages of a column that shrinks are given back", ({ column: make, rowBytes }) => {
  const column = make();
  const before = cutOffBytes();
  column.ensure((32 * MIB) / rowBytes);
  column.rows.fill(1);
  column.trim(1);
  expect(column.sizeBytes).toBeLessThanOrEqual(64 * 1024);
  expect(cutOffBytes() - before).toBeLessThan(MIB);
});

test.each(COLUMNS)("$name: a column that shrank keeps the rows that are needed; new ones are 0", ({ column: make }) => {
  const column = make();
  column.ensure(1_000_000);
  column.rows.fill(7);
  column.trim(3_000);
  expect(column.rows.subarray(0, 3_000).every((value) => value === 7)).toBe(true);
  column.ensure(1_000_000);
  expect(column.rows.subarray(10_000, 1_000_000).every((value) => value === 0)).toBe(true);
});
