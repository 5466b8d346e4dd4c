import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { StreamConfig } from "@nats-io/jetstream";
import { writeEnvelope } from "../../src/cluster/envelope.ts";
import { namesOf } from "../../src/cluster/nats-names.ts";
import { configsOf } from "../../src/cluster/nats-streams.ts";
import { pack } from "../../src/cluster/packing.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { eventually, requirement } from "../program.ts";
import { LogReader, optionsFor } from "./log-reader.ts";
import { NatsServers } from "./nats-servers.ts";

type Which = "log" | "snapshots";

/** A stream that is made otherwise, and what is said of it. */
interface Case {
  readonly change: Partial<StreamConfig>;
  readonly says: string;
  readonly which?: Which;
}

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));

describe.skipIf(skip)(`what a replica does not take${reason}`, () => {
  let servers: NatsServers;
  let names = 0;
  const fresh = () => optionsFor(servers, { name: `log${++names}` });

  beforeAll(async () => {
    servers = await NatsServers.start({ count: 1 });
  });
  afterAll(() => servers[Symbol.asyncDispose]());

  /** Makes a stream of a cluster otherwise than a replica does. */
  async function make(name: string, which: Which, change: Partial<StreamConfig>): Promise<void> {
    const config = { ...configsOf(namesOf(name), 1)[which], ...change };
    await servers.manage(({ streams }) => streams.add({ ...config, name: config.name ?? "" }));
  }

  /** Publishes a message as it is. */
  async function publish(name: string, message: Uint8Array): Promise<void> {
    await servers.use((connection) => connection.request(`${name}.log`, message, { timeout: 2000 }));
  }

  const UNLIMITED = "entries would go, or not be taken, by themselves";
  const cases: readonly Case[] = [
    { change: { storage: "memory" }, says: 'storage "memory", expected file: a restart would lose it' },
    { change: { discard: "old" }, says: `discard "old", expected new: ${UNLIMITED}` },
    { change: { discard: "old" }, says: `discard "old", expected new: ${UNLIMITED}`, which: "snapshots" },
    { change: { max_age: 3600e9 }, says: `max_age 3600000000000, expected 0: ${UNLIMITED}` },
    { change: { max_msgs: 1000 }, says: `max_msgs 1000, expected -1: ${UNLIMITED}` },
    { change: { max_msgs_per_subject: 5 }, says: `max_msgs_per_subject 5, expected -1: ${UNLIMITED}` },
    { change: { retention: "workqueue" }, says: `retention "workqueue", expected limits: ${UNLIMITED}` },
    { change: { no_ack: true }, says: "no_ack true, expected false: nobody would know what is stored" },
    {
      change: { allow_rollup_hdrs: true },
      says: "allow_rollup_hdrs true, expected false: one message could remove all others",
    },
    {
      change: { allow_msg_ttl: true },
      says: "allow_msg_ttl true, expected false: entries could be stored that go by themselves",
    },
    {
      change: { max_msg_size: 1000 },
      says: "max_msg_size 1000, expected -1, or 1048576 or more: large batches would not be taken",
    },
    {
      change: { deny_purge: true },
      says: "deny_purge true, expected false: what snapshots have replaced could not be removed",
    },
    { change: { allow_direct: false }, says: "allow_direct false, expected true: entries could not be read" },
    {
      change: { duplicate_window: 1e9 },
      says: "duplicate_window 1000000000, expected 2m or more: appends that are repeated would fill it",
    },
  ];

  test.each(cases)("a stream with $says", async ({ change, says, which = "log" }: Case) => {
    const options = fresh();
    await make(options.name, which, change);
    await using reader = LogReader.over(options);
    const stream = which === "log" ? options.name : `${options.name}_SNAP`;
    expect(await reader.opened().catch(String)).toBe(`Error: the stream ${stream} has ${says}`);
  });

  test("a stream that does not publish what it stores, or takes other subjects", async () => {
    const options = fresh();
    const [log, live] = [`${options.name}.log`, `${options.name}.live`];
    await make(options.name, "log", { republish: { src: log, dest: "elsewhere" } });
    await using reader = LogReader.over(options);
    expect(await reader.opened().catch(String)).toBe(
      `Error: the stream ${options.name} has republish {"src":"${log}","dest":"elsewhere"}, expected ${log} to ${live}: readers would not see new entries`,
    );
    const other = fresh();
    await make(other.name, "log", { subjects: [`${other.name}.log`, `${other.name}.more`] });
    await using second = LogReader.over(other);
    expect(await second.opened().catch(String)).toContain("what it holds is not ours alone");
  });

  test("more copies than there are servers", async () => {
    await using reader = LogReader.over({ ...fresh(), copies: 3 });
    expect(await reader.opened().catch(String)).toMatch(
      /^Error: looking for the stream log\d+, or making it: replicas > 1/,
    );
  });

  test("one copy is taken, and told", async () => {
    await using reader = LogReader.over(fresh());
    const { warnings, copies } = await reader.opened();
    expect(copies).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("has 1 copy: what is acknowledged is lost with its server")]);
  });

  test("a stream that is changed while it is used: it is not used any more", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    await servers.manage(({ streams }) => streams.update(options.name, { discard: "old" }));
    await reader.tells(`unusable: the stream ${options.name} has discard "old", expected new`);
  });

  test("an entry of a newer format: reading stops there, and says so", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    await reader.append();
    await publish(options.name, new Uint8Array(40).fill(2, 0, 1));
    await reader.tells("unreadable: 2 newer it has version 2 of the format, this program reads 1");
    expect(reader.upTo).toBe(1);
  });

  test("an entry that is broken: reading stops there, and says so", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    const packed = pack(new Uint8Array(10));
    const id = { writer: "0000000000000009", number: 1 };
    await publish(options.name, writeEnvelope({ ...id, kind: "whole", sizeBytes: 11, packed }));
    await reader.tells("unreadable: 1 broken it is broken: unpacking: 10 bytes, expected 11");
  });

  test("parts that are not those of their batch make no entry, and reading goes on", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    const packed = pack(new Uint8Array(10));
    const id = { writer: "0000000000000009", number: 1, sizeBytes: 10 };
    await publish(options.name, writeEnvelope({ ...id, number: 2, kind: "part", index: 0, packed }));
    await publish(options.name, writeEnvelope({ ...id, kind: "last", parts: [1] }));
    await publish(options.name, writeEnvelope({ ...id, kind: "part", index: 0, packed }));
    await publish(options.name, writeEnvelope({ ...id, kind: "last", parts: [3] }));
    await reader.append();
    expect(reader.order).toEqual(["4 0000000000000009.1 10", "5 0000000000000001.1 1"]);
  });

  test("an entry that somebody removed: reading stops there, and says so", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 3; n++) await writer.append();
    await servers.manage(({ streams }) => streams.deleteMessage(options.name, 2));
    await using late = await LogReader.reading(options);
    await late.tells("unreadable: 2 broken it is gone, though entries before it and behind it are there");
    expect(late.upTo).toBe(1);
  });

  test("a log that was purged by somebody: who is behind is told", async () => {
    const options = fresh();
    await using writer = await LogReader.reading(options);
    for (let n = 0; n < 3; n++) await writer.append();
    await servers.manage(({ streams }) => streams.purge(options.name, { seq: 3 }));
    await using late = await LogReader.reading(options);
    await late.tells("restart: purged");
    expect(writer.told).toEqual([]);
  });

  test("a server that is too old, as its greeting says", async () => {
    const greeting = {
      server_id: "x",
      server_name: "old",
      version: "2.9.10",
      go: "",
      host: "",
      port: 0,
      max_payload: 1e6,
      proto: 1,
      headers: true,
    };
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void socket.write(`INFO ${JSON.stringify(greeting)}\r\n`),
        data: (socket, data) => void (data.includes("PING") && socket.write("PONG\r\n")),
      },
    });
    const scheme = "nats" as const;
    await using reader = LogReader.over(optionsFor({ all: [{ port: listener.port }], scheme }));
    void reader.log.open({});
    await reader.tells("lost: old is nats-server 2.9.10, expected 2.12 or newer");
    listener.stop(true);
  });

  test("a log that was brought back from an older copy: its readers are told", async () => {
    const options = fresh();
    await using reader = await LogReader.reading(options);
    for (let n = 0; n < 3; n++) await reader.append();
    const [server] = servers.all;
    if (server === undefined) throw new Error("there is no server");
    await server.stop();
    server.keepCopy();
    server.start();
    await servers.ready();
    for (let n = 0; n < 3; n++) await reader.append();
    await server.kill();
    server.bringBack();
    server.start();
    await servers.ready();
    await reader.tells("restart: behind");
    reader.log.read(0);
    await eventually("what is left is read", async () => reader.entries.length >= 9);
    expect(reader.order.slice(-3)).toEqual(reader.order.slice(0, 3));
  });
});
