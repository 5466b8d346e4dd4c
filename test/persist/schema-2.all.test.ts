import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "../../src/persist/schema.ts";
import { commandUnderTest, Gateway, run } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { ask, kill, Place, persistence, Starting } from "./place.ts";

/**
 * What the version before segments wrote: metrics of every type, from text and protobuf, names in quotes, refused
 * pushes, empty families, contradictions, groups of hundreds of families, and families of a thousand series.
 */
const DATABASE = Bun.gunzipSync(readFileSync(join(import.meta.dir, "schema-2.db.gz")));
/** What it sent Prometheus of that, sorted; without its own metrics. */
const LINES = Buffer.from(Bun.gunzipSync(readFileSync(join(import.meta.dir, "schema-2.prom.gz"))))
  .toString()
  .trimEnd()
  .split("\n");
const OWN_LINE = /^(# (HELP|TYPE) )?(process|pushgateway)_|^$/;
const FLAGS = ["--push.disable-consistency-check", "--push.enable-utf8-names"];
const ROUNDS = Number(process.env.PUSHGATEWAY_CRASH_ROUNDS ?? 10);
const SEED = Number(process.env.PUSHGATEWAY_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const UPGRADE_MS = 60;

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const sortedLines = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => !OWN_LINE.test(line))
    .sort(bytewise);

const linesOf = async (gateway: Gateway): Promise<string[]> => sortedLines(await gateway.scrape());
const EXPECTED = [...LINES].sort(bytewise);

test("a file of the version before is brought up to date: every line is there, large groups have segments, and so after a kill", async () => {
  using place = new Place();
  writeFileSync(place.file, DATABASE);
  for (let start = 0; start < 2; start++) {
    await using gateway = await Gateway.start([persistence(place.file), ...FLAGS]);
    expect(await linesOf(gateway)).toEqual(EXPECTED);
    expect(gateway.stderr.match(/brought up to date/g) ?? []).toHaveLength(start === 0 ? 1 : 0);
    await kill(gateway);
  }
  await using last = await Gateway.start([persistence(place.file), ...FLAGS]);
  expect(await last.stop()).toBe(0);
  using database = new Database(place.file, { readonly: true });
  expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: SCHEMA_VERSION });
  const large = "SELECT count(*) AS rows FROM groups WHERE octet_length(exposition) + octet_length(parts) > 16384";
  expect(database.query(large).get()).toEqual({ rows: 0 });
  expect(database.query("SELECT DISTINCT key FROM segments ORDER BY key").all()).toEqual(
    ['instance="x",job="large_both"', 'job="many_families"', 'job="one_large_family"'].map((key) => ({ key })),
  );
});

test("the groups go on: pushes to them change what was restored", async () => {
  using place = new Place();
  writeFileSync(place.file, DATABASE);
  const push = (gateway: Gateway, body: string, method: "PUT" | "POST") =>
    ask(gateway, "/metrics/job/many_families", { method, body });
  for (const method of ["POST", "PUT"] as const) {
    await using gateway = await Gateway.start([persistence(place.file), ...FLAGS]);
    expect((await push(gateway, "# TYPE many_0007 gauge\nmany_0007 8\n", method)).status).toBe(202);
    await kill(gateway);
    await using again = await Gateway.start([persistence(place.file), ...FLAGS]);
    const lines = await again.lines('job="many_families"');
    expect(lines.filter((line) => line.startsWith("many_0007"))).toEqual([
      'many_0007{instance="",job="many_families"} 8',
    ]);
    // Two series of each of the other 399 families, or none; and the two push times.
    expect(lines).toHaveLength(1 + 2 + (method === "POST" ? 2 * 399 : 0));
    await again.stop();
  }
});

test("an export of it as it is has every line, and the file stays what it was", async () => {
  using place = new Place();
  writeFileSync(place.file, DATABASE);
  const { code, stdout } = await run([...commandUnderTest(), "export", place.file]);
  expect(code).toBe(0);
  // Of names in quotes a scrape has another form.
  const others = (lines: readonly string[]) => lines.filter((line) => !/job="quoted"| "?a[._][bc]"? /.test(line));
  expect(others(sortedLines(stdout))).toEqual(others(EXPECTED));
  expect(readFileSync(place.file).equals(Buffer.from(DATABASE))).toBe(true);
});

test(`a kill at any time leaves a file that the next start brings up to date (PUSHGATEWAY_CRASH_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    using place = new Place();
    writeFileSync(place.file, DATABASE);
    const server = await Starting.on(place.file);
    await Bun.sleep(20 + random() * UPGRADE_MS);
    server.signal("SIGKILL");
    await server[Symbol.asyncDispose]();
    await using gateway = await Gateway.start([persistence(place.file), ...FLAGS]);
    expect({ round, lines: await linesOf(gateway) }).toEqual({ round, lines: EXPECTED });
    await gateway.stop();
  }
});
