import { expect, test } from "bun:test";
import { PushColumns } from "../../src/model/columns.ts";
import { SampleRows } from "../../src/model/sample-rows.ts";

test("rows that grow over several turns keep what they hold, and have the room that was asked for", () => {
  const rows = new SampleRows(100_000, () => {});
  for (let i = 0; i < 1_000; i++) rows.add(i, i / 2, i * 3, i * 4);
  let turns = 0;
  while (!rows.reserveOn(5_000, 1_024)) turns++;
  // 12 bytes of integers and 16 of numbers a row.
  expect(turns).toBe(Math.ceil(12_000 / 1_024) + Math.ceil(16_000 / 1_024) - 2);
  const { capacity } = rows;
  for (let i = 1_000; i < 6_000; i++) rows.add(i, i / 2, i * 3, i * 4);
  expect(rows.capacity).toBe(capacity);
  for (let i = 0; i < 6_000; i++)
    expect([rows.bound(i), rows.value(i), rows.tokenAt(i), rows.tokenSize(i)]).toEqual([i, i / 2, i * 3, i * 4]);
});

test("they grow to their limit and not beyond", () => {
  let fullCount = 0;
  const rows = new SampleRows(100, () => fullCount++);
  for (let i = 0; i < 10; i++) rows.add(i, i, 0, 0);
  while (!rows.reserveOn(1_000_000, 64));
  expect(rows.capacity).toBe(300);
  for (let i = 10; i < 100; i++) rows.add(i, i, 0, 0);
  expect([fullCount, rows.bound(99)]).toEqual([0, 99]);
  rows.add(0, 0, 0, 0);
  expect(fullCount).toBe(1);
});

test("a push that begins while columns grow is not read into the rows of the one before", () => {
  const columns = new PushColumns();
  columns.begin(Buffer.from("a"));
  for (let i = 0; i < 1_000; i++) columns.addFamily(0, 1);
  expect(columns.reserveOn(100_000, 16)).toBe(false);
  columns.begin(Buffer.from("b"));
  expect(columns.addFamily(0, 1)).toBe(0);
  while (!columns.reserveOn(100_000, 1_000));
  expect([columns.families.count, columns.familyName(0)]).toEqual([1, "b"]);
});
