import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { PushColumns } from "../../src/model/columns.ts";
import { faultOf, type Settlement } from "../../src/model/settlement.ts";
import { TextParser } from "../../src/parse/text.ts";
import { claimFile } from "../../src/persist/claim.ts";
import { GroupDatabase } from "../../src/persist/database.ts";
import { DurableCopy } from "../../src/persist/durable-copy.ts";
import type { Report, Request } from "../../src/persist/messages.ts";
import { type LeftOutRow, readGroups } from "../../src/persist/reading.ts";
import { Store } from "../../src/store/store.ts";
import { scratchFolder } from "../scratch.ts";
import { keyOf } from "../store/stored.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const SEED = Number(process.env.PUSHGATEWAY_SEGMENTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = Number(process.env.PUSHGATEWAY_SEGMENTS_ROUNDS ?? 40);

/** Everything that we write is one of ours. */
function leaveNothingOut({ table, key, reason }: LeftOutRow): never {
  throw new Error(`${table} ${key}: ${reason}`);
}

/** A store that is kept in a file, whose writing thread is the test's own and does its work when it is asked. */
class Kept {
  readonly store = new Store(new Map(), true);
  readonly refused: string[] = [];
  /** The bytes of each batch. */
  readonly batches: number[] = [];
  readonly copy: DurableCopy;
  private readonly database: GroupDatabase;
  private readonly columns = new PushColumns();
  private readonly parser = new TextParser(this.columns, false);
  private readonly later: (() => void)[] = [];
  private receive: (report: Report) => void = () => {};
  /** Why the next commits fail, or null. */
  fault: string | null = null;

  constructor(readonly file: string) {
    this.copy = new DurableCopy(
      { send: (request) => this.later.push(() => this.serve(request)), listen: (receive) => (this.receive = receive) },
      this.store,
      {
        restoring: () => {},
        restored: () => {},
        leftOut: leaveNothingOut,
        unusable: (reason) => {
          throw new Error(reason);
        },
        notKept: () => {},
        kept: () => {},
        committed: () => {},
        failed: () => {},
        refused: (key, reason) => this.refused.push(`${Buffer.from(key)}: ${reason}`),
      },
      {
        file,
        intervalMs: null,
        required: false,
        nowMs: () => 0,
        after: (_, run) => this.later.push(run),
        turn: async () => {},
      },
    );
    this.store.watch(this.copy);
    this.copy.open();
    this.database = new GroupDatabase(file, claimFile(file));
  }

  static async on(file: string): Promise<Kept> {
    const kept = new Kept(file);
    await kept.run();
    return kept;
  }

  private serve(request: Request): void {
    if (request.kind === "open") {
      for (const groups of readGroups(request.file, leaveNothingOut)) this.receive({ kind: "kept", groups });
      this.receive({ kind: "opened", groups: 0, leftOut: 0 });
    } else if (request.kind === "commit") this.commit(request.number, request.batch);
  }

  private commit(number: number, batch: Uint8Array): void {
    this.batches.push(batch.length);
    if (this.fault !== null) return this.receive({ kind: "failed", number, reason: this.fault });
    const refused = this.database.commit(batch);
    this.receive({ kind: "committed", number, durationSeconds: 0, refused });
  }

  /** Does everything that waits to be done. */
  async run(): Promise<void> {
    for (let step = this.later.shift(); step !== undefined || this.later.length > 0; step = this.later.shift()) {
      step?.();
      await Bun.sleep(0);
    }
    await Bun.sleep(0);
  }

  /** One thing that waits to be done. */
  async step(): Promise<void> {
    this.later.shift()?.();
    await Bun.sleep(0);
  }

  push(job: string, body: string, replace = false): Promise<Settlement> {
    const malformed = this.parser.parse(Buffer.from(body));
    if (malformed !== null) throw new Error(malformed.message);
    const refused = this.store.apply({ key: keyOf({ job }), columns: this.columns, replace, receivedMs: 1_000 });
    if (refused !== null) throw new Error(refused.message);
    return this.copy.settled() ?? Promise.resolve(null);
  }

  delete(job: string): void {
    this.store.delete(keyOf({ job }));
    while (this.store.stepChange());
  }

  close(): void {
    this.database.close();
  }
}

const newFile = () => join(scratchFolder(), "f.db");

/** All groups of a store with all that is kept of them. */
function contentOf(store: Store): string[] {
  const groups = [...store.keyedGroups()].map(({ key, view, succeededSeconds, failedSeconds }) => {
    const families = view.families.map(({ name, type, help, pushedMs, metricCount, lines }) =>
      [name, type, help && Buffer.from(help).toString(), pushedMs, metricCount, Buffer.from(lines).toString()].join(
        "|",
      ),
    );
    return [Buffer.from(key).toString(), succeededSeconds, failedSeconds, ...families].join("\n");
  });
  return groups.sort();
}

/** What a file holds, as a store that it is restored into. */
function restored(file: string): string[] {
  const store = new Store(new Map(), true);
  for (const groups of readGroups(file, leaveNothingOut)) {
    const restoring = store.restoring(groups);
    while (restoring.step());
  }
  return contentOf(store);
}

function rowSizes(file: string, table: "groups" | "segments"): number[] {
  using database = new Database(file, { readonly: true });
  const rows = database.query(`SELECT octet_length(exposition) + octet_length(parts) AS size FROM ${table}`).all();
  return rows.map((row) => (row as { size: number }).size);
}

const familiesBody = (from: number, to: number, value: number): string =>
  Array.from({ length: to - from }, (_, i) => `# TYPE family_${from + i} gauge\nfamily_${from + i} ${value}\n`).join(
    "",
  );

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

  test("no row is larger than some pages, but for one of a single family that is", async () => {
    const kept = await Kept.on(newFile());
    kept.push("large", familiesBody(0, 2_000, 1));
    kept.push("large", Array.from({ length: 5_000 }, (_, i) => `wide{part="${i}"} 1\n`).join(""));
    await kept.run();
    const [largest, ...others] = rowSizes(kept.file, "segments").sort((a, b) => b - a);
    expect(largest).toBeGreaterThan(100_000);
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
    expect(Math.max(...kept.batches)).toBeGreaterThan(200 * 2 * help.length);
    for (let round = 0; round < 3; round++) kept.delete(`j${round}`);
    kept.push("small", "m 1\n");
    await kept.run();
    expect(kept.copy.keptBytes()).toBeLessThan(1 << 20);
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
    expect(kept.copy.keptBytes()).toBeLessThan(16 << 20);
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

  const outcomeOf = async (settling: Promise<Settlement>, job: string) =>
    faultOf(await settling, keyOf({ job }).block)?.message ?? "written";

  test("its push is refused, the others of the batch are written, and it is not tried again until its group changes", async () => {
    const { kept, allow } = await withForbidden();
    const pushes = ["a", "bad", "b"].map((job) => [job, kept.push(job, "forbidden 1\n")] as const);
    await kept.run();
    const outcomes = await Promise.all(pushes.map(([job, settling]) => outcomeOf(settling, job)));
    expect(outcomes).toEqual(["written", expect.stringContaining("it is forbidden"), "written"]);
    expect(faultOf(await (pushes[1]?.[1] ?? null), keyOf({ job: "bad" }).block)?.kind).toBe("too-large");
    expect(rowSizes(kept.file, "groups")).toHaveLength(2);
    const batches = kept.batches.length;
    expect([kept.copy.fault, kept.copy.waitingGroups]).toEqual([null, 0]);
    const next = kept.push("a", "more 1\n");
    await kept.run();
    expect([await outcomeOf(next, "a"), kept.batches.length]).toEqual(["written", batches + 1]);
    const again = kept.push("bad", "more 1\n");
    await kept.run();
    expect(await outcomeOf(again, "bad")).toContain("it is forbidden");
    expect(kept.refused).toEqual(['job="bad": it is forbidden']);
    allow();
    const last = kept.push("bad", "more 2\n");
    await kept.run();
    expect(await outcomeOf(last, "bad")).toBe("written");
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("so it is with a large group: the segments that were to go with it are written with its next change", async () => {
    const { kept, allow } = await withForbidden();
    const refused = kept.push("bad", `${familiesBody(0, 1_000, 1)}push_failure_time_seconds{forbidden="1"} 1\n`);
    await kept.run();
    expect(await outcomeOf(refused, "bad")).toBe("written");
    const more = kept.push("bad", `${familiesBody(0, 1_000, 2)}push_failure_time_seconds{forbidden="2"} 1\n`);
    await kept.run();
    expect(await outcomeOf(more, "bad")).toContain("it is forbidden");
    allow();
    const small = kept.push("bad", "family_3 9\n");
    await kept.run();
    expect(await outcomeOf(small, "bad")).toBe("written");
    expect(restored(kept.file)).toEqual(contentOf(kept.store));
    kept.close();
  });

  test("a group that was refused can be deleted", async () => {
    const { kept, allow } = await withForbidden();
    kept.push("bad", "fine 1\n");
    await kept.run();
    kept.push("bad", "forbidden 1\n");
    await kept.run();
    kept.delete("bad");
    await kept.run();
    allow();
    expect(restored(kept.file)).toEqual([]);
    kept.close();
  });
});

/** A random change of one of some groups. */
function change(kept: Kept, random: () => number): void {
  const job = `j${Math.floor(random() * 3)}`;
  const kind = random();
  if (kind < 0.08) return kept.delete(job);
  if (kind < 0.1) return kept.store.wipe();
  const from = Math.floor(random() * 400);
  const to = from + Math.floor(random() ** 3 * 400);
  const long = random() < 0.2 ? `wide{part="${"x".repeat(Math.floor(random() * 30_000))}"} 1\n` : "";
  void kept.push(
    job,
    `# HELP family_${from} Help ${random()}.\n${familiesBody(from, to + 1, random())}${long}`,
    kind < 0.3,
  );
}

test(
  `whatever is pushed, deleted and wiped, and whichever commits fail: the file has what the store has (PUSHGATEWAY_SEGMENTS_SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const file = newFile();
    let kept = await Kept.on(file);
    for (let round = 0; round < ROUNDS; round++) {
      for (let changes = Math.floor(random() * 6); changes >= 0; changes--) {
        change(kept, random);
        kept.fault = random() < 0.2 ? "the disk is full" : null;
        if (random() < 0.7) await kept.step();
      }
      kept.fault = null;
      await kept.run();
      expect({ round, content: restored(file) }).toEqual({ round, content: contentOf(kept.store) });
      if (random() < 0.3) {
        kept.close();
        kept = await Kept.on(file);
        expect({ round, content: contentOf(kept.store) }).toEqual({ round, content: restored(file) });
      }
    }
    kept.close();
  },
  ROUNDS * 3_000,
);
