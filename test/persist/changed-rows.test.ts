import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimFile } from "../../src/persist/claim.ts";
import { GroupDatabase } from "../../src/persist/database.ts";
import { type LeftOutRow, readGroups } from "../../src/persist/reading.ts";
import { upgradeDatabase } from "../../src/persist/upgrade.ts";
import { ask as askApp, createTestApp } from "../app.ts";
import { Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { Place, persistence, refusedStart } from "./place.ts";

const ROUNDS = Number(process.env.PUSHGATEWAY_CHANGED_ROWS ?? 100);
const SEED = Number(process.env.PUSHGATEWAY_CHANGED_SEED ?? Math.floor(Math.random() * 2 ** 31));
const PROTOBUF =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8";
const ROUTES: readonly { path: string; accept: string }[] = [
  { path: "/metrics", accept: "text/plain;version=0.0.4" },
  { path: "/metrics", accept: "text/plain;version=1.0.0;escaping=allow-utf-8" },
  { path: "/metrics", accept: PROTOBUF },
  { path: "/api/v1/metrics", accept: "application/json" },
  { path: "/", accept: "text/html" },
];

/** A database of today with every kind of metric and large groups, not too large. */
function makeDatabase(): string {
  const file = join(scratchFolder(), "f.db");
  writeFileSync(file, Bun.gunzipSync(readFileSync(join(import.meta.dir, "schema-2.db.gz"))));
  upgradeDatabase(file, [], () => {});
  using database = new Database(file);
  database.run("DELETE FROM segments WHERE number > 2");
  database.run("DELETE FROM segments WHERE octet_length(exposition) > 20000");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return file;
}

/** Bytes that mean something in rows. */
const TELLING = Buffer.from('"\\\n{},= _\0\xff\x80n1', "latin1");

/** Some bytes as a fault of a disk, or somebody with an editor, may have changed them. */
function changed(bytes: Buffer, random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  const at = below(bytes.length);
  const size = random() < 0.7 ? 1 : below(20);
  const anyByte = () => (random() < 0.6 ? (TELLING[below(TELLING.length)] as number) : below(256));
  const some = Buffer.from(Array.from({ length: size }, anyByte));
  const kind = random();
  if (kind < 0.5) return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at + size)]);
  if (kind < 0.65) return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)]);
  if (kind < 0.85) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
  if (kind < 0.9) return bytes.subarray(0, at);
  const from = below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + below(60)), bytes.subarray(at)]);
}

/** Changes one column of one row; gives what it was, for the message of a failure. */
function changeRow(file: string, random: () => number): string {
  using database = new Database(file);
  const table = random() < 0.6 ? "groups" : "segments";
  const rows = database.query(`SELECT rowid AS id FROM ${table}`).all() as { id: number }[];
  const { id } = rows[Math.floor(random() * rows.length)] as { id: number };
  const column = ["key", "exposition", "parts", "exposition", "parts"][Math.floor(random() * 5)] as string;
  const type = column === "parts" ? "BLOB" : "TEXT";
  const row = database.query(`SELECT CAST(${column} AS BLOB) AS bytes FROM ${table} WHERE rowid = ?`).get(id);
  const before = Buffer.from((row as { bytes: Uint8Array }).bytes);
  let after: Buffer = before;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) after = changed(after, random);
  const as = random() < 0.03 ? (type === "TEXT" ? "BLOB" : "TEXT") : type;
  database.query(`UPDATE OR IGNORE ${table} SET ${column} = CAST(? AS ${as}) WHERE rowid = ?`).run(after, id);
  return `${table} ${id} ${column}: ${JSON.stringify(after.toString("latin1")).slice(0, 300)}`;
}

/** Restores a file as a start does; the reason where it is refused. */
function restore(file: string, app: ReturnType<typeof createTestApp>, leftOut: LeftOutRow[]): string | null {
  try {
    for (const groups of readGroups(file, (row) => leftOut.push(row))) {
      const restoring = app.store.restoring(groups);
      while (restoring.step());
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("rows that somebody has changed", () => {
  test(`whatever they hold: they are left out by name, or all routes answer (PUSHGATEWAY_CHANGED_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    const original = makeDatabase();
    const file = join(scratchFolder(), "changed.db");
    let leftOutRows = 0;
    for (let round = 0; round < ROUNDS; round++) {
      copyFileSync(original, file);
      const what = changeRow(file, random);
      const app = createTestApp("--push.disable-consistency-check");
      const leftOut: LeftOutRow[] = [];
      const refused = restore(file, app, leftOut);
      if (refused !== null) {
        expect({ round, what, refused }).toEqual({
          round,
          what,
          refused: expect.stringMatching(/damaged|restoring the group/),
        });
        continue;
      }
      leftOutRows += leftOut.length;
      for (const { path, accept } of ROUTES) {
        const answer = await askApp(app.app, "GET", path, { headers: { accept } });
        const fault = await answer.arrayBuffer().then(
          () => null,
          (error: unknown) => String(error),
        );
        const { status } = answer;
        expect({ round, what, path, accept, status, fault }).toEqual({
          round,
          what,
          path,
          accept,
          status: 200,
          fault: null,
        });
      }
    }
    expect(leftOutRows).toBeGreaterThan(ROUNDS / 10);
  });

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
    for (const _ of readGroups(file, (row) => leftOut.push(row)));
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
    for (const _ of readGroups(file, (row) => again.push(row)));
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
