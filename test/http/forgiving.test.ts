import { describe, expect, test } from "bun:test";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { delimited, double, integer, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";
import { decodeFamilies } from "../fuzz/metrics-schema.ts";

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const OWN_LABELS = 'instance="",job="j"';

interface Pushed {
  readonly status: number;
  readonly text: string;
  /** The lines of the group but its times, as they are exposed. */
  readonly lines: readonly string[];
}

async function pushed(
  { app }: TestApp,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<Pushed> {
  const response = await ask(app, method, "/metrics/job/j", { body: body as string, headers });
  const text = await response.text();
  const shown = await (await ask(app, "GET", "/metrics/job/j")).text();
  const lines = shown.split("\n").filter((line) => line.includes(OWN_LABELS) && !/^push_(failure_)?time/.test(line));
  return { status: response.status, text, lines };
}

const GAUGE = delimited(part(1, "m"), integer(3, 1), part(4, part(2, double(1, 5)), integer(6, 1000)));

const GAUGE_NOW = delimited(part(1, "m"), integer(3, 1), part(4, part(2, double(1, 5))));

describe("the status of a push that was stored", () => {
  const rows: readonly [status: number, method: string, body: string, flags: readonly string[]][] = [
    [200, "POST", "m 1\n", []],
    [200, "PUT", "m 1\n", ["--push.status=200"]],
    [202, "POST", "m 1\n", ["--push.status=202"]],
    [202, "PUT", "m 1\n", ["--push.status=202"]],
    [202, "POST", `${"m 1\n".padStart(100_000, "\n")}`, ["--push.status=202"]],
    [202, "POST", "m 1\n", ["--push.status=200", "--push.disable-consistency-check"]],
    [400, "POST", "m\n", ["--push.status=202"]],
    [400, "POST", "m 1\nm 1\n", ["--push.status=202"]],
  ];
  test.each(rows)("is %d for %s of %p with %p", async (status, method, body, flags) => {
    expect((await pushed(createTestApp(...flags), body, {}, method)).status).toBe(status);
  });

  test.each(["200", "202"])("does not change that a DELETE is answered 202: %s", async (status) => {
    const { app } = createTestApp(`--push.status=${status}`);
    expect((await ask(app, "DELETE", "/metrics/job/j")).status).toBe(202);
  });
});

describe("timestamps", () => {
  const rows: readonly [what: string, type: string, body: string | Uint8Array, lines: readonly string[]][] = [
    ["text", "text/plain", "m 5 1000\n", [`m{${OWN_LABELS}} 5`]],
    ["a large text", "text/plain", "m 5 -1000\n".padStart(100_000, "\n"), [`m{${OWN_LABELS}} 5`]],
    ["OpenMetrics", OPENMETRICS, "m 5 1.5\n# EOF\n", [`m{${OWN_LABELS}} 5`]],
    ["protobuf", PROTOBUF_TYPE, GAUGE, [`m{${OWN_LABELS}} 5`]],
    [
      "a histogram",
      "text/plain",
      '# TYPE m histogram\nm_bucket{le="1"} 2 7\nm_bucket{le="+Inf"} 2 7\nm_sum 1 7\nm_count 2 7\n',
      [
        `m_bucket{${OWN_LABELS},le="1"} 2`,
        `m_bucket{${OWN_LABELS},le="+Inf"} 2`,
        `m_sum{${OWN_LABELS}} 1`,
        `m_count{${OWN_LABELS}} 2`,
      ],
    ],
  ];
  test.each(rows)("are dropped of %s, if asked, and refused if not", async (_, type, body, lines) => {
    const headers = { "content-type": type };
    const dropping = createTestApp("--push.timestamps=drop");
    expect(await pushed(dropping, body, headers)).toEqual({ status: 200, text: "", lines });
    const again = typeof body === "string" ? body.replaceAll("5", "6") : body;
    const others = typeof body === "string" ? lines.map((line) => line.replaceAll("5", "6")) : lines;
    expect(await pushed(dropping, again, headers)).toEqual({ status: 200, text: "", lines: others });
    const { status, text, lines: kept } = await pushed(createTestApp(), body, headers);
    expect({ status, kept }).toEqual({ status: 400, kept: [] });
    expect(text).toEndWith("pushed metrics must not have timestamps\n");
  });

  test("are not kept beside the lines either, where a metric is kept as it came", async () => {
    const test = createTestApp("--push.timestamps=drop");
    const histogram = part(7, integer(1, 3), double(2, 1.5), integer(5, 0), integer(7, 3));
    const body = delimited(part(1, "m"), integer(3, 4), part(4, histogram, integer(6, 1000)));
    expect((await pushed(test, body, { "content-type": PROTOBUF_TYPE })).status).toBe(200);
    const response = await ask(test.app, "GET", "/metrics/job/j", { headers: { accept: PROTOBUF_TYPE } });
    const families = decodeFamilies(new Uint8Array(await response.arrayBuffer()));
    const shown = JSON.stringify(families.filter(({ name }: { name?: string }) => name === "m"));
    expect(shown).toContain("histogram");
    expect(shown).not.toMatch(/timestampMs/i);
  });

  test("that differ do not make one series two", async () => {
    const { status, text } = await pushed(createTestApp("--push.timestamps=drop"), "m 1 1\nm 2 2\n");
    expect(status).toBe(400);
    expect(text).toContain('collected metric "m"');
  });
});

describe("text that is not as it is to be", () => {
  const LINES = `m{x="ä"} 1\nn 2\n`;
  const SHOWN = [`m{${OWN_LABELS},x="ä"} 1`, `n{${OWN_LABELS}} 2`];
  const utf16 = (text: string) => new Uint8Array(Buffer.from(`\ufeff${text}`, "utf16le"));
  const rows: readonly [what: string, body: string | Uint8Array, headers: Record<string, string>][] = [
    ["CR LF", LINES.replaceAll("\n", "\r\n"), {}],
    ["no last line feed", LINES.slice(0, -1), {}],
    ["a byte order mark", `\ufeff${LINES}`, {}],
    ["little-endian UTF-16", utf16(LINES), {}],
    ["big-endian UTF-16", new Uint8Array(Buffer.from(utf16(LINES)).swap16()), {}],
    ["all of it", utf16(LINES.replaceAll("\n", "\r\n").slice(0, -2)), {}],
    ["all of it, and large", utf16(LINES.padStart(200_000, "\n").replaceAll("\n", "\r\n").slice(0, -2)), {}],
    ["all of it, gzipped", new Uint8Array(gzipSync(utf16(LINES.slice(0, -1)))), { "content-encoding": "gzip" }],
    ["OpenMetrics in UTF-16", utf16(`${LINES}# EOF`.replaceAll("\n", "\r\n")), { "content-type": OPENMETRICS }],
  ];
  test.each(rows)("is stored with the flag, and refused without: %s", async (_, body, headers) => {
    const lenient = createTestApp("--push.lenient-text");
    expect(await pushed(lenient, body, headers)).toEqual({ status: 200, text: "", lines: SHOWN });
    const { status, lines } = await pushed(createTestApp(), body, headers);
    expect({ status, lines }).toEqual({ status: 400, lines: [] });
  });

  test("does not concern protobuf", async () => {
    const body = delimited(part(1, "m"), part(2, "a\r\n"), integer(3, 1), part(4, part(2, double(1, 5))));
    const headers = { "content-type": PROTOBUF_TYPE };
    const { app } = createTestApp("--push.lenient-text");
    expect((await pushed({ app } as TestApp, body, headers)).lines).toEqual([`m{${OWN_LABELS}} 5`]);
    expect(await (await ask(app, "GET", "/metrics")).text()).toContain("# HELP m a\r\\n");
  });

  test("is refused with the reason where it is no UTF-16", async () => {
    const { status, text } = await pushed(createTestApp("--push.lenient-text"), utf16(LINES).subarray(0, 7));
    expect([status, text]).toEqual([400, "decoding the UTF-16 body: half a character at byte 6\n"]);
  });
});

describe("zstd", () => {
  const zstd = (text: string | Uint8Array) => new Uint8Array(zstdCompressSync(text));
  const LARGE = Array.from({ length: 60_000 }, (_, i) => `m{i="${(i * 7919) % 60_000}"} ${i}\n`).join("");
  const encoded = (type: string) => ({ "content-encoding": "zstd", "content-type": type });
  const rows: readonly [what: string, body: Uint8Array, type: string, lines: number][] = [
    ["text", zstd("m 5\n"), "text/plain", 1],
    ["two frames", new Uint8Array(Buffer.concat([zstd("m 5\n"), zstd("n 5\n")])), "text/plain", 2],
    ["OpenMetrics", zstd("m 5\n# EOF\n"), OPENMETRICS, 1],
    ["protobuf", zstd(GAUGE_NOW), PROTOBUF_TYPE, 1],
    ["a small body that becomes large", zstd("m 5\n".padStart(8_000_000, "\n")), "text/plain", 1],
    ["a large body", zstd(LARGE), "text/plain", 60_000],
    ["a body that is none, and is taken as it is", new Uint8Array(Buffer.from("m 5\n")), "text/plain", 1],
  ];
  test.each(rows)("a push in zstd is stored: %s", async (_, body, type, lines) => {
    const { status, text, lines: shown } = await pushed(createTestApp(), body, encoded(type));
    expect({ status, text, lines: shown.length }).toEqual({ status: 200, text: "", lines });
  });

  test("what a push in zstd is refused for is told", async () => {
    const { status, text } = await pushed(createTestApp(), zstd("m 5\n").subarray(0, 10), encoded("text/plain"));
    expect([status, text]).toEqual([400, "decoding the zstd body: it is cut short\n"]);
  });

  test.each(["text/plain", PROTOBUF_TYPE])("a scrape is in zstd for who prefers it to all else: %s", async (accept) => {
    const { app } = createTestApp();
    await ask(app, "POST", "/metrics/job/j", { body: LARGE });
    const answers = await Promise.all(
      ["zstd", "zstd, gzip", "identity"].map((encoding) =>
        ask(app, "GET", "/metrics/job/j", { headers: { accept, "accept-encoding": encoding } }),
      ),
    );
    expect(answers.map(({ headers }) => headers.get("content-encoding"))).toEqual(["zstd", "gzip", null]);
    const [inZstd, inGzip, plain] = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.bytes())));
    expect(zstdDecompressSync(inZstd ?? "").equals(plain ?? Buffer.of())).toBe(true);
    expect(gunzipSync(inGzip ?? "").length).toBe(plain?.length ?? 0);
  });
});

describe("pushes without a job", () => {
  const rows: readonly [path: string, labels: string][] = [
    ["", 'instance="",job=""'],
    ["/", 'instance="",job=""'],
    ["/label1/value1/label2/value2", 'instance="",job="",label1="value1",label2="value2"'],
    ["/label1/value1/", 'instance="",job="",label1="value1"'],
    ["/instance/i/job/j", 'instance="i",job="j"'],
    ["/path@base64/L3Zhcg", 'instance="",job="",path="/var"'],
    ["/testing/one/testing/two/testing/three", 'instance="",job="",testing="three"'],
  ];
  test.each(rows)("are taken at /metrics%s, if allowed", async (path, labels) => {
    for (const method of ["POST", "PUT"]) {
      const { app } = createTestApp("--push.allow-no-job");
      const response = await ask(app, method, `/metrics${path}`, { body: "some_counter 1\n" });
      expect([response.status, await response.text()]).toEqual([202, ""]);
      expect(await (await ask(app, "GET", "/metrics")).text()).toContain(`\nsome_counter{${labels}} 1\n`);
      const other = await ask(createTestApp().app, method, `/metrics${path}`, { body: "some_counter 1\n" });
      expect(other.status).toBeOneOf([307, 404, 405]);
    }
  });

  const refused: readonly [method: string, path: string, status: number, text: string][] = [
    ["POST", "/label1", 400, 'odd number of components in label string "/label1"\n'],
    ["POST", "/a-b/c", 400, 'improper label name "a-b"\n'],
    ["POST", "/a/b/c", 400, 'odd number of components in label string "/a/b/c"\n'],
    ["POST", "x/a/b", 404, "404 page not found\n"],
    ["DELETE", "", 405, "Method Not Allowed\n"],
    ["DELETE", "/a/b", 405, "Method Not Allowed\n"],
    ["GET", "/a/b", 405, "Method Not Allowed\n"],
  ];
  test.each(refused)("are refused with the reason: %s /metrics%s is %d", async (method, path, status, text) => {
    const { app } = createTestApp("--push.allow-no-job");
    const response = await ask(app, method, `/metrics${path}`, method === "POST" ? { body: "m 1\n" } : {});
    expect([response.status, await response.text()]).toEqual([status, text]);
  });

  test("are counted by the status that they are answered", async () => {
    const { app } = createTestApp("--push.allow-no-job");
    const response = await ask(app, "POST", "/metrics/a/b", { body: "m\n" });
    expect(response.status).toBe(400);
    await ask(app, "POST", "/metrics/a/b", { body: "m 1\n" });
    const shown = await (await ask(app, "GET", "/metrics")).text();
    expect(shown).toContain('pushgateway_http_requests_total{code="202",handler="push",method="post"} 1\n');
    expect(shown).toContain('pushgateway_http_requests_total{code="400",handler="push",method="post"} 1\n');
  });

  test("leave the status of pushes with a job, and make groups that can be read and deleted", async () => {
    const { app, store } = createTestApp("--push.allow-no-job");
    expect((await ask(app, "POST", "/metrics/job/j", { body: "m 1\n" })).status).toBe(200);
    await ask(app, "POST", "/metrics/a/b", { body: "m 2\n" });
    const group = "/metrics/job@base64/=/a/b";
    expect(await (await ask(app, "GET", group)).text()).toContain('m{a="b",instance="",job=""} 2\n');
    expect((await ask(app, "GET", "/api/v1/groups/job@base64/=/a/b")).status).toBe(200);
    expect((await ask(app, "DELETE", group)).status).toBe(202);
    expect(store.stats.groups).toBe(1);
  });

  test("are on the page as those of no job, whose link finds them", async () => {
    const { app } = createTestApp("--push.allow-no-job");
    for (const path of ["/metrics/a/b", "/metrics/job/other"]) await ask(app, "POST", path, { body: "m 1\n" });
    const page = async (path: string) => (await ask(app, "GET", path)).text();
    const list = await page("/");
    const links = [...list.matchAll(/<a [^>]*href="([^"]*)"(?:(?!<\/a>).)*?<span class="quiet">no job<\/span>/gs)];
    expect(links.map(([, href]) => href)).toEqual(["./?q=job%3D%22%22", "./group?path=/job%40base64/%3D/a/b"]);
    const found = await page("/?q=job%3D%22%22");
    expect(found).toContain('href="./group?path=/job%40base64/%3D/a/b"');
    expect(found).not.toContain('href="./group?path=/job/other"');
    expect(await page("/group?path=/job%40base64/%3D/a/b")).toMatch(/<h1><span class="quiet">no job<\/span>/);
  });

  test("are at the route prefix, and can come from pages of other origins", async () => {
    const { app } = createTestApp("--push.allow-no-job", "--web.route-prefix=/p", "--web.cors.origin=.*");
    const headers = { origin: "https://shop.example", "access-control-request-method": "POST" };
    const preflight = await ask(app, "OPTIONS", "/p/metrics", { headers });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([200, headers.origin]);
    const response = await ask(app, "POST", "/p/metrics/", { body: "m 1\n", headers: { origin: headers.origin } });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([202, headers.origin]);
  });
});

describe("a form with one file", () => {
  const LINES = "m 5\n";
  const FORM = { "content-type": "multipart/form-data; boundary=----------f00d" };
  const form = (content: string | Uint8Array, fields = "", end = "\r\n------------f00d--\r\n"): Uint8Array =>
    new Uint8Array(
      Buffer.concat([
        Buffer.from(
          `------------f00d\r\nContent-Disposition: form-data; name="metrics"; filename="m"\r\n${fields}\r\n`,
        ),
        Buffer.from(content),
        Buffer.from(end),
      ]),
    );
  const OCTETS = "Content-Type: application/octet-stream\r\n";

  const rows: readonly [what: string, body: Uint8Array, headers: Record<string, string>, lines: number][] = [
    ["as curl sends it", form(LINES, OCTETS), FORM, 1],
    ["whose part says nothing", form(LINES), FORM, 1],
    ["of protobuf", form(GAUGE_NOW, `content-type:${PROTOBUF_TYPE}\r\n`), FORM, 1],
    ["of OpenMetrics", form(`${LINES}# EOF\n`, `Content-Type: ${OPENMETRICS}\r\n`), FORM, 1],
    ["without a file's content", form(""), FORM, 0],
    ["that is large", form(LINES.padStart(5_000_000, "\n"), OCTETS), FORM, 1],
    ["that is gzipped", new Uint8Array(gzipSync(form(LINES))), { ...FORM, "content-encoding": "gzip" }, 1],
    ["that is none but text, as the reference takes it", new Uint8Array(Buffer.from(LINES)), FORM, 1],
    ["with a quoted boundary", form(LINES), { "content-type": 'Multipart/Form-Data; boundary="----------f00d"' }, 1],
  ];
  test.each(rows)("is stored: one %s", async (_, body, headers, lines) => {
    const { status, text, lines: shown } = await pushed(createTestApp(), body, headers);
    expect({ status, text, lines: shown.length }).toEqual({ status: 200, text: "", lines });
  });

  test("that the runtime makes is stored", async () => {
    const { app } = createTestApp();
    const body = new FormData();
    body.set("metrics", new File([LINES], "metrics.prom"));
    expect((await ask(app, "POST", "/metrics/job/j", { body })).status).toBe(200);
    expect(await (await ask(app, "GET", "/metrics/job/j")).text()).toContain(`m{${OWN_LABELS}} 5\n`);
  });

  const refused: readonly [what: string, body: Uint8Array, words: string][] = [
    ["two files", form(LINES, "", "\r\n------------f00d\r\n\r\nn 1\n"), "expected one file, found another part"],
    ["no part", new Uint8Array(Buffer.from("------------f00d--\r\n")), "expected a part"],
    ["no end", form(LINES, "", ""), "it is cut short"],
    ["no end, and large", form(LINES.padStart(3_000_000, "\n"), "", "\r\n------------f00"), "it is cut short"],
    ["half an end", form(LINES, "", "\r\n------------f00d-"), "it is cut short"],
    ["fields without an end", form(LINES).subarray(0, 60), "it is cut short"],
    ["fields that are too long", form(LINES, `X: ${"x".repeat(9000)}\r\n`), "the fields of a part are too long"],
  ];
  test.each(refused)("is refused with the reason: %s", async (_, body, words) => {
    const { status, text } = await pushed(createTestApp(), body, FORM);
    expect([status, text]).toEqual([400, `reading the form of the body: ${words}\n`]);
  });

  test("is found wherever its end is", async () => {
    const mebibyte = 1024 * 1024;
    for (let shift = -40; shift < 10; shift++) {
      const body = form(LINES.padStart(mebibyte + shift, "\n"));
      expect((await pushed(createTestApp(), body, FORM)).lines).toEqual([`m{${OWN_LABELS}} 5`]);
    }
  });

  test("is put right as text is, with --push.lenient-text", async () => {
    const body = form("\ufeffm 5\r\nn 6", OCTETS);
    const { status, lines } = await pushed(createTestApp("--push.lenient-text"), body, FORM);
    expect({ status, lines: lines.length }).toEqual({ status: 200, lines: 2 });
  });
});
