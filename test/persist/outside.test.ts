import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { commandUnderTest, Gateway, run } from "../program.ts";
import { ask, kill, Place, persistence, refusedStart } from "./place.ts";

/** A database of ours with some groups, one of them large. */
async function makeDatabase(file: string): Promise<void> {
  await using gateway = await Gateway.start([persistence(file)]);
  const many = Array.from({ length: 300 }, (_, i) => `# TYPE many_${i} gauge\nmany_${i} ${i}\n`).join("");
  await ask(gateway, "/metrics/job/large", { method: "PUT", body: many });
  for (let i = 0; i < 5; i++) await ask(gateway, `/metrics/job/j/instance/i${i}`, { method: "PUT", body: `m ${i}\n` });
  expect(await gateway.stop()).toBe(0);
}

function change(file: string, ...statements: string[]): void {
  using database = new Database(file);
  for (const statement of statements) database.run(statement);
}

const ROWS = "SELECT 'k' AS key, '{}' AS labels, 0.0 AS succeeded, 0.0 AS failed, '' AS exposition, x'' AS parts";

describe("a database whose schema is not ours, word for word, is refused; nothing of it is carried out", () => {
  const STRANGE: readonly { what: string; statements: readonly string[]; named: string }[] = [
    {
      what: "a view that never ends in the place of the groups",
      statements: [
        "DROP TABLE groups",
        `CREATE VIEW groups AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) ${ROWS} FROM r`,
      ],
      named: 'the view "groups"',
    },
    {
      what: "a view that never ends in the place of the segments",
      statements: [
        "DROP TABLE segments",
        "CREATE VIEW segments AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT 'k' AS key, n AS number, '' AS exposition, x'' AS parts FROM r",
      ],
      named: 'the view "segments"',
    },
    {
      what: "a trigger",
      statements: ["CREATE TRIGGER t AFTER INSERT ON groups BEGIN DELETE FROM groups; END"],
      named: 'the trigger "t"',
    },
    {
      what: "another column",
      statements: ["ALTER TABLE groups ADD COLUMN more TEXT"],
      named: 'the table "groups"',
    },
    {
      what: "a generated column",
      statements: ["ALTER TABLE groups ADD COLUMN more TEXT AS (hex(zeroblob(1000)))"],
      named: 'the table "groups"',
    },
    {
      what: "columns of other names",
      statements: ["ALTER TABLE groups RENAME COLUMN labels TO tags"],
      named: 'the table "groups"',
    },
    {
      what: "another table by a name as of one that was wiped",
      statements: ["CREATE TABLE wiped_1_groups (key TEXT NOT NULL PRIMARY KEY)"],
      named: 'the table "wiped_1_groups"',
    },
    { what: "another table", statements: ["CREATE TABLE accounts (name TEXT)"], named: 'the table "accounts"' },
    {
      what: "a virtual table",
      statements: ["CREATE VIRTUAL TABLE found USING fts5(words)"],
      named: 'the table "found"',
    },
    {
      what: "an index on an expression",
      statements: ["CREATE INDEX i ON groups (hex(exposition))"],
      named: 'the index "i"',
    },
    {
      what: "groups without a time to live",
      statements: ["ALTER TABLE groups DROP COLUMN ttl"],
      named: 'the table "groups"',
    },
    {
      what: "groups without ids of pushes",
      statements: ["ALTER TABLE groups DROP COLUMN push_ids"],
      named: 'the table "groups"',
    },
    {
      what: "of the version before, with ids of pushes",
      statements: ["PRAGMA user_version = 5"],
      named: 'the table "groups"',
    },
    {
      what: "of the version before the time to live, with one",
      statements: ["ALTER TABLE groups DROP COLUMN push_ids", "PRAGMA user_version = 4"],
      named: 'the table "groups"',
    },
    { what: "no groups", statements: ["DROP TABLE groups"], named: 'no table "groups"' },
    { what: "no segments", statements: ["DROP TABLE segments"], named: 'no table "segments"' },
    {
      what: "a table of left out rows that is another",
      statements: ["CREATE TABLE left_out (reason TEXT)"],
      named: 'the table "left_out"',
    },
    {
      what: "of the version before, with a view",
      statements: [
        "DROP TABLE segments",
        "DROP TABLE groups",
        `CREATE VIEW groups AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) ${ROWS} FROM r`,
        "PRAGMA user_version = 2",
      ],
      named: 'the view "groups"',
    },
    {
      what: "of the first version, with a trigger",
      statements: [
        "DROP TABLE segments",
        "ALTER TABLE groups DROP COLUMN ttl",
        "ALTER TABLE groups DROP COLUMN push_ids",
        "CREATE TRIGGER t AFTER UPDATE ON groups BEGIN DELETE FROM groups; END",
        "PRAGMA user_version = 1",
      ],
      named: 'the trigger "t"',
    },
  ];

  test.each([...STRANGE])("$what", async ({ statements, named }) => {
    using place = new Place();
    await makeDatabase(place.file);
    change(place.file, ...statements, "PRAGMA wal_checkpoint(TRUNCATE)");
    const before = readFileSync(place.file);
    const { code, stderr } = await refusedStart(place.file);
    const [error, ...others] = stderr.match(/level=error .*/g) ?? [];
    expect({ code, others }).toEqual({ code: 1, others: [] });
    expect(error).toContain(named.replaceAll('"', '\\"').replaceAll("\\\\", "\\"));
    expect(readFileSync(place.file).equals(before)).toBe(true);
    const exported = await run([...commandUnderTest(), "export", place.file]);
    expect({ code: exported.code, named: exported.stderr.includes(named) }).toEqual({ code: 1, named: true });
  });

  test("what ANALYZE adds is not strange, nor is a table of left out rows as ours is", async () => {
    using place = new Place();
    await makeDatabase(place.file);
    change(
      place.file,
      "ANALYZE",
      "CREATE TABLE left_out (\n  reason TEXT NOT NULL,\n  key TEXT NOT NULL,\n  labels TEXT NOT NULL,\n  succeeded REAL NOT NULL,\n  failed REAL NOT NULL,\n  exposition TEXT NOT NULL,\n  parts BLOB NOT NULL\n)",
      "VACUUM",
    );
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await gateway.lines("m{")).toHaveLength(5);
    expect(await gateway.lines("many_")).toHaveLength(600);
  });

  test("texts in UTF-16 are not ours", async () => {
    using place = new Place();
    using database = new Database(place.file);
    database.run("PRAGMA encoding = 'UTF-16le'");
    database.run("CREATE TABLE groups (key TEXT)");
    database.run(`PRAGMA application_id = ${0x50475754}`);
    database.run("PRAGMA user_version = 3");
    database.close();
    const { code, stderr } = await refusedStart(place.file);
    expect({ code, named: stderr.includes("UTF-16le") }).toEqual({ code: 1, named: true });
  });
});

describe("one database has one Pushgateway, whatever it is called", () => {
  const OTHER_NAMES: readonly { what: string; make: (place: Place) => string }[] = [
    {
      what: "a symbolic link",
      make: ({ folder }) => {
        const name = join(folder, "link.db");
        symlinkSync("f.db", name);
        return name;
      },
    },
    {
      what: "a link to a link in another folder",
      make: ({ file, folder }) => {
        mkdirSync(join(folder, "other"));
        symlinkSync(file, join(folder, "other", "one.db"));
        symlinkSync("one.db", join(folder, "other", "two.db"));
        return join(folder, "other", "two.db");
      },
    },
    {
      what: "a folder that is a link",
      make: ({ folder }) => {
        symlinkSync(folder, join(folder, "itself"));
        return join(folder, "itself", "f.db");
      },
    },
    {
      what: "a hard link",
      make: ({ file, folder }) => {
        const name = join(folder, "hard.db");
        linkSync(file, name);
        return name;
      },
    },
    {
      what: "a hard link in another folder",
      make: ({ file, folder }) => {
        mkdirSync(join(folder, "other"));
        linkSync(file, join(folder, "other", "hard.db"));
        return join(folder, "other", "hard.db");
      },
    },
  ];

  test.each([...OTHER_NAMES])("$what: the second is refused, and the first goes on", async ({ make }) => {
    using place = new Place();
    await using first = await Gateway.start([persistence(place.file)]);
    await ask(first, "/metrics/job/j", { method: "PUT", body: "m 1\n" });
    const name = make(place);
    const { code, stderr } = await refusedStart(name);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("another process uses it") });
    expect((await ask(first, "/metrics/job/j", { method: "PUT", body: "m 2\n" })).status).toBe(200);
    await kill(first);
    await using again = await Gateway.start([persistence(place.file)]);
    expect(await again.lines("m{")).toEqual(['m{instance="",job="j"} 2']);
  });

  test.each(OTHER_NAMES.filter(({ what }) => !what.includes("hard")))(
    "$what: a killed server's log is found by the other name, too",
    async ({ make }) => {
      using place = new Place();
      await using first = await Gateway.start([persistence(place.file)]);
      await ask(first, "/metrics/job/j", { method: "PUT", body: "m 1\n" });
      await kill(first);
      await using other = await Gateway.start([persistence(make(place))]);
      expect(await other.lines("m{")).toEqual(['m{instance="",job="j"} 1']);
    },
  );

  test("a copy by hard link, as backups make them, keeps nobody from starting", async () => {
    using place = new Place();
    await makeDatabase(place.file);
    linkSync(place.file, join(place.folder, "backup.db"));
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(await gateway.lines("m{")).toHaveLength(5);
  });
});

describe("a lock file that is something else", () => {
  test.each([
    { what: "a link to nothing", make: (name: string) => symlinkSync("target", name) },
    {
      what: "a link to a file",
      make: (name: string) => {
        writeFileSync(join(name, "..", "target"), "notes");
        symlinkSync("target", name);
      },
    },
    { what: "a folder", make: (name: string) => mkdirSync(name) },
  ])("$what: it is said, and nothing is made or changed where it leads", async ({ make }) => {
    using place = new Place();
    make(`${place.file}.lock`);
    const before = readdirSync(place.folder).sort();
    const target = join(place.folder, "target");
    const content = existsSync(target) ? readFileSync(target, "utf8") : null;
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect(gateway.stderr).toMatch(/err=".*f\.db\.lock is (a symbolic link|not a file): remove it"/);
    expect(readdirSync(place.folder).sort()).toEqual(before);
    expect(existsSync(target) ? readFileSync(target, "utf8") : null).toBe(content);
  });
});

describe("names that mean something to SQLite are those of files like any other", () => {
  const NAMES = [":memory:", " ", "file:f.db?mode=memory", "file:f.db?mode=ro", "f.db?vfs=none", "a'b\"c", "ä☃"];

  test.each(NAMES)("%p", async (name) => {
    using place = new Place();
    const words = ["env", "-C", place.folder];
    for (const value of [1, 2]) {
      await using gateway = await Gateway.start([persistence(name)], "", "http", words);
      expect(await gateway.lines("m{")).toEqual(value === 1 ? [] : ['m{instance="",job="j"} 1']);
      await ask(gateway, "/metrics/job/j", { method: "PUT", body: `m ${value}\n` });
      expect(await gateway.stop()).toBe(0);
    }
    expect(readdirSync(place.folder).sort()).toEqual([name, `${name}.lock`].sort());
    expect(lstatSync(join(place.folder, name)).isFile()).toBe(true);
  });

  test("a name that ends with a slash is none of a file", async () => {
    using place = new Place();
    const { code, stderr } = await refusedStart(`${place.folder}/`);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("it names a folder") });
  });
});
