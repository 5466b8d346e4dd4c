import { describe, expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { encodeFamilies } from "../fuzz/metrics-schema.ts";

const FLAG = "--push.clearmode-label=clearmode";
const OPENMETRICS = "application/openmetrics-text";

interface Pushing {
  readonly path?: string;
  readonly type?: string;
  readonly method?: string;
}

async function push({ app }: TestApp, body: string | Uint8Array, pushing: Pushing = {}): Promise<string> {
  const { path = "/metrics/job/j", type, method = "POST" } = pushing;
  const headers = type === undefined ? {} : { "content-type": type };
  const answer = await ask(app, method, path, { body: body as string, headers });
  return `${answer.status} ${await answer.text()}`.trim();
}

/** The series of a group without its push times and the labels of its key, sorted. */
async function series({ app }: TestApp): Promise<string[]> {
  const text = await (await ask(app, "GET", "/metrics/job/j")).text();
  const shown = text.split("\n").filter((line) => line !== "" && !/^#|^push_/.test(line));
  const bare = shown.map((line) => line.replace(/,?instance="",job="j"/, "").replace("{,", "{"));
  return bare.map((line) => line.replace("{}", "")).sort();
}

/** Pushes and what they come to, in words that say why. */
const CASES: readonly (readonly [why: string, pushes: readonly string[], shown: readonly string[]])[] = [
  [
    "the example of gravel-gateway's page",
    [
      '# TYPE value_total counter\nvalue_total 1\n# TYPE value2 gauge\nvalue2{clearmode="aggregate"} 1\n# TYPE version gauge\nversion{version="0.0.1",clearmode="family"} 1\n',
      '# TYPE value_total counter\nvalue_total 3\n# TYPE value2 gauge\nvalue2{clearmode="aggregate"} 1\n# TYPE version gauge\nversion{version="0.0.2",clearmode="family"} 1\n',
    ],
    ["value2 2", "value_total 4", 'version{version="0.0.2"} 1'],
  ],
  [
    "replace is for one series, whatever its type",
    [
      '# TYPE c counter\nc{x="1",clearmode="replace"} 5\nc{x="2"} 5\n',
      '# TYPE c counter\nc{clearmode="replace",x="1"} 2\nc{x="2"} 2\n',
    ],
    ['c{x="1"} 2', 'c{x="2"} 7'],
  ],
  [
    "family takes all series of the family away, and the others of the push are put in as they are",
    [
      '# TYPE c counter\nc{x="1"} 5\nc{x="2"} 5\n# TYPE d counter\nd 1\n',
      '# TYPE c counter\nc{x="2",clearmode="aggregate"} 1\nc{x="3",clearmode="family"} 2\n',
    ],
    ['c{x="2"} 1', 'c{x="3"} 2', "d 1"],
  ],
  [
    "sum and info are other names of aggregate and family",
    ['g{x="1",clearmode="sum"} 5\nh{x="1"} 1\n', 'g{x="1",clearmode="sum"} 5\nh{x="2",clearmode="info"} 1\n'],
    ['g{x="1"} 10', 'h{x="2"} 1'],
  ],
  [
    "gauges without it are replaced, an empty one is none",
    ["# TYPE g gauge\ng 5\na 1\n", '# TYPE g gauge\ng{clearmode=""} 2\na{clearmode="aggregate"} 1\n'],
    ["a 2", "g 2"],
  ],
  [
    "a histogram is replaced as a whole, or added",
    [
      '# TYPE h histogram\nh_bucket{le="1",clearmode="aggregate"} 1\nh_bucket{le="+Inf",clearmode="aggregate"} 2\nh_sum{clearmode="aggregate"} 3\nh_count{clearmode="aggregate"} 2\n# TYPE r histogram\nr_bucket{le="1"} 1\nr_bucket{le="+Inf"} 2\nr_sum 3\nr_count 2\n',
      '# TYPE h histogram\nh_bucket{le="1",clearmode="aggregate"} 1\nh_bucket{le="+Inf",clearmode="aggregate"} 2\nh_sum{clearmode="aggregate"} 3\nh_count{clearmode="aggregate"} 2\n# TYPE r histogram\nr_bucket{le="2",clearmode="replace"} 1\nr_bucket{le="+Inf",clearmode="replace"} 1\nr_sum{clearmode="replace"} 1\nr_count{clearmode="replace"} 1\n',
    ],
    [
      'h_bucket{le="+Inf"} 4',
      'h_bucket{le="1"} 2',
      "h_count 4",
      "h_sum 6",
      'r_bucket{le="+Inf"} 1',
      'r_bucket{le="2"} 1',
      "r_count 1",
      "r_sum 1",
    ],
  ],
  [
    "a summary is replaced with its quantiles",
    [
      '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\n',
      '# TYPE s summary\ns{quantile="0.5",clearmode="replace"} 7\ns_sum{clearmode="replace"} 8\ns_count{clearmode="replace"} 9\n',
    ],
    ["s_count 9", "s_sum 8", 's{quantile="0.5"} 7'],
  ],
  [
    "a family that is replaced may get another type",
    ["# TYPE c counter\nc 5\n", '# TYPE c gauge\nc{clearmode="family"} 2\n'],
    ["c 2"],
  ],
];

describe("a label that says how a series is added", () => {
  test.each(CASES)("%s", async (_, pushes, shown) => {
    for (const method of ["POST", "PUT"]) {
      const app = createTestApp(FLAG);
      await push(app, pushes[0] as string);
      for (const body of pushes.slice(1)) expect(await push(app, body, { method })).toBe("200");
      expect(await series(app)).toEqual([...shown].sort());
    }
  });

  test("series without the label are added if the push is, which the query, the group or another series may ask for", async () => {
    const app = createTestApp(FLAG, '--push.aggregate={zone="a"}');
    await push(app, "c 1\n");
    expect(await push(app, 'c 1\nd{clearmode="replace"} 1\n')).toBe("200");
    expect(await push(app, "c 1\n", { path: "/metrics/job/j?aggregate=sum" })).toBe("200");
    expect(await series(app)).toEqual(["c 3", "d 1"]);
    expect(await push(app, "c 1\n")).toBe("200");
    expect(await series(app)).toEqual(["c 1", "d 1"]);
  });

  test("an explicit mode counts before --push.aggregate-gauges", async () => {
    const app = createTestApp(FLAG, "--push.aggregate={}", "--push.aggregate-gauges=max");
    const gauges = (a: number) => `# TYPE g gauge\ng{x="1",clearmode="aggregate"} ${a}\ng{x="2"} ${a}\n`;
    for (const number of [5, 3]) expect(await push(app, gauges(number))).toBe("200");
    expect(await push(app, '# TYPE g gauge\ng{x="2",clearmode="replace"} 1\n')).toBe("200");
    expect(await series(app)).toEqual(['g{x="1"} 8', 'g{x="2"} 1']);
  });

  test("the same body again and again is added each time, beside others of the same series", async () => {
    const app = createTestApp(FLAG);
    let sum = 0;
    for (let i = 1; i < 12; i++) {
      sum += i;
      expect(await push(app, `# TYPE a counter\na{clearmode="aggregate"} ${i}\nb{clearmode="replace"} ${i}\n`)).toBe(
        "200",
      );
      expect(await series(app)).toEqual([`a ${sum}`, `b ${i}`]);
      app.context.smallPushes.verify();
    }
    expect(await push(app, "# TYPE a counter\na 5\nb 5\n")).toBe("200");
    expect(await push(app, '# TYPE a counter\na{clearmode="aggregate"} 1\nb{clearmode="replace"} 1\n')).toBe("200");
    expect(await series(app)).toEqual(["a 6", "b 1"]);
  });

  test("it is taken off protobuf and OpenMetrics as well, exemplars and native buckets stay", async () => {
    const app = createTestApp(FLAG);
    const mode = (value: string) => ({ name: "clearmode", value });
    const family = (name: string, type: string, metric: object) => ({ name, type, metric: [metric] });
    const body = encodeFamilies([
      family("c", "COUNTER", { label: [mode("aggregate")], counter: { value: 2, exemplar: { value: 1 } } }),
      family("i", "GAUGE", { label: [{ name: "v", value: "2" }, mode("family")], gauge: { value: 1 } }),
      family("n", "HISTOGRAM", {
        label: [mode("aggregate")],
        histogram: {
          sampleCount: 2,
          sampleSum: 1,
          schema: 0,
          positiveSpan: [{ offset: 0, length: 1 }],
          positiveDelta: [2],
        },
      }),
    ]);
    await push(app, 'i{v="1"} 1\n'.replace(/^/, "# TYPE i gauge\n"));
    for (let i = 0; i < 2; i++) expect(await push(app, body, { type: PROTOBUF_TYPE })).toBe("200");
    expect(await series(app)).toEqual(["c 4", 'i{v="2"} 1', 'n_bucket{le="+Inf"} 4', "n_count 4", "n_sum 2"]);
    const openMetrics =
      '# TYPE o counter\no_total{clearmode="replace"} 3 # {a="b"} 1\n# TYPE p info\np_info{v="1",clearmode="family"} 1\n# EOF\n';
    for (let i = 0; i < 2; i++) expect(await push(app, openMetrics, { type: OPENMETRICS })).toBe("200");
    expect((await series(app)).slice(-2)).toEqual(["o_total 3", 'p_info{v="1"} 1']);
    const text = await (await ask(app.app, "GET", "/metrics")).text();
    expect(text).not.toContain("clearmode");
  });

  test.each([
    ["a", 'a{clearmode="mean5m"} 1\n', 'invalid clearmode "mean5m" of a: expected aggregate, replace or family'],
    [
      "a",
      'a 1\na{x="1",clearmode="Family"} 1\n',
      'invalid clearmode "Family" of a: expected aggregate, replace or family',
    ],
  ])("another mode is refused, and nothing is stored: %s", async (_, body, words) => {
    const app = createTestApp(FLAG, "--push.aggregate={}");
    for (let i = 0; i < 4; i++) expect(await push(app, body)).toBe(`400 ${words}`);
    expect(app.store.stats.groups).toBe(0);
  });

  test("two series that differ in nothing but the mode are one series twice", async () => {
    const app = createTestApp(FLAG);
    expect(await push(app, 'a{clearmode="replace"} 1\na{clearmode="aggregate"} 1\n')).toContain(
      "was collected before with the same name and label values",
    );
    expect(await push(app, 'a{clearmode="replace"} 1\na 1\n')).toStartWith("400");
    expect(await series(app)).toEqual([]);
  });

  test("given twice to one series it is refused", async () => {
    const app = createTestApp(FLAG);
    const label = ["aggregate", "replace"].map((value) => ({ name: "clearmode", value }));
    const body = encodeFamilies([{ name: "a", type: "COUNTER", metric: [{ label, counter: { value: 1 } }] }]);
    expect(await push(app, body, { type: PROTOBUF_TYPE })).toBe("400 label clearmode of a is given twice");
  });

  test("in the path it is refused: a mode is for series", async () => {
    const app = createTestApp(FLAG);
    const answer = await push(app, "a 1\n", { path: "/metrics/job/j/clearmode/replace" });
    expect(answer).toBe("400 invalid grouping key: clearmode is the label of series that says how they are added");
    expect(app.store.stats.groups).toBe(0);
  });

  test("without the flag, and of another name, it is a label like any other", async () => {
    for (const flags of [[], ["--push.clearmode-label=mode"]]) {
      const app = createTestApp(...flags);
      expect(await push(app, 'a{clearmode="mean5m"} 1\n', { path: "/metrics/job/j?aggregate=sum" })).toBe("200");
      expect(await series(app)).toEqual(['a{clearmode="mean5m"} 1']);
    }
  });

  test("a large body has its modes taken in slices", async () => {
    const app = createTestApp(FLAG);
    const of = (i: number) => (i % 2 === 0 ? "replace" : "aggregate");
    const body = Array.from({ length: 5000 }, (_, i) => `a{n="${i}",clearmode="${of(i)}"} ${i}\n`).join("");
    for (let i = 0; i < 2; i++) expect(await push(app, body)).toBe("200");
    const shown = new Set(await series(app));
    expect(shown.size).toBe(5000);
    for (const i of [0, 1, 2, 4998, 4999]) expect(shown.has(`a{n="${i}"} ${i % 2 === 0 ? i : 2 * i}`)).toBe(true);
    expect(await push(app, body.replace('clearmode="aggregate"} 4999', 'clearmode="x"} 4999'))).toStartWith(
      "400 invalid clearmode",
    );
  });

  test("without a job, as gravel-gateway is pushed to", async () => {
    const app = createTestApp(FLAG, "--push.allow-no-job", "--push.aggregate={}");
    const body = '# TYPE c counter\nc 1\n# TYPE g gauge\ng 1\n# TYPE s gauge\ns{clearmode="aggregate"} 1\n';
    for (let i = 0; i < 3; i++) expect(await push(app, body, { path: "/metrics" })).toBe("202");
    const text = await (await ask(app.app, "GET", "/metrics")).text();
    for (const line of ["c{", "g{", "s{"])
      expect(text).toContain(`\n${line}instance="",job=""} ${line === "g{" ? 1 : 3}\n`);
  });
});
