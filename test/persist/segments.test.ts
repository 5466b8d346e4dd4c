import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Rejection } from "../../src/model/rejection.ts";
import { contentOf, familiesBody, Kept, newFile, restored, rowSizes } from "./kept.ts";

setDefaultTimeout(60_000);

describe("a large group", () => {
  test("a push writes its change and not the group: the bytes of a batch do not grow with it", async () => {
    const kept = await Kept.on(newFile());
    const sizes = [];
    for (let from = 0; from < 8_000; from += 1_000) {
      kept.push("large", familiesBody(from, from + 1_000, 1));
      await kept.run();
      kept.push("large", "family_500 2\n");
      await kept.run();
      sizes.push(kept.batches.at(-1));
    }
    expect(Math.max(...sizes.map(Number))).toBeLessThan(40_000);
    // All of it once, and no more than twice what is kept.
    const keptBytes = [...rowSizes(kept.file, "groups"), ...rowSizes(kept.file, "segments")].reduce((a, b) => a + b, 0);
    expect(kept.batches.reduce((a, b) => a + b, 0)).toBeLessThan(2 * keptBytes);
    kept.close();
  });

  test("no row is larger than some pages, and none of a single family's than 64 KiB", async () => {
    const kept = await Kept.on(newFile());
    kept.push("large", familiesBody(0, 2_000, 1));
    kept.push("large", Array.from({ length: 5_000 }, (_, i) => `wide{part="${i}"} 1\n`).join(""));
    await kept.run();
    const [largest, ...others] = rowSizes(kept.file, "segments").sort((a, b) => b - a);
    const pieces = rowSizes(kept.file, "pieces");
    expect(pieces.reduce((sum, size) => sum + size, Number(largest))).toBeGreaterThan(100_000);
    expect(Math.max(Number(largest), ...pieces)).toBeLessThanOrEqual(64 << 10);
    expect(Math.max(...others, ...rowSizes(kept.file, "groups"))).toBeLessThanOrEqual(16 << 10);
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("rows of segments go with their families and with the group", async () => {
    const kept = await Kept.on(newFile());
    kept.push("large", familiesBody(0, 2_000, 1));
    await kept.run();
    expect(rowSizes(kept.file, "segments").length).toBeGreaterThan(10);
    kept.push("large", familiesBody(0, 3, 1), true);
    await kept.run();
    expect(rowSizes(kept.file, "segments")).toEqual([]);
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.push("large", familiesBody(0, 2_000, 1));
    await kept.run();
    kept.delete("large");
    await kept.run();
    expect([...rowSizes(kept.file, "groups"), ...rowSizes(kept.file, "segments")]).toEqual([]);
    kept.close();
  });

  test("what rows are written with does not stay taken", async () => {
    const kept = await Kept.on(newFile());
    const help = "h".repeat(60_000);
    for (let round = 0; round < 3; round++) {
      const body = Array.from({ length: 200 }, (_, i) => `# HELP f${round}_${i} ${help}\nf${round}_${i} 1\n`).join("");
      kept.push(`j${round}`, body);
      await kept.run();
    }
    for (let round = 0; round < 3; round++) kept.delete(`j${round}`);
    kept.push("small", "m 1\n");
    await kept.run();
    expect(kept.persister.sizeBytes).toBeLessThan(1 << 20);
    kept.close();
  });

  test("heads that are remembered are bounded, however many families there are", async () => {
    const kept = await Kept.on(newFile());
    for (let job = 0; job < 30; job++) {
      const from = job * 1_000;
      const help = "h".repeat(700);
      const body = Array.from({ length: 1_000 }, (_, i) => `# HELP f${from + i} ${help}\nf${from + i} 1\n`).join("");
      kept.push(`j${job}`, body);
      await kept.run();
    }
    expect(kept.persister.sizeBytes).toBeLessThan(16 << 20);
    kept.close();
  });
});

describe("a row that cannot be written", () => {
  async function withForbidden(): Promise<{ kept: Kept; allow: () => void }> {
    const kept = await Kept.on(newFile());
    const run = (statement: string) => {
      using other = new Database(kept.file);
      other.run(statement);
    };
    for (const event of ["INSERT", "UPDATE"])
      run(`CREATE TRIGGER no_${event} BEFORE ${event} ON groups WHEN new.key = 'job="bad"' AND instr(new.exposition, 'forbidden') > 0
        BEGIN SELECT RAISE(ABORT, 'it is forbidden'); END`);
    const allow = () => {
      for (const event of ["INSERT", "UPDATE"]) run(`DROP TRIGGER no_${event}`);
    };
    return { kept, allow };
  }

  const outcomeOf = async (settling: Promise<Rejection | null>) => (await settling)?.message ?? "written";

  test("its push is refused, and the store shows what was there before; the others of the batch are written", async () => {
    const { kept, allow } = await withForbidden();
    const pushes = ["a", "bad", "b"].map((job) => kept.push(job, "forbidden 1\n"));
    await kept.run();
    const outcomes = await Promise.all(pushes.map(outcomeOf));
    expect(outcomes).toEqual(["written", expect.stringContaining("it is forbidden"), "written"]);
    expect((await pushes[1])?.kind).toBe("too-large");
    expect(contentOf(kept.store)).toHaveLength(2);
    expect([kept.persister.fault, kept.persister.waitingGroups]).toEqual([null, 0]);
    expect(kept.refused).toEqual(['job="bad": it is forbidden']);
    const other = kept.push("bad", "fine 1\n");
    await kept.run();
    expect(await outcomeOf(other)).toBe("written");
    const before = contentOf(kept.store);
    const again = [kept.push("bad", "forbidden 2\n"), kept.push("bad", "fine 2\n")];
    await kept.run();
    expect(await Promise.all(again.map(outcomeOf))).toEqual([
      expect.stringContaining("it is forbidden"),
      expect.stringContaining("it is forbidden"),
    ]);
    expect(contentOf(kept.store)).toEqual(before);
    allow();
    const last = kept.push("bad", "forbidden 3\n");
    await kept.run();
    expect(await outcomeOf(last)).toBe("written");
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test.each([{ families: 1_000 }, { families: 3_000 }])(
    "so it is with a large group of $families families: all of it is what it was",
    async ({ families }) => {
      const { kept, allow } = await withForbidden();
      const body = (value: number) =>
        `${familiesBody(0, families, value)}push_failure_time_seconds{is="${value === 1 ? "fine" : "forbidden"}"} 1\n`;
      expect(await kept.pushed("bad", body(1))).toBe("written");
      const before = contentOf(kept.store);
      expect(await kept.pushed("bad", body(2))).toContain("it is forbidden");
      expect(contentOf(kept.store)).toEqual(before);
      expect(rowSizes(kept.file, "staged")).toEqual([]);
      allow();
      expect(await kept.pushed("bad", "family_3 9\n")).toBe("written");
      expect(restored(kept.file)).toEqual(contentOf(kept.store));
      kept.close();
    },
  );

  test("a group that was refused can be deleted", async () => {
    const { kept, allow } = await withForbidden();
    await kept.pushed("bad", "fine 1\n");
    await kept.pushed("bad", "forbidden 1\n");
    kept.delete("bad");
    await kept.run();
    allow();
    expect(restored(kept.file)).toEqual([]);
    kept.close();
  });
});
