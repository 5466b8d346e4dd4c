import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BatchId } from "../../src/cluster/log.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, requirement } from "../program.ts";
import { LogReader, NAME, optionsFor } from "./log-reader.ts";
import { type NatsServer, NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));
const LIMIT_MS = 120_000;
/** Batches of each writer before something happens, and after it has begun. */
const MANY = 20;

/** Appends one batch after the other until it is told to stop. */
class Writing {
  readonly acknowledged: BatchId[] = [];
  private isStopped = false;
  private readonly done: Promise<void>;

  constructor(readonly reader: LogReader) {
    this.done = this.run();
  }

  async reaches(count: number): Promise<void> {
    await eventually(`${count} were acknowledged: ${this.acknowledged.length}, ${this.reader.told}`, async () => {
      return this.acknowledged.length >= count;
    });
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.done;
  }

  private async run(): Promise<void> {
    while (!this.isStopped)
      this.acknowledged.push(await this.reader.append(new Uint8Array(1 + (this.acknowledged.length % 5000))));
  }
}

/** All that was acknowledged is in the log once, each writer's in its order, and all readers agree. */
async function expectAllOf(writings: readonly Writing[], servers: NatsServers): Promise<void> {
  await using late = await LogReader.reading(optionsFor(servers));
  for (const { reader, acknowledged } of writings) {
    await late.upWith(reader);
    const numbers = late.entries.filter(({ writer }) => writer === reader.writer).map(({ number }) => number);
    expect(numbers).toEqual(acknowledged.map(({ number }) => number));
    expect(late.order.slice(0, reader.order.length)).toEqual(reader.order);
  }
}

describe.skipIf(skip)(`while two replicas append${reason}`, () => {
  let servers: NatsServers;
  let writings: Writing[] = [];

  beforeEach(async () => {
    servers = await NatsServers.start();
    const writers = ["000000000000000a", "000000000000000b"];
    const readers = await Promise.all(writers.map((writer) => LogReader.reading(optionsFor(servers), writer)));
    writings = readers.map((reader) => new Writing(reader));
    for (const writing of writings) await writing.reaches(MANY);
  }, LIMIT_MS);

  afterEach(async () => {
    for (const { reader } of writings) await reader[Symbol.asyncDispose]();
    await servers[Symbol.asyncDispose]();
  });

  /** Waits until both have appended more since now. */
  async function bothGoOn(): Promise<void> {
    for (const writing of writings) await writing.reaches(writing.acknowledged.length + MANY);
  }

  const victims: readonly { readonly who: string; readonly find: () => Promise<NatsServer> }[] = [
    { who: "the leader", find: () => servers.leaderOf(NAME) },
    { who: "a follower", find: () => servers.followerOf(NAME) },
    {
      who: "the server that one of them is connected to",
      find: () =>
        eventually("a server is known", async () => {
          const name = writings[0]?.reader.head?.engine.server;
          return name === undefined ? null : servers.server(name);
        }),
    },
  ];

  test.each(victims)(
    "$who is killed and comes back: both go on, and nothing is lost",
    async ({ find }) => {
      const victim = await find();
      await victim.kill();
      await bothGoOn();
      victim.start();
      await servers.whole(NAME);
      await bothGoOn();
      for (const writing of writings) await writing.stop();
      await expectAllOf(writings, servers);
    },
    LIMIT_MS,
  );

  test.each(victims)(
    "$who is stopped and goes on later: both go on, and nothing is lost",
    async ({ find }) => {
      const victim = await find();
      await victim.pause();
      await bothGoOn();
      victim.continue();
      await servers.whole(NAME);
      await bothGoOn();
      for (const writing of writings) await writing.stop();
      await expectAllOf(writings, servers);
    },
    LIMIT_MS,
  );

  test(
    "all servers are killed and come back: the log is lost and found, and nothing of it is gone",
    async () => {
      for (const server of servers.all) await server.kill();
      for (const { reader } of writings) await reader.tells("lost: ");
      for (const server of servers.all) server.start();
      for (const { reader } of writings) await reader.tells("found");
      await bothGoOn();
      for (const writing of writings) await writing.stop();
      await expectAllOf(writings, servers);
    },
    LIMIT_MS,
  );

  test(
    "a server loses its disk: both go on, and it has everything again",
    async () => {
      const victim = await servers.followerOf(NAME);
      await victim.kill();
      victim.wipe();
      await bothGoOn();
      victim.start();
      await servers.whole(NAME);
      await bothGoOn();
      for (const other of servers.all)
        if (other !== victim && other !== (await servers.leaderOf(NAME))) await other.kill();
      await bothGoOn();
      for (const writing of writings) await writing.stop();
      await expectAllOf(writings, servers);
    },
    LIMIT_MS,
  );
});
