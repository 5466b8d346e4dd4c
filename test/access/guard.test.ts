import { describe, expect, test } from "bun:test";
import { BasicAuth } from "../../src/access/basic-auth.ts";
import { createGuard } from "../../src/access/guard.ts";
import type { WebConfig } from "../../src/access/web-config.ts";
import { exchangeOf, responseOf } from "../../src/http/web.ts";
import { Fault } from "../../src/model/fault.ts";
import type { RefusalReason } from "../../src/model/refusals.ts";
import { TokenBucket } from "../../src/model/token-bucket.ts";
import type { Exchange } from "../../src/server/exchange.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const OPEN: WebConfig = { tls: {}, http2: true, headers: [], users: new Map(), rateLimit: null };
const request = (authorization?: string) =>
  exchangeOf(new Request("http://localhost/", authorization === undefined ? {} : { headers: { authorization } }));

const bcrypt = (password: Uint8Array, hash: string) => Bun.password.verify(password, hash, "bcrypt");

function guarded(config: WebConfig | Fault, limiter: TokenBucket | null = null, verify = bcrypt, maxPending = 10) {
  const auth = new BasicAuth({ verify, nowMs: () => 0, limits: { maxPending, maxRemembered: 10 } });
  const guard = createGuard({ config: () => config, auth, limiter, identities: null });
  const counted: RefusalReason[] = [];
  const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
  const refusals = new Refusals({ count: (reason) => counted.push(reason), note: () => {}, log, now: () => 0 });
  return async (asked: Exchange) => {
    let reached = 0;
    counted.length = 0;
    const app = () => {
      reached++;
      return { status: 200, headers: { "X-Frame-Options": "of the app" }, body: "app" };
    };
    const answers = guard(asked, app, refusals);
    const answer = responseOf(await answers);
    return {
      status: answer.status,
      text: await answer.text(),
      headers: answer.headers,
      reached,
      counted: [...counted],
    };
  };
}

describe("the guard", () => {
  test("answers 500 while the file is broken, before anything else", async () => {
    const seen = await guarded(new Fault("broken"))(request());
    expect([seen.status, seen.text, seen.reached]).toEqual([500, "Internal Server Error\n", 0]);
    expect(seen.counted).toEqual(["web-config"]);
  });

  test("answers 429 over the rate limit, without the headers of the file", async () => {
    const limiter = new TokenBucket(1000, 1, () => 0);
    const ask = guarded({ ...OPEN, headers: [["X-Frame-Options", "deny"]] }, limiter);
    expect((await ask(request())).status).toBe(200);
    const seen = await ask(request());
    expect([seen.status, seen.text, seen.headers.get("x-frame-options"), seen.reached]).toEqual([
      429,
      "Too Many Requests\n",
      null,
      0,
    ]);
    expect(seen.counted).toEqual(["rate-limit"]);
  });

  test("answers 401 with the headers of the file, and says how to come in", async () => {
    const ask = guarded({ ...OPEN, users: new Map([["a", HASH]]), headers: [["X-Frame-Options", "deny"]] });
    for (const header of [undefined, `Basic ${btoa("a:wrong")}`, `Basic ${btoa("b:right")}`]) {
      const { status, text, headers, reached, counted } = await ask(request(header));
      expect([status, text, reached, counted]).toEqual([401, "Unauthorized\n", 0, ["unauthorized"]]);
      expect(headers.get("www-authenticate")).toBe("Basic");
      expect(headers.get("x-frame-options")).toBe("deny");
    }
  });

  test("answers 503 where more passwords wait than may, says when to come again, and counts it", async () => {
    const never = new Promise<boolean>(() => {});
    const ask = guarded({ ...OPEN, users: new Map([["a", HASH]]) }, null, () => never, 1);
    for (const password of ["one", "two", "three"]) void ask(request(`Basic ${btoa(`a:${password}`)}`));
    const { status, headers, reached, counted } = await ask(request(`Basic ${btoa("a:four")}`));
    expect([status, headers.get("retry-after"), reached, counted]).toEqual([503, "1", 0, ["password-queue"]]);
  });

  test("lets the user in, at first and again", async () => {
    const ask = guarded({ ...OPEN, users: new Map([["a", HASH]]) });
    for (let n = 0; n < 2; n++) {
      const seen = await ask(request(`Basic ${btoa("a:right")}`));
      expect([seen.status, seen.text, seen.reached, seen.counted]).toEqual([200, "app", 1, []]);
    }
  });

  test("adds headers, but leaves those of the app", async () => {
    const headers = [
      ["X-Frame-Options", "deny"],
      ["X-XSS-Protection", "1"],
    ] as const;
    const seen = await guarded({ ...OPEN, headers })(request());
    expect(seen.headers.get("x-frame-options")).toBe("of the app");
    expect(seen.headers.get("x-xss-protection")).toBe("1");
  });
});

describe("a rate limit", () => {
  const cases: [burst: number, timesMs: number[], allowed: boolean[]][] = [
    [0, [0, 5_000], [false, false]],
    [1, [0, 500, 1000, 1001], [true, false, true, false]],
    [2, [0, 0, 0, 1000, 10_000, 10_000, 10_000], [true, true, false, true, true, true, false]],
    [-1, [0, 60_000], [false, false]],
  ];
  test.each(cases)("of 1s and burst %d at %j", (burst, timesMs, allowed) => {
    let nowMs = 0;
    const limiter = new TokenBucket(1000, burst, () => nowMs);
    const seen = timesMs.map((timeMs) => {
      nowMs = timeMs;
      return limiter.take();
    });
    expect(seen).toEqual(allowed);
  });
});
