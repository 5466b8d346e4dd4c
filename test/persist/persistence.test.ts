import { describe, expect, test } from "bun:test";
import type { Settings } from "../../src/config/command-line.ts";
import { parseCommandLine } from "../../src/config/command-line.ts";
import { GroupingKey } from "../../src/exposition/grouping-key.ts";
import { PushColumns } from "../../src/model/columns.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { TextParser } from "../../src/parse/text.ts";
import { readBatch } from "../../src/persist/batch.ts";
import type { Report, WriterRequest } from "../../src/persist/messages.ts";
import { limitsOf, type RunningPersistence, startPersistence } from "../../src/persist/persistence.ts";
import { Store } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { PROGRAM } from "../program-info.ts";

const PLACE = { folder: "/data", owner: "0:0", mode: "0755", user: "65534:65534" };

/** A kept store whose writing thread and whose clock are the test's. */
class Kept {
  readonly store = new Store(new Map(), true);
  readonly sent: WriterRequest[] = [];
  readonly logged: string[] = [];
  readonly persistence: RunningPersistence;
  gaveUp = 0;
  private nowMs = 0;
  private later: { atMs: number; run: () => void }[] = [];
  private readonly columns = new PushColumns();
  private readonly parser = new TextParser(this.columns, false);
  /** What the main thread listens with. */
  private readonly worker: {
    onmessage: ((event: { data: Report }) => void) | null;
    postMessage: (request: WriterRequest) => void;
  } = {
    onmessage: null,
    postMessage: (request) => this.sent.push(request),
  };

  constructor(...flags: string[]) {
    this.persistence = startPersistence({
      settings: settingsOf("--persistence.file=/data/f.db", ...flags),
      store: this.store,
      log: createLog({ level: "info", format: "logfmt", now: () => 0, write: (line) => this.logged.push(line) }),
      clock: {
        now: () => this.nowMs,
        nowMs: () => this.nowMs,
        turn: async () => {},
        after: (ms, run) => this.later.push({ atMs: this.nowMs + ms, run }),
      },
      startWriter: () => this.worker as unknown as Worker,
      beginImport: () => null,
      giveUp: () => {
        this.gaveUp++;
      },
    });
  }

  /** Tells what the writing thread reports, and lets what waits for it happen. */
  async report(report: Report): Promise<void> {
    this.worker.onmessage?.({ data: report });
    await Bun.sleep(0);
  }

  unmade(reason = "no room"): Promise<void> {
    return this.report({ kind: "unmade", reason, place: PLACE });
  }

  /** Moves the clock on. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.later.sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.later.shift();
      this.nowMs = next.atMs;
      next.run();
      await Bun.sleep(0);
    }
    this.nowMs = endMs;
  }

  push(job: string, value = 1): void {
    this.parser.parse(Buffer.from(`m ${value}\n`));
    this.store.apply({ key: keyOf(job), columns: this.columns, replace: true, receivedMs: this.nowMs });
  }

  /** The batches that were handed over and are not answered yet. */
  takeCommits(): { number: number; groups: number }[] {
    return this.sent
      .splice(0)
      .filter((request) => request.kind === "commit")
      .map(({ number, batch }) => ({ number, groups: [...readBatch(batch)].length }));
  }

  /** Commits everything that is handed over until there is no more, and gives how many groups went with each batch. */
  async commitAll(): Promise<number[]> {
    const sizes: number[] = [];
    for (let commits = this.takeCommits(); commits.length > 0; commits = this.takeCommits())
      for (const { number, groups } of commits) {
        sizes.push(groups);
        await this.report({ kind: "committed", number, durationSeconds: 0, fileBytes: 0, refused: [] });
        await this.pass(0);
      }
    return sizes;
  }

  get status(): string | undefined {
    return this.persistence.state()?.status;
  }

  errors(): string[] {
    return this.logged.filter((line) => line.startsWith("ts=") && line.includes("level=error"));
  }
}

const keyOf = (job: string): GroupingKey => new GroupingKey([{ name: "job", value: job }]);
const blockOf = (job: string): Uint8Array => keyOf(job).block;

function settingsOf(...flags: string[]): Settings {
  const line = parseCommandLine(flags, PROGRAM);
  if (line.kind !== "run") throw new Error(`reading the flags ${flags}: ${JSON.stringify(line)}`);
  return line.settings;
}

describe("while no file can be made", () => {
  test("it is tried again each second, and told once a minute, or at once for another reason", async () => {
    const kept = new Kept();
    await kept.unmade();
    expect(kept.errors()).toHaveLength(1);
    expect(kept.errors()[0]).toContain("folder=/data owner=0:0 mode=0755 user=65534:65534");
    for (let second = 1; second <= 125; second++) {
      await kept.pass(1_000);
      expect(kept.sent.splice(0)).toEqual(
        second === 1
          ? [
              { kind: "open", file: "/data/f.db", mustBeNew: false },
              { kind: "open", file: "/data/f.db", mustBeNew: true },
            ]
          : [{ kind: "open", file: "/data/f.db", mustBeNew: true }],
      );
      await kept.unmade();
    }
    expect(kept.errors()).toHaveLength(3);
    await kept.pass(1_000);
    await kept.unmade("somebody's file");
    expect(kept.errors()).toHaveLength(4);
  });

  test("nobody waits, nothing is remembered but the store, and it is ready and without fault", async () => {
    const kept = new Kept();
    await kept.unmade();
    kept.push("a");
    kept.store.wipe();
    kept.push("b");
    const { persistence } = kept;
    expect([persistence.settled(blockOf("b")), persistence.notReady(), persistence.fault()]).toEqual([
      null,
      null,
      null,
    ]);
    expect(persistence.stats()).toMatchObject({ up: false, healthy: false, waitingGroups: 0 });
    expect(kept.takeCommits()).toEqual([]);
  });

  test("with --persistence.required it is given up, and nothing is taken", async () => {
    const kept = new Kept("--persistence.required");
    await kept.unmade();
    expect(kept.gaveUp).toBe(1);
    expect(kept.persistence.notReady()).not.toBeNull();
    expect(kept.errors()).toEqual([expect.stringContaining("and it is required")]);
  });

  test("an end tries once more, and warns where that fails too", async () => {
    const kept = new Kept();
    await kept.unmade();
    kept.push("a");
    kept.sent.length = 0;
    const closed = kept.persistence.close();
    await Bun.sleep(0);
    expect(kept.sent).toEqual([{ kind: "open", file: "/data/f.db", mustBeNew: true }]);
    await kept.unmade();
    await kept.report({ kind: "closed" });
    expect(await closed).toBe(true);
    expect(kept.logged.filter((line) => line.includes("level=warn"))).toEqual([
      expect.stringContaining("nothing was kept"),
    ]);
  });
});

describe("once a file could be made", () => {
  /** Holds so many groups in memory, and is told that there is a file now. */
  async function made(groups: number, ...flags: string[]): Promise<Kept> {
    const kept = new Kept(...flags);
    await kept.unmade();
    for (let group = 0; group < groups; group++) kept.push(`g${group}`);
    await kept.pass(1_000);
    kept.sent.length = 0;
    await kept.report({ kind: "opened", groups: 0, leftOut: 0, fileBytes: 0 });
    await kept.pass(0);
    return kept;
  }

  test.each([{ flags: [] }, { flags: ["--persistence.sync=interval", "--persistence.interval=1h"] }])(
    "every group is written in parts, without waiting for an interval; only then is anything kept ($flags)",
    async ({ flags }) => {
      const kept = await made(1_000, ...flags);
      expect(kept.status).toBe("memory-only");
      expect(kept.persistence.settled(blockOf("g0"))).toBeNull();
      const sizes = await kept.commitAll();
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(256);
      expect(kept.status).toBe("kept");
      expect(kept.persistence.stats()).toMatchObject({ up: true, healthy: true, waitingGroups: 0 });
    },
  );

  test("a disk that is full by then changes nothing: memory only, no fault, told once, all of it written later", async () => {
    const kept = await made(300);
    for (let attempt = 0; attempt < 5; attempt++) {
      const [commit] = kept.takeCommits();
      await kept.report({ kind: "failed", number: commit?.number ?? 0, reason: "the disk is full" });
      expect([kept.status, kept.persistence.fault(), kept.persistence.settled(blockOf("g0"))]).toEqual([
        "memory-only",
        null,
        null,
      ]);
      await kept.pass(500);
    }
    expect(kept.errors().filter((line) => line.includes("the disk is full"))).toHaveLength(1);
    expect((await kept.commitAll()).reduce((sum, size) => sum + size, 0)).toBe(300);
    expect(kept.status).toBe("kept");
  });

  test("from then on pushes wait for their commit, and are refused where it fails", async () => {
    const kept = await made(0);
    expect(kept.status).toBe("kept");
    kept.push("a");
    const good = kept.persistence.settled(blockOf("a"));
    await kept.pass(0);
    await kept.commitAll();
    expect(await good).toBeNull();
    kept.push("a", 2);
    const bad = kept.persistence.settled(blockOf("a"));
    await kept.pass(0);
    const [commit] = kept.takeCommits();
    await kept.report({ kind: "failed", number: commit?.number ?? 0, reason: "the disk is full" });
    expect(await bad).toBeInstanceOf(Rejection);
    expect(kept.persistence.fault()).toBe("the disk is full");
  });
});

describe("many changes in one turn", () => {
  async function open(): Promise<Kept> {
    const kept = new Kept();
    await kept.report({ kind: "opened", groups: 0, leftOut: 0, fileBytes: 0 });
    kept.sent.length = 0;
    return kept;
  }

  test("are handed over in parts; who pushed waits for the part of theirs", async () => {
    const kept = await open();
    for (let group = 0; group < 600; group++) kept.push(`g${group}`);
    let outcome: unknown = "waiting";
    void kept.persistence.settled(blockOf("g599"))?.then((settled) => {
      outcome = settled;
    });
    await kept.pass(0);
    const [first, ...others] = kept.takeCommits();
    expect([first?.groups, others]).toEqual([256, []]);
    await kept.report({ kind: "committed", number: first?.number ?? 0, durationSeconds: 0, fileBytes: 0, refused: [] });
    expect(outcome).toBe("waiting");
    expect(await kept.commitAll()).toEqual([256, 88]);
    expect(outcome).toBeNull();
  });

  test("are refused together where a part fails, and made again", async () => {
    const kept = await open();
    for (let group = 0; group < 300; group++) kept.push(`g${group}`);
    const settled = kept.persistence.settled(blockOf("g299"));
    await kept.pass(0);
    const [first] = kept.takeCommits();
    await kept.report({ kind: "failed", number: first?.number ?? 0, reason: "the disk is full" });
    expect(await settled).toBeInstanceOf(Rejection);
    await kept.pass(500);
    expect((await kept.commitAll()).reduce((sum, size) => sum + size, 0)).toBe(300);
    expect(kept.persistence.fault()).toBeNull();
  });
});

test("with a file no group may be larger than what can be read back from it, whatever the limit", () => {
  const most = (...flags: string[]) => limitsOf(settingsOf(...flags)).maxGroupBytes;
  expect(most("--store.max-group-size=0")).toBe(Infinity);
  expect(most("--store.max-group-size=0", "--persistence.file=f")).toBe(1_000_000_000);
  expect(most("--store.max-group-size=2MiB", "--persistence.file=f")).toBe(2 << 20);
});
