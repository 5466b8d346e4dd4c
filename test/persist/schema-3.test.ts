import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_VERSION } from "../../src/persist/schema.ts";
import { upgradeDatabase } from "../../src/persist/upgrade.ts";
import { contentOf, Kept, newFile, restored } from "./kept.ts";

test("a file of the version before pieces: a group of 3,000 families and one of 20,000 series are there, and written to", async () => {
  const file = newFile();
  writeFileSync(file, Bun.gunzipSync(readFileSync(join(import.meta.dir, "schema-3.db.gz"))));
  const before = restored(file);
  expect(before).toHaveLength(2);
  upgradeDatabase(file, [], () => {});
  expect(restored(file)).toEqual(before);
  const database = new Database(file, { readonly: true });
  expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: SCHEMA_VERSION });
  database.close();
  const kept = await Kept.on(file);
  expect(contentOf(kept.store)).toEqual(before);
  const lines = Array.from({ length: 20_000 }, (_, i) => `wide{n="${i}"} ${i + 1}\n`);
  expect(await kept.pushed("big", lines.join(""))).toBe("written");
  expect(restored(file)).toEqual(contentOf(kept.store));
  kept.close();
});
