import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "../../src/persist/schema.ts";
import { upgradeDatabase } from "../../src/persist/upgrade.ts";
import { contentOf, Kept, newFile, restored } from "./kept.ts";

/** A file of an earlier version, with the series of its largest family. */
const OLDER = [
  {
    what: "before pieces: a group of 3,000 families and one of 20,000 series",
    name: "schema-3.db.gz",
    groups: 2,
    job: "big",
    series: 20_000,
    ttls: [0],
  },
  {
    what: "before times to live: small groups, one of 400 families and one of 10,000 series",
    name: "schema-4.db.gz",
    groups: 4,
    job: "wide",
    series: 10_000,
    ttls: [0],
  },
  {
    what: "before ids of pushes: small groups, one of them with a time to live, and one of 5,000 series",
    name: "schema-5.db.gz",
    groups: 4,
    job: "wide",
    series: 5_000,
    ttls: [0, 600],
  },
];

test.each(OLDER)(
  "a file of the version $what: all is there, and written to",
  async ({ name, groups, job, series, ttls }) => {
    const file = newFile();
    writeFileSync(file, Bun.gunzipSync(readFileSync(join(import.meta.dir, name))));
    const before = restored(file);
    expect(before).toHaveLength(groups);
    upgradeDatabase(file, [], () => {});
    expect(restored(file)).toEqual(before);
    const database = new Database(file, { readonly: true });
    expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: SCHEMA_VERSION });
    expect(database.query("SELECT DISTINCT ttl FROM groups ORDER BY ttl").all()).toEqual(ttls.map((ttl) => ({ ttl })));
    expect(database.query("SELECT DISTINCT hex(push_ids) AS ids FROM groups").all()).toEqual([{ ids: "" }]);
    database.close();
    const kept = await Kept.on(file);
    expect(contentOf(kept.store)).toEqual(before);
    const lines = Array.from({ length: series }, (_, i) => `wide{n="${i}"} ${i + 1}\n`);
    expect(await kept.pushed(job, lines.join(""))).toBe("written");
    const id = { keyLow: 1, keyHigh: 2, contentLow: 3, contentHigh: 4 };
    const added = [1, 2].map(() => kept.push("new", "added 1\n", false, undefined, id));
    await kept.run();
    expect([await Promise.all(added), kept.store.stats.pushIds]).toEqual([[null, null], 1]);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  },
);
