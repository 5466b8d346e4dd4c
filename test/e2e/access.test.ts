import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import {
  ALL_ROUTES,
  ASKERS,
  type Asker,
  accessFileOf,
  FORBIDDEN,
  isAllowed,
  type RouteCase,
  routeCases,
  tokenOf,
} from "../access/rights-table.ts";
import { Certificates } from "../certificates.ts";
import { Child, commandUnderTest, eventually, freePort, Gateway } from "../program.ts";
import { scratchFolder } from "../scratch.ts";

const made = new Certificates();
const folder = scratchFolder();
const CASES = routeCases();
const BODY = "up 1\n";
const CA = readFileSync(made.path("ca.crt"), "utf8");
const TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n";
let files = 0;

function accessFile(text: string): string {
  const path = join(folder, `access${files++}.yml`);
  writeFileSync(path, text);
  return path;
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** A gateway that listens: not everybody is told whether it is ready. */
async function launched(flags: readonly string[], prefix = "", scheme: "http" | "https" = "http"): Promise<Gateway> {
  const gateway = await Gateway.launch(flags, prefix, scheme);
  await eventually("it listens", async () => gateway.stderr.includes("TLS is "));
  return gateway;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}
type Ask = (gateway: Gateway, asker: Asker, one: RouteCase) => Promise<Answered>;

const bearer = ({ name }: Asker) => `Bearer ${tokenOf(name)}`;
const hasBody = ({ method }: RouteCase) => method === "PUT" || method === "POST";

const askByFetch: Ask = async (gateway, asker, one) => {
  const response = await fetch(new URL(one.path, gateway.url), {
    method: one.method,
    headers: { authorization: bearer(asker) },
    ...(hasBody(one) ? { body: BODY } : {}),
    tls: { ca: CA },
  });
  if (response.headers.get("content-type") !== "text/event-stream")
    return { status: response.status, text: await response.text() };
  await response.body?.cancel();
  return { status: response.status, text: "" };
};

function askByHttp2(session: ClientHttp2Session, asker: Asker, one: RouteCase): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": one.method, ":path": one.path, authorization: bearer(asker) });
    let status = 0;
    let text = "";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
      if (headers["content-type"] === "text/event-stream") {
        stream.close();
        resolve({ status, text });
      }
    });
    stream.on("data", (piece: string) => {
      text += piece;
    });
    stream.on("end", () => resolve({ status, text }));
    stream.on("error", reject);
    stream.end(hasBody(one) ? BODY : undefined);
  });
}

/** What an answer says of whether it may be done: to end the process is not enabled, which is said another way. */
const isForbidden = ({ status, text }: Answered) => status === 403 && FORBIDDEN.test(text);

describe("each principal may do what the file says, and nothing else, on every route with every method", () => {
  let plain: Gateway;
  let secure: Gateway;
  const sessions: ClientHttp2Session[] = [];
  beforeAll(async () => {
    const flags = [...ALL_ROUTES, `--web.access-file=${accessFile(accessFileOf("anonymous: {health: true}"))}`];
    plain = await launched(flags, "/pre");
    const config = made.write("access-web.yml", TLS);
    secure = await launched([...flags, `--web.config.file=${config}`], "/pre", "https");
  });
  afterAll(async () => {
    for (const session of sessions) session.destroy();
    await plain[Symbol.asyncDispose]();
    await secure[Symbol.asyncDispose]();
  });

  const ways: [way: string, gateway: () => Gateway, ask: () => Ask][] = [
    ["plain HTTP", () => plain, () => askByFetch],
    ["TLS", () => secure, () => askByFetch],
    [
      "HTTP/2",
      () => secure,
      () => {
        const session = connect(new URL(secure.url).origin, { ca: CA });
        sessions.push(session);
        return (_, asker, one) => askByHttp2(session, asker, one);
      },
    ],
  ];
  for (const [way, gatewayOf, askOf] of ways)
    test(`over ${way}: ${ASKERS.length} principals, ${CASES.length} requests each`, async () => {
      const [gateway, ask] = [gatewayOf(), askOf()];
      for (const asker of ASKERS)
        for (const one of CASES) {
          const told = { asker: asker.name, ...one };
          const answered = await ask(gateway, asker, one);
          expect({ ...told, forbidden: isForbidden(answered) }).toEqual({ ...told, forbidden: !isAllowed(asker, one) });
        }
    }, 60_000);

  test("no token is in the log, in what is told of it, or in a refusal, and none is a key to another", async () => {
    const wrong = await fetch(`${plain.url}/metrics`, { headers: { authorization: "Bearer wr0ng-t0ken" } });
    expect([wrong.status, wrong.headers.get("www-authenticate")]).toEqual([401, 'Bearer error="invalid_token"']);
    const everything = { headers: { authorization: `Bearer ${tokenOf("everything")}` } };
    const pages = ["/metrics", "/api/v1/refused", "/api/v1/status", "/api/v1/status/runtime", "/status"];
    const texts = await Promise.all(pages.map(async (page) => (await fetch(`${plain.url}${page}`, everything)).text()));
    for (const text of [...texts, plain.stderr, secure.stderr]) expect(text).not.toContain("t0ken");
    expect(plain.stderr).toContain("may not");
  });
});

describe("without credentials", () => {
  test("nothing is answered but what is open to everybody, and health where the file says so", async () => {
    for (const [more, health, unknown] of [
      ["", 401, 401],
      ["anonymous: {}", 401, 404],
      ["anonymous: {health: true}", 200, 404],
    ] as const) {
      await using gateway = await launched([`--web.access-file=${accessFile(accessFileOf(more))}`]);
      const statuses = async (...paths: string[]) =>
        Promise.all(paths.map(async (path) => (await fetch(`${gateway.url}${path}`)).status));
      expect(await statuses("/-/healthy", "/-/ready", "/metrics", "/", "/nowhere")).toEqual([
        health,
        health,
        401,
        401,
        unknown,
      ]);
      expect(await statuses("/api/v1/openapi.json")).toEqual([200]);
    }
  });
});

describe("the file", () => {
  test("with a fault ends a start, and says where it is", async () => {
    const path = accessFile("principals:\n- name: a\n  rights: {pull: []}\n");
    const child = new Child([
      ...commandUnderTest(),
      `--web.access-file=${path}`,
      `--web.listen-address=127.0.0.1:${await freePort()}`,
    ]);
    const { code, stderr } = await child.ended();
    expect(code).toBe(1);
    expect(stderr).toContain("line 3, column 12: field pull not found in type rights");
  });

  test("is read again as it changes; one with a fault changes nothing, and metrics and status say so", async () => {
    const path = accessFile(accessFileOf());
    await using gateway = await launched([`--web.access-file=${path}`]);
    const ask = async (name: string, page: string) =>
      fetch(`${gateway.url}${page}`, { headers: { authorization: `Bearer ${tokenOf(name)}` } });
    const health = async () =>
      /^pushgateway_access_file_healthy (\d)$/m.exec(await (await ask("everything", "/metrics")).text())?.[1];
    expect(await health()).toBe("1");
    replace(path, `${accessFileOf()}junk: 1\n`);
    await eventually("the fault is told", async () => (await health()) === "0");
    expect(await (await ask("everything", "/api/v1/status/runtime")).json()).toMatchObject({
      data: { access: { access_file: "broken" } },
    });
    expect((await ask("nothing", "/metrics")).status).toBe(403);
    replace(path, accessFileOf().replace("- name: nothing", "- name: renamed"));
    await eventually("the new file is used", async () =>
      (await (await ask("nothing", "/metrics")).text()).includes('principal "renamed" may not scrape'),
    );
    expect(await health()).toBe("1");
    gateway.signal("SIGHUP");
    await eventually("it is read again", async () => gateway.stderr.split("access file read again").length === 3);
  });

  test("takes a token away from a connection that has shown it and stays open", async () => {
    const path = accessFile(accessFileOf());
    await using gateway = await launched([`--web.access-file=${path}`]);
    const socket = connectPlain(Number(new URL(gateway.url).port), "127.0.0.1");
    const ask = async (): Promise<string> => {
      const answer = Promise.withResolvers<string>();
      socket.once("data", (bytes) => answer.resolve(bytes.toString("latin1")));
      const token = `Authorization: Bearer ${tokenOf("everything")}\r\n`;
      socket.write(`PUT /metrics/job/j HTTP/1.1\r\nHost: x\r\n${token}Content-Length: ${BODY.length}\r\n\r\n${BODY}`);
      return (await answer.promise).slice(0, "HTTP/1.1 200".length);
    };
    try {
      for (let asked = 0; asked < 3; asked++) expect(await ask()).toBe("HTTP/1.1 200");
      replace(path, "principals: [{name: other, users: [alice]}]");
      await eventually("the file is read again", async () => gateway.stderr.includes("access file read again"));
      expect(await ask()).toBe("HTTP/1.1 401");
      replace(path, accessFileOf());
      await eventually("it is right again", async () => (await ask()) === "HTTP/1.1 200");
    } finally {
      socket.destroy();
    }
  });

  test("goes with passwords: a token needs none, a user is a principal, and one who is none may do nothing", async () => {
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const config = made.write("access-users.yml", `basic_auth_users: {alice: ${hash}, bob: ${hash}}\n`);
    const path = accessFile(`${accessFileOf()}- {name: alice-of-users, users: [alice], rights: {scrape: ['{}']}}\n`);
    await using gateway = await launched([`--web.access-file=${path}`, `--web.config.file=${config}`]);
    const scrape = async (authorization: string | null) => {
      const headers = authorization === null ? {} : { headers: { authorization } };
      const response = await fetch(`${gateway.url}/metrics`, headers);
      const text = await response.text();
      return [response.status, response.headers.get("www-authenticate"), text.includes("a user who is no principal")];
    };
    const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
    expect(await scrape(`Bearer ${tokenOf("scrape-all")}`)).toEqual([200, null, false]);
    expect(await scrape(basic("alice", "right"))).toEqual([200, null, false]);
    expect(await scrape(basic("alice", "wrong"))).toEqual([401, "Basic", false]);
    expect(await scrape(basic("bob", "right"))).toEqual([403, null, true]);
    expect(await scrape(null)).toEqual([401, "Basic", false]);
  });

  test("with users whom the web-config file does not have says so, at the start and as it changes", async () => {
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const config = made.write("absent-users.yml", `basic_auth_users: {alice: ${hash}}\n`);
    const text = "principals:\n- {name: team, users: [alice, bob], rights: {push: ['{}']}}\n";
    const warned = ({ stderr }: Gateway) =>
      [...stderr.matchAll(/level=warn .*msg="a user of the access file is not in the web-config file" (.*)/g)].map(
        ([, about = ""]) => about.replace(/file=\S+ /, ""),
      );
    const path = accessFile(text);
    await using gateway = await launched([`--web.access-file=${path}`, `--web.config.file=${config}`]);
    expect(warned(gateway)).toEqual(["user=bob principal=team"]);
    replace(path, text.replace("bob", "bob, carol"));
    await eventually("it is told of the new one", async () => warned(gateway).length === 3);
    expect(warned(gateway).slice(1)).toEqual(["user=bob principal=team", "user=carol principal=team"]);
    await using alone = await launched([`--web.access-file=${path}`]);
    expect(warned(alone).map((about) => about.split(" ")[0])).toEqual(["user=alice", "user=bob", "user=carol"]);
  });
});

describe("principals by address", () => {
  const FILE = accessFile(`principals:
- {name: near, addresses: [192.0.2.0/24], rights: {push: ['{team="near"}']}}
- {name: one, addresses: [192.0.2.7, "2001:db8::/32"], rights: {push: ['{team="one"}']}}
- {name: proxy, addresses: [127.0.0.0/8], rights: {push: ['{team="proxy"}']}}
`);

  /** Each may do so with no group at all. */
  const askedBy = async ({ url }: Gateway, headers: Record<string, string>) => {
    const response = await fetch(`${url}/metrics/job/j`, { method: "DELETE", headers });
    return /^principal "(.*)" may not delete/.exec(await response.text())?.[1];
  };

  test("go by the client that a trusted proxy names, and by no other", async () => {
    await using gateway = await launched([`--web.access-file=${FILE}`, "--web.trusted-proxies=127.0.0.1,198.51.100.1"]);
    for (const [headers, who] of [
      [{}, "proxy"],
      [{ "x-forwarded-for": "192.0.2.7" }, "one"],
      [{ "x-forwarded-for": "192.0.2.8" }, "near"],
      [{ "x-forwarded-for": "::ffff:192.0.2.7" }, "one"],
      [{ "x-forwarded-for": "192.0.2.7, 203.0.113.9" }, "anonymous"],
      [{ "x-forwarded-for": "203.0.113.9, 192.0.2.8, 198.51.100.1" }, "near"],
      [{ forwarded: 'for="[2001:db8::5]:4711";proto=https' }, "one"],
      [{ forwarded: "for=192.0.2.7", "x-forwarded-for": "192.0.2.8" }, "proxy"],
      [{ "x-forwarded-for": "nobody" }, "proxy"],
    ] as const)
      expect([headers, await askedBy(gateway, headers)]).toEqual([headers, who]);
    const push = (team: string) =>
      fetch(`${gateway.url}/metrics/job/j/team/${team}`, {
        method: "PUT",
        body: BODY,
        headers: { "x-forwarded-for": "192.0.2.7" },
      });
    expect([(await push("one")).status, (await push("proxy")).status]).toEqual([200, 403]);
  });

  test("go by the other end of the connection where it is no trusted proxy, whatever it says", async () => {
    await using gateway = await launched([`--web.access-file=${FILE}`]);
    for (const headers of [{ "x-forwarded-for": "192.0.2.7" }, { forwarded: "for=192.0.2.7" }])
      expect(await askedBy(gateway, headers)).toBe("proxy");
  });
});
