import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LeftOutRow, readKeptGroups } from "../../src/persist/reading.ts";
import { upgradeDatabase } from "../../src/persist/upgrade.ts";
import { ask as askApp, createTestApp } from "../app.ts";
import { scratchFolder } from "../scratch.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

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
export function makeDatabase(): string {
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
    for (const groups of readKeptGroups(file, (row) => leftOut.push(row))) {
      const restoring = app.store.restoring(groups);
      while (restoring.step());
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Changes a row at random, so many times, as a test. */
export function changedRowsTest(rounds: number): void {
  test(`rows that somebody has changed, whatever they hold: they are left out by name, or all routes answer (PUSHGATEWAY_CHANGED_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    const original = makeDatabase();
    const file = join(scratchFolder(), "changed.db");
    let leftOutRows = 0;
    for (let round = 0; round < rounds; round++) {
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
    expect(leftOutRows).toBeGreaterThan(rounds / 10);
  });
}
