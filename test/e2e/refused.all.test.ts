import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Child, eventually, firstAbsent, freePort, Gateway, programs, requirement, run } from "../program.ts";
import { scratchFolder } from "../scratch.ts";
import { Connection, untilRead } from "../wire.ts";
import { haproxyConfig } from "./haproxy.ts";

interface Refused {
  readonly kind: string;
  readonly status: number;
  readonly client: string;
  readonly group: { readonly path: string } | null;
  readonly path: string;
  readonly user: string | null;
  readonly reason: string;
}

const folder = scratchFolder();
const needsCurl = requirement(firstAbsent("curl", "openssl"));

async function curl(...words: string[]): Promise<string> {
  return (await run(["curl", "-sS", "-k", "--max-time", "20", ...words])).stdout;
}

async function listed(url: string, ...words: string[]): Promise<readonly Refused[]> {
  return JSON.parse(await curl(`${url}/api/v1/refused`, ...words)).data.refused;
}

const kindsOf = (refused: readonly Refused[]) => refused.map(({ kind, status }) => `${kind} ${status}`);

describe.skipIf(needsCurl.skip)(`a refused push is listed with its kind${needsCurl.reason}`, () => {
  const big = join(folder, "big");
  writeFileSync(big, "a 1\n".repeat(50_000));

  interface Case {
    readonly flags?: readonly string[];
    readonly words: readonly string[];
    readonly listed: string;
  }

  const push = (body: string, ...words: string[]) => ["--data-binary", body, ...words];
  const CASES: readonly Case[] = [
    { words: push("no metrics"), listed: "malformed 400" },
    { words: push("a 1 1700000000000\n"), listed: "inconsistent 400" },
    { words: push(`@${big}`), flags: ["--push.max-body-size=1KiB"], listed: "too-large 413" },
    { words: push(`@${big}`), flags: ["--push.max-decompressed-size=1KiB"], listed: "too-large 413" },
    { words: push(`@${big}`, "-H", "Content-Encoding: gzip"), listed: "malformed 400" },
    { words: push("a 1\nb 1\n"), flags: ["--push.max-series=1"], listed: "too-large 413" },
    { words: push("a 1\n"), flags: ["--store.max-groups=1", "--store.max-series=1"], listed: "full 507" },
  ];

  test.each(CASES)("%j", async ({ flags = [], words, listed: expected }) => {
    await using gateway = await Gateway.start(flags);
    await curl("-A", "job/1", ...words, `${gateway.url}/metrics/job/some/instance/i`);
    const refused = await listed(gateway.url);
    expect(kindsOf(refused)).toEqual([expected]);
    expect(refused[0]).toMatchObject({
      client: "127.0.0.1",
      group: { path: "/job/some/instance/i" },
      user_agent: "job/1",
      method: "POST",
    });
  });

  test("too slow", async () => {
    await using gateway = await Gateway.start(["--web.body-timeout=1s"]);
    using slow = await Connection.open(gateway.port);
    slow.write("POST /metrics/job/slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\na");
    expect((await slow.answer()).status).toBe(408);
    expect(kindsOf(await listed(gateway.url))).toEqual(["too-slow 408"]);
  });

  test("and what no handler sees, without a group", async () => {
    await using gateway = await Gateway.start();
    await curl("-H", `X: ${"x".repeat(100_000)}`, `${gateway.url}/metrics`);
    await curl("-X", "PUT", `${gateway.url}/-/quit`);
    await curl("-X", "DELETE", "-H", "Origin: https://elsewhere.example", `${gateway.url}/metrics/job/j`);
    await curl("-H", "Expect: a miracle", "-d", "a 1", `${gateway.url}/metrics/job/j`);
    using broken = await Connection.open(gateway.port);
    broken.write("GET /a b c HTTP/1.1\r\n\r\n");
    await broken.answer();
    const refused = await listed(gateway.url);
    expect(kindsOf(refused)).toEqual([
      "malformed 400",
      "expectation 417",
      "foreign-origin 403",
      "not-enabled 403",
      "header-too-large 431",
    ]);
    expect(refused.map(({ group }) => group)).toEqual([null, null, null, null, null]);
    expect(refused.at(-1)?.path).toBe("/metrics");
  });

  const RAW: readonly (readonly [listed: string, bytes: string])[] = [
    ["version 505", "GET /raw HTTP/3.0\r\nHost: h\r\n\r\n"],
    ["transfer-encoding 501", "POST /raw HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"],
    ["malformed 400", "GET /raw HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n"],
  ];

  test.each(RAW)("and what is no request as it should be: %s", async (expected, bytes) => {
    await using gateway = await Gateway.start();
    using raw = await Connection.open(gateway.port);
    raw.write(bytes);
    await raw.answer();
    const [refused] = await listed(gateway.url);
    expect([refused && `${refused.kind} ${refused.status}`, refused?.path]).toEqual([expected, "/raw"]);
  });

  test("and a push that has to give way to another", async () => {
    await using gateway = await Gateway.start(["--web.max-pushes-in-flight=1"]);
    using first = await Connection.open(gateway.port);
    using second = await Connection.open(gateway.port);
    for (const [i, one] of [first, second].entries()) {
      one.write(`POST /metrics/job/slow/n/${i} HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\na`);
      await untilRead(gateway.port);
    }
    expect((await first.answer()).status).toBe(503);
    const refused = await listed(gateway.url);
    expect(refused.map(({ kind, group }) => [kind, group?.path])).toEqual([["busy", "/job/slow/n/0"]]);
  });

  test("and requests while the web-config file is broken, or beyond its rate", async () => {
    const file = join(folder, "limited.yml");
    const limited = "rate_limit: {interval: 1s, burst: 1}\n";
    writeFileSync(file, limited);
    await using gateway = await Gateway.start([`--web.config.file=${file}`]);
    await eventually("one is beyond the rate", async () => (await fetch(`${gateway.url}/-/healthy`)).status === 429);
    writeFileSync(file, "nonsense");
    await eventually("it is broken", async () => (await fetch(`${gateway.url}/-/healthy`)).status === 500);
    writeFileSync(file, limited);
    const kinds = await eventually("the list can be had", async () => {
      const answer = await fetch(`${gateway.url}/api/v1/refused`);
      return answer.status === 200 ? Object.keys(JSON.parse(await answer.text()).data.kinds) : null;
    });
    expect(kinds.sort()).toEqual(["rate-limit", "web-config"]);
  });

  test("and who had no password, or spoke no TLS", async () => {
    const made = (name: string) => join(folder, name);
    const words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"];
    await run(["openssl", "req", "-x509", ...words, "-keyout", made("k.pem"), "-out", made("c.pem")]);
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const file = made("web.yml");
    writeFileSync(file, `tls_server_config: {cert_file: c.pem, key_file: k.pem}\nbasic_auth_users: {alice: ${hash}}\n`);
    await using gateway = await Gateway.start([`--web.config.file=${file}`], "", "https");
    const push = `${gateway.url}/metrics/job/j`;
    await curl("-d", "a 1", push);
    await curl("-u", "alice:wrong", "-d", "a 1", push);
    await curl("-u", "alice:right", "-d", "no metrics", push);
    await curl("--http1.1", "-d", "a 1", push.replace("https", "http"));
    const refused = await listed(gateway.url, "-u", "alice:right");
    expect(refused.map(({ kind, status, user }) => [kind, status, user])).toEqual([
      ["tls", 400, null],
      ["malformed", 400, "alice"],
      ["unauthorized", 401, null],
    ]);
    expect(await curl(`${gateway.url}/api/v1/refused`)).toBe("Unauthorized\n");
  });
});

interface Proxy {
  readonly name: string;
  readonly program: string;
  readonly lines: string;
}

/** What each adds for the client that it was reached by. */
const PROXIES: readonly Proxy[] = [
  {
    name: "X-Forwarded-For",
    program: "nginx",
    lines: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  },
  { name: "Forwarded", program: "nginx", lines: 'proxy_set_header Forwarded "$http_forwarded, for=$remote_addr";' },
  { name: "X-Forwarded-For", program: "haproxy", lines: "option forwardfor" },
  { name: "Forwarded", program: "haproxy", lines: "http-request add-header Forwarded for=%[src]" },
];

function proxyConfig({ program, lines }: Proxy, port: number, upstream: number, place: string): string {
  if (program === "haproxy") return haproxyConfig(port, upstream, { backend: lines });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (one) => `${one}_temp_path ${place}/${one};`,
  );
  return `daemon off; pid ${place}/pid; worker_processes 1; error_log stderr error; events {}
http { access_log off; ${temporary.join(" ")}
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; ${lines} } } }
`;
}

for (const [n, proxy] of PROXIES.entries()) {
  const absent = programs.find(proxy.program) === null ? proxy.program : firstAbsent("curl");
  const { skip, reason } = requirement(absent);
  describe.skipIf(skip)(`behind ${proxy.program} that adds ${proxy.name}${reason}`, () => {
    let gateway: Gateway;
    let child: Child;
    let url: string;
    beforeAll(async () => {
      gateway = await Gateway.start(["--web.trusted-proxies=127.0.0.1", "--log.level=info"]);
      const port = await freePort();
      const place = join(folder, `proxy${n}`);
      mkdirSync(place);
      const file = join(place, "conf");
      writeFileSync(file, proxyConfig(proxy, port, gateway.port, place));
      const words = proxy.program === "nginx" ? ["-p", place, "-c", file, "-e", "stderr"] : ["-db", "-q", "-f", file];
      child = new Child([programs.need(proxy.program), ...words]);
      url = `http://127.0.0.1:${port}`;
      await eventually("the proxy answers", async () => (await fetch(`${url}/-/ready`)).status === 200);
    });
    afterAll(async () => {
      await child?.[Symbol.asyncDispose]();
      await gateway?.[Symbol.asyncDispose]();
    });

    const FORGED = [
      [],
      ["-H", "X-Forwarded-For: 198.51.100.9"],
      ["-H", "X-Forwarded-For: 198.51.100.9, 127.0.0.1", "-H", 'Forwarded: for="198.51.100.9'],
      ["-H", "Forwarded: for=198.51.100.9, for=127.0.0.1"],
    ];

    test.each(FORGED)("a client is known by its own address, whatever it says: %j", async (...words) => {
      const path = `/metrics/job/forged/n/${Math.random()}`;
      await curl("--interface", "127.0.0.7", ...words, "-d", "no metrics", `${url}${path}`);
      const [refused] = await listed(gateway.url);
      expect(refused?.path).toBe(path);
      // Where it wrote the header that its proxy leaves alone, it is known by its proxy.
      expect(["127.0.0.7", "127.0.0.1"]).toContain(refused?.client ?? "");
      if (words.length === 0) expect(refused?.client).toBe("127.0.0.7");
    });

    test("what it deletes is logged with its address", async () => {
      await curl("--interface", "127.0.0.8", "-X", "DELETE", `${url}/metrics/job/none`);
      await eventually("it is logged", async () => gateway.stderr.includes('group="job=\\"none\\""'));
      expect(gateway.stderr).toMatch(/group="job=\\"none\\"" logged_source=127\.0\.0\.8\n/);
    });

    test("events come through as they come", async () => {
      await using listener = new Child(["curl", "-sN", `${url}/api/v1/events`]);
      await eventually("it is told the first two", async () => listener.stdout.split("event: tick").length > 2);
    });

    test("a client that reaches the server itself cannot name another", async () => {
      const words = ["--interface", "127.0.0.9", "-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6"];
      await curl(...words, "-d", "no metrics", `${gateway.url}/metrics/job/direct`);
      expect((await listed(gateway.url))[0]?.client).toBe("127.0.0.9");
    });
  });
}
