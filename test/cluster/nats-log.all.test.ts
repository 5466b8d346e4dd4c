import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SnapshotReader, SnapshotWriter } from "../../src/cluster/log.ts";
import { Fault } from "../../src/model/fault.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, requirement } from "../program.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { LogReader, optionsFor } from "./log-reader.ts";
import { NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));

/** Bytes that cannot be packed, the same for the same seed. */
function noise(sizeBytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return new Uint8Array(sizeBytes).map(() => random() * 256);
}

function must<T>(value: T | null | Fault): T {
  if (value instanceof Fault) throw new Error(value.message);
  if (value === null) throw new Error("got nothing");
  return value;
}

/** Stores a snapshot of one chunk. */
async function store(reader: LogReader, position: number, chunk: Uint8Array<ArrayBuffer>) {
  const writer: SnapshotWriter = must(await reader.log.saveSnapshot(position));
  expect(await writer.chunk(chunk.slice())).toBeNull();
  return writer.finish();
}

async function chunksOf(snapshot: SnapshotReader): Promise<unknown[]> {
  return Promise.all(Array.from({ length: snapshot.chunks }, (_, index) => snapshot.chunk(index)));
}

describe.skipIf(skip)(`the log on three servers${reason}`, () => {
  let servers: NatsServers;
  let names = 0;
  /** Of a log of its own. */
  const fresh = () => optionsFor(servers, { name: `log${++names}` });

  beforeAll(async () => {
    servers = await NatsServers.start();
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  test("two writers' batches are read by all in one order, each once, also by who comes later", async () => {
    const options = fresh();
    await using one = await LogReader.reading(options, "00000000000000aa");
    await using two = await LogReader.reading(options, "ffffffffffffffff");
    await Promise.all(
      [one, two].map(async (writer) => {
        for (let n = 0; n < 30; n++) await writer.append(noise(n * 100, n + 1));
      }),
    );
    await Promise.all([one.upWith(two), two.upWith(one)]);
    await using late = await LogReader.reading(options);
    await late.upWith(one);
    expect(one.order).toHaveLength(60);
    expect(two.order).toEqual(one.order);
    expect(late.order).toEqual(one.order);
    expect(one.retries + two.retries).toBe(0);
  });

  test("a batch that is larger than a message comes whole, among others", async () => {
    const options = fresh();
    await using one = await LogReader.reading(options, "0000000000000001");
    await using two = await LogReader.reading(options, "0000000000000002");
    const large = noise(5_000_000);
    await Promise.all([one.append(large), two.append().then(() => two.append())]);
    await two.upWith(one);
    await using late = await LogReader.reading(options);
    await late.upWith(one);
    for (const reader of [one, two, late]) {
      const found = reader.entries.find(({ bytes }) => bytes.length === large.length);
      expect(Buffer.compare(found?.bytes ?? new Uint8Array(), large)).toBe(0);
      expect(reader.order).toEqual(one.order);
    }
    expect(one.order).toHaveLength(3);
  });

  test("more than a reader takes is not delivered to it", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 12; n++) await writer.append(new Uint8Array(4_000_000));
    await using slow = LogReader.over(options);
    await slow.opened();
    slow.isTaking = false;
    slow.log.read(0);
    await eventually("some came", async () => slow.entries.length > 0);
    await eventually("it was told where the log ends", async () => slow.head !== null);
    expect(slow.entries.length).toBeLessThan(12);
    slow.isTaking = true;
    slow.log.taken(slow.upTo);
    await slow.upWith(writer);
    expect(slow.order).toEqual(writer.order);
  });

  test("the newest snapshot is loaded as it was stored, and the log goes up to the one before", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 9; n++) await writer.append();
    const [, , third, , , sixth, , eighth] = writer.entries.map(({ position }) => position);
    for (const [n, position] of [third, sixth, eighth].entries()) {
      const chunk = noise(2_500_000, n + 1);
      expect(await store(writer, position ?? 0, chunk)).toMatchObject({ position });
      await using reader = LogReader.over(options);
      await reader.opened();
      const snapshot = must(await reader.log.loadSnapshot());
      expect(snapshot).toMatchObject({ position, isOfThisLog: true, chunks: 1 });
      expect(Buffer.compare((await chunksOf(snapshot))[0] as Uint8Array, chunk)).toBe(0);
      reader.log.read(snapshot.position);
      await reader.upWith(writer);
      expect(reader.entries.map((entry) => entry.position)).toEqual(
        writer.entries.map((entry) => entry.position).filter((at) => at > (position ?? 0)),
      );
    }
    await using early = await LogReader.reading(options);
    await early.tells("restart: purged");
    early.log.read(sixth ?? 0);
    await early.upWith(writer);
    expect(early.entries.map(({ number }) => number)).toEqual([7, 8, 9]);
  });

  test("a snapshot that is being loaded stays while one newer is stored, and is gone after two", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 4; n++) await writer.append();
    const positions = writer.entries.map(({ position }) => position);
    await store(writer, positions[0] ?? 0, noise(100));
    const loading = must(await writer.log.loadSnapshot());
    await store(writer, positions[1] ?? 0, noise(100));
    expect(await loading.chunk(0)).toBeInstanceOf(Uint8Array);
    await store(writer, positions[2] ?? 0, noise(100));
    expect(await loading.chunk(0)).toBe("gone");
  });

  test("of two snapshots that are stored at once the second to end is left, and an older one is not begun", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 3; n++) await writer.append();
    const [first = 0, second = 0, third = 0] = writer.entries.map(({ position }) => position);
    const slow = must(await writer.log.saveSnapshot(third));
    await slow.chunk(noise(100));
    expect(await store(writer, second, noise(100))).toMatchObject({ position: second });
    expect(await slow.finish()).toBe("overtaken");
    expect(await writer.log.saveSnapshot(first)).toBeNull();
    expect(must(await writer.log.loadSnapshot()).position).toBe(second);
  });

  test("what all must share is the first writer's", async () => {
    const options = fresh();
    await using first = LogReader.over(options);
    await first.opened({ check: "true", utf8: "false" });
    await using same = LogReader.over(options);
    await same.opened({ utf8: "false", check: "true" });
    await using other = LogReader.over(options);
    expect(await other.log.open({ check: "true", utf8: "true" })).toEqual(
      new Fault(
        'another writer uses other flags: utf8 is "false" in the cluster and "true" here, all must have the same',
      ),
    );
  });

  test("a log that was removed is made anew, and its readers are told", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    await reader.append();
    await servers.manage(({ streams }) => streams.delete(options.name));
    await reader.tells("restart: made anew");
    reader.log.read(0);
    await reader.append(new Uint8Array(7));
    expect(reader.order).toEqual(["1 0000000000000001.1 1", "1 0000000000000001.2 7"]);
  });
});
