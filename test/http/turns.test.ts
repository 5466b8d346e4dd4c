import { afterEach, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { ask, createTestApp, push, type TestApp } from "../app.ts";
import { delimited, double, integer, label, PROTOBUF_TYPE, part, signed } from "../e2e/protobuf.ts";
import { eventually } from "../program.ts";
import { WorkCounter } from "./work.ts";

/** The most work between two turns of the loop, in bytes read or written; far less than any content below. */
const MOST_BYTES = 256 * 1024;

interface Content {
  readonly what: string;
  readonly fill: (gateway: TestApp) => Promise<void>;
}

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("");
const LONG = "x".repeat(60_000);

function text(what: string, ...bodies: string[]): Content {
  return {
    what,
    fill: async ({ app }) => {
      for (const body of bodies)
        expect([body.slice(0, 60), (await push(app, "/job/j", body)).status]).toEqual([body.slice(0, 60), 200]);
    },
  };
}

function protobuf(what: string, ...fields: Uint8Array[]): Content {
  return {
    what,
    fill: async ({ app }) => {
      const init = { body: delimited(...fields) as unknown as string, headers: { "content-type": PROTOBUF_TYPE } };
      const answer = await ask(app, "POST", "/metrics/job/j", init);
      expect([what, answer.status, await answer.text()]).toEqual([what, 200, ""]);
    },
  };
}

const buckets = lines(30_000, (i) => `h_bucket{le="${i}"} ${i}\n`);

const CONTENTS: readonly Content[] = [
  text(
    "one large family",
    lines(20_000, (i) => `m{i="${i}",path="/a/b/c"} ${i}.5\n`),
  ),
  text(
    "a large family that needs escapes",
    lines(20_000, (i) => `m{i="\\"${i}\\\\<é>",path="\\n"} ${i}.5\n`),
  ),
  text(
    "a large family with names in quotes",
    lines(15_000, (i) => `{"m.n","i.j"="${i}",path="/a/b/c"} ${i}.5\n`),
  ),
  text(
    "many families",
    lines(8_000, (i) => `f${(i * 7919) % 8_000} ${i}\n`),
  ),
  text(
    "many families with long HELP texts",
    lines(60, (i) => `# HELP f${i} ${LONG}\nf${i} 1\n`),
  ),
  text(
    "more families with long HELP texts than are looked at for an answer's length",
    ...[0, 1, 2, 3].map((n) => lines(100, (i) => `# HELP f${n}_${i} ${LONG}\nf${n}_${i} 1\n`)),
  ),
  text(
    "series of many long labels",
    lines(4, (n) => `m{n="${n}",${lines(15, (i) => `l${i}="${LONG}",`)}} 1\n`),
  ),
  text(
    "series of many long labels with names in quotes",
    lines(4, (n) => `{"m.n",n="${n}",${lines(15, (i) => `"l.${i}"="${LONG}",`)}} 1\n`),
  ),
  text(
    "a histogram of many buckets",
    `# TYPE h histogram\n${buckets}h_bucket{le="+Inf"} 30000\nh_sum 1\nh_count 30000\n`,
  ),
  text(
    "a histogram of many fractions",
    `# TYPE h histogram\n${buckets}h_bucket{le="+Inf"} 0.5\nh_sum 1\nh_count 30000\n`,
  ),
  text(
    "a summary of many quantiles",
    `# TYPE s summary\n${lines(30_000, (i) => `s{quantile="${i / 30_000}"} ${i}\n`)}s_sum 1\ns_count 1\n`,
  ),
  protobuf(
    "a native histogram of many buckets",
    part(1, "h"),
    integer(3, 4),
    part(
      4,
      label("l", "v"),
      part(
        7,
        integer(1, 100_000),
        double(2, 1),
        signed(5, 3),
        part(12, signed(1, 0), integer(2, 100_000)),
        signed(13, 1),
        ...Array.from({ length: 99_999 }, () => signed(13, 0)),
      ),
    ),
  ),
  protobuf(
    "a native histogram of many buckets below and above zero, packed",
    part(1, "h"),
    integer(3, 4),
    part(
      4,
      part(
        7,
        integer(1, 200_000),
        double(2, 1),
        signed(5, 3),
        part(9, signed(1, 0), integer(2, 100_000)),
        part(10, Buffer.concat([Buffer.of(2), Buffer.alloc(99_999)])),
        part(12, signed(1, 0), integer(2, 100_000)),
        part(13, Buffer.concat([Buffer.of(2), Buffer.alloc(99_999)])),
      ),
    ),
  ),
  protobuf(
    "a native histogram of many fractions, packed",
    part(1, "h"),
    integer(3, 4),
    part(
      4,
      part(
        7,
        double(4, 60_000),
        double(2, 1),
        signed(5, 3),
        part(12, signed(1, 0), integer(2, 60_000)),
        part(14, new Uint8Array(new Float64Array(60_000).fill(1).buffer)),
      ),
    ),
  ),
  protobuf(
    "a summary of many quantiles and a created timestamp",
    part(1, "s"),
    integer(3, 2),
    part(
      4,
      part(
        4,
        integer(1, 1),
        double(2, 1),
        ...Array.from({ length: 30_000 }, (_, i) => part(3, double(1, i / 30_000), double(2, i))),
        part(4, integer(1, 1_700_000_000)),
      ),
    ),
  ),
  protobuf(
    "a gauge histogram of many buckets",
    part(1, "g"),
    integer(3, 5),
    part(
      4,
      part(
        7,
        integer(1, 40_000),
        double(2, 1),
        ...Array.from({ length: 40_000 }, (_, i) => part(3, integer(1, i), double(2, i))),
      ),
    ),
  ),
  {
    what: "many groups",
    fill: async ({ app }) => {
      await push(app, "/job/j", "a 1\n");
      for (let i = 0; i < 4_000; i++) await push(app, `/job/j/instance/i${i}`, `a 1\nb{x="${i}"} 2\n`);
    },
  },
];

const PROTOBUF_ACCEPT = `${PROTOBUF_TYPE};q=1`;
interface Route {
  readonly what: string;
  readonly path: string;
  readonly accept: string;
  readonly isPrometheus?: boolean;
  /** It tells the first metrics only. */
  readonly isShort?: boolean;
}
const ROUTES: readonly Route[] = [
  { what: "the JSON API", path: "/api/v1/metrics", accept: "*/*" },
  { what: "the page", path: "/", accept: "*/*", isShort: true },
  { what: "the JSON of one group", path: "/api/v1/groups/job/j", accept: "*/*", isShort: true },
  { what: "the exposition of one group", path: "/api/v1/groups/job/j", accept: "text/plain" },
  { what: "a scrape of one group", path: "/metrics/job/j", accept: PROTOBUF_ACCEPT, isPrometheus: true },
  {
    what: "a scrape of some groups",
    path: `/metrics?match[]=${encodeURIComponent('{job=~"j.?"}')}`,
    accept: "text/plain",
  },
  { what: "a scrape", path: "/metrics", accept: "text/plain" },
  { what: "a scrape in UTF-8", path: "/metrics", accept: "text/plain;version=0.0.4;escaping=allow-utf-8" },
  { what: "a scrape with names as values", path: "/metrics", accept: "text/plain;version=0.0.4;escaping=values" },
  { what: "a protobuf scrape", path: "/metrics", accept: PROTOBUF_ACCEPT },
  { what: "a protobuf scrape by Prometheus", path: "/metrics", accept: PROTOBUF_ACCEPT, isPrometheus: true },
  { what: "a protobuf scrape in UTF-8", path: "/metrics", accept: `${PROTOBUF_ACCEPT};escaping=allow-utf-8` },
];

let counter: WorkCounter | null = null;
afterEach(() => {
  counter?.stop();
  counter = null;
});

/**
 * Has work counted between all moments where a turn of the loop may be taken: time goes on whenever it is asked for.
 */
function counted(gateway: TestApp): WorkCounter {
  const work = new WorkCounter();
  counter = work;
  let nowMs = 0;
  gateway.clock = {
    nowMs: () => (nowMs += 1),
    turn: async () => work.turn(),
  };
  return work;
}

async function pieces(response: Response): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of response.body ?? []) all.push(piece);
  return all;
}

describe("no answer holds the loop for more than a slice of its work", () => {
  for (const { what, fill } of CONTENTS)
    test(what, async () => {
      const gateway = createTestApp("--push.enable-utf8-names");
      await fill(gateway);
      for (const route of ROUTES) {
        const bodies: string[] = [];
        for (const encoding of ["identity", "gzip"]) {
          const work = counted(gateway);
          const prometheus = route.isPrometheus ? { "x-prometheus-scrape-timeout-seconds": "10" } : {};
          const headers = { accept: route.accept, "accept-encoding": encoding, ...prometheus };
          const response = await ask(gateway.app, "GET", route.path, { headers });
          expect(response.headers.get("content-encoding")).toBe(encoding === "gzip" ? "gzip" : null);
          const all = await pieces(response);
          work.stop();
          const body = encoding === "gzip" ? gunzipSync(Buffer.concat(all)) : Buffer.concat(all);
          bodies.push(Bun.hash(withoutOwn(body.toString("latin1"))).toString());
          expect({ route: route.what, encoding, within: work.most <= MOST_BYTES || work.most }).toMatchObject({
            within: true,
          });
        }
        expect(bodies[1]).toBe(bodies[0] ?? "");
      }
      expect(gateway.store.stats.snapshots).toBe(0);
    });
});

test("a list of groups with long keys is written in slices", async () => {
  const gateway = createTestApp();
  const value = "%01".repeat(2_500);
  for (let i = 0; i < 500; i++) await push(gateway.app, `/job/j/long/${i}${value}`, "a 1\n");
  const work = counted(gateway);
  const all = await pieces(await ask(gateway.app, "GET", "/api/v1/groups?limit=500&facets=true"));
  work.stop();
  const body = Buffer.concat(all);
  expect(JSON.parse(body.toString()).data.groups.length).toBe(500);
  expect(work.total).toBeGreaterThan(body.length);
  expect(work.most).toBeLessThanOrEqual(MOST_BYTES);
});

describe("what is deleted or replaced leaves the store in slices", () => {
  const FAMILIES = 6_000;
  const body = lines(FAMILIES, (i) => `f${i} 1\n`);
  const removals: readonly { what: string; method: string; body?: string; left: string[] }[] = [
    { what: "DELETE", method: "DELETE", left: [] },
    { what: "PUT of other families", method: "PUT", body: "z 1\n", left: ["z"] },
    { what: "PUT of one family less", method: "PUT", body: "f5 1\nf0 2\n", left: ["f0", "f5"] },
  ];

  test.each(removals)("$what", async ({ method, body: replacement, left }) => {
    const gateway = createTestApp();
    const { app, store } = gateway;
    await push(app, "/job/big", body);
    await push(app, "/job/other", "other 1\n");
    const work = counted(gateway);
    const removed = ask(app, method, "/metrics/job/big", replacement === undefined ? {} : { body: replacement });
    await Bun.sleep(0);
    // While it goes on, pushes are taken, and a scrape waits for its end.
    expect((await push(app, "/job/other", "other 2\n")).status).toBe(200);
    const scraped = await (await ask(app, "GET", "/metrics")).text();
    expect((await removed).ok).toBe(true);
    work.stop();
    expect(work.total).toBeGreaterThan(4 * MOST_BYTES);
    expect(work.most).toBeLessThanOrEqual(MOST_BYTES);
    expect([...scraped.matchAll(/^(f\d+|z)\{/gm)].map(([, name]) => name)).toEqual(left);
    expect(scraped).toContain('other{instance="",job="other"} 2\n');
    expect(store.isChanging).toBe(false);
    expect(store.stats.families).toBe(left.length + 3);
    const shown = JSON.parse(await (await ask(app, "GET", "/api/v1/metrics")).text()).data;
    const big = shown.find(({ labels }: { labels: { job: string } }) => labels.job === "big");
    expect(Object.keys(big ?? {}).filter((name) => /^(f\d+|z)$/.test(name))).toEqual(left);
  });

  test("a push that only what is on its way out speaks against is taken once that is gone", async () => {
    const { app } = createTestApp();
    await push(app, "/job/big", body);
    const deleted = ask(app, "DELETE", "/metrics/job/big");
    const answers = await Promise.all(
      [1, 2_000, FAMILIES - 1].map((i) => push(app, `/job/j${i}`, `# TYPE f${i} counter\nf${i} 1\n`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await deleted).status).toBe(202);
    expect((await push(app, "/job/bad", "# TYPE f1 gauge\nf1 1\n")).status).toBe(400);
  });
});

describe("a reader who goes away", () => {
  test.each(ROUTES.filter(({ isShort }) => !isShort))("from $what frees all that it held", async ({ path, accept }) => {
    const { app, store } = createTestApp();
    await push(
      app,
      "/job/j",
      lines(20_000, (i) => `m{i="${i}"} ${i}\n`),
    );
    const reader = (await ask(app, "GET", path, { headers: { accept } })).body?.getReader();
    await reader?.read();
    expect(store.stats.snapshots).toBe(1);
    await reader?.cancel();
    await eventually("its snapshot is released", async () => store.stats.snapshots === 0);
  });

  test("is one whose answer was given up for a newer one", async () => {
    const { app, store } = createTestApp("--web.max-scrapes-in-flight=1");
    await push(
      app,
      "/job/j",
      lines(20_000, (i) => `m{i="${i}"} ${i}\n`),
    );
    for (const { path, accept } of ROUTES) {
      await (await ask(app, "GET", path, { headers: { accept } })).body?.getReader().read();
      expect(store.stats.snapshots).toBe(1);
    }
  });
});

/** Without what changes from one answer to the next. */
function withoutOwn(body: string): string {
  return body.replace(/^pushgateway_http.*$/gm, "");
}
