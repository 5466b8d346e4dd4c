import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { claimFile } from "../../src/persist/claim.ts";
import { GroupDatabase } from "../../src/persist/database.ts";
import { type LeftOutRow, readKeptGroups } from "../../src/persist/reading.ts";
import { Gateway } from "../program.ts";
import { changedRowsTest, makeDatabase } from "./changed-rows.ts";
import { Place, persistence, refusedStart } from "./place.ts";

changedRowsTest(30);

describe("rows that somebody has changed", () => {
  test("what is left out is in the table left_out from then on, with the reason, and its segments with it", () => {
    const file = makeDatabase();
    using database = new Database(file);
    const count = (table: string) => (database.query(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
    const before = { groups: count("groups"), segments: count("segments") };
    database.run(
      `UPDATE groups SET exposition = replace(exposition, 'job=', 'jab=') WHERE key = 'job="many_families"'`,
    );
    const segments = database.query(`SELECT count(*) AS n FROM segments WHERE key = 'job="many_families"'`).get() as {
      n: number;
    };
    expect(segments.n).toBeGreaterThan(0);
    const leftOut: LeftOutRow[] = [];
    for (const _ of readKeptGroups(file, (row) => leftOut.push(row)));
    expect(leftOut).toHaveLength(1 + segments.n);
    new GroupDatabase(file, claimFile(file), leftOut).close();
    expect({ groups: count("groups"), segments: count("segments"), leftOut: count("left_out") }).toEqual({
      groups: before.groups - 1,
      segments: before.segments - segments.n,
      leftOut: 1 + segments.n,
    });
    const reasons = database.query("SELECT DISTINCT reason FROM left_out ORDER BY reason").all();
    expect(reasons).toEqual([
      { reason: expect.stringContaining("labels of its group") },
      { reason: "it is part of a group that is not there" },
    ]);
    const again: LeftOutRow[] = [];
    for (const _ of readKeptGroups(file, (row) => again.push(row)));
    expect(again).toEqual([]);
  });
});

/** Changes that were seen to end in a loop for ever, or with the runtime's own words in the log. */
const SEEN: readonly { what: string; statement: string }[] = [
  { what: "a key that is cut short", statement: `UPDATE groups SET key = 'job="evil' WHERE key = 'job="failing"'` },
  { what: "a key without values", statement: `UPDATE groups SET key = 'job' WHERE key = 'job="failing"'` },
  { what: "no key", statement: `UPDATE groups SET key = '' WHERE key = 'job="failing"'` },
  {
    what: "a key in another order",
    statement: `UPDATE groups SET key = 'zone="a",job="failing"' WHERE key = 'job="failing"'`,
  },
  {
    what: "a line that is cut short",
    statement: `UPDATE groups SET exposition = replace(exposition, 'ok{instance="",job="failing"} 1', 'ok{instance="",job="failing" 1') WHERE key = 'job="failing"'`,
  },
  {
    what: "places that are none",
    statement: `UPDATE groups SET parts = replace(parts, x'00000000', x'ffffff7f') WHERE key = 'job="failing"'`,
  },
  { what: "parts that are none", statement: `UPDATE groups SET parts = x'01' WHERE key = 'job="failing"'` },
  { what: "texts that are bytes", statement: `UPDATE groups SET key = CAST(key AS BLOB) WHERE key = 'job="failing"'` },
  { what: "times that are texts", statement: `UPDATE groups SET succeeded = 'never' WHERE key = 'job="failing"'` },
  { what: "times that are none", statement: `UPDATE groups SET failed = 9e999 WHERE key = 'job="failing"'` },
];

test.each([...SEEN])("$what: the start names the row, and serves the others", async ({ statement }) => {
  using place = new Place();
  copyFileSync(makeDatabase(), place.file);
  const before = new Database(place.file);
  before.run(statement);
  const groups = (before.query("SELECT count(*) AS n FROM groups").get() as { n: number }).n;
  before.close();
  const flags = ["--push.disable-consistency-check", "--push.enable-utf8-names"];
  await using gateway = await Gateway.start([persistence(place.file), ...flags]);
  expect(gateway.stderr.match(/not one of ours: it is left out.* table=groups /g)).toHaveLength(1);
  const { data } = (await (await fetch(`${gateway.url}/api/v1/metrics`)).json()) as { data: unknown[] };
  expect(data).toHaveLength(groups - 1);
  expect((await fetch(gateway.url)).status).toBe(200);
  expect(await gateway.stop()).toBe(0);
  expect(gateway.stderr).not.toMatch(/at \S+ \(|TypeError|RangeError/);
});

test("a group that has a family twice, in its own row and in a segment, refuses the start with words", async () => {
  using place = new Place();
  copyFileSync(makeDatabase(), place.file);
  const database = new Database(place.file);
  database.run(`INSERT INTO segments SELECT key, 1, exposition, parts FROM groups WHERE key = 'job="failing"'`);
  database.close();
  const { code, stderr } = await refusedStart(place.file);
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/restoring the group .*twice/) });
});
