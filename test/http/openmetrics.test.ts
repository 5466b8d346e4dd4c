import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { TAKEN } from "../parse/openmetrics-cases.ts";

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TIMES = /# HELP push_(?:failure_)?time_seconds .*\n# TYPE .*\n.*\n/g;

const offering = (...flags: string[]): TestApp => createTestApp("--web.enable-openmetrics", ...flags);

const post = ({ app }: TestApp, path: string, body: string | Uint8Array, type: string): Promise<Response> =>
  ask(app, "POST", `/metrics${path}`, { body: body as string, headers: { "content-type": type } });

async function pushed(app: TestApp, body: string | Uint8Array, type = OPENMETRICS, path = "/job/j"): Promise<void> {
  const response = await post(app, path, body, type);
  expect([response.status, await response.text()]).toEqual([200, ""]);
}

async function scraped(test: TestApp, path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await ask(test.app, "GET", path, { headers: { accept: OPENMETRICS, ...headers } });
  const body = Buffer.from(await response.arrayBuffer());
  expect(response.status).toBe(200);
  return (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString();
}

/** What a group exposes in OpenMetrics, without its push times. */
const groupOf = async (test: TestApp): Promise<string> => (await scraped(test, "/metrics/job/j")).replace(TIMES, "");

const OWN_LABELS = 'instance="",job="j"';

/** Everything that OpenMetrics has, as it is exposed. */
const EVERYTHING = `# HELP build What is \\"built\\", \\\\ and\\nhow.
# TYPE build info
build_info{${OWN_LABELS},version="1"} 1.0
# TYPE duration_seconds summary
# UNIT duration_seconds seconds
duration_seconds{${OWN_LABELS},quantile="0.5"} 0.25
duration_seconds{${OWN_LABELS},quantile="1.0"} NaN
duration_seconds_sum{${OWN_LABELS}} 1.5
duration_seconds_count{${OWN_LABELS}} 6
duration_seconds_created{${OWN_LABELS}} 1605281325.123456789
# TYPE only summary
only{${OWN_LABELS},quantile="0.5"} 0.25
# TYPE queue gaugehistogram
queue_bucket{${OWN_LABELS},le="-1.0"} 1
queue_bucket{${OWN_LABELS},le="+Inf"} 3 # {t="ä",u=""} -2.0 0.5
queue_gsum{${OWN_LABELS}} -2.0
queue_gcount{${OWN_LABELS}} 3
# TYPE rows counter
rows_total{a="\\\\ \\"q\\" \\n",${OWN_LABELS}} 17.0 # {id="a\\"b"} 0.67 1520879607.789
rows_created{a="\\\\ \\"q\\" \\n",${OWN_LABELS}} 1520430000.000000001
# TYPE sizes_bytes histogram
# UNIT sizes_bytes bytes
sizes_bytes_bucket{${OWN_LABELS},le="0.0"} 0
sizes_bytes_bucket{${OWN_LABELS},le="1e-05"} 0 # {} 9.8e-06
sizes_bytes_bucket{${OWN_LABELS},le="1.0"} 6
sizes_bytes_bucket{${OWN_LABELS},le="+Inf"} 9007199254740993024
sizes_bytes_sum{${OWN_LABELS}} 3.5
sizes_bytes_count{${OWN_LABELS}} 9007199254740993024
sizes_bytes_created{${OWN_LABELS}} 1.5
# TYPE some unknown
some{${OWN_LABELS}} -1e+21
# TYPE state stateset
state{${OWN_LABELS},state="on",x="1"} 1.0
state{${OWN_LABELS},state="off",x="1"} 0.0
state{${OWN_LABELS},state="on",x="2"} 0.0
# TYPE sumless histogram
sumless_bucket{${OWN_LABELS},le="-1.0"} 2
sumless_bucket{${OWN_LABELS},le="+Inf"} 2
# TYPE up_ratio gauge
# UNIT up_ratio ratio
up_ratio{${OWN_LABELS}} +Inf
# EOF
`;

describe("what is pushed in OpenMetrics", () => {
  test("comes back in OpenMetrics as it was, and once more when that is pushed", async () => {
    const app = offering();
    await pushed(
      app,
      EVERYTHING.replaceAll(new RegExp(`,?${OWN_LABELS}(,?)`, "g"), (all, comma) => (all[0] === "," ? comma : "")),
    );
    expect(await groupOf(app)).toBe(EVERYTHING);
    await pushed(app, EVERYTHING);
    expect(await groupOf(app)).toBe(EVERYTHING);
  });

  test.each(TAKEN.filter(([body]) => !/ 1 1520879607.789\n# EOF|up_total 2\n# EOF/.test(body)))(
    "comes back the same when what came back is pushed: %j",
    async (body) => {
      const app = offering();
      const response = await post(app, "/job/j", body, OPENMETRICS);
      if (response.status !== 200) return expect(await response.text()).toInclude("collides");
      const first = await groupOf(app);
      await pushed(app, first);
      expect(await groupOf(app)).toBe(first);
    },
  );

  test("is text and protobuf for those who ask for these, in types that they have", async () => {
    const app = offering();
    await pushed(app, EVERYTHING);
    const text = await scraped(app, "/metrics/job/j", { accept: "text/plain" });
    const types = text.matchAll(/^# TYPE (\S+) (\S+)$/gm);
    expect(Array.from(types, ([, name, type]) => `${name} ${type}`).filter((one) => !/^push_/.test(one))).toEqual([
      "build_info gauge",
      "duration_seconds summary",
      "only summary",
      "queue histogram",
      "rows_total counter",
      "sizes_bytes histogram",
      "some untyped",
      "state gauge",
      "sumless histogram",
      "up_ratio gauge",
    ]);
    expect(text).toInclude(`queue_sum{${OWN_LABELS}} -2\n`);
    const response = await ask(app.app, "GET", "/metrics/job/j", { headers: { accept: PROTOBUF_TYPE } });
    const shown = JSON.stringify(readProtobuf(Buffer.from(await response.arrayBuffer())), (_, value) =>
      typeof value === "bigint" ? Number(value) : value,
    );
    for (const word of ["seconds", "ratio", "1520879607", "1605281325"]) expect(shown).toInclude(word);
  });

  test.each(["up 1\nup 2\n", "# TYPE up counter\nup_total 1\nup_total 2\n"])(
    "has no series twice: %j",
    async (body) => {
      const response = await post(offering(), "/job/j", `${body}# EOF\n`, OPENMETRICS);
      expect(response.status).toBe(400);
      expect(await response.text()).toInclude("was collected before with the same name and label values");
    },
  );

  test("is refused with timestamps, as all pushes are", async () => {
    const app = offering();
    const response = await post(app, "/job/j", "up 1 1520879607.789\n# EOF\n", OPENMETRICS);
    expect([response.status, await response.text()]).toEqual([
      400,
      "pushed metrics are invalid or inconsistent with existing metrics: pushed metrics must not have timestamps\n",
    ]);
  });

  test.each([
    "application/openmetrics-text",
    "Application/OpenMetrics-Text;version=0.0.1",
    `${OPENMETRICS}; escaping=dots`,
    "application/openmetrics-text; version=7",
  ])("is so in any version: %s", async (type) => {
    const app = offering();
    const response = await post(app, "/job/j", "up 1\n", type);
    expect([response.status, await response.text()]).toEqual([
      400,
      'OpenMetrics parsing error in line 2: expected "# EOF" as the last line\n',
    ]);
  });

  test("in more than one turn is what it is in one", async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => {
      const labels = `n="${i}"`;
      return `many_bucket{${labels},le="1"} 1 # {i="${i}"} 1 ${i}.5\nmany_bucket{${labels},le="+Inf"} ${i + 2}\nmany_count{${labels}} ${i + 2}\nmany_sum{${labels}} 1\nmany_created{${labels}} ${i}\n`;
    });
    const app = offering();
    await pushed(app, `# TYPE many histogram\n${lines.join("")}# EOF\n`);
    const found = await scraped(app, "/metrics/job/j");
    for (const i of [0, 1, 1499, 2999]) {
      const labels = `${OWN_LABELS},n="${i}"`;
      expect(found).toInclude(
        `many_bucket{${labels},le="1.0"} 1 # {i="${i}"} 1.0 ${i}.5\nmany_bucket{${labels},le="+Inf"} ${i + 2}\nmany_sum{${labels}} 1.0\nmany_count{${labels}} ${i + 2}\nmany_created{${labels}} ${i}.0\n`,
      );
    }
    expect(found.match(/^many_created/gm)).toHaveLength(3000);
    expect(gzippedSame(found, await scraped(app, "/metrics/job/j", { "accept-encoding": "gzip" }))).toBe(true);
  });
});

const gzippedSame = (one: string, other: string): boolean => one === other;

/** What is pushed as text, and what OpenMetrics makes of it. */
const FROM_TEXT: readonly (readonly [what: string, body: string, exposed: string])[] = [
  ["a counter in _total", "# TYPE a_total counter\na_total 1\n", "# TYPE a counter\na_total{} 1.0\n"],
  ["another counter", "# HELP a x\n# TYPE a counter\na 1\n", "# HELP a x\n# TYPE a unknown\na{} 1.0\n"],
  ["a negative counter", "# TYPE a_total counter\na_total -1\n", "# TYPE a_total unknown\na_total{} -1.0\n"],
  ["a counter that is no number", "# TYPE a_total counter\na_total NaN\n", "# TYPE a_total unknown\na_total{} NaN\n"],
  [
    "a counter beside a gauge that would be its time of creation",
    "# TYPE a_total counter\na_total 1\n# TYPE a_created gauge\na_created 5\n",
    "# TYPE a_created gauge\na_created{} 5.0\n# TYPE a_total unknown\na_total{} 1.0\n",
  ],
  [
    "a counter beside a gauge of its name without _total",
    "# TYPE a_total counter\na_total 1\n# TYPE a gauge\na 5\n",
    "# TYPE a gauge\na{} 5.0\n# TYPE a_total unknown\na_total{} 1.0\n",
  ],
  [
    "a summary beside a gauge that would be its time of creation",
    '# HELP s x\n# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 1\ns_count 2\n# TYPE s_created gauge\ns_created 5\n',
    '# HELP s x\n# TYPE s unknown\ns{,quantile="0.5"} 1.0\n# HELP s_sum x\n# TYPE s_sum unknown\ns_sum{} 1.0\n# HELP s_count x\n# TYPE s_count unknown\ns_count{} 2.0\n# TYPE s_created gauge\ns_created{} 5.0\n',
  ],
  [
    "a histogram with fractions",
    '# TYPE h histogram\nh_bucket{le="+Inf"} 1.5\nh_sum 1\nh_count 1.5\n',
    '# TYPE h_bucket unknown\nh_bucket{,le="+Inf"} 1.5\n# TYPE h_sum unknown\nh_sum{} 1.0\n# TYPE h_count unknown\nh_count{} 1.5\n',
  ],
  [
    "a histogram with a sum beside negative buckets",
    '# TYPE h histogram\nh_bucket{le="-1"} 1\nh_bucket{le="+Inf"} 1\nh_sum -1\nh_count 1\n',
    '# TYPE h_bucket unknown\nh_bucket{,le="-1.0"} 1.0\nh_bucket{,le="+Inf"} 1.0\n# TYPE h_sum unknown\nh_sum{} -1.0\n# TYPE h_count unknown\nh_count{} 1.0\n',
  ],
  [
    "a histogram whose buckets fall",
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    '# TYPE h_bucket unknown\nh_bucket{,le="1.0"} 2.0\nh_bucket{,le="+Inf"} 1.0\n# TYPE h_sum unknown\nh_sum{} 1.0\n# TYPE h_count unknown\nh_count{} 1.0\n',
  ],
  [
    "a summary with a negative quantile",
    '# TYPE s summary\ns{quantile="0.5"} -1\ns_sum 1\ns_count 1\n',
    '# TYPE s unknown\ns{,quantile="0.5"} -1.0\n# TYPE s_sum unknown\ns_sum{} 1.0\n# TYPE s_count unknown\ns_count{} 1.0\n',
  ],
  [
    "a histogram without a sum and a bucket for +Inf",
    '# TYPE h histogram\nh_bucket{le="1"} 2\nh_count 3\n',
    '# TYPE h histogram\nh_bucket{,le="1.0"} 2\nh_bucket{,le="+Inf"} 3\nh_sum{} 0.0\nh_count{} 3\n',
  ],
  ["nothing that is known", "a 1\n", "# TYPE a unknown\na{} 1.0\n"],
];

describe("what is pushed as text", () => {
  test.each(FROM_TEXT)("is valid in OpenMetrics: %s", async (_, body, exposed) => {
    const app = offering();
    await pushed(app, body, "text/plain");
    expect(await groupOf(app)).toBe(`${exposed.replaceAll("{", `{${OWN_LABELS}`)}# EOF\n`);
  });

  test("is what the unit and the type say that another group gave in OpenMetrics, where it can be", async () => {
    const app = offering();
    await pushed(
      app,
      '# TYPE a info\na_info 1\n# TYPE b_s gauge\n# UNIT b_s s\nb_s 1\n# TYPE c stateset\nc{c="x"} 1\n# EOF\n',
    );
    await pushed(app, "# TYPE a_info gauge\na_info 1\n# TYPE b_s gauge\nb_s 2\n", "text/plain", "/job/k");
    const found = await scraped(app, "/metrics");
    expect(found).toInclude('# TYPE a info\na_info{instance="",job="j"} 1.0\na_info{instance="",job="k"} 1.0\n');
    expect(found).toInclude("# TYPE b_s gauge\n# UNIT b_s s\n");
    await pushed(app, "# TYPE a_info gauge\na_info 2\n# TYPE c gauge\nc 7\n", "text/plain", "/job/k");
    const changed = await scraped(app, "/metrics");
    expect(changed).toInclude("# TYPE a_info gauge\n");
    expect(changed).toInclude("# TYPE c gauge\n");
  });
});

describe("what is pushed as protobuf", () => {
  const exemplar = (...more: Uint8Array[]): Uint8Array => part(2, ...more, double(2, 1));
  const counter = (...more: Uint8Array[]): Uint8Array =>
    delimited(part(1, "a_s_total"), integer(3, 0), part(4, part(3, double(1, 1), ...more)));

  test("has its exemplar and time of creation", async () => {
    const app = offering();
    await pushed(app, counter(exemplar(label("id", "7")), part(3, integer(1, 5))), PROTOBUF_TYPE);
    expect(await groupOf(app)).toBe(
      `# TYPE a_s counter\na_s_total{${OWN_LABELS}} 1.0 # {id="7"} 1.0\na_s_created{${OWN_LABELS}} 5.0\n# EOF\n`,
    );
  });

  test.each([
    ["longer than they may be", exemplar(label("id", "7".repeat(127)))],
    ["twice", exemplar(label("id", "7"), label("id", "8"))],
    ["without a name", exemplar(label("", "7"))],
    ["not UTF-8", exemplar(part(1, part(1, "id"), part(2, Buffer.from([0xff]))))],
  ])("loses an exemplar whose labels are %s", async (_, wrong) => {
    const app = offering();
    await pushed(app, counter(wrong), PROTOBUF_TYPE);
    expect(await groupOf(app)).toInclude(`a_s_total{${OWN_LABELS}} 1.0\n`);
  });
});

describe("a scrape in OpenMetrics", () => {
  test("is text where it is not offered", async () => {
    const { app } = createTestApp();
    const response = await ask(app, "GET", "/metrics", { headers: { accept: OPENMETRICS } });
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  });

  test("has our own metrics, and the end", async () => {
    const found = await scraped(offering(), "/metrics");
    expect(found).toInclude("# TYPE pushgateway_build_info gauge\n");
    expect(found).toEndWith("\n# EOF\n");
    expect(await scraped(offering(), "/-/metrics")).toEndWith("\n# EOF\n");
  });

  test.each([
    ["a part of the groups", `/metrics?match[]=${encodeURIComponent('{job="j"}')}`],
    ["one group", "/metrics/job/j"],
    ["one group of the API", "/api/v1/groups/job/j"],
  ])("can be of %s", async (_, path) => {
    const app = offering();
    await pushed(app, EVERYTHING);
    await pushed(app, "other 1\n# EOF\n", OPENMETRICS, "/job/k");
    expect((await scraped(app, path)).replace(TIMES, "")).toBe(EVERYTHING);
  });

  test.each([
    ["underscores", 'a_b_total{c_d="e",instance="",job="j"} 1.0 # {f_g="h"} 1.0'],
    ["values", 'U__a_2e_b__total{U__c_2e_d="e",instance="",job="j"} 1.0 # {U__f_2e_g="h"} 1.0'],
    ["allow-utf-8", '{"a.b_total","c.d"="e",instance="",job="j"} 1.0 # {"f.g"="h"} 1.0'],
  ])("writes names as it is asked to: %s", async (escaping, line) => {
    const app = offering("--push.enable-utf8-names");
    await pushed(app, '# TYPE "a.b" counter\n{"a.b_total","c.d"="e"} 1 # {"f.g"="h"} 1\n# EOF\n');
    expect(await scraped(app, "/metrics/job/j", { accept: `${OPENMETRICS}; escaping=${escaping}` })).toInclude(
      `${line}\n`,
    );
  });

  test("leaves out times of creation where it is told to", async () => {
    const app = offering("--web.openmetrics-omit-created");
    await pushed(app, EVERYTHING);
    expect(await groupOf(app)).toBe(EVERYTHING.replaceAll(/^\w+_created.*\n/gm, ""));
  });

  test("is the same gzipped, and of families of any size", async () => {
    const app = offering();
    const lines = Array.from({ length: 20_000 }, (_, i) => `a_total{n="${i}",l="${"x".repeat(40)}"} ${i}\n`).join("");
    await pushed(app, `# TYPE a counter\n${lines}# EOF\n`);
    const found = await groupOf(app);
    expect(found.length).toBeGreaterThan(1024 * 1024);
    expect(found.split("\n")).toHaveLength(20_003);
    const zipped = await scraped(app, "/metrics/job/j", { "accept-encoding": "gzip" });
    expect(zipped.replace(TIMES, "") === found).toBe(true);
    await pushed(app, `# TYPE a_total counter\n${lines}a_total -1\n`, "text/plain");
    expect((await groupOf(app)).replace("# TYPE a_total unknown", "").startsWith("\n")).toBe(true);
  });
});
