import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Writer } from "../../src/bytes/writer.ts";
import { GroupingKey } from "../../src/exposition/grouping-key.ts";
import { PushColumns } from "../../src/model/columns.ts";
import { MORE, SMALL_PUSH_UNITS, Work } from "../../src/model/work.ts";
import { TextParser } from "../../src/parse/text.ts";
import type { LargePush } from "../../src/store/large-push.ts";
import type { Store } from "../../src/store/store.ts";
import { ask, createTestApp, push, scrape, type TestApp } from "../app.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { TextStore } from "../store/stored.ts";
import { countWork } from "./counted.ts";
import { findWorst, type Route } from "./search.ts";

setDefaultTimeout(120_000);

const KIB = 1024;
/** The most work between two turns of the loop that may be charged and counted: about a millisecond. */
const MOST_CHARGED = 200 * KIB;
const MOST_DONE = 768 * KIB;
/** Steps of a large push between two moments at which something else is tried: all the more where changes are taken. */
const MOMENTS_APART = process.env.CI ? 23 : 101;
/** How often what is a whole is looked at in one turn, at most. */
const MOST_PASSES = 40;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");

/** The metrics of a protobuf family. */
const metrics = (count: number, fields: (i: number) => Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, i) => part(4, fields(i))));

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const SERIES = 100_000;
/** As many as the limits let in. */
const MOST_SERIES = 500_000;
const seriesText = (count: number): string => lines(count, (i) => `m{i="${i}",path="/a/b/c"} ${i}.5\n`);
const text = seriesText(SERIES);
const protobuf = delimited(
  part(1, "m"),
  integer(3, 1),
  metrics(MOST_SERIES, (i) =>
    Buffer.concat([label("i", `${i}`), label("path", "/a/b/c"), part(2, double(1, i + 0.5))]),
  ),
);
const odd = delimited(
  part(1, "m"),
  integer(3, 1),
  metrics(SERIES, (i) => Buffer.concat([label("i", `${i}`), part(2, double(1, -0))])),
);

/** What one metric may be made of besides its labels: how many of each. */
interface MetricShape {
  readonly type: "summary" | "histogram";
  readonly points: number;
  readonly pointFields: number;
  readonly spans: number;
  readonly deltas: number;
  readonly packed: boolean;
  readonly exemplars: number;
  readonly unknown: number;
  readonly labelsBytes: number;
}
const PLAIN: MetricShape = {
  type: "histogram",
  points: 0,
  pointFields: 0,
  spans: 0,
  deltas: 0,
  packed: true,
  exemplars: 0,
  unknown: 0,
  labelsBytes: 0,
};

const repeated = (count: number, of: (i: number) => Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, i) => of(i)));

/** A family of one metric; the deltas lie where the spans say, if there are any. */
function metricOf(shape: MetricShape): Uint8Array {
  const { type, points, pointFields, deltas, packed, exemplars, unknown, labelsBytes } = shape;
  const spans = Math.min(shape.spans, deltas);
  const more = repeated(pointFields, () => integer(9, 1));
  const value = [
    integer(1, type === "histogram" && deltas > 0 ? deltas : points),
    double(2, 1),
    repeated(points, (i) => part(3, type === "histogram" ? integer(1, i) : double(1, i), double(2, i), more)),
    repeated(spans, (i) => part(12, integer(1, 0), integer(2, i === 0 ? deltas - spans + 1 : 1))),
    packed
      ? part(13, Buffer.alloc(deltas).fill(2, 0, Math.min(1, deltas)))
      : repeated(deltas, (i) => integer(13, i === 0 ? 2 : 0)),
    repeated(exemplars, () => part(16, double(2, 1))),
    repeated(unknown, () => integer(30, 1)),
  ];
  const labels = repeated(labelsBytes / 60_000, (i) => label(`l${i}`, "x".repeat(60_000)));
  const fields = type === "histogram" ? value : value.slice(0, 3);
  return delimited(
    part(1, "m"),
    integer(3, type === "histogram" ? 4 : 2),
    part(4, labels, part(type === "histogram" ? 7 : 4, ...fields)),
  );
}

interface Case {
  readonly what: string;
  readonly body: string | Uint8Array;
  /** What is stored before. */
  readonly before?: readonly (readonly [path: string, body: string])[];
  readonly flags?: readonly string[];
  readonly method?: string;
  readonly status?: number;
  /** The content type of a body that is neither text nor protobuf. */
  readonly type?: string;
  /** The size of what is looked at as a whole. */
  readonly wholeBytes?: number;
}

const CASES: readonly Case[] = [
  { what: "series of one family", body: seriesText(MOST_SERIES) },
  { what: "series of one family, in protobuf", body: protobuf },
  {
    what: "counters in OpenMetrics, with exemplars and times of creation",
    body: `# TYPE m counter\n${lines(SERIES, (i) => `m_total{i="${i}"} ${i} # {id="${i}"} 1 1.5\nm_created{i="${i}"} 1.5\n`)}# EOF\n`,
    type: OPENMETRICS,
  },
  {
    what: "one histogram in OpenMetrics, with exemplars",
    body: `# TYPE m histogram\n${lines(2 * SERIES, (i) => `m_bucket{le="${i}"} ${i} # {id="${i}"} 1\n`)}m_bucket{le="+Inf"} ${2 * SERIES}\n# EOF\n`,
    type: OPENMETRICS,
  },
  {
    what: "families in OpenMetrics",
    body: `${lines(40_000, (i) => `# TYPE m${i}_s counter\n# UNIT m${i}_s s\nm${i}_s_total 1\n`)}# EOF\n`,
    type: OPENMETRICS,
  },
  {
    what: "states in OpenMetrics",
    body: `# TYPE m stateset\n${lines(SERIES, (i) => `m{i="${i}",m="a"} 1\nm{i="${i}",m="b"} 0\n`)}# EOF\n`,
    type: OPENMETRICS,
  },
  { what: "series that lines do not say all of", body: odd },
  { what: "the same series again", body: text, before: [["/job/large", text]] },
  { what: "series again with other values", body: text.replaceAll(".5\n", ".25\n"), before: [["/job/large", text]] },
  {
    what: "other series in their place",
    body: text.replaceAll("/c", "/d"),
    before: [["/job/large", text]],
    method: "PUT",
  },
  {
    what: "series that another group may have",
    body: text,
    before: [["/job/large/path/x", lines(100, (i) => `m{i="x${i}"} 1\n`)]],
  },
  {
    what: "series that a large family of another group may have",
    body: text,
    before: [["/job/large/i/x", text.replaceAll("i=", "n=")]],
  },
  { what: "many families", body: lines(20_000, (i) => `f${i}{path="/a/b/c"} 1\n`) },
  {
    what: "many families in place of others",
    body: lines(20_000, (i) => `f${i}{path="/a/b/c"} 1\n`),
    before: [["/job/large", lines(20_000, (i) => `f${i + 10_000} 1\n`)]],
    method: "PUT",
  },
  {
    what: "one histogram of many buckets",
    body: `# TYPE h histogram\n${lines(60_000, (i) => `h_bucket{le="${i}"} ${i}\n`)}h_bucket{le="+Inf"} 60000\nh_sum 1\nh_count 60000\n`,
  },
  { what: "one native histogram of many buckets", body: metricOf({ ...PLAIN, spans: 1, deltas: 200_000 }) },
  { what: "one of buckets one by one", body: metricOf({ ...PLAIN, spans: 1, deltas: 150_000, packed: false }) },
  { what: "one of many spans", body: metricOf({ ...PLAIN, spans: 100_000, deltas: 100_000 }) },
  { what: "one classic histogram of many buckets, in protobuf", body: metricOf({ ...PLAIN, points: 100_000 }) },
  { what: "one of odd buckets", body: metricOf({ ...PLAIN, points: 20, pointFields: 20_000 }) },
  { what: "one summary of many quantiles", body: metricOf({ ...PLAIN, type: "summary", points: 100_000 }) },
  { what: "one histogram of many exemplars", body: metricOf({ ...PLAIN, exemplars: 100_000 }) },
  { what: "one of many unknown fields", body: metricOf({ ...PLAIN, unknown: 500_000 }) },
  {
    what: "one of buckets that count below zero",
    body: delimited(
      part(1, "h"),
      integer(3, 4),
      part(4, part(7, integer(1, 1), part(12, integer(1, 0), integer(2, 300_000)), part(13, Buffer.alloc(300_000, 1)))),
    ),
    status: 400,
  },
  {
    what: "one histogram of many buckets, and nothing else",
    body: `# TYPE h histogram\n${lines(200_000, (i) => `h_bucket{le="${i}"} ${i}\n`)}`,
  },
  { what: "many summaries", body: `# TYPE s summary\n${lines(150_000, (i) => `s_sum{i="${i}"} 1\n`)}` },
  {
    what: "summaries of long labels",
    body: `# TYPE s summary\n${lines(10_000, (i) => `s_sum{i="${i}${"x".repeat(1_500)}"} 1\n`)}`,
  },
  {
    what: "families of long names",
    body: lines(200, (i) => `f${i}${"y".repeat(60_000)} 1\n`),
    wholeBytes: 60_000,
  },
  {
    what: "families of long help texts",
    body: lines(300, (i) => `# HELP f${i} ${"\\\\".repeat(i)}${"x".repeat(60_000)}\nf${i} 1\n`),
    wholeBytes: 60_000,
  },
  {
    what: "series of as large labels as there may be",
    body: lines(10, (i) => `m{i="${i}",${lines(17, (n) => `l${n}="${"x".repeat(60_000)}",`)}} 1\n`),
    wholeBytes: 1 << 20,
  },
  { what: "series of which the last one is there twice", body: `${text}m{i="1",path="/a/b/c"} 1\n`, status: 400 },
  {
    what: "series of another type than a group has",
    body: text,
    before: [["/job/other", "# TYPE m counter\nm 1\n"]],
    status: 400,
  },
  { what: "series that are not checked", body: text, flags: ["--push.disable-consistency-check"], status: 202 },
  {
    what: "series that are not checked beside those of another group",
    body: text,
    before: [["/job/large/path/x", 'm{i="x"} 1\n']],
    flags: ["--push.disable-consistency-check"],
    status: 202,
  },
];

/** Time goes on whenever it is asked for: a turn is taken wherever one may be. */
function sliced(gateway: TestApp): void {
  const { clock } = gateway;
  let nowMs = 0;
  gateway.clock = { nowMs: () => (nowMs += 1), turn: clock.turn };
}

const send = (
  gateway: TestApp,
  path: string,
  body: string | Uint8Array,
  method = "POST",
  type = typeof body === "string" ? "text/plain" : PROTOBUF_TYPE,
): Promise<Response> =>
  ask(gateway.app, method, `/metrics${path}`, { body: body as string, headers: { "content-type": type } });

describe("a large push is judged and stored in slices", () => {
  test.each(CASES)(
    "$what",
    async ({ body, before = [], flags = [], method = "POST", status = 200, type, wholeBytes = 0 }) => {
      const gateway = createTestApp(...flags);
      for (const [path, one] of before) expect((await push(gateway.app, path, one)).ok).toBe(true);
      sliced(gateway);
      let answer: Response | null = null;
      const small: number[] = [];
      const counted = await countWork(gateway, async () => {
        let isOver = false;
        const large = send(gateway, "/job/large", body, method, type).then((response) => {
          answer = response;
          isOver = true;
        });
        // Beside it small pushes and scrapes are answered.
        for (let i = 0; !isOver && i < 50; i++) {
          small.push((await push(gateway.app, "/job/small", `small ${i}\n`)).status);
          await gateway.clock.turn();
        }
        await large;
      });
      expect([answer as Response | null].map((response) => response?.status)).toEqual([status]);
      expect(new Set(small)).toEqual(new Set([flags.length > 0 ? 202 : 200]));
      expect(small.length).toBeGreaterThan(5);
      expect(counted.mostCharged).toBeLessThanOrEqual(MOST_CHARGED + MOST_PASSES * wholeBytes);
      expect(counted.mostInTurn).toBeLessThanOrEqual(MOST_DONE + MOST_PASSES * wholeBytes);
      expect(gateway.store.isStoring).toBe(false);
      expect((await push(gateway.app, "/job/large", "after 1\n")).ok).toBe(true);
    },
  );
});

const seed = Number(process.env.COST_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`the worst metric that a search finds is taken in slices (COST_SEED=${seed})`, () => {
  const random = (dice: Dice): MetricShape => ({
    type: dice.pick(["summary", "histogram", "histogram"]),
    points: dice.size(60_000),
    pointFields: dice.size(5),
    spans: dice.size(60_000),
    deltas: dice.size(200_000),
    packed: dice.chance(0.5),
    exemplars: dice.size(40_000),
    unknown: dice.size(100_000),
    labelsBytes: dice.size(1_000_000),
  });
  const route: Route<MetricShape> = {
    what: "a metric",
    random,
    mutate: (dice, shape) => {
      const field = dice.pick(Object.keys(shape) as (keyof MetricShape)[]);
      return { ...shape, [field]: random(dice)[field] };
    },
    cost: async (shape) => {
      const gateway = createTestApp();
      sliced(gateway);
      const counted = await countWork(gateway, async () => {
        expect([200, 400, 413]).toContain((await send(gateway, "/job/large", metricOf(shape))).status);
      });
      return { units: counted.mostInTurn - MOST_PASSES * shape.labelsBytes, bytes: 1 };
    },
  };

  test("of what it is made of, however much of each", async () => {
    const { units, input } = await findWorst(route, new Dice(seed), 25);
    expect({ input, isWithin: units <= MOST_DONE || units }).toEqual({ input, isWithin: true });
  });
});

const SMALL_BODIES: readonly (Case & { readonly path: string })[] = [
  {
    what: "series of a group of many labels",
    path: `/job/large${lines(600, (i) => `/l${i}/value`)}`,
    body: lines(2_000, (i) => `m{i="${i}"} 1\n`),
  },
  {
    what: "buckets beside a long label",
    path: "/job/large",
    body: delimited(
      part(1, "h"),
      integer(3, 4),
      part(
        4,
        Buffer.concat([
          label("long", "x".repeat(30_000)),
          part(7, Buffer.concat(Array.from({ length: 500 }, (_, i) => part(3, double(2, i))))),
        ]),
      ),
    ),
  },
  {
    what: "metrics of a family of a long name",
    path: "/job/large",
    body: delimited(
      part(1, "m".repeat(30_000)),
      integer(3, 1),
      metrics(500, (i) => Buffer.concat([label("i", `${i}`), part(2, double(1, i))])),
    ),
  },
  { what: "families without end", path: "/job/large", body: lines(6_000, (i) => `f${i} 1\n`) },
  {
    what: "lines that may not be so large",
    path: `/job/large${lines(900, (i) => `/l${i}/value`)}`,
    body: lines(4_500, (i) => `m{i="${i}"} 1\n`),
    status: 413,
  },
];

describe("a push of a small body that costs much is judged and stored in slices", () => {
  test.each(SMALL_BODIES)("$what", async ({ path, body, status = 200 }) => {
    expect(body.length).toBeLessThan(64 * KIB);
    const gateway = createTestApp();
    sliced(gateway);
    let answer: Response | null = null;
    const counted = await countWork(gateway, async () => {
      answer = await send(gateway, path, body);
    });
    expect([answer as Response | null].map((response) => response?.status)).toEqual([status]);
    expect(counted.charged).toBeGreaterThan(SMALL_PUSH_UNITS);
    expect(counted.mostCharged).toBeLessThanOrEqual(SMALL_PUSH_UNITS + MOST_CHARGED);
    expect(gateway.store.isStoring).toBe(false);
    expect((await send(gateway, path, "after 1\n")).ok).toBe(true);
  });
});

describe("while a large push is taken", () => {
  const many = lines(20_000, (i) => `f${i}{n="large"} 1\n`);

  /** Sends a large push and does something else in each turn of the loop until it is answered. */
  async function during(
    gateway: TestApp,
    body: string,
    each: (turn: number) => void | Promise<void>,
    method = "POST",
  ): Promise<Response> {
    sliced(gateway);
    let answer: Response | null = null;
    const large = send(gateway, "/job/large", body, method).then((response) => (answer = response));
    for (let turn = 0; answer === null; turn++) {
      await each(turn);
      await gateway.clock.turn();
    }
    return large;
  }

  const isHeld = ({ context }: TestApp): boolean =>
    context.store.isHeld(new GroupingKey([{ name: "job", value: "large" }]));

  test("a scrape shows all of it or nothing", async () => {
    const gateway = createTestApp();
    const counts = new Set<number>();
    const scrapes: Promise<void>[] = [];
    await during(gateway, many, (turn) => {
      if (turn % 8 !== 0) return;
      scrapes.push(scrape(gateway.app).then((shown) => void counts.add(shown.match(/^f\d+\{/gm)?.length ?? 0)));
    });
    await Promise.all(scrapes);
    expect([...counts].sort((a, b) => a - b)).toEqual([0, 20_000]);
    expect(gateway.store.stats.snapshots).toBe(0);
  });

  test("the JSON API shows its group whole, before or after", async () => {
    const gateway = createTestApp();
    await push(gateway.app, "/job/large", "before 1\n");
    const sizes = new Set<number>();
    const reads: Promise<void>[] = [];
    await during(gateway, many, (turn) => {
      if (turn % 16 !== 0) return;
      const read = async () => {
        const { data } = JSON.parse(await (await ask(gateway.app, "GET", "/api/v1/metrics")).text());
        sizes.add(Object.keys(data[0]).length);
      };
      reads.push(read());
    });
    await Promise.all(reads);
    expect([...sizes].filter((size) => size > 10 && size < 20_000)).toEqual([]);
  });

  test("others to its group come before or after it", async () => {
    const gateway = createTestApp();
    const others: Promise<Response>[] = [];
    const ways = [
      () => push(gateway.app, "/job/large", "mine 1\n"),
      () => ask(gateway.app, "DELETE", "/metrics/job/large"),
      () => push(gateway.app, "/job/large", "mine 2\n"),
    ];
    const answer = await during(gateway, many, () => {
      const next = isHeld(gateway) ? ways.shift() : undefined;
      if (next !== undefined) others.push(next());
    });
    expect([answer.status, ways.length]).toEqual([200, 0]);
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 202, 200]);
    while (gateway.store.stepChange());
    const shown = await scrape(gateway.app);
    expect(shown.match(/^(?:f\d+|mine)\{.*/gm)).toEqual(['mine{instance="",job="large"} 2']);
  });

  test.each([
    { what: "", scrapes: false },
    { what: ", scrapes that wait for a snapshot besides", scrapes: true },
  ])("one after the other, others to its group wait for no more than two of them$what", async ({ scrapes }) => {
    const gateway = createTestApp();
    sliced(gateway);
    const lot = lines(3_000, (i) => `f${i} 1\n`).padEnd(70_000, "\n");
    let over = 0;
    let sent = 0;
    const waited: number[] = [];
    const small: Promise<unknown>[] = [];
    const large = async () => {
      while (sent < 8) {
        sent++;
        expect((await send(gateway, "/job/large", lot.replaceAll(" 1", ` ${sent}`), "PUT")).status).toBe(200);
        over++;
      }
    };
    // Whoever sends them without pause has the next one there before the one at hand is over.
    const all = Promise.all([large(), large()]);
    const reads: Promise<unknown>[] = [];
    for (let turn = 0; over < 8; turn++) {
      if (isHeld(gateway) && turn % 7 === 0) {
        const before = over;
        const note = ({ status }: Response) => {
          expect(status).toBeLessThan(300);
          waited.push(over - before);
        };
        small.push(push(gateway.app, "/job/large", `mine ${turn}\n`).then(note));
        small.push(ask(gateway.app, "DELETE", "/metrics/job/large").then(note));
      }
      if (scrapes && turn % 3 === 0) reads.push(scrape(gateway.app));
      await gateway.clock.turn();
    }
    await Promise.all([all, ...small, ...reads]);
    expect(waited.length).toBeGreaterThan(8);
    expect(Math.max(...waited)).toBeLessThanOrEqual(2);
  });

  test("what would contradict it waits and is judged when it is stored", async () => {
    const gateway = createTestApp();
    await push(gateway.app, "/job/known", "# TYPE f7 untyped\nf7 1\n");
    const others: [what: string, answer: Promise<Response>][] = [];
    const answer = await during(gateway, many, (turn) => {
      if (!gateway.store.isStoring || turn % 20 !== 0) return;
      const from = (what: string, body: string, path: string) => others.push([what, push(gateway.app, path, body)]);
      from("the very series of one of its families", "f1 1\n", "/job/large/n/large");
      from("another type", "# TYPE f2 gauge\nf2 1\n", `/job/typed${turn}`);
      from("a family whose lines would be taken for its", "# TYPE f11 summary\nf11 1\n", `/job/summary${turn}`);
      from("another family", `# TYPE g counter\ng ${turn}\n`, `/job/free${turn}`);
      from("other values for what is there", `f7 ${turn}\n`, "/job/known");
    });
    expect(answer.status).toBe(200);
    const statuses: Record<string, number[]> = {};
    for (const [what, response] of others) statuses[what] = [...(statuses[what] ?? []), (await response).status];
    const distinct = Object.entries(statuses).map(([what, all]) => [what, [...new Set(all)]]);
    expect(Object.fromEntries(distinct)).toEqual({
      "the very series of one of its families": [400],
      "another type": [400],
      "a family whose lines would be taken for its": [400],
      "another family": [200],
      "other values for what is there": [200],
    });
    // Never two that contradict each other.
    const shown = await scrape(gateway.app);
    const series = shown.match(/^f\d+\{[^}]*\}/gm) ?? [];
    expect(new Set(series).size).toBe(series.length);
    expect((shown.match(/^# TYPE f2 /gm) ?? []).length).toBe(1);
  });

  /** A push of many families to a store, to be driven step by step. */
  function begun(store: Store): LargePush {
    const columns = new PushColumns();
    expect(new TextParser(columns, false).parse(Buffer.from(many))).toBeNull();
    const key = new GroupingKey([{ name: "job", value: "large" }]);
    return store.beginLarge({ key, columns, replace: false, receivedMs: 1, canWait: true });
  }

  /** Goes on up to a number of steps, or to the end: whether that came, and what it was. */
  function steps(push: LargePush, count: number): { readonly isOver: boolean; readonly refused: unknown } {
    let outcome: unknown = MORE;
    for (let step = 0; step < count && outcome === MORE; step++) outcome = push.storeOn();
    return { isOver: outcome !== MORE, refused: outcome };
  }

  test.each(["a wipe", "a deletion of its group"])("%s at any moment leaves all of it or nothing", (what) => {
    const seen = new Set<number>();
    const key = new GroupingKey([{ name: "job", value: "large" }]);
    for (let at = 0; ; at += MOMENTS_APART) {
      const others = new TextStore();
      const { store } = others;
      others.push({ job: "large" }, "before 1\n");
      others.push({ job: "other" }, "other 1\n");
      const push = begun(store);
      const { isOver } = steps(push, at);
      if (what === "a wipe") store.wipe();
      else store.delete(key);
      expect(steps(push, Infinity)).toEqual({ isOver: true, refused: null });
      push.end();
      while (store.stepChange());
      seen.add(store.stats.families);
      if (isOver) break;
    }
    // The families of the push, the push times, and what the other group has.
    expect([...seen].sort((a, b) => a - b)).toEqual(what === "a wipe" ? [0, 20_002] : [3, 20_003]);
  });

  test("whoever cannot wait for its end has a snapshot of all of it", async () => {
    const gateway = createTestApp();
    let isSeen = false;
    await during(gateway, many, () => {
      if (!gateway.store.isStoring || isSeen) return;
      isSeen = true;
      const snapshot = gateway.store.snapshot();
      expect(snapshot.families.filter(({ filled }) => filled).length).toBe(20_002);
      snapshot.release();
    });
    expect(isSeen).toBe(true);
  });

  test("the store's limits hold for all together", async () => {
    const gateway = createTestApp("--store.max-families=20100");
    const others: Promise<Response>[] = [];
    const answer = await during(gateway, many, (turn) => {
      if (turn % 10 === 0) others.push(push(gateway.app, "/job/small", `g${turn} 1\n`));
    });
    await Promise.all(others);
    expect([200, 507]).toContain(answer.status);
    expect(gateway.store.stats.families).toBeLessThanOrEqual(20_100);
  });
});

test("what a large push grows into is made room for in slices", () => {
  const writer = new Writer(16);
  writer.ascii("0123456789abcdef");
  let turns = 0;
  while (!writer.reserveOn(100, 5)) turns++;
  expect(turns).toBe(3);
  expect(Buffer.from(writer.view()).toString()).toBe("0123456789abcdef");
  expect(writer.bytes.length).toBeGreaterThanOrEqual(116);
});

test("the turn of a request is over once its units are spent", () => {
  const work = new Work();
  work.begin(10);
  expect(work.isTurnOver).toBe(false);
  work.beginTurn(5);
  work.charge(4);
  expect([work.isTurnOver, work.turnUnits]).toEqual([false, 1]);
  work.charge(4);
  expect(work.isTurnOver).toBe(true);
});
