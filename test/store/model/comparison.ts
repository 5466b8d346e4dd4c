import { expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../../app.ts";
import { seededRandom } from "../../telemetry/fixtures.ts";
import { verifyStore } from "../verify.ts";
import { pathOf, requestOf } from "./body.ts";
import { compareAll, pushedPart, scrapeText } from "./compare.ts";
import { Model, type Ttl } from "./model.ts";
import { GROUPS, ownTypes, PushSource } from "./random-push.ts";

const STEPS_A_COMPARISON = 25;
const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A scrape that is read slowly. */
interface SlowScrape {
  readonly body: ReadableStream<Uint8Array>;
  readonly parts: Uint8Array[];
  /** What was there to be scraped when it began. */
  readonly expected: string;
  readonly endStep: number;
  readonly cancelled: boolean;
}

/** What a push says of the time to live of its group, and what that is. */
const TTLS: readonly [text: string, ttl: Ttl | null][] = [
  ["0", "never"],
  ["default", null],
  ["10ms", 10],
  ["40ms", 40],
  ["90ms", 90],
  ["0.3s", 300],
  ["1h", 3_600_000],
];

/** The times to live that the server has for all groups. */
export interface Expiring {
  readonly ttlMs: number | "never";
  readonly keepsTimes: boolean;
}

function flagsOf({ ttlMs, keepsTimes }: Expiring): string[] {
  const common = ttlMs === "never" ? [] : [`--push.group-ttl=${ttlMs}ms`];
  return ["--web.enable-admin-api", ...common, ...(keepsTimes ? ["--push.ttl-keep-times"] : [])];
}

/** Drives the app and the model through the same random steps. */
class Comparison {
  readonly #source = new PushSource(seededRandom(seed));
  readonly #test: TestApp;
  readonly #model: Model;
  readonly answers = { 200: 0, 202: 0, 400: 0 };
  #scrapes: SlowScrape[] = [];
  slowScrapes = 0;

  constructor(expiring: Expiring) {
    this.#test = createTestApp(...flagsOf(expiring));
    this.#model = new Model(ownTypes(), expiring.ttlMs, expiring.keepsTimes);
  }

  get expired(): number {
    return this.#model.expired;
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#test.nowMs += 1 + this.#source.below(3);
      try {
        await this.#step(step);
      } catch (problem) {
        throw new Error(`step ${step} with MODEL_SEED=${seed}: ${problem}`);
      }
    }
    await this.#endScrapes(Infinity);
    expect(this.#test.store.stats.snapshots).toBe(0);
  }

  async #step(step: number): Promise<void> {
    const source = this.#source;
    const kind = source.random();
    if (kind < 0.04) await this.#delete();
    else if (kind < 0.0405) await this.#wipe();
    else if (kind < 0.06) await this.#malformed();
    else await this.#push();
    if (source.chance(0.12)) this.#expire();
    await this.#endScrapes(step);
    if (source.chance(0.05)) await this.#beginScrape(step + source.below(40));
    if (step % STEPS_A_COMPARISON > 0) return;
    verifyStore(this.#test.store);
    this.#test.context.smallPushes.verify();
    this.#test.context.longAnswers.verify();
    await compareAll(this.#test.app, this.#model);
  }

  async #ask(path: string, init: RequestInit): Promise<number> {
    const { status } = await ask(this.#test.app, init.method ?? "GET", path, init);
    if (status !== 200 && status !== 202 && status !== 400) throw new Error(`${init.method} ${path}: ${status}`);
    this.answers[status]++;
    return status;
  }

  async #push(): Promise<void> {
    const random = this.#source.push();
    const [text, ttl] = this.#source.chance(0.3) ? this.#source.pick(TTLS) : [null, undefined];
    const push = { ...random, nowMs: this.#test.nowMs, ttl };
    const { path, init } = withTtl(requestOf(this.#source, random), text, this.#source.chance(0.5));
    const verdict = this.#model.judge(push);
    const status = await this.#ask(path, init);
    const found = status === 200 ? "accepted" : "refused";
    if (verdict !== "either" && verdict !== found)
      throw new Error(`${found}, but the model says ${verdict}: ${init.method} ${path} ${JSON.stringify(push)}`);
    if (found === "accepted") this.#model.accept(push);
    else this.#model.refuse(push);
  }

  /** A scrape that is under way holds what it has. */
  #expire(): void {
    const { store, nowMs } = this.#test;
    while (store.expiry.step(nowMs / 1000));
    this.#model.expire(nowMs);
  }

  async #malformed(): Promise<void> {
    const body = this.#source.pick(["m", "m{", 'm{a="\\x"} 1\n', "m one\n", "# TYPE m nonsense\n", "{} 1\n"]);
    expect(await this.#ask("/metrics/job/malformed", { method: "PUT", body })).toBe(400);
  }

  async #delete(): Promise<void> {
    const labels = this.#source.pick(GROUPS);
    expect(await this.#ask(pathOf(this.#source, labels), { method: "DELETE" })).toBe(202);
    this.#model.delete(labels);
  }

  async #wipe(): Promise<void> {
    expect(await this.#ask("/api/v1/admin/wipe", { method: "PUT" })).toBe(202);
    this.#model.wipe();
  }

  /** Begins a scrape, reads its first piece and leaves the rest for later. */
  async #beginScrape(endStep: number): Promise<void> {
    const { app } = this.#test;
    const expected = pushedPart(await scrapeText(app));
    const headers = { accept: "text/plain;version=0.0.4;escaping=allow-utf-8" };
    const { body } = await ask(app, "GET", "/metrics", { headers });
    if (body === null) throw new Error("a scrape has no body");
    const cancelled = this.#source.chance(0.3);
    const parts: Uint8Array[] = [];
    // A cancelled one may go before it was read at all.
    if (!cancelled || this.#source.chance(0.5)) {
      const reader = body.getReader();
      parts.push((await reader.read()).value ?? new Uint8Array(0));
      reader.releaseLock();
    }
    this.#scrapes.push({ body, parts, expected, endStep, cancelled });
    this.slowScrapes++;
  }

  /** Ends the scrapes whose time has come: what was read must be what was there when they began. */
  async #endScrapes(step: number): Promise<void> {
    const ending = this.#scrapes.filter(({ endStep }) => endStep <= step);
    this.#scrapes = this.#scrapes.filter(({ endStep }) => endStep > step);
    for (const { body, parts, expected, cancelled } of ending) {
      if (cancelled) {
        await body.cancel();
        continue;
      }
      for await (const part of body) parts.push(part);
      expect(pushedPart(Buffer.concat(parts).toString())).toBe(expected);
    }
  }
}

type PushRequest = ReturnType<typeof requestOf>;

function withTtl(request: PushRequest, text: string | null, inHeader: boolean): PushRequest {
  if (text === null) return request;
  const { path, init } = request;
  if (!inHeader) return { path: `${path}?ttl=${text}`, init };
  return { path, init: { ...init, headers: { ...init.headers, "Pushgateway-TTL": text } } };
}

/** Has the app and the model take so many steps, as a test. */
export function modelTest(steps: number, expiring: Expiring): void {
  const { ttlMs, keepsTimes } = expiring;
  const common = `groups live for ${ttlMs} ms or their own time${keepsTimes ? ", push times stay" : ""}`;
  test(`${steps} random pushes, deletes and wipes are answered and shown as a model of plain maps has it; ${common} (MODEL_SEED=${seed})`, async () => {
    const comparison = new Comparison(expiring);
    await comparison.run(steps);
    expect(comparison.answers[200]).toBeGreaterThan(steps / 3);
    expect(comparison.answers[400]).toBeGreaterThan(steps / 20);
    expect(comparison.expired).toBeGreaterThan(steps / 250);
    expect(comparison.slowScrapes).toBeGreaterThan(steps / 50);
  });
}
