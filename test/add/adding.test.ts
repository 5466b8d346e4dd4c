import { describe, expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";
import { encodeFamilies, type Message } from "../fuzz/metrics-schema.ts";
import { SCRAPE } from "../scrape/histograms.ts";

const SUM = "?aggregate=sum";

async function push({ app }: TestApp, body: string | Uint8Array, query = SUM, method = "POST"): Promise<string> {
  const headers = typeof body === "string" ? {} : { "content-type": PROTOBUF_TYPE };
  const answer = await ask(app, method, `/metrics/job/j${query}`, { body: body as string, headers });
  return `${answer.status} ${await answer.text()}`.trim();
}

/** The lines of a group without comments, push times and the labels of its key. */
async function lines({ app }: TestApp): Promise<string[]> {
  const text = await (await ask(app, "GET", "/metrics/job/j")).text();
  const shown = text.split("\n").filter((line) => line !== "" && !/^#|^push_/.test(line));
  return shown.map((line) =>
    line
      .replace(/,?instance="",job="j"/, "")
      .replace("{,", "{")
      .replace("{}", ""),
  );
}

const BUCKETS = (...counts: (readonly [string, number])[]): string =>
  counts.map(([le, count]) => `h_bucket{le="${le}"} ${count}\n`).join("");

const HISTOGRAM = ['h_bucket{le="1"}', 'h_bucket{le="+Inf"}', "h_sum", "h_count"];

/** The series of a family of one of the forms. */
const linesOf = (name: string): string[] =>
  name === "h" ? HISTOGRAM : name === "c" ? ['c{x="1"}', 'c{x="2"}'] : ["g"];

function textOf(numbers: readonly (readonly [series: string, number: number])[]): string {
  const types = { c: "counter", g: "gauge", h: "histogram" } as Record<string, string>;
  const heads = Object.entries(types).map(([name, type]) => `# TYPE ${name} ${type}\n`);
  return heads.join("") + numbers.map(([series, number]) => `${series} ${number}\n`).join("");
}

/** Two pushes and what they come to, in words that say why. */
const CASES: readonly (readonly [why: string, flags: string, pushes: readonly string[], sum: readonly string[]])[] = [
  [
    "counters and untyped metrics are added",
    "",
    ["# TYPE c counter\nc 1\nu 2\n", "# TYPE c counter\nc 0.5\nu -3\n"],
    ["c 1.5", "u -1"],
  ],
  [
    "series that are not pushed stay, new ones are put in",
    "",
    ['a{x="1"} 1\nb 1\n', 'a{x="2"} 5\n'],
    ['a{x="1"} 1', 'a{x="2"} 5', "b 1"],
  ],
  ["gauges are replaced", "", ["# TYPE g gauge\ng 4\n", "# TYPE g gauge\ng 1\n"], ["g 1"]],
  ["gauges are added if asked for", "sum", ["# TYPE g gauge\ng 4\n", "# TYPE g gauge\ng 1\n"], ["g 5"]],
  ["the least of gauges", "min", ["# TYPE g gauge\ng 4\n", "# TYPE g gauge\ng 7\n"], ["g 4"]],
  ["the largest of gauges", "max", ["# TYPE g gauge\ng 4\n", "# TYPE g gauge\ng NaN\n"], ["g 4"]],
  [
    "histograms are added over the bounds of both, and never fall",
    "",
    [
      `# TYPE h histogram\n${BUCKETS(["1", 1], ["3", 2], ["+Inf", 3])}h_sum 3\nh_count 3\n`,
      `# TYPE h histogram\n${BUCKETS(["2", 10], ["+Inf", 30])}h_sum 4\nh_count 30\n`,
    ],
    [
      'h_bucket{le="1"} 1',
      'h_bucket{le="2"} 11',
      'h_bucket{le="3"} 12',
      'h_bucket{le="+Inf"} 33',
      "h_sum 7",
      "h_count 33",
    ],
  ],
  [
    "summaries lose their quantiles",
    "",
    [
      '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
      '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
    ],
    ["s_sum 4", "s_count 6"],
  ],
  [
    "labels are compared as they are, whatever their order and escapes",
    "",
    ['a{x="\\n",y="\\""} 1\n', 'a{y="\\"",x="\\n"} 1\n'],
    ['a{x="\\n",y="\\""} 2'],
  ],
];

describe("pushes that are added", () => {
  test.each(CASES)("%s", async (_, rule, pushes, sum) => {
    const app = createTestApp(...(rule === "" ? [] : [`--push.aggregate-gauges=${rule}`]));
    for (const body of pushes) expect(await push(app, body)).toBe("200");
    expect((await lines(app)).sort()).toEqual(sum.toSorted());
  });

  test("PUT adds as POST does; without being asked, both replace", async () => {
    const app = createTestApp();
    for (const method of ["PUT", "POST"]) expect(await push(app, "a 1\n", SUM, method)).toBe("200");
    expect(await lines(app)).toEqual(["a 2"]);
    expect(await push(app, "a 1\n", "")).toBe("200");
    expect(await lines(app)).toEqual(["a 1"]);
    expect(await push(app, "b 1\n", "", "PUT")).toBe("200");
    expect(await lines(app)).toEqual(["b 1"]);
  });

  test.each([
    ["{}", true],
    ['{job="j"}', true],
    ['{job=~"x|j",instance=""}', true],
    ['{job!="j"}', false],
    ['{zone!=""}', false],
  ])("--push.aggregate=%s adds to the group: %p", async (selector, adds) => {
    const app = createTestApp('--push.aggregate={job="other"}', `--push.aggregate=${selector}`);
    for (let i = 0; i < 2; i++) expect(await push(app, "a 1\n", "")).toBe("200");
    expect(await lines(app)).toEqual([adds ? "a 2" : "a 1"]);
  });

  test.each(["?%61ggregate=sum", "?x=y&aggre%67ate=s%75m", "?%61%67%67%72%65%67%61%74%65=%73%75%6d"])(
    "%s says the same as ?aggregate=sum",
    async (query) => {
      const app = createTestApp();
      for (const body of ["a 1\n", "a 2\n"]) expect(await push(app, body, query)).toBe("200");
      expect(await lines(app)).toEqual(["a 3"]);
    },
  );

  test.each(["?aggregat=sum", "?ttl=1h&x=%61ggregate%3Dsum", "?Aggregate=sum", "?aggregate%20=sum"])(
    "%s does not ask for it",
    async (query) => {
      const app = createTestApp();
      for (const body of ["a 1\n", "a 2\n"]) expect(await push(app, body, query)).toBe("200");
      expect(await lines(app)).toEqual(["a 2"]);
    },
  );

  const otherSums = ["?aggregate=max", "?aggregate=", "?aggregate=sum&aggregate=max", "?aggregate", "?%61ggregate=max"];
  test.each(otherSums)("%s is refused", async (query) => {
    const app = createTestApp("--push.aggregate={}");
    expect(await push(app, "a 1\n", query)).toMatch(/^400 invalid aggregate/);
    expect(app.store.stats.groups).toBe(0);
  });

  test("a push that is refused adds nothing of itself", async () => {
    const app = createTestApp();
    expect(await push(app, "# TYPE a counter\na 1\n# TYPE b counter\nb 1\n")).toBe("200");
    for (const body of [
      "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n",
      '# TYPE a counter\na 1\n# TYPE b counter\nb{x="1"} 1\nb{x="1"} 2\n',
      "# TYPE a counter\na 1\nb 1 1\n",
      "# TYPE a counter\na 1\nb x\n",
    ])
      expect(await push(app, body)).toStartWith("400");
    expect(await lines(app)).toEqual(["a 1", "b 1"]);
    expect(await push(app, "# TYPE b gauge\nb 1\n")).toContain(
      "gathered metric family b has type GAUGE but should have COUNTER",
    );
  });

  test("a push of the same form again and again is added each time", async () => {
    const app = createTestApp();
    for (let i = 0; i < 10; i++) expect(await push(app, `# TYPE a counter\na ${i}\n`)).toBe("200");
    for (let i = 0; i < 10; i++) expect(await push(app, `# TYPE a counter\na ${i}\n`, "")).toBe("200");
    expect(await lines(app)).toEqual(["a 9"]);
    expect(await push(app, "# TYPE a counter\na 5\n")).toBe("200");
    expect(await lines(app)).toEqual(["a 14"]);
  });

  test("text of few forms, again and again, comes to the sums of its numbers", async () => {
    const dice = new Dice(Number(process.env.ADDING_SEED ?? 1));
    const app = createTestApp("--push.aggregate-gauges=max");
    const sums = new Map<string, number>();
    for (let i = 0; i < 600; i++) {
      const adds = dice.chance(0.9);
      const series = dice.pick([["c", "g", "h"], ["c", "g"], ["g", "c"], ["h"]]).flatMap(linesOf);
      if (!adds) sums.clear();
      const numbers = series.map((one) => [one, dice.below(1000) / (one.startsWith("h") ? 1 : 4)] as const);
      for (const [one, number] of numbers)
        sums.set(one, one === "g" ? Math.max(sums.get(one) ?? 0, number) : (sums.get(one) ?? 0) + number);
      expect(await push(app, textOf(numbers), adds ? SUM : "", adds ? "POST" : "PUT")).toBe("200");
      expect((await lines(app)).sort()).toEqual([...sums].map(([one, number]) => `${one} ${number}`).sort());
    }
  });

  test("a large push is added in slices, with a small one to the group in between", async () => {
    const app = createTestApp();
    const body = Array.from({ length: 5000 }, (_, i) => `a{n="${i}"} ${i}\n`).join("");
    const pushes = [push(app, body), push(app, 'a{n="7"} 1000\n'), push(app, body)];
    expect(await Promise.all(pushes)).toEqual(["200", "200", "200"]);
    const shown = new Set(await lines(app));
    expect(shown.size).toBe(5000);
    for (const i of [0, 1, 6, 8, 4999]) expect(shown.has(`a{n="${i}"} ${2 * i}`)).toBe(true);
    expect(shown.has('a{n="7"} 1014')).toBe(true);
  });

  test("a small push to a family of very many series is added", async () => {
    const app = createTestApp();
    await push(app, Array.from({ length: 5000 }, (_, i) => `a{n="${i}"} ${i}\n`).join(""));
    expect(await push(app, 'a{n="3"} 1\n')).toBe("200");
    const shown = new Set(await lines(app));
    expect([shown.size, shown.has('a{n="3"} 4')]).toEqual([5000, true]);
  });
});

/** What a scrape in protobuf has of a family after some pushes. */
async function summed(type: string, ...metrics: Message[]): Promise<string> {
  const app = createTestApp();
  for (const metric of metrics)
    expect(await push(app, encodeFamilies([{ name: "m", type, metric: [metric] }]))).toBe("200");
  const scraped = Buffer.from(await (await ask(app.app, "GET", "/metrics/job/j", { headers: SCRAPE })).arrayBuffer());
  return readProtobuf(scraped).find((family) => family.includes('1="m"')) ?? "";
}

describe("what only protobuf says", () => {
  const at = (seconds: number) => ({ seconds });
  const exemplar = (value: number, seconds: number) => ({ value, timestamp: at(seconds) });

  test("whole counts are exact beyond 2^53", async () => {
    const histogram = (count: string) => ({
      histogram: { sampleCount: count, sampleSum: 1, bucket: [{ upperBound: 1, cumulativeCount: count }] },
    });
    const sum = await summed("HISTOGRAM", histogram("9007199254740993"), histogram("2"));
    expect(sum.match(/1=9007199254740995/g)).toHaveLength(2);
    expect(
      await summed(
        "SUMMARY",
        { summary: { sampleCount: "18446744073709551600", sampleSum: 1 } },
        { summary: { sampleCount: "7", sampleSum: 1 } },
      ),
    ).toContain("1=18446744073709551607");
  });

  test("the earliest time of creation and the latest exemplar are kept", async () => {
    const counter = (value: number, created: number, taken: number) => ({
      counter: { value, createdTimestamp: at(created), exemplar: exemplar(value, taken) },
    });
    const sum = await summed("COUNTER", counter(1, 50, 70), counter(2, 40, 60));
    expect(sum).toContain("1=3 2={2=1 3={1=70}} 3={1=40}");
  });

  test("a whole and a fractional histogram come to a fractional one", async () => {
    const sum = await summed(
      "HISTOGRAM",
      { histogram: { sampleCount: 2, sampleSum: 1, bucket: [{ upperBound: 1, cumulativeCount: 2 }] } },
      { histogram: { sampleCountFloat: 0.5, sampleSum: 1, bucket: [{ upperBound: 1, cumulativeCountFloat: 0.5 }] } },
    );
    expect(sum).toContain("2=2 3={2=1 4=2.5} 4=2.5");
  });
});
