import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, scrape, type TestApp } from "../app.ts";
import { countWork } from "../cost/counted.ts";
import { Dice } from "../fuzz/dice.ts";
import { scrapeFault } from "../poison/strict-scraper.ts";
import { verifyStore } from "./verify.ts";

const UNCHECKED = "--push.disable-consistency-check";
const SCRAPER = { utf8Names: true, nativeHistograms: true };
const seed = Number(process.env.SETTLING_SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 250;
const JOBS = ["a", "b", "c", "d", "e"];
/** Names that contradict one another as summaries and histograms. */
const NAMES = ["x", "x_count", "x_sum", "x_bucket", "x_count_count", "y"];
const TYPES = ["gauge", "counter", "summary", "histogram"] as const;
type Type = (typeof TYPES)[number];

const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join("");

function family(name: string, type: Type): string {
  const head = `# TYPE ${name} ${type}\n`;
  return type === "summary" || type === "histogram" ? `${head}${name}_sum 1\n${name}_count 1\n` : `${head}${name} 1\n`;
}

/** Which types are shown by their ages alone: from the oldest to the newest, each that contradicts none so far. */
class Ages {
  private readonly groups = new Map<string, Map<string, Type>>();
  private readonly ages = new Map<string, number>();
  private clock = 0;

  post(job: string, families: readonly (readonly [string, Type])[], replace: boolean): void {
    const known = replace ? new Map<string, Type>() : new Map(this.groups.get(job));
    for (const [name, type] of families) known.set(name, type);
    this.groups.set(job, known);
    // What goes is gone before what comes.
    this.forget();
    for (const [name, type] of families) {
      const key = `${name} ${type}`;
      if (!this.ages.has(key)) this.ages.set(key, ++this.clock);
    }
  }

  delete(job: string): void {
    this.groups.delete(job);
    this.forget();
  }

  private forget(): void {
    const held = new Set([...this.groups.values()].flatMap((one) => [...one].map(([name, type]) => `${name} ${type}`)));
    for (const key of this.ages.keys()) if (!held.has(key)) this.ages.delete(key);
  }

  shown(): string[] {
    const shown = new Map<string, Type>();
    for (const [key] of [...this.ages].sort(([, a], [, b]) => a - b)) {
      const [name = "", type] = key.split(" ") as [string, Type];
      if (!contradicts(shown, name, type)) shown.set(name, type);
    }
    return [...shown].map(([name, type]) => `${name} ${type}`).sort();
  }
}

function contradicts(shown: ReadonlyMap<string, Type>, name: string, type: Type): boolean {
  if (shown.has(name)) return true;
  for (const suffix of ["_count", "_sum", "_bucket"]) {
    const owner = name.endsWith(suffix) ? shown.get(name.slice(0, -suffix.length)) : undefined;
    if (owner === "histogram" || (owner === "summary" && suffix !== "_bucket")) return true;
  }
  if (type !== "summary" && type !== "histogram") return false;
  return ["_count", "_sum", ...(type === "histogram" ? ["_bucket"] : [])].some((suffix) => shown.has(name + suffix));
}

async function shownTypes({ app }: TestApp): Promise<string[]> {
  const text = await scrape(app);
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  return types.filter((one) => /^[xy](_count|_sum|_bucket)* /.test(one)).sort();
}

async function expectScrapable({ app }: TestApp): Promise<void> {
  const answer = await ask(app, "GET", "/metrics");
  const body = new Uint8Array(await answer.arrayBuffer());
  expect(scrapeFault(body, answer.headers.get("content-type") ?? "", SCRAPER)).toBeNull();
}

describe("what an unchecked store shows", () => {
  test(`follows from the ages of families alone, whatever comes and goes (SETTLING_SEED=${seed})`, async () => {
    const dice = new Dice(seed);
    const gateway = createTestApp(UNCHECKED);
    const ages = new Ages();
    for (let step = 0; step < STEPS; step++) {
      gateway.nowMs += 1000;
      const job = dice.pick(JOBS);
      if (dice.chance(0.3)) {
        await ask(gateway.app, "DELETE", `/metrics/job/${job}`);
        ages.delete(job);
      } else {
        const replace = dice.chance(0.5);
        const one = [dice.pick(NAMES), dice.pick(TYPES)] as const;
        await push(gateway.app, `/job/${job}`, family(...one), replace ? "PUT" : "POST");
        ages.post(job, [one], replace);
      }
      if (dice.chance(0.3)) continue;
      expect({ step, shown: await shownTypes(gateway) }).toEqual({ step, shown: ages.shown() });
      await expectScrapable(gateway);
      verifyStore(gateway.store);
    }
  });

  test(`leaves out no series that nobody else has (SETTLING_SEED=${seed})`, async () => {
    const dice = new Dice(seed);
    const gateway = createTestApp(UNCHECKED);
    const stored = new Map<string, string[]>();
    for (let step = 0; step < STEPS; step++) {
      const instance = dice.below(6);
      const path = dice.chance(0.5) ? "/job/j" : `/job/j/instance/i${instance}`;
      if (dice.chance(0.25)) {
        await ask(gateway.app, "DELETE", `/metrics${path}`);
        stored.delete(path);
      } else {
        // Without an instance in its key a group may hold series of every other one.
        const labels = Array.from({ length: 1 + dice.below(4) }, () => {
          const own = path === "/job/j" ? `instance="i${dice.below(6)}",` : "";
          return `${own}k="${dice.below(4)}"`;
        });
        await push(
          gateway.app,
          path,
          lines(labels.length, (i) => `x{${labels[i]}} 1\n`),
        );
        const given = path === "/job/j" ? "" : `instance="i${instance}",`;
        stored.set(
          path,
          labels.map((one) => `x{${given}${one}}`.replace(/,k=/, ',job="j",k=')),
        );
      }
      if (dice.chance(0.5)) continue;
      await expectScrapable(gateway);
      const shown = new Set([...(await scrape(gateway.app)).matchAll(/^x\{.*\}/gm)].map(([series]) => series));
      for (const series of stored.values()) {
        const found = series.filter((one) => shown.has(one));
        const isTwice = new Set(series).size < series.length;
        expect({ step, isFound: found.length > 0 || isTwice, series }).toEqual({ step, isFound: true, series });
      }
      verifyStore(gateway.store);
    }
  });
});

/** Far below what is stored: some milliseconds. */
const MOST_UNITS = 1_000_000;
const FAMILIES = 6_000;
const DOUBLING = 200;

/** Counts work, with a clock that moves by itself: a turn is no more than a few steps. */
function countSteps(gateway: TestApp, run: () => Promise<unknown>): ReturnType<typeof countWork> {
  let nowMs = 0;
  gateway.clock = { nowMs: () => ++nowMs, turn: gateway.clock.turn };
  return countWork(gateway, run);
}

describe("what can be shown again is found out in turns of the loop,", () => {
  test("however many families were left out", async () => {
    const gateway = createTestApp(UNCHECKED);
    await push(gateway.app, "/job/old", `${lines(FAMILIES, (i) => `# TYPE x${i} gauge\nx${i} 1\n`)}`);
    await push(gateway.app, "/job/new", `${lines(FAMILIES, (i) => `# TYPE x${i} counter\nx${i} 1\n`)}`);
    expect(gateway.store.stats.conflictingFamilies).toBe(FAMILIES);
    const { done, mostInTurn } = await countSteps(gateway, async () => {
      await ask(gateway.app, "DELETE", "/metrics/job/old");
      expect((await scrape(gateway.app)).match(/^# TYPE x\d+ counter$/gm)).toHaveLength(FAMILIES);
    });
    expect(done).toBeGreaterThan(2 * MOST_UNITS);
    expect(mostInTurn).toBeLessThan(MOST_UNITS);
    verifyStore(gateway.store);
  });

  test("and while one is in the way of the next, from the first to the last", async () => {
    const gateway = createTestApp(UNCHECKED);
    const name = (i: number) => `x${"_count".repeat(i)}`;
    for (let i = 0; i < DOUBLING; i++) await push(gateway.app, `/job/j${i}`, family(name(i), "summary"));
    const shown = async () => (await scrape(gateway.app)).match(/^# TYPE x\S* summary$/gm)?.length;
    expect(await shown()).toBe(DOUBLING / 2);
    const { mostInTurn } = await countSteps(gateway, async () => {
      await ask(gateway.app, "DELETE", "/metrics/job/j0");
      expect(await shown()).toBe(DOUBLING / 2);
    });
    expect((await scrape(gateway.app)).includes(`# TYPE ${name(1)} summary\n`)).toBe(true);
    expect(mostInTurn).toBeLessThan(MOST_UNITS);
    verifyStore(gateway.store);
  });

  test("however many groups, and however large ones, have held series of one", async () => {
    const gateway = createTestApp(UNCHECKED);
    const series = (from: number, count: number) =>
      lines(count, (i) => `x{instance="i${from + i}",more="${"m".repeat(100)}"} 1\n`);
    await push(gateway.app, "/job/j", `${series(0, FAMILIES)}`);
    const own = `x{more="${"m".repeat(100)}"} 1\n`;
    for (let i = 0; i < DOUBLING; i++) await push(gateway.app, `/job/j/instance/i${i}`, own);
    // Series of the one large group, in another large one.
    await push(
      gateway.app,
      "/job@base64/ag/instance@base64/=/",
      lines(FAMILIES, (i) => `y{a="${i}"} 1\n`),
    );
    expect(gateway.store.stats.conflictingFamilies).toBeGreaterThanOrEqual(DOUBLING);
    const { mostInTurn } = await countSteps(gateway, async () => {
      await ask(gateway.app, "DELETE", "/metrics/job/j");
      expect((await scrape(gateway.app)).match(/^x\{/gm)).toHaveLength(DOUBLING);
    });
    expect(mostInTurn).toBeLessThan(MOST_UNITS);
    verifyStore(gateway.store);
  });
});

test("a large group that was left out comes back whole, whatever is pushed meanwhile", async () => {
  const gateway = createTestApp(UNCHECKED);
  const { app, store } = gateway;
  const large = lines(FAMILIES, (i) => `x{instance="i${i}"} 1\n`);
  await push(app, "/job/j/instance/i7", "x 1\n");
  await push(app, "/job/j", large);
  const count = async () => (await scrape(app)).match(/^x\{/gm)?.length;
  expect(await count()).toBe(1);
  let turns = 0;
  let isDisturbed = true;
  const { turn } = gateway.clock;
  gateway.clock = {
    nowMs: () => ++turns,
    turn: async () => {
      await turn();
      if (!isDisturbed) return;
      // Another group has one of its series by now, or has it no more.
      if (turns % 40 === 0) void push(app, "/job/j/instance/i9", "x 1\n");
      else if (turns % 40 === 20) void ask(app, "DELETE", "/metrics/job/j/instance/i9");
      if (turns % 50 === 0) verifyStore(store);
    },
  };
  await ask(app, "DELETE", "/metrics/job/j/instance/i7");
  for (let round = 0; round < 20; round++) await expectScrapable(gateway);
  isDisturbed = false;
  await ask(app, "DELETE", "/metrics/job/j/instance/i9");
  expect(await count()).toBe(FAMILIES);
  verifyStore(store);
});
