import { describe, expect, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";

/*
 * What prom-aggregation-gateway documents: the examples of its README and the cases of its tests, by their names, with
 * the flags of docs/from-prom-aggregation-gateway.md. Where something else comes of it here, the case says why.
 */

const FLAGS = ["--push.allow-no-job", "--push.aggregate={}", "--push.aggregate-gauges=sum", "--push.status=202"];

/** Types and samples that were pushed, without push times and labels that are empty. */
async function shown({ app }: TestApp): Promise<string> {
  const text = await (await ask(app, "GET", "/metrics")).text();
  const lines = text.split("\n").filter((line) => /^# TYPE|[{,]job="/.test(line) && !OWN.test(line));
  const bare = lines.map((line) =>
    line
      .replace(/(?<=[{,])(?:instance|job)="",?/g, "")
      .replace(/,\}/, "}")
      .replace("{}", ""),
  );
  return bare.map((line) => `${line}\n`).join("");
}

const OWN = /^(?:# TYPE )?(?:push_|pushgateway_|process_|go_|nodejs_|bun_)/;

async function pushed({ app }: TestApp, path: string, body: string): Promise<string> {
  const response = await ask(app, "PUT", path, { body });
  return `${response.status} ${await response.text()}`.trim();
}

const bucketsOf = (job: string, counts: readonly number[], last: number): string =>
  [...counts.map((count, i) => [i + 1, count]), ["+Inf", last]]
    .map(([le, count]) => `histogram_bucket{${job}le="${le}"} ${count}\n`)
    .join("");

const full = (
  gauge: number,
  counter: number,
  counts: readonly number[],
  count: number,
  sum: number,
  job = "",
): string => {
  const of = job === "" ? "" : `{${job}}`;
  const labels = job === "" ? "" : `${job},`;
  return `# TYPE counter counter\ncounter${of} ${counter}
# TYPE gauge gauge\ngauge${of} ${gauge}
# TYPE histogram histogram
${bucketsOf(labels, counts, counts.at(-1) ?? 0)}histogram_sum${of} ${sum}\nhistogram_count${of} ${count}\n`;
};

const LOADED = `
# HELP ui_external_lib_loaded A gauge with entries in un-sorted order
# TYPE ui_external_lib_loaded gauge
ui_external_lib_loaded{name="ga",loaded="true"} 1
ui_external_lib_loaded{name="Intercom",loaded="true"} 1
ui_external_lib_loaded{name="mixpanel",loaded="true"} 1
`;
const TIME =
  '# HELP time_ms A summary\n# TYPE time_ms summary\ntime_ms_sum{a="a",b="b"} 12.25\ntime_ms_count{a="a",b="b"} 1.0\n';
const COUNTER = "# HELP counter A counter\n# TYPE counter counter\n";
const ERRORS = "# TYPE ui_page_render_errors counter\n";

/** Two pushes to /metrics/job/test, and what they come to: TestAggregate of its metrics/aggregate_test.go. */
const AGGREGATES: readonly (readonly [name: string, pushes: readonly [string, string], sum: string])[] = [
  [
    "simpleGauge: gauges are added, whatever the order of series",
    [LOADED, LOADED],
    '# TYPE ui_external_lib_loaded gauge\nui_external_lib_loaded{job="test",loaded="true",name="ga"} 2\nui_external_lib_loaded{job="test",loaded="true",name="Intercom"} 2\nui_external_lib_loaded{job="test",loaded="true",name="mixpanel"} 2\n',
  ],
  [
    "in: counters, gauges and histograms of the same bounds are added",
    [
      full(42, 31, [0, 0, 3, 4, 4, 4, 4, 4, 4, 4], 1, 2.5).replace("histogram_sum ", "histogram_sum{} "),
      full(57, 29, [0, 0, 0, 4, 5, 5, 5, 5, 5, 5], 1, 4.5),
    ],
    full(99, 60, [0, 0, 3, 8, 9, 9, 9, 9, 9, 9], 2, 7, 'job="test"'),
  ],
  [
    "multilabel: labels are part of a series; the labels that its library leaves out stay, for its program has no flag for that",
    [
      `${COUNTER}counter{a="a",b="b", ignore_label="ignore_value"} 1\n`,
      `${COUNTER}counter{a="a",b="b", ignore_label="ignore_value"} 2\n`,
    ],
    '# TYPE counter counter\ncounter{a="a",b="b",ignore_label="ignore_value",job="test"} 3\n',
  ],
  [
    "labelFields: series that are not pushed stay",
    [
      `${ERRORS}ui_page_render_errors{path="/org/:orgId"} 1\nui_page_render_errors{path="/prom/:orgId"} 1\n`,
      `${ERRORS}ui_page_render_errors{path="/prom/:orgId"} 1\n`,
    ],
    `${ERRORS}ui_page_render_errors{job="test",path="/org/:orgId"} 1\nui_page_render_errors{job="test",path="/prom/:orgId"} 2\n`,
  ],
  [
    "reorderedLabels: the order of labels does not matter",
    [`${COUNTER}counter{a="a",b="b"} 1\n`, `${COUNTER}counter{b="b",a="a"} 2\n`],
    '# TYPE counter counter\ncounter{a="a",b="b",job="test"} 3\n',
  ],
  [
    "ignoredLabels: nor does it of those that stay here",
    [
      `${COUNTER}counter{a="a",b="b",ignore_me="ignored"} 1\n`,
      `${COUNTER}counter{b="b",a="a",ignore_me="ignored"} 2\n`,
    ],
    '# TYPE counter counter\ncounter{a="a",b="b",ignore_me="ignored",job="test"} 3\n',
  ],
  [
    "summary: sums and counts are added",
    [TIME, TIME],
    '# TYPE time_ms summary\ntime_ms_sum{a="a",b="b",job="test"} 24.5\ntime_ms_count{a="a",b="b",job="test"} 2\n',
  ],
  [
    "README: quantiles of summaries are lost",
    [TIME.replace("time_ms_sum", 'time_ms{a="a",b="b",quantile="0.5"} 12\ntime_ms_sum'), TIME],
    '# TYPE time_ms summary\ntime_ms_sum{a="a",b="b",job="test"} 24.5\ntime_ms_count{a="a",b="b",job="test"} 2\n',
  ],
  [
    "README: histograms of other bounds have those of both, and here counts never fall from one to the next",
    [
      '# TYPE histogram histogram\nhistogram_bucket{le="1"} 2\nhistogram_bucket{le="3"} 5\nhistogram_bucket{le="+Inf"} 5\nhistogram_sum 9\nhistogram_count 5\n',
      '# TYPE histogram histogram\nhistogram_bucket{le="2"} 4\nhistogram_bucket{le="+Inf"} 6\nhistogram_sum 20\nhistogram_count 6\n',
    ],
    '# TYPE histogram histogram\nhistogram_bucket{job="test",le="1"} 2\nhistogram_bucket{job="test",le="2"} 6\nhistogram_bucket{job="test",le="3"} 9\nhistogram_bucket{job="test",le="+Inf"} 11\nhistogram_sum{job="test"} 29\nhistogram_count{job="test"} 11\n',
  ],
];

describe("prom-aggregation-gateway adds, and so it does here", () => {
  test.each(AGGREGATES)("%s", async (_, pushes, sum) => {
    const app = createTestApp(...FLAGS);
    for (const body of pushes) expect(await pushed(app, "/metrics/job/test", body)).toBe("202");
    const lines = (text: string): string[] => text.split("\n").sort();
    expect(lines(await shown(app))).toEqual(lines(sum));
  });

  test("duplicateLabels: a push that has a series twice is refused", async () => {
    const app = createTestApp(...FLAGS);
    const twice = LOADED.replaceAll(/name="\w+"/g, 'name="Munchkin"');
    expect(await pushed(app, "/metrics/job/test", twice)).toMatch(
      /^400 .*was collected before with the same name and label values/s,
    );
    expect(await shown(app)).toBe("");
  });

  test("mergeFamily: a family of another type is refused, and what is there stays", async () => {
    const app = createTestApp(...FLAGS);
    expect(await pushed(app, "/metrics", "# TYPE a counter\na 1\n")).toBe("202");
    expect(await pushed(app, "/metrics", "# TYPE a gauge\na 1\n")).toStartWith("400 ");
    expect(await shown(app)).toBe("# TYPE a counter\na 1\n");
  });

  test("README: the examples of pushes with and without labels", async () => {
    const app = createTestApp(...FLAGS);
    const requests = 'http_requests_total{method="post",code="200"} 1027\n';
    const both = `\n${requests}http_errors_total{method="post",code="500"} 6\n\n`;
    expect(await pushed(app, "/metrics/", requests)).toBe("202");
    expect(await pushed(app, "/metrics/domain/sometest.com/instance/nginx-1", both)).toBe("202");
    expect(await shown(app)).toBe(`# TYPE http_errors_total untyped
http_errors_total{code="500",domain="sometest.com",instance="nginx-1",method="post"} 6
# TYPE http_requests_total untyped
http_requests_total{code="200",method="post"} 1027
http_requests_total{code="200",domain="sometest.com",instance="nginx-1",method="post"} 1027
`);
  });

  test("benchmarking/labels.js: its load, which is indented and ends amid a line, with --push.lenient-text", async () => {
    const app = createTestApp(...FLAGS, "--push.lenient-text");
    const payload = `
  # TYPE some_metric counter
  some_metric{label="val1"} 17
  # TYPE another_metric gauge
  # HELP another_metric Just an example.
  another_metric 2000
  k6_http_requests_total{method="post",code="200"} 3500
  `;
    const headers = { "content-type": "application/json" };
    for (let i = 0; i < 2; i++) {
      const answer = await ask(app.app, "POST", "/metrics/job/job1/foo/qux", { body: payload, headers });
      expect(answer.status).toBe(202);
    }
    expect(await shown(app)).toContain('k6_http_requests_total{code="200",foo="qux",job="job1",method="post"} 7000\n');
  });
});

describe("prom-aggregation-gateway's paths", () => {
  const BODY = "# TYPE some_counter counter\nsome_counter 1\n";

  /** TestMultiLabelPosting of its routers/router_test.go. */
  const PATHS: readonly (readonly [name: string, path: string, labels: string])[] = [
    ["multiple labels", "/metrics/label1/value1/label2/value2", '{label1="value1",label2="value2"}'],
    ["job label", "/metrics/job/someJob", '{job="someJob"}'],
    ["no labels, no trailing slash", "/metrics", ""],
    ["no labels, trailing slash", "/metrics/", ""],
    [
      "duplicate labels: the last one counts here, for Prometheus refuses a series that has a label twice",
      "/metrics/testing/one/testing/two/testing/three",
      '{testing="three"}',
    ],
  ];
  test.each(PATHS)("%s", async (_, path, labels) => {
    const app = createTestApp(...FLAGS);
    expect(await pushed(app, path, BODY)).toBe("202");
    expect(await shown(app)).toBe(`# TYPE some_counter counter\nsome_counter${labels} 1\n`);
  });

  test("parseLabelsInPath: a label without a value is refused", async () => {
    const app = createTestApp(...FLAGS);
    for (const path of ["/metrics/label1", "/metrics/label1/value1/label2"])
      expect(await pushed(app, path, BODY)).toStartWith("400 odd number of components in label string");
  });

  test("formatLabels: a label that a series has as well counts here as the path has it", async () => {
    const app = createTestApp(...FLAGS);
    expect(await pushed(app, "/metrics/job/test/thing/path", 'a{job="own",thing="own",other="o"} 1\n')).toBe("202");
    expect(await shown(app)).toBe('# TYPE a untyped\na{job="test",other="o",thing="path"} 1\n');
  });
});

/** TestCorsRouter of its routers/router_test.go; it answers with `*`, and here an allowed origin is named. */
describe("prom-aggregation-gateway's origins", () => {
  const ORIGIN = "https://cors-domain";
  const CASES: readonly (readonly [
    name: string,
    method: string,
    allowed: string,
    origin: string,
    status: number,
    header: string | null,
  ])[] = [
    ["GET returning header on all allowed origins", "GET", ".*", ORIGIN, 200, ORIGIN],
    ["PUT returning header on all allowed origins", "PUT", ".*", ORIGIN, 202, ORIGIN],
    [
      "GET not returning header on origin not in cors config; here it is answered, and no page can read it",
      "GET",
      ORIGIN,
      "https://invalid-domain",
      200,
      null,
    ],
    [
      "PUT returning 403 and not returning header on origin not in cors config",
      "PUT",
      ORIGIN,
      "https://invalid-domain",
      403,
      null,
    ],
  ];
  test.each(CASES)("%s", async (_, method, allowed, origin, status, header) => {
    const { app } = createTestApp(...FLAGS, `--web.cors.origin=${allowed}`);
    const answer = await ask(app, method, "/metrics", { headers: { origin }, ...(method === "PUT" && { body: "" }) });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([status, header]);
  });
});
