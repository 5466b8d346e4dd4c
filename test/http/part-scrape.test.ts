import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { Dice } from "../fuzz/dice.ts";

const seed = Number(process.env.PART_SEED ?? Math.floor(Math.random() * 2 ** 31));

const text = async (test: TestApp, path: string, headers: Record<string, string> = {}): Promise<string> => {
  const response = await ask(test.app, "GET", path, { headers });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body}`);
  return (body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body).toString("latin1");
};

const matching = (...selectors: string[]): string =>
  `/metrics?${selectors.map((selector) => `match[]=${encodeURIComponent(selector)}`).join("&")}`;

/** The families of a text exposition, by name: the header, and the lines, sorted. Fails where a name comes twice. */
function familiesOf(exposition: string): Map<string, { head: string; lines: string[] }> {
  const families = new Map<string, { head: string; lines: string[] }>();
  let head = "";
  let current: { head: string; lines: string[] } | null = null;
  for (const line of exposition.split("\n").slice(0, -1)) {
    if (line.startsWith("# HELP")) head = line;
    else if (line.startsWith("# TYPE")) {
      const name = line.split(" ").slice(2, -1).join(" ");
      if (families.has(name)) throw new Error(`family ${name} comes twice`);
      current = { head: `${head}\n${line}`, lines: [] };
      head = "";
      families.set(name, current);
    } else current?.lines.push(line);
  }
  for (const { lines } of families.values()) lines.sort();
  return families;
}

const OWN = /^(?:process|pushgateway)_/;

/** All that was pushed, as some scrapes have it together: each family with the same header in all of them. */
function joined(expositions: readonly string[]): Record<string, { head: string; lines: string[] }> {
  const all: Record<string, { head: string; lines: string[] }> = {};
  for (const exposition of expositions)
    for (const [name, { head, lines }] of familiesOf(exposition)) {
      const known = all[name];
      if (known !== undefined && known.head !== head) throw new Error(`${name} has ${head} and ${known.head}`);
      all[name] = { head, lines: [...(known?.lines ?? []), ...lines].sort() };
    }
  return all;
}

function pushedOf(exposition: string): Record<string, { head: string; lines: string[] }> {
  const entries = [...familiesOf(exposition)].map(([name, { head, lines }]) => {
    const pushed = lines.filter((line) => /[{,]job="/.test(line));
    return [name, { head, lines: pushed }] as const;
  });
  return Object.fromEntries(entries.filter(([name, { lines }]) => !OWN.test(name) || lines.length > 0));
}

const NATIVE = delimited(
  part(1, "native"),
  integer(3, 4),
  part(
    4,
    part(
      7,
      integer(1, 3),
      double(2, 1),
      signed(5, 0),
      double(6, 0.001),
      integer(7, 3),
      part(12, signed(1, 0), integer(2, 1)),
      signed(13, 0),
    ),
  ),
);

/** Pushes of every kind to twenty jobs, some of them with several groups. */
async function filled(dice: Dice, ...flags: string[]): Promise<TestApp> {
  const test = createTestApp("--push.enable-utf8-names", ...flags);
  for (let n = 0; n < 120; n++) {
    const path = `/job/j${dice.below(20)}${dice.chance(0.5) ? `/instance/i${dice.below(3)}` : ""}`;
    if (dice.chance(0.1)) {
      await ask(test.app, "POST", `/metrics${path}`, { body: NATIVE, headers: { "Content-Type": PROTOBUF_TYPE } });
      continue;
    }
    const name = dice.pick(["a", "b", "c", '"d.e"', "pushgateway_build_info"]);
    const value = `${dice.below(1000)}`;
    const body = dice.pick([
      `# HELP ${name} ${dice.pick(["x", "y"])}\n# TYPE ${name} gauge\n${name.startsWith('"') ? `{${name},"f.g"="${value}"}` : `${name}{x="${value}"}`} ${value}\n`,
      `# TYPE h histogram\nh_bucket{le="1"} ${value}\nh_bucket{le="+Inf"} ${value}\nh_sum 3\nh_count ${value}\n`,
      "# TYPE empty gauge\n",
      "not a metric",
    ]);
    await ask(test.app, dice.pick(["PUT", "POST"]), `/metrics${path}`, { body });
  }
  return test;
}

const FORMATS: readonly (readonly [string, Record<string, string>])[] = [
  ["text", {}],
  ["text in UTF-8", { accept: "text/plain;version=0.0.4;escaping=allow-utf-8" }],
  ["text with names as values", { accept: "text/plain;version=0.0.4;escaping=values" }],
  ["gzipped text", { "accept-encoding": "gzip" }],
];

/** Some selectors that share out all jobs. */
const SHARES: readonly (readonly string[])[] = [
  Array.from({ length: 20 }, (_, n) => `{job="j${n}"}`),
  ['{job=~"j[0-4]"}', '{job=~"j[5-9]"}', '{job=~"j1.+"}'],
  ['{job=~".*[02468]"}', '{job!~".*[02468]",job!=""}'],
  ['{job!="",instance=""}', '{instance!=""}'],
];

describe("GET /metrics?match[]=", () => {
  for (const flags of [[], ["--push.disable-consistency-check"]])
    for (const [format, headers] of FORMATS)
      test(`in shares is all that was pushed, each family with its header: ${format} ${flags} (PART_SEED=${seed})`, async () => {
        const app = await filled(new Dice(seed), ...flags);
        const whole = pushedOf(await text(app, "/metrics", headers));
        expect(Object.keys(whole).length).toBeGreaterThan(5);
        for (const share of SHARES) {
          const parts = await Promise.all(share.map((selector) => text(app, matching(selector), headers)));
          expect(joined(parts)).toEqual(whole);
        }
        expect(joined([await text(app, matching(...(SHARES[1] ?? [])), headers)])).toEqual(whole);
      });

  test(`in shares is all that was pushed as protobuf, too (PART_SEED=${seed})`, async () => {
    const app = await filled(new Dice(seed));
    const asProtobuf = { accept: PROTOBUF_TYPE, "x-prometheus-scrape-timeout-seconds": "10" };
    const read = async (path: string) => readProtobuf(Buffer.from(await text(app, path, asProtobuf), "latin1"));
    const metricsOf = (families: readonly string[]) =>
      families.flatMap((family) => family.match(/ 4=\{.*?\}(?= [45]=|\}$)/g) ?? []).sort();
    const whole = metricsOf(await read("/metrics"));
    expect(whole.length).toBeGreaterThan(10);
    const parts = await Promise.all((SHARES[1] ?? []).map((selector) => read(matching(selector))));
    expect(metricsOf(parts.flat())).toEqual(whole);
  });

  test("has the push times of these groups and nothing of the server's own", async () => {
    const app = createTestApp();
    await push(app.app, "/job/a", "m 1\n");
    await push(app.app, "/job/b", "m 2\nn 3\n");
    expect([...familiesOf(await text(app, matching('{job="a"}'))).keys()]).toEqual([
      "m",
      "push_failure_time_seconds",
      "push_time_seconds",
    ]);
    expect(await text(app, matching('{job="nobody"}'))).toBe("");
  });

  const REFUSED: readonly (readonly [string, string])[] = [
    ['{job="a"', 'expected a comma or "}" at character 9, found the end'],
    ['{job=~"("}', "error parsing regexp: missing closing ): `(?s)(` in the pattern at character 7"],
    ["{}", "a selector must contain at least one non-empty matcher"],
    ["up", 'expected a selector such as {job="x"}, without a metric name at character 1, found "up"'],
  ];

  test.each([...REFUSED])("a selector that is none is refused with its place: %s", async (selector, reason) => {
    const response = await ask(createTestApp().app, "GET", matching('{job="a"}', selector));
    expect([response.status, await response.text()]).toEqual([
      400,
      `invalid parameter "match[]": reading the selector ${JSON.stringify(selector)}: ${reason}\n`,
    ]);
  });

  test("at most sixteen selectors are taken, and everything else in the query is passed over", async () => {
    const app = createTestApp();
    await push(app.app, "/job/a", "m 1\n");
    const many = Array.from({ length: 17 }, () => '{job="a"}');
    expect((await ask(app.app, "GET", matching(...many))).status).toBe(400);
    expect(await text(app, `${matching('{job="a"}')}&name[]=n&match=x`)).toContain("\nm{");
    expect(await text(app, "/metrics?name[]=m&match=x")).toContain("pushgateway_build_info");
  });

  test("too early is 503", async () => {
    const app = createTestApp();
    app.notReady = "restoring";
    expect((await ask(app.app, "GET", matching('{job="a"}'))).status).toBe(503);
    expect((await ask(app.app, "GET", "/metrics/job/a")).status).toBe(503);
  });

  test("is at the telemetry path, and that of a group where it is pushed to", async () => {
    const app = createTestApp("--web.route-prefix=/p", "--web.telemetry-path=/t");
    await ask(app.app, "PUT", "/p/metrics/job/a", { body: "m 1\n" });
    await ask(app.app, "PUT", "/p/metrics/job/b", { body: "m 2\n" });
    const one = await text(app, matching('{job="a"}').replace("/metrics", "/p/t"));
    expect(one).toContain('m{instance="",job="a"} 1\n');
    expect(one).not.toContain('job="b"');
    expect(await text(app, "/p/metrics/job/a")).toBe(one);
  });

  test("while everything changes has each group whole", async () => {
    const app = createTestApp();
    const names = Array.from({ length: 40 }, (_, n) => `m${n}`);
    const body = (value: number) => names.map((name) => `${name} ${value}\n`).join("");
    for (let n = 0; n < 300; n++) await push(app.app, `/job/a/n/${n}`, body(0));
    for (let round = 1; round < 15; round++) {
      const scraped = text(app, matching('{job="a",n=~".*"}'));
      for (let n = round; n < 300; n += 7)
        if (round % 2 === 0) await ask(app.app, "DELETE", `/metrics/job/a/n/${n}`);
        else await push(app.app, `/job/a/n/${n}`, body(round));
      const counts = new Map<string, Set<string>>();
      for (const line of (await scraped).split("\n")) {
        const [, name, group, value] = /^(m\d+)\{.*n="(\d+)"\} (\d+)$/.exec(line) ?? [];
        if (group === undefined) continue;
        const seen = counts.get(`${group} ${value}`) ?? new Set();
        counts.set(`${group} ${value}`, seen.add(name ?? ""));
      }
      expect([...counts.values()].filter(({ size }) => size !== names.length)).toEqual([]);
      expect(new Set([...counts.keys()].map((key) => key.split(" ")[0])).size).toBe(counts.size);
    }
    expect(app.store.stats.snapshots).toBe(0);
  });
});

describe("GET /metrics/job/...", () => {
  test("has that group alone, as its selector and the API have it", async () => {
    const app = createTestApp();
    await push(app.app, "/job/a", "m 1\n");
    await push(app.app, "/job/a/instance/i", "m 2\n");
    const one = await text(app, "/metrics/job/a");
    expect(one).toBe(await text(app, matching('{job="a",instance=""}')));
    expect(one).toBe(await text(app, "/api/v1/groups/job/a", { accept: "text/plain" }));
    expect(one).toContain('m{instance="",job="a"} 1\n');
    expect(one).not.toContain('instance="i"');
    expect(await text(app, "/metrics/job@base64/YQ")).toBe(one);
  });

  test("is in the format that is preferred", async () => {
    const app = createTestApp();
    await push(app.app, "/job/a", "m 1\n");
    const typeOf = async (path: string, accept: string) =>
      (await ask(app.app, "GET", path, { headers: { accept } })).headers.get("content-type")?.split(";")[0];
    for (const path of ["/metrics/job/a", "/api/v1/groups/job/a"])
      expect(await typeOf(path, PROTOBUF_TYPE)).toBe("application/vnd.google.protobuf");
    const PREFERRED: readonly (readonly [string, string])[] = [
      ["*/*", "application/json"],
      ["application/json, text/plain;q=0.5", "application/json"],
      ["text/plain, application/json;q=0.5", "text/plain"],
      ["application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain"],
      ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"],
      ["text/plain;q=0", "application/json"],
    ];
    for (const [accept, type] of PREFERRED)
      expect([accept, await typeOf("/api/v1/groups/job/a", accept)]).toEqual([accept, type]);
  });

  test("of no group is answered as by the reference, which has none to be read", async () => {
    for (const path of ["/metrics/job/a", "/metrics/job/a/b", "/metrics/job/%FF"]) {
      const response = await ask(createTestApp().app, "GET", path);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "DELETE, OPTIONS, POST, PUT"]);
    }
  });

  test("leads nobody astray near its path", async () => {
    const { app } = createTestApp();
    const statuses = async (...paths: string[]) =>
      Promise.all(paths.map(async (path) => (await ask(app, "GET", path)).status));
    expect(await statuses("/metrics/job", "/metrics/job/", "/api/v1/groups/job", "/api/v1/groups/job/")).toEqual([
      404, 404, 404, 404,
    ]);
  });
});

test("a group of very many families is prepared in turns, and so is what is to be known of all of them", async () => {
  const gateway = createTestApp();
  const count = 12_000;
  await push(gateway.app, "/job/j", Array.from({ length: count }, (_, i) => `f${i} 1\n`).join(""));
  let [nowMs, turns] = [0, 0];
  gateway.clock = { nowMs: () => ++nowMs, turn: async () => void turns++ };
  const answer = await ask(gateway.app, "GET", "/metrics/job/j");
  expect(answer.status).toBe(200);
  // A turn is two steps of 256 families, in each of two passes; nothing was sent so far.
  expect(turns).toBeGreaterThan(1.5 * (count / (2 * 256)));
  await answer.text();
});
