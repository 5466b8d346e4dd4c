import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { Dice } from "../fuzz/dice.ts";
import { verifyStore } from "../store/verify.ts";
import { OTHER_LINES } from "./other-lines.ts";

setDefaultTimeout(120_000);

const seed = Number(process.env.ADDING_SEED ?? Math.floor(Math.random() * 2 ** 31));
const BOUNDS = ["0.5", "1", "10", "+Inf"];

/** What a group holds: its lines without values, in the order of the exposition, with their values. */
type Lines = Map<string, number>;

/** The series of a metric of each kind, without values. */
const SERIES = {
  c: (n: number) => [`c{x="${n}"}`],
  g: (n: number) => [`g{x="g{x=\\"${n}\\"} "}`],
  s: (n: number) => [`s{x="${n}",quantile="0.5"}`, `s_sum{x="${n}"}`, `s_count{x="${n}"}`],
  h: (n: number) => [...BOUNDS.map((le) => `h_bucket{x="${n}",le="${le}"}`), `h_sum{x="${n}"}`, `h_count{x="${n}"}`],
};
type Kind = keyof typeof SERIES;
const TYPES = { c: "counter", g: "gauge", s: "summary", h: "histogram" } as const;

interface Metric {
  readonly kind: Kind;
  readonly n: number;
  readonly values: readonly number[];
}

const number = (dice: Dice): number => dice.below(dice.pick([2, 10, 1000, 10 ** 7])) * dice.pick([1, 1, 0.25]);

function randomMetric(dice: Dice, kind: Kind, n: number): Metric {
  if (kind === "s") return { kind, n, values: [number(dice), number(dice), dice.below(1000)] };
  if (kind !== "h") return { kind, n, values: [number(dice)] };
  let count = 0;
  const counts = BOUNDS.map(() => {
    count += dice.below(dice.pick([2, 1000]));
    return count;
  });
  return { kind, n, values: [...counts, number(dice), count] };
}

/** Metrics of each kind in one run, in any order within it. */
function randomMetrics(dice: Dice, most: number, series: number): Metric[] {
  return (["c", "g", "s", "h"] as const).flatMap((kind) => {
    const numbers = new Set(Array.from({ length: dice.below(most + 1) }, () => dice.below(series)));
    const ordered = dice.chance(0.4) ? [...numbers].sort((a, b) => a - b) : [...numbers];
    return ordered.map((n) => randomMetric(dice, kind, n));
  });
}

function textOf(metrics: readonly Metric[]): string {
  const kinds = [...new Set(metrics.map(({ kind }) => kind))];
  return kinds
    .map((kind) => {
      const lines = metrics
        .filter((one) => one.kind === kind)
        .flatMap(({ n, values }) => SERIES[kind](n).map((series, i) => `${series} ${values[i]}\n`));
      return `# TYPE ${kind} ${TYPES[kind]}\n${lines.join("")}`;
    })
    .join("");
}

function add(lines: Lines, metrics: readonly Metric[]): void {
  for (const { kind, n, values } of metrics)
    for (const [i, series] of SERIES[kind](n).entries()) {
      const value = values[i] as number;
      if (series.includes("quantile") && lines.has(series.replace(/\{.*/, `_sum{x="${n}"}`))) {
        lines.delete(series);
        continue;
      }
      lines.set(series, kind === "g" ? value : (lines.get(series) ?? 0) + value);
    }
}

async function push({ app }: TestApp, group: string, body: string, query: string): Promise<void> {
  const answer = await ask(app, "POST", `/metrics/job/${group}${query}`, { body });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
}

/** As `Lines`, of what a group exposes. */
async function shown({ app }: TestApp, group: string): Promise<string[]> {
  const text = await (await ask(app, "GET", `/metrics/job/${group}`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !/^#|^push_/.test(line));
  return lines
    .map((line) => line.replace(/instance="",job="[a-z]",?/, "").replace(/[^ ]+$/, (value) => String(Number(value))))
    .sort();
}

/** The labels of lines stand sorted by name, `le` behind them. */
const plain = (lines: Lines): string[] => [...lines].map(([series, value]) => `${series} ${value}`).sort();

describe(`parts of families that are added (ADDING_SEED=${seed})`, () => {
  test.each([
    ["few series", 6, 4, 400],
    ["a page of them", 60, 12, 300],
    ["more than a page", 900, 30, 150],
    ["bodies of many turns", 9000, 6000, 6],
  ])("%s: each series comes to its sum, the others stay", async (_, series, most, rounds) => {
    const dice = new Dice(seed);
    const app = createTestApp();
    const groups: Record<string, Lines> = { a: new Map(), b: new Map() };
    const held: { release: () => void }[] = [];
    for (let round = 0; round < rounds; round++) {
      const group = dice.pick(["a", "b"]);
      const lines = groups[group] as Lines;
      const metrics = randomMetrics(dice, dice.chance(0.1) ? 3 * most : most, series);
      const adds = dice.chance(0.97);
      if (!adds)
        for (const { kind } of metrics) for (const one of lines.keys()) if (one.startsWith(kind)) lines.delete(one);
      add(lines, metrics);
      await push(app, group, textOf(metrics), adds ? "?aggregate=sum" : "");
      if (dice.chance(0.1)) held.push(app.store.snapshot());
      else if (dice.chance(0.2)) held.pop()?.release();
      if (round % 7 === 0 || round === rounds - 1) {
        expect({ round, lines: await shown(app, group) }).toEqual({ round, lines: plain(lines) });
        verifyStore(app.store);
      }
    }
  });

  test("few series of very many are added, also while a snapshot is held", async () => {
    const dice = new Dice(seed);
    const app = createTestApp();
    const lines: Lines = new Map();
    const all = Array.from({ length: 40_000 }, (_, n) => randomMetric(dice, "c", n));
    add(lines, all);
    await push(app, "a", textOf(all), "");
    for (let round = 0; round < 40; round++) {
      const held = dice.chance(0.3) ? app.store.snapshot() : null;
      const metrics = randomMetrics(dice, 4, 40_010).filter(({ kind }) => kind === "c");
      add(lines, metrics);
      await push(app, "a", textOf(metrics), "?aggregate=sum");
      if (round % 10 === 0) verifyStore(app.store);
      held?.release();
    }
    expect(await shown(app, "a")).toEqual(plain(lines));
  });

  test.each(OTHER_LINES)(
    "a metric that gets $what has so many lines as are counted",
    async ({ before, added, series }) => {
      const app = createTestApp();
      await push(app, "a", before, "");
      await push(app, "a", added, "?aggregate=sum");
      verifyStore(app.store);
      // And both push times.
      expect(app.store.stats.series).toBe(series + 2);
    },
  );

  test("a form that is known is added after a push to another group ended with a new series", async () => {
    const app = createTestApp();
    for (let i = 1; i <= 6; i++) {
      await push(app, "a", "# TYPE c counter\nc 1\n", "?aggregate=sum");
      await push(app, "b", `# TYPE d counter\nd 1\nd{x="${i}"} 1\n`, "?aggregate=sum");
      expect(await shown(app, "a")).toEqual([`c{} ${i}`]);
    }
  });

  test("a series that is pushed twice is refused, whether it is there or not", async () => {
    const app = createTestApp();
    await push(app, "a", "c 1\nd 1\n", "");
    await push(app, "a", 'c{x="1"} 1\nc{x="2"} 1\n', "?aggregate=sum");
    for (const series of ["c", 'c{x="2"}', 'c{x="3"}']) {
      const body = `c{x="1"} 1\n${series} 1\n${series} 2\n`;
      const answer = await ask(app.app, "POST", "/metrics/job/a?aggregate=sum", { body });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("was collected before")]);
    }
    expect(await shown(app, "a")).toEqual(
      ["c 1", 'c{x="1"} 1', 'c{x="2"} 1', "d 1"].map((one) => one.replace(/^(.) /, "$1{} ")).sort(),
    );
  });
});
