import { describe, expect, test } from "bun:test";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";

interface ToldFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly time_stamp: string;
  readonly series: number;
  readonly metrics_total: number;
  readonly offset: number;
  readonly metrics: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

interface Told {
  readonly as_of: number;
  readonly group: { readonly path: string; readonly labels: Readonly<Record<string, string>> };
  readonly families: readonly ToldFamily[];
}

const PUSHED_MS = Date.UTC(2026, 0, 1);

const asked = ({ app }: TestApp, path: string): Promise<Response> => ask(app, "GET", `/api/v1/groups${path}`);

async function told(test: TestApp, path: string): Promise<Told> {
  const response = await asked(test, path);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${body}`);
  return JSON.parse(body).data;
}

/** The families but the push times. */
const pushed = ({ families }: Told): ToldFamily[] => families.filter(({ name }) => !name.startsWith("push_"));

async function withGroup(path: string, body: string | Uint8Array, type = "text/plain"): Promise<TestApp> {
  const app = createTestApp();
  app.nowMs = PUSHED_MS;
  await ask(app.app, "PUT", `/metrics${path}`, { body, headers: { "Content-Type": type } });
  app.nowMs += 60_000;
  return app;
}

describe("GET /api/v1/groups/job/...", () => {
  test("tells of very many families a page, by their order", async () => {
    const body = Array.from({ length: 25 }, (_, i) => `f${String(i).padStart(2, "0")} 1\n`).join("");
    const app = await withGroup("/job/j", body);
    const namesOf = async (query: string) => (await told(app, `/job/j${query}`)).families.map(({ name }) => name);
    const all = await namesOf("");
    expect(all).toHaveLength(27);
    expect(await namesOf("?family_limit=10")).toEqual(all.slice(0, 10));
    expect(await namesOf("?family_offset=20&family_limit=10")).toEqual(all.slice(20));
    expect(await namesOf("?family_offset=27")).toEqual([]);
    expect((await told(app, "/job/j?limit=0")).families.map(({ metrics }) => metrics.length)).toEqual(all.map(() => 0));
  });

  test("cuts names, help texts and labels that are longer than wanted, between characters", async () => {
    const help = "ü".repeat(30_000);
    const series = `{a="short",b="${"\\\\".repeat(50)}ä${"x".repeat(60_000)}",c="never told"} 1`;
    const body = `# HELP long ${help}\n# TYPE long gauge\nlong${series}\n`;
    const app = await withGroup(`/job/j/instance/${"i".repeat(3000)}`, body);
    const [family] = pushed(await told(app, `/job/j/instance/${"i".repeat(3000)}?max_characters=100`));
    expect(family?.help).toBe(`${"ü".repeat(100)}…`);
    const { a, b, ...others } = family?.metrics[0]?.labels ?? {};
    expect(a).toBe("short");
    expect(b).toMatch(/^\\+(?:ä?|äx+)…$/);
    expect(b?.length).toBeLessThan(3300);
    expect(others).toEqual({});
    const whole = pushed(await told(app, `/job/j/instance/${"i".repeat(3000)}`))[0];
    expect(whole?.help).toBe(help);
    expect(whole?.metrics[0]?.labels.c).toBe("never told");
  });

  test("tells of a group what its row in a list has, and its families by name", async () => {
    const app = await withGroup("/job/etl/env/prod", "# HELP b Of b.\n# TYPE b gauge\nb 1\na 2\n");
    const { as_of, group, families } = await told(app, "/job/etl/env/prod");
    expect(as_of).toBe(app.nowMs / 1000);
    const rows = JSON.parse(await (await asked(app, "")).text()).data.groups;
    expect([group]).toEqual(rows);
    expect(families.map(({ name, type, help, series }) => [name, type, help, series])).toEqual([
      ["a", "UNTYPED", "", 1],
      ["b", "GAUGE", "Of b.", 1],
      ["push_failure_time_seconds", "GAUGE", "Last Unix time when changing this group in the Pushgateway failed.", 1],
      ["push_time_seconds", "GAUGE", "Last Unix time when changing this group in the Pushgateway succeeded.", 1],
    ]);
    expect(families[0]).toEqual({
      name: "a",
      type: "UNTYPED",
      help: "",
      time_stamp: "2026-01-01T00:00:00Z",
      series: 1,
      metrics_total: 1,
      offset: 0,
      metrics: [{ labels: {}, value: "2" }],
    } as unknown as ToldFamily);
  });

  const LABELS: readonly (readonly [string, string, readonly Readonly<Record<string, string>>[]])[] = [
    ["/job/j", 'm{a="1"} 1\n', [{ a: "1" }]],
    ["/job/j", 'm{instance="i"} 1\n', [{ instance: "i" }]],
    ["/job/j/instance/i", 'm{a="",b="\\"\\n"} 1\n', [{ a: "", b: '"\n' }]],
    ["/job/j/instance@base64/=", "m 1\n", [{}]],
    ["/job/j/a/x", 'm{b="1"} 1\nm{b="2"} 1\nm{c="3"} 1\n', [{ b: "1" }, { b: "2" }, { c: "3" }]],
  ];

  test.each([...LABELS])(
    "a metric of %s has the labels that the group does not have: %s",
    async (path, body, labels) => {
      const [family] = pushed(await told(await withGroup(path, body), path));
      expect(family?.metrics.map((metric) => metric.labels)).toEqual([...labels]);
    },
  );

  const METRICS: readonly (readonly [string, string, object])[] = [
    ["a value as the exposition prints it", "m 1e9\n", { value: "1e+09" }],
    [
      "a histogram's buckets",
      '# TYPE m histogram\nm_bucket{le="1"} 1\nm_bucket{le="+Inf"} 2\nm_sum 3\nm_count 2\n',
      { buckets: { "1": "1", "+Inf": "2" }, count: "2", sum: "3" },
    ],
    [
      "a summary's quantiles",
      '# TYPE m summary\nm{quantile="0.5"} 1\nm_sum 1\nm_count 1\n',
      { quantiles: { "0.5": "1" }, count: "1", sum: "1" },
    ],
  ];

  test.each([...METRICS])("tells %s", async (_, body, metric) => {
    const [family] = pushed(await told(await withGroup("/job/j", body), "/job/j"));
    expect(family?.metrics as unknown).toEqual([{ labels: {}, ...metric }]);
  });

  const HISTOGRAM_TYPES = [
    [4, "HISTOGRAM"],
    [5, "GAUGE_HISTOGRAM"],
  ] as const;

  test.each(HISTOGRAM_TYPES)("tells the buckets of a histogram of type %d, native or not", async (type, name) => {
    const label = (value: string) => part(1, part(1, "kind"), part(2, value));
    const classic = part(7, integer(1, 3), double(2, 1), part(3, integer(1, 2), double(2, 5)));
    const native = part(
      7,
      integer(1, 3),
      double(2, 1),
      signed(5, 0),
      double(6, 0.001),
      integer(7, 1),
      part(12, signed(1, 0), integer(2, 1)),
      signed(13, 2),
    );
    const family = delimited(
      part(1, "m"),
      integer(3, type),
      part(4, label("classic"), classic),
      part(4, label("native"), native),
    );
    const [found] = pushed(await told(await withGroup("/job/j", family, PROTOBUF_TYPE), "/job/j"));
    expect([found?.type, found?.metrics as unknown]).toEqual([
      name,
      [
        { labels: { kind: "classic" }, buckets: { "5": "2" }, count: "3", sum: "1" },
        {
          labels: { kind: "native" },
          buckets: [
            [3, "-0.001", "0.001", "1"],
            [0, "0.5", "1", "2"],
          ],
          count: "3",
          sum: "1",
        },
      ],
    ]);
  });

  const PATHS: readonly (readonly [pushed: string, asked: string])[] = [
    ["/job/a%20b/x/%C3%BC", "/job/a b/x/ü"],
    ["/job@base64/YS9i", "/job@base64/YS9i"],
    ["/job/j/path@base64/L3Zhcg", "/job/j/path@base64/L3Zhcg=="],
    ["/job/j/b/2/a/1", "/job/j/a/1/b/2"],
    ["/job/j/x@base64/", "/job/j/x@base64/="],
  ];

  test.each([...PATHS])("takes the path of a push: %s is found as %s", async (path, other) => {
    const app = await withGroup(path, "m 1\n");
    expect(pushed(await told(app, encodeURI(other))).length).toBe(1);
  });

  test("is below --web.route-prefix", async () => {
    const app = createTestApp("--web.route-prefix=/p");
    await ask(app.app, "PUT", "/p/metrics/job/j", { body: "m 1\n" });
    expect((await ask(app.app, "GET", "/p/api/v1/groups/job/j")).status).toBe(200);
  });

  const many = Array.from({ length: 4_500 }, (_, n) => `m{n="${String(n).padStart(4, "0")}"} 1\n`).join("");

  test("tells the first 2,000 metrics of a family, and the others page by page", async () => {
    const app = await withGroup("/job/j", many);
    const seen: string[] = [];
    const [first] = pushed(await told(app, "/job/j"));
    expect([first?.metrics.length, first?.metrics_total, first?.series]).toEqual([2_000, 4_500, 4_500]);
    for (let offset = 0; offset < 4_500; ) {
      const { families } = await told(app, `/job/j?family=m&offset=${offset}&limit=1999`);
      const [page] = families;
      expect([families.length, page?.offset]).toEqual([1, offset]);
      seen.push(...(page?.metrics ?? []).map(({ labels }) => labels.n ?? ""));
      offset += 1_999;
    }
    expect(seen).toEqual(Array.from({ length: 4_500 }, (_, n) => String(n).padStart(4, "0")));
    expect((await told(app, "/job/j?family=m&offset=4500")).families[0]?.metrics).toEqual([]);
  });

  test("pages metrics that have records beside their lines", async () => {
    const metric = (n: number) => part(4, part(1, part(1, "n"), part(2, `${n}`)), part(7, integer(1, 1), double(2, 1)));
    const body = delimited(part(1, "m"), integer(3, 4), ...Array.from({ length: 10 }, (_, n) => metric(n)));
    const app = await withGroup("/job/j", body, PROTOBUF_TYPE);
    const page = async (query: string) =>
      (await told(app, `/job/j?family=m&${query}`)).families[0]?.metrics.map(({ labels }) => labels.n);
    expect([
      await page("limit=3"),
      await page("offset=3&limit=3"),
      await page("offset=9"),
      await page("offset=10"),
    ]).toEqual([["0", "1", "2"], ["3", "4", "5"], ["9"], []]);
  });

  const REFUSED: readonly (readonly [string, number, string])[] = [
    ["/job/x", 404, 'there is no group {job="x"}'],
    ["/job/j/x/y", 404, 'there is no group {job="j",x="y"}'],
    ["/job/%FF", 404, 'there is no group {job="\ufffd"}'],
    ["/job/j?family=n", 404, 'the group has no metric family "n"'],
    ["/job/j/x", 400, 'odd number of components in label string "/x"'],
    ["/job/j?limit=2001", 400, 'invalid parameter "limit": "2001" is not an integer from 0 to 2000'],
    ["/job/j?family=m&offset=-1", 400, 'invalid parameter "offset": "-1" is not an integer of at least 0'],
    ["/job/j?offset=1", 400, 'asking for a group: "offset" is of the metrics of one "family", which is expected'],
    ["/job/j?x=1", 400, 'unknown parameter "x"'],
  ];

  test.each([...REFUSED])("%s is answered %d: %s", async (path, status, words) => {
    const response = await asked(await withGroup("/job/j", "m 1\n"), path);
    expect([response.status, await response.text()]).toEqual([status, `${words}\n`]);
  });

  test("is not to be read by pages of other origins", async () => {
    const app = await withGroup("/job/j", "m 1\n");
    expect((await asked(app, "/job/j")).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("is gone with the group", async () => {
    const app = await withGroup("/job/j", "m 1\n");
    expect((await asked(app, "/job/j")).status).toBe(200);
    await ask(app.app, "DELETE", "/metrics/job/j");
    expect((await asked(app, "/job/j")).status).toBe(404);
  });

  test("tells of a group of very many families each of them", async () => {
    const names = Array.from({ length: 5_000 }, (_, n) => `m_${n}`).sort();
    const app = createTestApp();
    await push(app.app, "/job/j", names.map((name) => `${name} 1\n`).join(""));
    expect(pushed(await told(app, "/job/j")).map(({ name }) => name)).toEqual(names);
    expect((await told(app, "/job/j?family=m_4711")).families.map(({ name }) => name)).toEqual(["m_4711"]);
  });
});
