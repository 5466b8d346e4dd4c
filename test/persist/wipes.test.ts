import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { eventually, Gateway } from "../program.ts";
import { contentOf, Kept, newFile, restored } from "./kept.ts";
import { ask, kill, Place, persistence } from "./place.ts";

const GROUPS = 1_000;

/** A file with many groups, one of them in segments, that is open. */
async function filled(file: string): Promise<Kept> {
  const kept = await Kept.on(file);
  for (let i = 0; i < GROUPS; i++) void kept.push(`j${i}`, `a ${i}\n`);
  void kept.push("large", Array.from({ length: 3_000 }, (_, i) => `family_${i} ${"1".repeat(15)}\n`).join(""));
  await kept.run();
  return kept;
}

/** The names of the tables from before wipes, with the number of their rows. */
function wipedTables(file: string): [name: string, rows: number][] {
  using database = new Database(file, { readonly: true });
  const names = database.query("SELECT name FROM sqlite_schema WHERE name LIKE 'wiped%' ORDER BY name").all();
  return (names as { name: string }[]).map(({ name }) => {
    const { rows } = database.query(`SELECT count(*) AS rows FROM ${name}`).get() as { rows: number };
    return [name, rows];
  });
}

const rowsOf = (file: string): number => wipedTables(file).reduce((sum, [, rows]) => sum + rows, 0);

describe("a wipe", () => {
  test("is durable with its commit, which deletes no row; these go some at a time, and what is pushed stays", async () => {
    const file = newFile();
    const kept = await filled(file);
    kept.store.wipe();
    const wiped = kept.persister.settled(null);
    await kept.run();
    expect(await wiped).toBeNull();
    expect(restored(file)).toEqual([]);
    const before = rowsOf(file);
    expect(before).toBeGreaterThan(GROUPS);
    await kept.pushed("after", "b 1\n");
    for (let rows = before, more = true; more; ) {
      more = kept.deleteWiped();
      const left = rowsOf(file);
      expect(rows - left).toBeLessThanOrEqual(64);
      rows = left;
    }
    expect(wipedTables(file)).toEqual([]);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("and the next ones, while rows of the first are there", async () => {
    const file = newFile();
    const kept = await filled(file);
    for (let wipe = 0; wipe < 3; wipe++) {
      kept.store.wipe();
      await kept.run();
      await kept.pushed(`after${wipe}`, "b 1\n");
      kept.deleteWiped();
    }
    expect(restored(file)).toEqual(contentOf(kept.store));
    expect(new Set(wipedTables(file).map(([name]) => name)).size).toBeGreaterThan(8);
    while (kept.deleteWiped());
    expect(wipedTables(file)).toEqual([]);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("whose rows were there at the end is gone on with at the next start", async () => {
    const file = newFile();
    const before = await filled(file);
    before.store.wipe();
    await before.run();
    before.deleteWiped();
    before.close();
    const kept = await Kept.on(file);
    expect(contentOf(kept.store)).toEqual([]);
    await kept.pushed("j1", "c 1\n");
    while (kept.deleteWiped());
    expect(wipedTables(file)).toEqual([]);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("that was answered is true after a kill, and the rows go without being asked", async () => {
    using place = new Place();
    const { file } = place;
    const flags = [persistence(file), "--web.enable-admin-api"];
    {
      await using gateway = await Gateway.start(flags);
      const pushes = Array.from({ length: 600 }, (_, i) =>
        ask(gateway, `/metrics/job/j/instance/i${i}`, { method: "PUT", body: `m ${i}\n` }),
      );
      await Promise.all(pushes);
      expect((await ask(gateway, "/api/v1/admin/wipe", { method: "PUT" })).status).toBe(202);
      expect((await ask(gateway, "/metrics/job/after", { method: "PUT", body: "m 1\n" })).status).toBe(200);
      await kill(gateway);
    }
    await using gateway = await Gateway.start(flags);
    const { body } = await ask(gateway, "/metrics");
    expect(body.toString().match(/^m\{.*/gm)).toEqual(['m{instance="",job="after"} 1']);
    await eventually("no table is left", async () => wipedTables(file).length === 0);
    expect(await gateway.stop()).toBe(0);
  });
});

describe("beside the removal of very many groups", () => {
  test("a push is durable with the next commit or the one behind it", async () => {
    const file = newFile();
    const kept = await filled(file);
    for (let i = 0; i < GROUPS; i++) kept.delete(`j${i}`);
    await kept.step();
    const { length } = kept.batches;
    let batches = 0;
    void kept.push("other", "b 1\n").then(() => (batches = kept.batches.length - length));
    await kept.run();
    expect(batches).toBeLessThanOrEqual(2);
    expect(kept.batches.length - length).toBeGreaterThan(2);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("a push to the key of one that is still to be removed comes behind its removal", async () => {
    const file = newFile();
    const kept = await filled(file);
    for (let i = 0; i < GROUPS; i++) kept.delete(`j${i}`);
    kept.delete("large");
    const settled = [`j${GROUPS - 1}`, "large", "j0"].map((job) => kept.push(job, "b 1\n"));
    await kept.run();
    expect(await Promise.all(settled)).toEqual([null, null, null]);
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });
});
