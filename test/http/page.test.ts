import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { PAGE_FILES } from "../../src/http/page-files.ts";
import type { FirstPage } from "../../src/ui/first-page.ts";
import { ask, createTestApp, push, type TestApp } from "../app.ts";

const EVIL = `"><script>alert("1")</script><img src=x onerror=alert(1)>'&`;
const VIEWS = [
  "/",
  "/group?path=/job/j",
  "/group?path=/job/j&tab=exposition",
  "/refused",
  "/status",
  "/status?flags=all",
];

async function document({ app }: TestApp, path: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await ask(app, "GET", path, { headers });
  expect(response.status).toBe(200);
  return response.text();
}

/** What the browser takes the page over with. */
function stateOf(html: string): FirstPage {
  const json = /<script type="application\/json" id="state">([^<]*)<\/script>/.exec(html)?.[1];
  if (json === undefined) throw new Error("reading a document: it has no state");
  return JSON.parse(json) as FirstPage;
}

/** What is drawn, without the state. */
const drawnOf = (html: string): string =>
  html.slice(html.indexOf("<body>"), html.indexOf('<script type="application/json"'));

describe("every view", () => {
  test.each(VIEWS)("is a whole document, drawn by the server: %s", async (path) => {
    const test = createTestApp("--web.enable-admin-api");
    await push(test.app, "/job/j", "a 1\n");
    const html = await document(test, path);
    const open: string[] = [];
    const emptyElements = ["meta", "link", "input", "img", "br", "!doctype"];
    for (const [, slash, name = ""] of html.matchAll(/<(\/?)(!?[a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|[^">])*>/g)) {
      if (emptyElements.includes(name.toLowerCase())) continue;
      if (slash === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    expect(html).toMatch(/<title>[^<]+ · Pushgateway<\/title>/);
  });

  test.each(VIEWS)("leads nowhere but to itself, by links that are relative: %s", async (path) => {
    const test = createTestApp("--web.enable-admin-api");
    await push(test.app, "/job/j", "a 1\n");
    const targets = [...(await document(test, path)).matchAll(/ (?:href|src|action)="([^"]*)"/g)].map(
      ([, target]) => target,
    );
    expect(targets.length).toBeGreaterThan(5);
    expect(targets.filter((target) => !target?.startsWith("./"))).toEqual([]);
  });

  test.each(VIEWS)("has no script or style within it, and no way for one: %s", async (path) => {
    const test = createTestApp();
    await push(test.app, "/job/j", "a 1\n");
    const response = await ask(test.app, "GET", path);
    const html = await response.text();
    expect(html.match(/<script(?! type="application\/json"| type="module" src="\.\/static\/client\.)/)).toBeNull();
    expect(drawnOf(html)).not.toMatch(/<style| style=| on[a-z]+=|javascript:/);
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'"])
      expect(policy.split("; ")).toContain(rule);
  });

  test("shows hostile texts as text", async () => {
    const test = createTestApp("--push.enable-utf8-names");
    const quoted = JSON.stringify(EVIL);
    const body = `# HELP ${quoted} ${EVIL}\n# TYPE ${quoted} gauge\n{${quoted},l=${quoted},${quoted}="v"} 1\n`;
    const path = `/job@base64/${Buffer.from(EVIL).toString("base64url")}`;
    expect((await push(test.app, path, body)).status).toBe(200);
    await push(test.app, path, `${EVIL}\n`);
    for (const view of [
      "/",
      `/?q=${encodeURIComponent(EVIL)}`,
      `/group?path=${path}`,
      `/group?path=${path}&tab=push`,
      "/refused",
    ]) {
      const html = await document(test, view);
      expect(html).not.toMatch(/<script>|<img/);
      expect(stateOf(html).address).toBeDefined();
      expect(drawnOf(html)).toContain("&lt;script>");
    }
  });

  test("names characters that cannot be seen", async () => {
    const test = createTestApp();
    await push(test.app, "/job/a%E2%80%AEb", "a 1\n");
    const html = drawnOf(await document(test, "/"));
    expect(html).toContain('a<span class="ctl" title="U+202E">RLO</span>b');
    expect(html).not.toContain("\u202e");
  });
});

describe("the list", () => {
  async function filled(): Promise<TestApp> {
    const test = createTestApp();
    for (let i = 0; i < 60; i++) await push(test.app, `/job/${i % 2 ? "odd" : "even"}/instance/i${i}`, "a 1\n");
    return test;
  }

  const shown = (html: string) => [...drawnOf(html).matchAll(/data-row="(\d+)"/g)].length;

  test("is found by words, and by selectors", async () => {
    const test = await filled();
    expect(shown(await document(test, "/"))).toBe(50);
    expect(shown(await document(test, "/?q=ODD"))).toBe(30);
    expect(shown(await document(test, `/?q=${encodeURIComponent('{job="even",instance=~"i[0-9]"}')}`))).toBe(5);
    expect(drawnOf(await document(test, "/?q=nothing"))).toContain("No group matches");
  });

  test("goes on by links, without a script", async () => {
    const test = await filled();
    const next = /rel="next" href="\.(\/[^"]*)"/.exec(await document(test, "/?sort=labels"))?.[1] ?? "";
    const html = await document(test, next.replaceAll("&amp;", "&"));
    expect(shown(html)).toBe(10);
    expect(drawnOf(html)).toContain("51–60 of 60");
  });

  test("says what is wrong with a selector, and where", async () => {
    const html = drawnOf(await document(await filled(), `/?q=${encodeURIComponent('{job="x"')}`));
    expect(html).toContain('role="alert"');
    expect(html).toContain("at character 9");
  });

  test("greets where nothing was pushed yet, with a line for this server", async () => {
    const html = drawnOf(await document(createTestApp(), "/", { host: "gw.example:9091" }));
    expect(html).toContain("Nothing has been pushed yet");
    expect(html).toContain("curl --data-binary @- http://gw.example:9091/metrics/job/some_job");
  });

  test("says that metrics are being restored", async () => {
    const test = createTestApp();
    test.notReady = "restoring 3 of 10 groups";
    expect(drawnOf(await document(test, "/"))).toContain("restoring 3 of 10 groups");
  });
});

/** What one turn of the loop may draw. */
const MOST_ELEMENTS = 6_000;
const MOST_CHARACTERS = 150_000;
const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join("");
const HUGE: readonly (readonly [what: string, body: string])[] = [
  ["2,000 series of one family", lines(2000, (i) => `a{l="v${i}"} ${i}\n`)],
  ["3,000 families", lines(3000, (i) => `f${i} ${i}\n`)],
  [
    "a histogram of 5,000 buckets",
    `# TYPE h histogram\n${lines(5000, (i) => `h_bucket{le="${i}"} ${i}\n`)}h_bucket{le="+Inf"} 5000\nh_sum 1\nh_count 5000\n`,
  ],
  [
    "500 histograms",
    `# TYPE h histogram\n${lines(500, (i) => `h_bucket{l="${i}",le="+Inf"} 1\nh_sum{l="${i}"} 1\nh_count{l="${i}"} 1\n`)}`,
  ],
  ["labels of 60,000 characters", lines(20, (i) => `a{l="${i}${"x".repeat(60_000)}"} 1\n`)],
  ["a help text of 60,000 characters", `# HELP a ${"x".repeat(60_000)}\n# TYPE a gauge\na 1\n`],
  ["a help text of controls", `# HELP a ${"\u0001\u202e".repeat(15_000)}\n# TYPE a gauge\na 1\n`],
  ["900 labels of each series", lines(50, (n) => `a{n="${n}",${lines(900, (i) => `l${i}="${i}",`)}} 1\n`)],
  ["labels of controls", lines(50, (n) => `a{n="${n}",l="${"\u0001\u202e\u200b".repeat(300)}"} 1\n`)],
  ["names of 60,000 characters", lines(30, (n) => `${"n".repeat(60_000)}${n} 1\n`)],
];

describe("the first screen of one group", () => {
  test.each(HUGE)("is small, and leads to all of it: %s", async (_, body) => {
    const test = createTestApp();
    expect((await push(test.app, "/job/j", body)).status).toBe(200);
    for (const tab of ["metrics", "exposition"]) {
      const html = await document(test, `/group?path=/job/j&tab=${tab}`);
      const drawn = drawnOf(html);
      expect([...drawn.matchAll(/<[a-z]/g)].length).toBeLessThan(MOST_ELEMENTS);
      expect(Math.max(drawn.length, html.length - drawn.length)).toBeLessThan(MOST_CHARACTERS);
      const ways = tab === "metrics" ? ["Show all in the exposition", 'rel="next"', "…<"] : ['href="./metrics/job/j"'];
      expect(ways.some((way) => drawn.includes(way))).toBe(true);
    }
  });

  test("has one bar for several buckets where they are very many", async () => {
    const test = createTestApp();
    const buckets = lines(900, (i) => `h_bucket{le="${i}"} ${i}\n`);
    const body = `# TYPE h histogram\n${buckets}h_bucket{le="+Inf"} 900\nh_sum 1\nh_count 900\n`;
    expect((await push(test.app, "/job/j", body)).status).toBe(200);
    const drawn = drawnOf(await document(test, "/group?path=/job/j"));
    expect(drawn).toContain("Histogram with 901 buckets.");
    const bars = [...drawn.matchAll(/<rect class="b"/g)].length;
    expect(bars).toBeGreaterThan(100);
    expect(bars).toBeLessThanOrEqual(200);
  });

  test("has what is small as a whole", async () => {
    const test = createTestApp();
    await push(
      test.app,
      "/job/j",
      lines(100, (i) => `a{l="v${i}"} ${i}\n`),
    );
    expect([...drawnOf(await document(test, "/group?path=/job/j")).matchAll(/<tr>/g)].length).toBe(100);
    const html = drawnOf(await document(test, "/group?path=/job/j&tab=exposition"));
    expect(html).not.toContain('href="./metrics/job/j"');
  });
});

test("very many families are read page by page, by links alone, each of them once", async () => {
  const test = createTestApp();
  await push(
    test.app,
    "/job/j",
    lines(300, (i) => `f${i} ${i}\n`),
  );
  const names: string[] = [];
  let pages = 0;
  for (let path: string | null = "/group?path=/job/j"; path !== null; pages++) {
    const html = drawnOf(await document(test, path));
    names.push(...[...html.matchAll(/<h2><bdi>([^<]*)<\/bdi>/g)].map(([, name = ""]) => name));
    path = / rel="next" href="\.(\/[^"]*)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? null;
  }
  expect(pages).toBeGreaterThan(5);
  expect(names.sort()).toEqual(Array.from({ length: 300 }, (_, i) => `f${i}`).sort());
});

/** Groups with as much in their paths as a request can bring. */
const HOSTILE_KEYS: readonly (readonly [what: string, path: (i: number) => string])[] = [
  ["jobs of 12,000 characters", (i) => `/job/${i}${"x".repeat(12_000)}`],
  [
    "jobs of controls",
    (i) => `/job@base64/${Buffer.from(`${i}${"\u0001\u202e\u200b\ufeff".repeat(1000)}`).toString("base64url")}`,
  ],
  ["jobs of zero bytes", (i) => `/job@base64/${Buffer.from(`${i}${"\u0000".repeat(9000)}`).toString("base64url")}`],
  ["900 label pairs", (i) => `/job/${i}${lines(900, (n) => `/l${n}/v${n}`)}`],
  ["900 label pairs of controls", (i) => `/job/${i}${lines(900, (n) => `/l${n}/%01%02`)}`],
  ["markup", (i) => `/job@base64/${Buffer.from(`${i}${EVIL.repeat(150)}`).toString("base64url")}`],
];
/** What all of a document may be, and what is drawn of it. */
const MOST_HTML_BYTES = 400_000;

describe("the first screen of whatever was pushed", () => {
  test.each(HOSTILE_KEYS)("is small: 120 groups with %s", async (_, path) => {
    const test = createTestApp("--web.enable-admin-api");
    for (let i = 0; i < 120; i++) expect((await push(test.app, path(i), "a 1\n")).status).toBe(200);
    for (let i = 0; i < 60; i++) await push(test.app, path(i), "a 1 1\n");
    const group = `/group?path=${encodeURIComponent(path(1))}`;
    for (const view of [
      "/",
      "/?state=failing",
      "/?q=0&jobs=all",
      group,
      `${group}&tab=push`,
      `${group}&tab=exposition`,
      "/refused",
    ]) {
      const html = await document(test, view);
      const drawn = drawnOf(html);
      const elements = [...drawn.matchAll(/<[a-z]/g)].length;
      expect(Buffer.byteLength(html)).toBeLessThan(MOST_HTML_BYTES);
      expect(elements).toBeLessThan(MOST_ELEMENTS);
    }
  });
});

test("the first screen of very many refused pushes is small, and leads to all of them", async () => {
  const test = createTestApp();
  for (let i = 0; i < 200; i++) await push(test.app, `/job/j${i}`, `a ${"x".repeat(3000)}\n`);
  const html = await document(test, "/refused");
  expect(html.length).toBeLessThan(2 * MOST_CHARACTERS);
  expect(html).toContain('href="./api/v1/refused"');
});

const ADDRESSES: readonly { flags: string[]; path: string; host: string; url: string }[] = [
  { flags: [], path: "/", host: "gw.example:9091", url: "http://gw.example:9091/metrics/job/j" },
  { flags: [], path: "/", host: "", url: "/metrics/job/j" },
  { flags: [], path: "/", host: "[::1]:9091", url: "http://[::1]:9091/metrics/job/j" },
  { flags: [], path: "/", host: "a'$(x)'", url: "http://a%27$(x)%27/metrics/job/j" },
  {
    flags: ["--web.external-url=https://x.example/gw/"],
    path: "/gw/",
    host: "a",
    url: "https://x.example/gw/metrics/job/j",
  },
];

test.each(ADDRESSES)("a group says how to delete it from where the page was asked for: $url", async (address) => {
  const test = createTestApp(...address.flags);
  await ask(test.app, "POST", `${address.path}metrics/job/j`, { body: "a 1\n" });
  const headers: Record<string, string> = address.host === "" ? {} : { host: address.host };
  const html = await document(test, `${address.path}group?path=/job/j&tab=push`, headers);
  expect(html).toContain(`<code>curl -X DELETE '${address.url}'</code>`);
});

test("a group that is not there is said so", async () => {
  for (const path of ["/job/nobody", "", "/job/..", "/etc/passwd"]) {
    const html = drawnOf(await document(createTestApp(), `/group?path=${encodeURIComponent(path)}`));
    expect(html).toContain("No such group");
  }
});

test("what an operator may not do is not offered", async () => {
  for (const [flags, isOffered] of [[["--web.enable-admin-api"], true] as const, [[], false] as const]) {
    const test = createTestApp(...flags);
    await push(test.app, "/job/j", "a 1\n");
    expect(drawnOf(await document(test, "/status")).includes("Wipe everything")).toBe(isOffered);
    const q = encodeURIComponent('{job="j"}');
    expect(drawnOf(await document(test, `/?q=${q}`)).includes("Delete these")).toBe(isOffered);
  }
});

test("the theme that was chosen in this browser is drawn from the start", async () => {
  const test = createTestApp();
  expect(await document(test, "/", { cookie: "a=b; theme=dark" })).toContain('<html lang="en" data-theme="dark">');
  expect(await document(test, "/", { cookie: "theme=x" })).toContain('<html lang="en">');
});

describe("files of the page", () => {
  test.each([PAGE_FILES.script, PAGE_FILES.styles, PAGE_FILES.icon])(
    "are named by their content and kept by browsers: %s",
    async (name) => {
      const { app } = createTestApp();
      const plain = await ask(app, "GET", `/static/${name}`);
      const zipped = await ask(app, "GET", `/static/${name}`, { headers: { "accept-encoding": "gzip" } });
      expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(plain.headers.get("vary")).toBe("Accept-Encoding");
      expect(zipped.headers.get("content-encoding")).toBe("gzip");
      expect(gunzipSync(await zipped.bytes())).toEqual(Buffer.from(await plain.bytes()));
      expect((await document({ app } as TestApp, "/")).includes(`./static/${name}`)).toBe(true);
    },
  );

  test("are as small as their budget: script 25 kB and styles 10 kB, compressed", async () => {
    const { app } = createTestApp();
    const sizeOf = async (name: string) =>
      (await (await ask(app, "GET", `/static/${name}`, { headers: { "accept-encoding": "gzip" } })).bytes()).length;
    expect(await sizeOf(PAGE_FILES.script)).toBeLessThan(25_000);
    expect(await sizeOf(PAGE_FILES.styles)).toBeLessThan(10_000);
  });

  test("the first screen of fifty groups is at most 60 kB, 8 kB compressed", async () => {
    const test = createTestApp();
    for (let i = 0; i < 60; i++)
      await push(test.app, `/job/job-${i % 16}/env/prod/instance/host-${i}.fra1.example.net`, "a 1\n");
    const response = await ask(test.app, "GET", "/", { headers: { "accept-encoding": "gzip" } });
    const zipped = await response.bytes();
    expect(zipped.length).toBeLessThan(8000);
    expect(gunzipSync(zipped).length).toBeLessThan(60_000);
  });
});
