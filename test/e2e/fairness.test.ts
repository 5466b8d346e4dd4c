import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Certificates } from "../certificates.ts";
import { eventually, Gateway, WAIT_LIMIT_MS } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection } from "../wire.ts";
import { PREFACE, pingFrame, settingsFrame } from "./http2-frames.ts";

const HONEST = "127.0.0.2";
const HOSTILE = "127.0.0.3";
const HOST = "Host: 127.0.0.1";
const basic = (user: string, password: string) => `Authorization: Basic ${btoa(`${user}:${password}`)}`;
const folder = scratchFolder();

/** Crowd of hostile clients, from an address of their own. */
class Crowd {
  private readonly sockets: Socket[] = [];

  open(port: number, count: number, start: string | Uint8Array): Promise<unknown> {
    return Promise.all(Array.from({ length: count }, () => this.add(port, start)));
  }

  private add(port: number, start: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1", localAddress: HOSTILE });
      this.sockets.push(socket);
      socket.once("connect", () => {
        if (start.length > 0) socket.write(start);
        socket.resume();
        resolve();
      });
      socket.on("error", () => resolve());
    });
  }

  [Symbol.dispose](): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** The status of a request from the address of honest clients, on a connection of its own. */
async function ask(gateway: Gateway, request: string, secure = false): Promise<number> {
  using connection = await Connection.open(gateway.port, WAIT_LIMIT_MS, secure, HONEST);
  connection.write(request);
  return (await connection.answer()).status;
}

/** A web-config file with users of one password, and its flag. */
async function users(names: readonly string[], cost: number): Promise<string> {
  const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost });
  const path = join(folder, `${names[0]}${cost}.yml`);
  writeFileSync(path, `basic_auth_users:\n${names.map((name) => `  ${name}: ${hash}\n`).join("")}`);
  return `--web.config.file=${path}`;
}

/** Sends wrong passwords on so many connections, one after the other, until it is disposed of. */
class Guessers {
  private isOver = false;
  private readonly running: Promise<void>[];
  statuses: number[] = [];

  constructor(port: number, count: number, from: string) {
    this.running = Array.from({ length: count }, (_, n) => this.run(port, n, from));
  }

  private async run(port: number, n: number, from: string): Promise<void> {
    using connection = await Connection.open(port, WAIT_LIMIT_MS, false, from);
    for (let i = 0; !this.isOver; i++) {
      const user = n % 2 === 0 ? "alice" : `nobody${n}-${i}`;
      connection.write(`GET /-/healthy HTTP/1.1\r\n${HOST}\r\n${basic(user, `wrong${n}-${i}`)}\r\n\r\n`);
      this.statuses.push((await connection.answer()).status);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isOver = true;
    await Promise.allSettled(this.running);
  }
}

/** A gateway that serves TLS. */
function secure(wrapper: readonly string[] = []): Promise<Gateway> {
  return Gateway.start([`--web.config.file=${new Certificates().tlsConfig()}`], "", "https", wrapper);
}

describe("strangers who send wrong passwords", () => {
  const NAMES = ["alice", "bob", "carol"];
  const healthy = (name: string) => `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n${basic(name, "right")}\r\n\r\n`;

  test.each([
    { what: "another address", from: HOSTILE, count: 48 },
    { what: "the same address, as behind a proxy", from: HONEST, count: 24 },
  ])("from $what keep out nobody who has not been in before", async ({ from, count }) => {
    await using gateway = await Gateway.start([await users(NAMES, 9)]);
    await using guessers = new Guessers(gateway.port, count, from);
    await eventually("the first are refused", async () => guessers.statuses.length > 2);
    for (const name of NAMES) expect(await ask(gateway, healthy(name))).toBe(200);
    expect(new Set(guessers.statuses)).toEqual(new Set([401]));
  });

  test("nor, where the service manager gives a folder in memory, those who were in before a restart", async () => {
    const runtime = mkdtempSync("/dev/shm/pushgateway-");
    const flags = [await users(NAMES, 4)];
    const start = () => Gateway.start(flags, "", "http", ["env", `RUNTIME_DIRECTORY=${runtime}`]);
    const file = join(runtime, "accepted");
    try {
      {
        await using gateway = await start();
        expect(await ask(gateway, healthy("alice"))).toBe(200);
      }
      const kept = statSync(file);
      expect(kept.mode & 0o777).toBe(0o600);
      expect(readFileSync(file, "utf8")).not.toMatch(/alice|right/);
      await using again = await start();
      expect(await ask(again, healthy("alice"))).toBe(200);
      // Whoever is let in for the first time has it written anew.
      expect(statSync(file).ino).toBe(kept.ino);
      expect(await ask(again, healthy("bob"))).toBe(200);
      expect(statSync(file).ino).not.toBe(kept.ino);
    } finally {
      rmSync(runtime, { recursive: true });
    }
  });

  test("a folder on a disk keeps nothing of it", async () => {
    await using gateway = await Gateway.start([await users(NAMES, 4)], "", "http", [
      "env",
      `RUNTIME_DIRECTORY=${folder}`,
    ]);
    expect(await ask(gateway, healthy("alice"))).toBe(200);
    expect(statSync(join(folder, "accepted"), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe("a client that opens what it does not go on with", () => {
  const half = `POST /metrics/job/bad HTTP/1.1\r\n${HOST}\r\nContent-Length: 50000\r\n\r\n${"#".repeat(20_000)}`;
  const push = `PUT /metrics/job/honest HTTP/1.1\r\n${HOST}\r\nContent-Length: 9\r\n\r\nhonest 1\n`;

  test("half bodies: a slow upload of another address is received whole, and pushes are answered", async () => {
    await using gateway = await Gateway.start(["--web.max-pushes-in-flight=10"]);
    using slow = await Connection.open(gateway.port, WAIT_LIMIT_MS, false, HONEST);
    slow.write(`POST /metrics/job/slow HTTP/1.1\r\n${HOST}\r\nContent-Length: 22\r\n\r\n`);
    using crowd = new Crowd();
    for (let n = 0; n < 11; n++) {
      slow.write("#\n");
      await crowd.open(gateway.port, 20, half);
      expect(await ask(gateway, push)).toBe(200);
    }
    expect((await slow.answer()).status).toBe(200);
  });

  test("unread scrapes: one of another address is read whole", async () => {
    await using gateway = await Gateway.start(["--web.max-scrapes-in-flight=4"]);
    const text = Array.from({ length: 100_000 }, (_, n) => `big{n="${n}",filler="${"x".repeat(60)}"} 1\n`).join("");
    expect(
      await ask(gateway, `PUT /metrics/job/big HTTP/1.1\r\n${HOST}\r\nContent-Length: ${text.length}\r\n\r\n${text}`),
    ).toBe(200);
    using crowd = new Crowd();
    for (let n = 0; n < 5; n++) {
      await crowd.open(gateway.port, 10, `GET /metrics HTTP/1.1\r\n${HOST}\r\n\r\n`);
      using scraper = await Connection.open(gateway.port, WAIT_LIMIT_MS, false, HONEST);
      scraper.write(`GET /metrics HTTP/1.1\r\n${HOST}\r\n\r\n`);
      await crowd.open(gateway.port, 10, `GET /metrics HTTP/1.1\r\n${HOST}\r\n\r\n`);
      expect((await scraper.answer()).body.length).toBeGreaterThan(text.length);
    }
  });

  test.each([
    { what: "silent connections", start: "" },
    { what: "half headers", start: "POST /metrics/job/bad HTTP/1.1\r\nX: " },
    { what: "half bodies", start: half },
  ])(
    "$what at the end of the descriptors: another address keeps its connections and gets new ones",
    async ({ start }) => {
      await using gateway = await Gateway.start([], "", "http", ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]);
      using kept = await Connection.open(gateway.port, WAIT_LIMIT_MS, false, HONEST);
      using crowd = new Crowd();
      for (let n = 0; n < 6; n++) {
        await crowd.open(gateway.port, 100, start);
        kept.write(push);
        expect((await kept.answer()).status).toBe(200);
        expect(await ask(gateway, push)).toBe(200);
      }
    },
  );
});

describe("a client that does not finish its handshakes", () => {
  test.each([
    { what: "silent", start: "" },
    { what: "half a ClientHello", start: Buffer.from("16030100f0010000ec0303", "hex") },
  ])(
    "$what, at the end of the descriptors: another address keeps its connections and gets new ones",
    async ({ start }) => {
      const limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];
      await using gateway = await secure(limited);
      using kept = await Connection.open(gateway.port, WAIT_LIMIT_MS, true, HONEST);
      const healthy = `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\r\n`;
      using crowd = new Crowd();
      for (let n = 0; n < 6; n++) {
        await crowd.open(gateway.port, 100, start);
        kept.write(healthy);
        expect((await kept.answer()).status).toBe(200);
        expect(await ask(gateway, healthy, true)).toBe(200);
      }
    },
  );
});

describe("a client of HTTP/2 that does nothing but cost", () => {
  const healthy = `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\r\n`;
  test.each([
    { what: "pings", frame: pingFrame() },
    { what: "settings", frame: settingsFrame() },
  ])("$what without end: its connection is closed", async ({ frame }) => {
    await using gateway = await secure();
    using flood = await Connection.open(gateway.port, WAIT_LIMIT_MS, "h2", HOSTILE);
    flood.write(PREFACE);
    const frames = Buffer.concat(Array.from({ length: 10_000 }, () => frame));
    await eventually("it is closed", async () => {
      if (!flood.closed) flood.write(frames);
      return flood.closed;
    });
    expect(await ask(gateway, healthy, true)).toBe(200);
  });
});

describe("requests in one packet behind one whose answer takes its time", () => {
  const put = (n: number, auth = "X: y") =>
    `PUT /metrics/job/j/n/${n} HTTP/1.1\r\n${HOST}\r\n${auth}\r\nContent-Length: 4\r\n\r\na ${n}\n`;
  const COUNT = 50;
  const all = (auth?: string) => Array.from({ length: COUNT }, (_, n) => put(n % 10, auth)).join("");

  async function statuses(gateway: Gateway, requests: string): Promise<number[]> {
    using connection = await Connection.open(gateway.port, WAIT_LIMIT_MS, false, HONEST);
    connection.write(requests);
    const found: number[] = [];
    while (found.length < COUNT) found.push((await connection.answer()).status);
    return found;
  }

  test("are all answered, in order, and stored: with a persistence file", async () => {
    await using gateway = await Gateway.start([`--persistence.file=${join(folder, "pipelined.db")}`]);
    expect(await statuses(gateway, all())).toEqual(Array.from({ length: COUNT }, () => 200));
    expect(await gateway.lines("a{")).toHaveLength(10);
  });

  test("are all answered, in order: while the first one's password is being verified", async () => {
    await using gateway = await Gateway.start([await users(["alice", "bob"], 8)]);
    expect(await statuses(gateway, all(basic("alice", "right")))).toEqual(Array.from({ length: COUNT }, () => 200));
    const mixed = Array.from({ length: COUNT }, (_, n) =>
      put(n % 10, basic("alice", n % 2 === 0 ? "right" : `wrong${n}`)),
    );
    const wanted = Array.from({ length: COUNT }, (_, n) => (n % 2 === 0 ? 200 : 401));
    expect(await statuses(gateway, mixed.join(""))).toEqual(wanted);
  });
});
