import { expect, test } from "bun:test";
import type { LogEntry, LogEvents } from "../../src/cluster/log.ts";
import { Fault } from "../../src/model/fault.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { MemoryEngine, type MemoryLog, type MemoryLogOptions } from "./memory-log.ts";

/** Time that passes only when it is told to. */
class Time {
  nowMs = 0;
  private waiting: { readonly atMs: number; readonly run: () => void }[] = [];

  after(ms: number, run: () => void): void {
    this.waiting.push({ atMs: this.nowMs + ms, run });
  }

  /** Runs what is due within the next `ms` milliseconds, and lets promises go on in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await Bun.sleep(0);
      const next = this.waiting.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }
}

function standWith(options: Partial<MemoryLogOptions> = {}) {
  const time = new Time();
  const after = (ms: number, run: () => void) => time.after(ms, run);
  return { time, engine: new MemoryEngine({ random: () => 0.5, after, nowMs: () => time.nowMs, ...options }) };
}

/** Opens a log, reads it, and notes what comes. */
async function reader(time: Time, log: MemoryLog) {
  const entries: LogEntry[] = [];
  const told: string[] = [];
  const events: LogEvents = {
    entries: (more, upTo) => {
      entries.push(...more);
      log.taken(upTo);
    },
    head: () => {},
    restart: (reason) => told.push(reason),
    unreadable: ({ reason }) => told.push(reason),
    lost: () => told.push("lost"),
    found: () => told.push("found"),
    retried: () => {},
    unusable: (reason) => told.push(reason),
  };
  log.listen(events);
  const opened = log.open({});
  await time.pass(1000);
  expect(await opened).not.toBeInstanceOf(Fault);
  log.read(0);
  return { entries, told };
}

const batchOf = (writer: string, number: number) => ({ writer, number, bytes: new Uint8Array([number]) });

test.each([1, 2, 3, 4, 5])("with seed %d all readers see all batches of all writers in one order", async (seed) => {
  const { time, engine } = standWith({ random: seededRandom(seed), delayMs: 30, lost: 0.3, doubled: 0.3 });
  const logs = [engine.connect(), engine.connect()];
  const readers = await Promise.all(logs.map((log) => reader(time, log)));
  for (let number = 1; number <= 20; number++) {
    for (const [n, log] of logs.entries()) log.append(batchOf(String(n), number));
    await time.pass(3000);
  }
  const [first, second] = readers.map(({ entries }) => entries.map((e) => `${e.position} ${e.writer}.${e.number}`));
  expect(first).toEqual(second);
  for (const writer of ["0", "1"]) {
    const numbers = (readers[0]?.entries ?? []).filter((entry) => entry.writer === writer).map(({ number }) => number);
    expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  }
});

test("what is appended while a replica is cut off comes when it is back", async () => {
  const { time, engine } = standWith();
  const [near, far] = [engine.connect(), engine.connect()];
  const { entries, told } = await reader(time, far);
  await reader(time, near);
  far.cut();
  near.append(batchOf("a", 1));
  far.append(batchOf("b", 1));
  await time.pass(5000);
  expect(entries).toEqual([]);
  far.heal();
  await time.pass(5000);
  expect(entries.map(({ writer }) => writer)).toEqual(["a", "b"]);
  expect(told).toEqual(["lost", "found"]);
});

test.each([
  { reason: "purged", happen: (engine: MemoryEngine) => engine.purge(2) },
  { reason: "behind", happen: (engine: MemoryEngine) => engine.rollBack(0) },
  { reason: "made anew", happen: (engine: MemoryEngine) => engine.makeAnew() },
])("a log that is $reason stops the reading", async ({ reason, happen }) => {
  const { time, engine } = standWith();
  const [near, far] = [engine.connect(), engine.connect()];
  const { told } = await reader(time, far);
  await reader(time, near);
  engine.store(batchOf("a", 1));
  await time.pass(2000);
  far.cut();
  engine.store(batchOf("a", 2));
  happen(engine);
  far.heal();
  await time.pass(2000);
  expect(told).toEqual([reason]);
});

test("a snapshot is what was stored last, and the log is purged below the one before", async () => {
  const { time, engine } = standWith();
  const log = engine.connect();
  await reader(time, log);
  for (const position of [2, 4]) {
    engine.store(batchOf("a", position - 1));
    engine.store(batchOf("a", position));
    const begun = log.saveSnapshot(position);
    await time.pass(10);
    const writer = await begun;
    if (writer === null || writer instanceof Fault) throw new Error("no snapshot could be begun");
    const stored = writer.chunk(new Uint8Array([position])).then(() => writer.finish());
    await time.pass(10);
    expect(await stored).toEqual({ position, sizeBytes: 1 });
  }
  expect(engine.purgedTo).toBe(2);
  const loading = log.loadSnapshot();
  await time.pass(10);
  const snapshot = await loading;
  expect(snapshot).toMatchObject({ position: 4, chunks: 1, isOfThisLog: true });
});

test("a writer whose settings differ is refused", async () => {
  const { time, engine } = standWith();
  const opened = [engine.connect().open({ utf8: "true" }), engine.connect().open({ utf8: "false" })];
  await time.pass(10);
  const [first, second] = await Promise.all(opened);
  expect(first).toMatchObject({ head: { position: 0 } });
  expect(second).toEqual(new Fault("another writer uses other flags: utf8 is true, here false"));
});
