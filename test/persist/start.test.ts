import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { Gateway } from "../program.ts";
import { ask, kill, Place, persistence, refusedStart } from "./place.ts";
import { bytesOf, expectRefusal, makeDatabase, sha256 } from "./refusal.ts";

function sql(file: string, statement: string): void {
  using database = new Database(file);
  database.run(statement);
}

describe("a start on a file that cannot be used exits with 1, names the file and leaves its bytes", () => {
  const BAD: readonly { what: string; make: (file: string) => void | Promise<void> }[] = [
    { what: "text", make: (file) => writeFileSync(file, "important notes\n".repeat(1_000)) },
    { what: "one byte", make: (file) => writeFileSync(file, "x") },
    { what: "random bytes", make: (file) => writeFileSync(file, crypto.getRandomValues(Buffer.alloc(20_000))) },
    { what: "a database of another application", make: (file) => sql(file, "CREATE TABLE accounts (name TEXT)") },
    {
      what: "a database cut short",
      make: async (file) => {
        await makeDatabase(file);
        truncateSync(file, statSync(file).size - 5_000);
      },
    },
    {
      what: "a database cut within its header",
      make: async (file) => {
        await makeDatabase(file);
        truncateSync(file, 50);
      },
    },
    {
      what: "a database with a page of garbage",
      make: async (file) => {
        await makeDatabase(file);
        const bytes = readFileSync(file);
        bytes.fill(0xa5, 4_096, 8_192);
        writeFileSync(file, bytes);
      },
    },
    {
      what: "a database with a last page of garbage",
      make: async (file) => {
        await makeDatabase(file);
        const bytes = readFileSync(file);
        bytes.fill(0xa5, bytes.length - 4_096);
        writeFileSync(file, bytes);
      },
    },
    {
      what: "a database of a newer schema",
      make: async (file) => {
        await makeDatabase(file);
        sql(file, "PRAGMA user_version = 1000");
      },
    },
    { what: "a directory", make: (file) => mkdirSync(file) },
  ];

  test.each([...BAD])("$what", async ({ make }) => {
    using place = new Place();
    await make(place.file);
    const before = bytesOf(place.file);
    expectRefusal(await refusedStart(place.file), place.file);
    expect(sha256(bytesOf(place.file))).toBe(sha256(before));
  });
});

describe("two processes on one file", () => {
  test("the second exits with 1 and names the file, the first goes on and keeps what is pushed later", async () => {
    using place = new Place();
    await using first = await Gateway.start([persistence(place.file)]);
    await ask(first, "/metrics/job/j", { method: "PUT", body: "m 1\n" });
    expectRefusal(await refusedStart(place.file), place.file);
    expect((await ask(first, "/metrics/job/j", { method: "PUT", body: "m 2\n" })).status).toBe(200);
    await kill(first);
    await using again = await Gateway.start([persistence(place.file)]);
    expect(await again.lines("m{")).toEqual(['m{instance="",job="j"} 2']);
  });

  test("another spelling of the path is the same file", async () => {
    using place = new Place();
    await using first = await Gateway.start([persistence(place.file)]);
    expect(first.running).toBe(true);
    const spelling = `${place.folder}/./f.db`;
    expectRefusal(await refusedStart(spelling), spelling);
  });
});

test("what was pushed is in files that nobody else may read", async () => {
  using place = new Place();
  await using gateway = await Gateway.start([persistence(place.file)]);
  await ask(gateway, "/metrics/job/j", { method: "PUT", body: "m 1\n" });
  for (const suffix of ["", "-wal", "-shm"]) expect(statSync(place.file + suffix).mode & 0o777).toBe(0o600);
});

test("where the file of a killed server was moved away, a new one does not take the log that it left for its own", async () => {
  using place = new Place();
  await using killed = await Gateway.start([persistence(place.file)]);
  await ask(killed, "/metrics/job/killed", { method: "PUT", body: "killed 1\n" });
  await kill(killed);
  renameSync(place.file, `${place.file}.kept`);
  for (let start = 0; start < 2; start++) {
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await gateway.lines("killed")).toEqual([]);
    await ask(gateway, "/metrics/job/new", { method: "PUT", body: "new 1\n" });
    await kill(gateway);
  }
  await using last = await Gateway.start([persistence(place.file)]);
  expect(await last.lines("new{")).toEqual(['new{instance="",job="new"} 1']);
  renameSync(`${place.file}-wal.kept`, `${place.file}.kept-wal`);
  await using earlier = await Gateway.start([persistence(`${place.file}.kept`)]);
  expect(await earlier.lines("killed{")).toEqual(['killed{instance="",job="killed"} 1']);
});
