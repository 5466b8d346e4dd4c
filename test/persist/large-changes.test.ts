import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { contentOf, familiesBody, Kept, newFile, restored, rowSizes } from "./kept.ts";

setDefaultTimeout(60_000);

/** No batch is larger: one of small changes, a slice of large ones, and what one row more takes. */
const MOST_BATCH_BYTES = (1 << 20) + (512 << 10) + (160 << 10);

const wide = (name: string, lines: number): string =>
  Array.from({ length: lines }, (_, i) => `${name}{n="${i}",filler="${"x".repeat(200)}"} ${i}\n`).join("");

/** Large changes of each kind, some MB each. */
const LARGE: readonly { readonly what: string; readonly body: string }[] = [
  { what: "very many families", body: familiesBody(0, 30_000, 1) },
  { what: "one large family", body: wide("wide", 20_000) },
  {
    what: "long HELP texts",
    body: Array.from({ length: 100 }, (_, i) => `# HELP h${i} ${"h".repeat(60_000)}\nh${i} 1\n`).join(""),
  },
];

describe("a large push is written in slices", () => {
  test.each([...LARGE])("$what: a small push is in the next batch but one, and no batch is large", async ({ body }) => {
    const kept = await Kept.on(newFile());
    let isWritten = false;
    const large = kept.push("large", body).then((fault) => {
      isWritten = true;
      return fault;
    });
    let small = 0;
    while (!isWritten) {
      const before = kept.batches.length;
      const honest = kept.push(`honest${small++ % 50}`, `m ${small}\n`);
      let isAnswered = false;
      void honest.then(() => (isAnswered = true));
      while (!isAnswered) await kept.step();
      expect(kept.batches.length - before).toBeLessThanOrEqual(2);
    }
    expect(await large).toBeNull();
    expect(small).toBeGreaterThan(5);
    expect(Math.max(...kept.batches)).toBeLessThan(MOST_BATCH_BYTES);
    await kept.run();
    expect(rowSizes(kept.file, "staged")).toEqual([]);
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("small pushes, however many, do not hold up a large one, nor large ones each other", async () => {
    const kept = await Kept.on(newFile());
    const answered: string[] = [];
    const push = (job: string, body: string) => void kept.push(job, body).then(() => answered.push(job));
    push("large", familiesBody(0, 30_000, 1));
    push("less", familiesBody(0, 3_000, 1));
    for (let batch = 0; !answered.includes("large"); batch++) {
      for (let n = 0; n < 20; n++) push(`small${batch}`, `m${n} ${batch}\n`);
      await kept.step();
      expect(batch).toBeLessThan(200);
    }
    expect(answered.indexOf("less")).toBeLessThan(answered.indexOf("large"));
    await kept.run();
    kept.close();
  });

  test("changed while it is written, it is as it was pushed last", async () => {
    const kept = await Kept.on(newFile());
    const first = kept.push("large", familiesBody(0, 20_000, 1) + wide("wide", 10_000));
    for (let n = 0; n < 10; n++) {
      await kept.step();
      void kept.push("large", `family_${n * 1_000} ${n}\n${wide("wide", 5_000 + n)}`);
    }
    await kept.run();
    expect(await first).toBeNull();
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("a row that the file still has, for a commit failed, is not overwritten by one that does not count yet", async () => {
    const file = newFile();
    const kept = await Kept.on(file);
    expect(await kept.pushed("large", familiesBody(0, 1_000, 1))).toBe("written");
    const before = restored(file);
    kept.fault = "the disk is full";
    const failing = kept.push("large", "m 1\n", true);
    while (kept.batches.length < 2) await kept.step();
    expect((await failing)?.message).toContain("the disk is full");
    kept.fault = null;
    void kept.push("large", familiesBody(0, 30_000, 2));
    while (rowSizes(file, "staged").length === 0) await kept.step();
    expect(restored(file)).toEqual(before);
    await kept.run();
    expect(restored(file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("what was staged when the process ended is not read, and gone after the next start", async () => {
    const file = newFile();
    const kept = await Kept.on(file);
    expect(await kept.pushed("large", familiesBody(0, 5_000, 1))).toBe("written");
    const before = restored(file);
    const written = rowSizes(file, "segments").length;
    void kept.push("large", familiesBody(0, 30_000, 2) + wide("wide", 10_000));
    while (rowSizes(file, "staged").length === 0) await kept.step();
    kept.close();
    expect(rowSizes(file, "segments").length).toBeGreaterThan(written);
    expect(restored(file)).toEqual(before);
    const again = await Kept.on(file);
    expect([rowSizes(file, "segments").length, rowSizes(file, "staged"), rowSizes(file, "pieces")]).toEqual([
      written,
      [],
      [],
    ]);
    expect(contentOf(again.store)).toEqual(before);
    again.close();
  });

  test("a piece that is not ours leaves its segment out, and is kept with it in the table left_out", async () => {
    const file = newFile();
    const kept = await Kept.on(file);
    expect(await kept.pushed("large", wide("wide", 5_000))).toBe("written");
    kept.close();
    const pieces = rowSizes(file, "pieces").length;
    expect(pieces).toBeGreaterThan(5);
    using database = new Database(file);
    database.run("UPDATE pieces SET exposition = replace(exposition, 'filler', 'f ller') WHERE piece = 3");
    const leftOut: string[] = [];
    const again = await Kept.on(file, ({ reason }) => leftOut.push(reason));
    expect(leftOut).toHaveLength(1);
    again.close();
    const count = database.query("SELECT count(*) AS n FROM left_out").get();
    expect([count, rowSizes(file, "pieces"), rowSizes(file, "segments")]).toEqual([{ n: 1 + pieces }, [], []]);
  });
});

describe("while nothing can be written", () => {
  test("what is pushed and deleted is not remembered, and what was in the file once a group", async () => {
    const kept = await Kept.on(newFile());
    for (let n = 0; n < 100; n++) void kept.push(`old${n}`, "m 1\n");
    await kept.run();
    const emptyBytes = kept.persister.sizeBytes;
    kept.fault = "the disk is full";
    for (let round = 0; round < 100; round++) {
      for (let n = 0; n < 100; n++) void kept.push(`${n % 2 === 0 ? "old" : `new${round}x`}${n}`, "m 2\n");
      await kept.step();
      await kept.step();
      for (let n = 0; n < 100; n++) kept.delete(`${n % 2 === 0 ? "old" : `new${round}x`}${n}`);
      await kept.step();
    }
    expect(kept.persister.waitingGroups).toBeLessThanOrEqual(100);
    expect(kept.persister.sizeBytes - emptyBytes).toBeLessThan(100_000);
    kept.fault = null;
    await kept.run();
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    expect(rowSizes(kept.file, "groups")).toHaveLength(50);
    kept.close();
  });
});

test("what writing remembers counts for the size of the store", async () => {
  const kept = await Kept.on(newFile());
  const help = "h".repeat(700);
  const body = Array.from({ length: 1_000 }, (_, i) => `# HELP f${i} ${help}\nf${i} 1\n`).join("");
  kept.push("j", body);
  const before = kept.store.stats.sizeBytes;
  await kept.run();
  expect(kept.persister.sizeBytes).toBeGreaterThan(1_000 * 2 * help.length);
  expect(kept.store.stats.sizeBytes - before).toBeGreaterThanOrEqual(1_000 * 2 * help.length);
  kept.delete("j");
  kept.push("small", "m 1\n");
  await kept.run();
  expect(kept.persister.sizeBytes).toBeLessThan(1 << 20);
  kept.close();
});
