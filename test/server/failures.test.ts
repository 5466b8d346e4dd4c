import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import type { Answer, Answers, Exchange } from "../../src/server/exchange.ts";
import { Failures } from "../../src/server/failures.ts";
import { Http2 } from "../../src/server/http2.ts";
import type { Listener } from "../../src/server/listener.ts";
import { ListenerContext } from "../../src/server/listener-context.ts";
import { listenPlain } from "../../src/server/plain-listener.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { listenTls } from "../../src/server/tls-listener.ts";
import type { TlsOptions } from "../../src/server/tls-options.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Certificates } from "../certificates.ts";
import { eventually } from "../program.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 };
const LONG = "x".repeat(100_000);

class Unshowable extends Error {
  override toString(): string {
    throw new Error("not even this");
  }
}

/** How a handler fails, by the path that is asked for. */
const FAILURES: Readonly<Record<string, () => Answers>> = {
  "/at-once": () => {
    throw new RangeError("Not an integer");
  },
  "/later": async () => {
    await null;
    throw new RangeError("Not an integer");
  },
  "/no-error": () => {
    throw LONG;
  },
  "/long": () => {
    throw new Error(LONG);
  },
  "/unshowable": () => {
    throw new Unshowable();
  },
  "/nothing": () => Promise.reject(undefined),
};

/** An answer that breaks off behind its first piece; `ended` counts how often it came to its end. */
function broken(ended: () => void): Answer {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from("first");
      throw new Error("the second piece cannot be made");
    } finally {
      ended();
    }
  }
  return { status: 200, headers: {}, body: { sizeBytes: null, pieces: pieces() } };
}

describe("a request that fails by a fault of the server's own", () => {
  const logged: string[] = [];
  const listeners: Listener[] = [];
  let counted = 0;
  let ended = 0;
  let [plain, secure] = ["", ""];

  beforeAll(async () => {
    const certificates = new Certificates();
    const log = createLog({ level: "debug", format: "logfmt", write: (line) => logged.push(line), now: Date.now });
    let nowMs = 0;
    // Each look at the clock is another minute: no line is left out.
    const now = () => (nowMs += 60_000);
    const told = { log, now };
    const handler = (exchange: Exchange): Answers => {
      const path = Buffer.from(exchange.path).toString();
      if (path === "/amid") return broken(() => ended++);
      return FAILURES[path]?.() ?? { status: 200, headers: {}, body: "fine" };
    };
    const context = new ListenerContext({
      handler,
      maxConnections: 100,
      giveWay: () => false,
      countLimit: () => {},
      refusals: new Refusals({ ...told, count: () => {}, note: () => {} }),
      failures: new Failures({ ...told, count: () => counted++ }),
      log,
      clock: {
        now: Date.now,
        nowMs: () => performance.now(),
        after: (ms, run) => void setTimeout(run, ms),
        every: () => {},
      },
    });
    const [cert, key] = ["server.crt", "server.key"].map((name) => readFileSync(certificates.path(name), "latin1"));
    const tls: TlsOptions = { context: { cert, key }, clientAuth: "NoClientCert", allowedSans: null };
    listeners.push(listenPlain(ANYWHERE, context));
    const deps = { context, options: () => tls, certificateFault: () => null, http2: new Http2(context), log };
    listeners.push(await listenTls(ANYWHERE, tls, deps));
    const [plainPort, securePort] = listeners.map(({ address }) => address?.port);
    [plain, secure] = [`http://127.0.0.1:${plainPort}`, `https://127.0.0.1:${securePort}`];
  });
  afterAll(() => {
    for (const listener of listeners) listener.stop();
  });

  /** The status and the text of an answer; null where the connection or the stream ended without one. */
  type Ask = (path: string) => Promise<{ status: number; text: string } | null>;

  const byFetch = async (url: string): ReturnType<Ask> => {
    try {
      const answer = await fetch(url, { tls: { rejectUnauthorized: false } });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return null;
    }
  };

  const byHttp2: Ask = async (path) => {
    const session = connectHttp2(secure, { rejectUnauthorized: false });
    try {
      return await new Promise((resolve, reject) => {
        session.on("error", reject);
        const stream = session.request({ ":path": path });
        let [status, text, isWhole] = [0, "", false];
        stream.on("response", (fields) => (status = Number(fields[":status"])));
        stream.on("data", (bytes) => (text += bytes));
        stream.on("end", () => (isWhole = true));
        stream.on("error", () => {});
        stream.on("close", () => resolve(isWhole && stream.rstCode === 0 ? { status, text } : null));
      });
    } finally {
      session.destroy();
    }
  };

  const WAYS: readonly { readonly name: string; readonly ask: Ask }[] = [
    { name: "plain HTTP", ask: (path) => byFetch(plain + path) },
    { name: "HTTP/1.1 over TLS", ask: (path) => byFetch(secure + path) },
    { name: "HTTP/2", ask: byHttp2 },
  ];

  for (const { name, ask } of WAYS) {
    test.each(Object.keys(FAILURES))(`over ${name} is answered 500, counted and logged once: %s`, async (path) => {
      [counted, logged.length] = [0, 0];
      expect(await ask(path)).toEqual({ status: 500, text: "internal error\n" });
      expect([counted, logged.length]).toEqual([1, 1]);
      expect(logged[0]).toMatch(new RegExp(`level=error .*method=GET url=${path} .*127\\.0\\.0\\.1:\\d+ err=`));
      expect(logged[0]?.length).toBeLessThan(10_000);
      expect(await ask("/fine")).toEqual({ status: 200, text: "fine" });
    });

    test(`over ${name} amid an answer cuts it, is counted and logged once, and the answer comes to its end`, async () => {
      [counted, logged.length, ended] = [0, 0, 0];
      expect(await ask("/amid")).toBeNull();
      await eventually("it is counted", async () => counted > 0);
      expect([counted, logged.length, ended]).toEqual([1, 1, 1]);
      expect(logged[0]).toContain('err="Error: the second piece cannot be made"');
    });
  }

  test("says where it failed", async () => {
    logged.length = 0;
    await byFetch(`${plain}/at-once`);
    expect(logged[0]).toMatch(/err="RangeError: Not an integer" at=".*failures\.test\.ts:\d+:\d+.*"/);
  });
});

test("a flood of failures is counted in full and logged twenty times a minute, then with how many were not", () => {
  const lines: string[] = [];
  let [counted, nowMs] = [0, 0];
  const log = createLog({ level: "error", format: "logfmt", write: (line) => lines.push(line), now: () => nowMs });
  const failures = new Failures({ log, now: () => nowMs, count: () => counted++ });
  const request = { method: "PUT", path: Buffer.from("/metrics/job/j"), client: "10.0.0.1:5" };
  for (let n = 0; n < 1000; n++) failures.note(request, new Error("x"));
  expect([counted, lines.length]).toEqual([1000, 20]);
  nowMs = 60_000;
  failures.note(request, new Error("x"));
  expect(lines.at(-1)).toContain(" unlogged=980\n");
});
