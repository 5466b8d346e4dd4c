import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PAGE_FILES } from "../../src/http/page-files.ts";
import { commandUnderTest, eventually, freePort, Gateway, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection } from "../wire.ts";

const bcrypt = (password: string, cost: number) => Bun.password.hash(password, { algorithm: "bcrypt", cost });
const HASH = await bcrypt("right", 4);
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const ALICE = { authorization: basic("alice", "right") };

const folder = scratchFolder();
let files = 0;

/** A web-config file of its own. */
function webConfig(text: string): string {
  const path = join(folder, `web${files++}.yml`);
  writeFileSync(path, text);
  return path;
}

/** Puts new contents in the place of a file at one instant. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const guarded = (text: string, ...flags: string[]) => Gateway.start([`--web.config.file=${webConfig(text)}`, ...flags]);
const status = async (gateway: Gateway, path = "/-/healthy", init: RequestInit = {}) =>
  (await fetch(`${gateway.url}${path}`, init)).status;

describe("basic auth covers everything that is served", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const flags = ["--web.enable-lifecycle", "--web.enable-admin-api", "--web.route-prefix=/pre"];
    gateway = await Gateway.start(
      [`--web.config.file=${webConfig(`basic_auth_users: {alice: ${HASH}}`)}`, ...flags],
      "/pre",
    );
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const PATHS = [
    "/pre/metrics",
    "/pre/metrics/job/j",
    "/pre/-/healthy",
    "/pre/-/ready",
    "/pre/-/quit",
    "/-/quit",
    "/pre/api/v1/metrics",
    "/pre/api/v1/admin/wipe",
    "/pre/",
    "/pre/status",
    `/pre/static/${PAGE_FILES.styles}`,
    "/",
    "/nowhere",
    "//pre/metrics",
    "/pre/../pre/metrics",
    "/pre/%2e%2e/pre/metrics",
    "/pre/./metrics/job/j",
    "/pre/metrics/job/%zz",
    "/pre/metrics/",
    "/PRE/METRICS",
    `/${"a/".repeat(40)}`,
    "/pre/metrics?x=1",
    "/pre/metrics#y",
    "/pre\\metrics",
  ];
  const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "NONSENSE"];
  const HOSTS = ["Host: 127.0.0.1", "Host: a", "Host: ", "Host: a/b", "Host: a@b/pre/metrics", "Host: x\r\nHost: y"];

  /** What a raw request is answered: the status, or null where the connection is closed without. */
  async function raw(head: string): Promise<number | null> {
    using connection = await Connection.open(gateway.port);
    connection.write(`${head}\r\nConnection: close\r\n\r\n`);
    return await connection.statusOrClosed(head.startsWith("HEAD ") ? "HEAD" : "GET");
  }

  /** Not let in: asked for a password, or refused before there is a request. */
  const SHUT = [401, 400, 431, 501, null];

  test.each(METHODS)("%s on any path, without a password, does not get in", async (method) => {
    for (const path of PATHS) {
      const answered = await raw(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0`);
      expect([path, answered, SHUT.includes(answered)]).toEqual([path, answered, true]);
    }
  });

  test.each(HOSTS)("no request gets in with the header %j, with HTTP/1.0, or with a whole URL", async (host) => {
    for (const path of [
      "/pre/metrics",
      "/aaaaaaaaaaaaaa/pre/metrics",
      "http://a.b/pre/metrics",
      "http://a/pre/-/quit",
      "*",
    ]) {
      for (const version of ["1.0", "1.1"])
        expect(SHUT).toContain(await raw(`PUT ${path} HTTP/${version}\r\n${host}\r\nContent-Length: 0`));
    }
    expect(SHUT).toContain(await raw("GET /pre/metrics HTTP/1.0"));
  });

  test("a push without a password leaves nothing, one with it is stored", async () => {
    const push = { method: "POST", body: "a 1\n" };
    expect(await status(gateway, "/metrics/job/j", push)).toBe(401);
    expect(await status(gateway, "/metrics/job/j", { ...push, headers: { authorization: basic("alice", "no") } })).toBe(
      401,
    );
    const before = await (await fetch(`${gateway.url}/metrics`, { headers: ALICE })).text();
    expect(before).not.toContain('job="j"');
    expect(await status(gateway, "/metrics/job/j", { ...push, headers: ALICE })).toBe(200);
    const after = await (await fetch(`${gateway.url}/metrics`, { headers: ALICE })).text();
    expect(after).toContain('a{instance="",job="j"} 1');
    expect(gateway.running).toBe(true);
  });

  test("the answer asks for a password as the reference does", async () => {
    const answer = await fetch(`${gateway.url}/-/healthy`);
    expect([answer.status, await answer.text()]).toEqual([401, "Unauthorized\n"]);
    expect(answer.headers.get("www-authenticate")).toBe("Basic");
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });
});

describe("passwords", () => {
  test("unknown names are refused as known ones are; test/access counts that it is the same work", async () => {
    await using gateway = await guarded(`basic_auth_users: {alice: ${await bcrypt("right", 10)}}`);
    for (let n = 0; n < 9; n++)
      for (const user of ["alice", `user${n}`])
        expect(await status(gateway, "/", { headers: { authorization: basic(user, `wrong${n}`) } })).toBe(401);
  });

  test("a flood of wrong ones against an expensive hash keeps nobody out who is in", async () => {
    await using gateway = await guarded(`basic_auth_users: {alice: ${HASH}, bob: ${await bcrypt("x", 12)}}`);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(200);
    const ending = new AbortController();
    const flood = Array.from({ length: 200 }, (_, n) =>
      status(gateway, "/", { headers: { authorization: basic("bob", `wrong${n}`) }, signal: ending.signal }),
    );
    for (let n = 0; n < 20; n++) expect(await status(gateway, "/", { headers: ALICE })).toBe(200);
    expect(await Promise.race(flood)).toBe(401);
    ending.abort();
    await Promise.allSettled(flood);
  });
});

describe("the file is read again", () => {
  test("as soon as it changes: users come and go with the next request", async () => {
    const path = webConfig(`basic_auth_users: {alice: ${HASH}}`);
    await using gateway = await Gateway.start([`--web.config.file=${path}`]);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(200);
    replace(path, `basic_auth_users: {bob: ${HASH}}`);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(401);
    expect(await status(gateway, "/", { headers: { authorization: basic("bob", "right") } })).toBe(200);
    replace(path, `basic_auth_users: {alice: ${await bcrypt("other", 4)}}`);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(401);
  });

  test("an emptied one lets nobody in: the users of before stay until a restart", async () => {
    const path = webConfig(`basic_auth_users: {alice: ${HASH}}`);
    await using gateway = await Gateway.start([`--web.config.file=${path}`]);
    for (const text of ["", "{}", "# nothing", "http_server_config: {http2: true}"]) {
      replace(path, text);
      expect(await status(gateway)).toBe(401);
      expect(await status(gateway, "/", { headers: ALICE })).toBe(200);
    }
    expect(gateway.stderr).toContain('level=error caller=live-web-config.ts msg="web-config file not taken" file=');
    replace(path, `basic_auth_users: {bob: ${HASH}}`);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(401);
  });

  test("a broken one is answered with 500 and logged once, until it is mended", async () => {
    const path = webConfig(`basic_auth_users: {alice: ${HASH}}`);
    await using gateway = await Gateway.start([`--web.config.file=${path}`]);
    replace(path, "basic_auth_users: {alice: a, alice: b}\n");
    for (let n = 0; n < 3; n++) {
      const answer = await fetch(`${gateway.url}/`, { headers: ALICE });
      expect([answer.status, await answer.text()]).toEqual([500, "Internal Server Error\n"]);
    }
    replace(path, `basic_auth_users: {alice: ${HASH}}`);
    expect(await status(gateway, "/", { headers: ALICE })).toBe(200);
    const lines = gateway.stderr.split("\n").filter((line) => line.includes("Unable to parse configuration"));
    expect(lines).toEqual([
      expect.stringContaining(`level=error caller=live-web-config.ts msg="Unable to parse configuration" file=${path}`),
    ]);
    expect(lines[0]).toContain('key \\"alice\\" already set in map');
  });

  test("one that is gone is a broken one", async () => {
    const path = webConfig("{}");
    await using gateway = await Gateway.start([`--web.config.file=${path}`]);
    renameSync(path, `${path}.away`);
    expect(await status(gateway)).toBe(500);
    renameSync(`${path}.away`, path);
    expect(await status(gateway)).toBe(200);
  });
});

describe("headers and rate limits", () => {
  test("headers are added to every answer, refusals included", async () => {
    await using gateway = await guarded(
      `http_server_config: {headers: {X-Frame-Options: deny, X-XSS-Protection: 1, Content-Security-Policy: "default-src 'self'"}}`,
    );
    for (const path of ["/-/healthy", "/nowhere", "/metrics"]) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      expect([headers.get("x-frame-options"), headers.get("x-xss-protection")]).toEqual(["deny", "1"]);
      expect(headers.get("content-security-policy")).toBe("default-src 'self'");
    }
  });

  test("requests over the limit get 429, whatever their password", async () => {
    // One request is the start's own; the interval is longer than the test.
    await using gateway = await guarded(`rate_limit: {interval: 1h, burst: 4}\nbasic_auth_users: {alice: ${HASH}}`);
    const seen: number[] = [];
    for (let n = 0; n < 5; n++) seen.push(await status(gateway, "/", n === 1 ? {} : { headers: ALICE }));
    expect(seen).toEqual([200, 401, 200, 429, 429]);
    expect(gateway.stderr).toContain('msg="Rate Limiter is enabled." burst=4 interval=1h0m0s');
  });
});

describe("the start", () => {
  const REFUSED: [text: string | null, words: string][] = [
    ["tls_server_config: {cert_filse: a}", "field cert_filse not found in type web.TLSConfig"],
    [`basic_auth_users: {a: ${HASH}, a: ${HASH}}`, 'key \\"a\\" already set in map'],
    ["basic_auth_users: {john: doe}", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"],
    ["tls_server_config: {cert_file: nowhere.crt, key_file: nowhere.key}", "nowhere.crt: no such file or directory"],
    ["http_server_config: {headers: {Content-Type: foo}}", 'HTTP header \\"Content-Type\\" can not be configured'],
    [null, "no such file or directory"],
  ];
  test.each(REFUSED)("with %j is refused: %s", async (text, words) => {
    const path = text === null ? join(folder, "absent.yml") : webConfig(text);
    const listen = `--web.listen-address=127.0.0.1:${await freePort()}`;
    const { code, stderr } = await run([
      ...commandUnderTest(),
      listen,
      "--persistence.file=",
      `--web.config.file=${path}`,
    ]);
    expect(code).toBe(1);
    const last = stderr.trim().split("\n").at(-1);
    expect(last).toContain(`level=error caller=serve.ts msg="HTTP server stopped" err=`);
    expect(last).toEndWith(` file=${path}`);
    expect(last).toContain(words);
    expect(stderr).not.toContain("Listening on");
  });

  test.each(["", "{}\n", "# nothing\n"])("with %j is as without a file", async (text) => {
    await using gateway = await guarded(text);
    expect(await status(gateway)).toBe(200);
    await eventually("it is logged", async () =>
      gateway.stderr.includes('msg="TLS is disabled." http2=false address='),
    );
    expect(await status(gateway, "/metrics/job/j", { method: "POST", body: "a 1\n" })).toBe(200);
  });
});
