import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { Certificates } from "../certificates.ts";
import { type Ended, eventually, firstAbsent, Gateway, requirement, run } from "../program.ts";
import { Connection } from "../wire.ts";
import { dataFrame, headersFrame, PREFACE, resetFrame } from "./http2-frames.ts";

setDefaultTimeout(60_000);

const { skip, reason } = requirement(firstAbsent("curl", "openssl"));
const PAIR = "cert_file: server.crt, key_file: server.key";

let made: Certificates;
let files = 0;

/** A gateway that serves TLS; `section` is the inside of tls_server_config besides the server's own certificate. */
function secure(section = "", rest = ""): Promise<Gateway> {
  return started(made.write(`web${files++}.yml`, `tls_server_config: {${PAIR}${section && `, ${section}`}}\n${rest}`));
}

/** Waits by the log, for not every client would be answered. */
async function started(file: string): Promise<Gateway> {
  const gateway = await Gateway.launch([`--web.config.file=${file}`], "", "https");
  await eventually("it listens", async () => gateway.stderr.includes("TLS is enabled."));
  return gateway;
}

/** Words of curl that show a client's certificate, "" for none. */
function presenting(name: string): string[] {
  return name === "" ? [] : ["--cert", made.path(`${name}.crt`), "--key", made.path(`${name}.key`)];
}

/** curl's answer: its exit code, and the body with status and HTTP version behind it. */
function curl(gateway: Gateway, path: string, ...words: string[]): Promise<Ended> {
  const base = [
    "curl",
    "-sS",
    "--max-time",
    "20",
    "--cacert",
    made.path("ca.crt"),
    "-w",
    "%{http_code} %{http_version}",
  ];
  return run([...base, ...words, `${gateway.url}${path}`]);
}

/** What openssl's client says of a handshake with these options. */
async function handshake(gateway: Gateway, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await run(["openssl", "s_client", "-connect", `127.0.0.1:${gateway.port}`, ...words]);
  return `${stdout}${stderr}`;
}

/** Puts another file's contents in its place at one instant. */
function replace(name: string, text: string): void {
  writeFileSync(made.path(`${name}.new`), text);
  renameSync(made.path(`${name}.new`), made.path(name));
}

const textOf = (name: string) => readFileSync(made.path(name), "utf8");

/** The fingerprint of the certificate that new connections get. */
function servedFingerprint(gateway: Gateway): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: gateway.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

const fingerprintOf = (name: string) => new X509Certificate(textOf(`${name}.crt`)).fingerprint256;

beforeAll(async () => {
  if (skip) return;
  made = await Certificates.create();
  await made.signed(
    "client",
    "clientAuth",
    "DNS:client.example,email:a@b.example,IP:10.0.0.1,IP:::1,URI:spiffe://td/x",
  );
  await made.signed("other", "clientAuth", "DNS:other.example");
  await made.signed("misused", "serverAuth", "DNS:client.example");
  await made.lone("stranger", "DNS:client.example");
  await made.signed("middle", "CA", "");
  await made.signed("below", "clientAuth", "DNS:below.example", "middle");
  await made.authority("ca2");
  await made.signed("client2", "clientAuth", "DNS:client.example", "ca2");
});

describe.skipIf(skip)(`clients' certificates${reason}`, () => {
  const CLIENTS = ["", "client", "stranger", "misused", "client2", "below"] as const;
  const CASES: [section: string, allowed: readonly (typeof CLIENTS)[number][]][] = [
    ["client_auth_type: NoClientCert", CLIENTS],
    ["client_auth_type: RequestClientCert", CLIENTS],
    ["client_auth_type: RequestClientCert, client_ca_file: ca.crt", CLIENTS],
    ["client_auth_type: RequireAnyClientCert", CLIENTS.slice(1)],
    ["client_auth_type: RequireClientCert", CLIENTS.slice(1)],
    ["client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt", ["", "client"]],
    ["client_auth_type: VerifyClientCertIfGiven", [""]],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt", ["client"]],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca2.crt", ["client2"]],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: stranger.crt", ["stranger"]],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: middle.crt", ["below"]],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: client.crt", ["client"]],
    ["client_auth_type: RequireAndVerifyClientCert", []],
    [
      "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [client.example]",
      ["client"],
    ],
    [
      "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [x, a@b.example]",
      ["client"],
    ],
    [
      "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [10.0.0.1]",
      ["client"],
    ],
    ['client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: ["::1"]', ["client"]],
    [
      'client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: ["spiffe://td/x"]',
      ["client"],
    ],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [other.example]", []],
    ["client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: []", []],
    [
      "client_auth_type: RequireAnyClientCert, client_allowed_sans: [client.example]",
      ["client", "stranger", "misused", "client2"],
    ],
  ];

  test.each(CASES)("{%s} lets in %j and stores no push of the others", async (section, allowed) => {
    await using gateway = await secure(section);
    const pushed: string[] = [];
    for (const name of CLIENTS) {
      for (const version of ["--http1.1", "--http2"]) {
        const push = ["--data-binary", "pushed 1\n", version, ...presenting(name)];
        const { code } = await curl(gateway, `/metrics/job/by_${name || "none"}`, ...push);
        if (code === 0) pushed.push(name);
      }
    }
    expect(pushed).toEqual(allowed.flatMap((name) => [name, name]));
    const [reader] = allowed;
    if (reader === undefined) return;
    const { stdout } = await curl(gateway, "/metrics", ...presenting(reader));
    const jobs = [...stdout.matchAll(/^pushed\{instance="",job="by_(\w+)"\}/gm)].map(([, job]) => job);
    expect(jobs.sort()).toEqual(allowed.map((name) => name || "none").sort());
  });

  test("a session of before a change of the CA cannot be resumed, and its certificate is looked at anew", async () => {
    const file = made.write(
      "rotate.yml",
      `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: rotate-ca.crt}`,
    );
    made.write("rotate-ca.crt", textOf("ca.crt"));
    await using gateway = await started(file);
    const session = made.path("session");
    const certificate = ["-cert", made.path("client.crt"), "-key", made.path("client.key")];
    const script = `(printf 'GET /-/healthy HTTP/1.0\\r\\n\\r\\n'; sleep 0.5) | openssl s_client -connect 127.0.0.1:${gateway.port} -ign_eof "$@"`;
    const ask = async (...words: string[]) => (await run(["bash", "-c", script, "ask", ...words])).stdout;
    expect(await ask("-sess_out", session, ...certificate)).toContain("200 OK");
    const resumed = await ask("-sess_in", session);
    expect(resumed).toMatch(/Reused, TLSv1.3[\s\S]*200 OK/);
    replace("rotate-ca.crt", textOf("ca2.crt"));
    await eventually("it is loaded", async () => gateway.stderr.includes("loaded again"));
    const after = await ask("-sess_in", session, ...certificate);
    expect(after).not.toContain("200 OK");
    expect(after).not.toContain("Reused");
    expect((await curl(gateway, "/-/healthy", ...presenting("client2"))).stdout).toBe("OK200 2");
  });

  test("a change to client certificates holds for the next connection", async () => {
    const file = made.write("turn.yml", `tls_server_config: {${PAIR}}`);
    await using gateway = await started(file);
    expect((await curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
    const text = `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}`;
    replace("turn.yml", text);
    await eventually("it is loaded", async () => gateway.stderr.includes("loaded again"));
    expect((await curl(gateway, "/-/healthy")).code).not.toBe(0);
    expect((await curl(gateway, "/-/healthy", ...presenting("client"))).stdout).toBe("OK200 2");
    replace("turn.yml", `tls_server_config: {${PAIR}}`);
    await eventually("it is open again", async () => (await curl(gateway, "/-/healthy")).code === 0);
  });
});

describe.skipIf(skip)(`versions, suites and curves${reason}`, () => {
  const WEAK = ["-cipher", "ALL:@SECLEVEL=0"];
  const GCM128 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
  const GCM256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
  /** What s_client says of the handshake: a part of it, null where there must be none. */
  const CASES: [section: string, client: string[], says: string | null][] = [
    ["", ["-tls1_3"], "New, TLSv1.3"],
    ["", ["-tls1_2"], "New, TLSv1.2"],
    ["", ["-tls1_1", ...WEAK], null],
    ["", ["-tls1", ...WEAK], null],
    ["", ["-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA"], null],
    ["", ["-groups", "P-521"], "secp521r1"],
    ["min_version: TLS10", ["-tls1", ...WEAK], "Protocol  : TLSv1\n"],
    ["min_version: TLS10", ["-tls1_1", ...WEAK], "Protocol  : TLSv1.1\n"],
    ["min_version: TLS13", ["-tls1_2"], null],
    ["min_version: TLS13", ["-tls1_3"], "New, TLSv1.3"],
    ["max_version: TLS12", ["-tls1_3"], null],
    ["max_version: TLS12", [], "New, TLSv1.2"],
    ["max_version: TLS11, min_version: TLS11", ["-tls1_2"], null],
    [`max_version: TLS12, cipher_suites: [${GCM256}, ${GCM128}]`, [], "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"],
    [`max_version: TLS12, cipher_suites: [${GCM128}, ${GCM256}]`, [], "Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"],
    [
      `max_version: TLS12, cipher_suites: [${GCM128}, ${GCM256}], prefer_server_cipher_suites: false`,
      ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"],
      "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384",
    ],
    [
      `max_version: TLS12, cipher_suites: [${GCM128}]`,
      ["-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA"],
      null,
    ],
    ["curve_preferences: [CurveP521]", [], "secp521r1"],
    ["curve_preferences: [CurveP521]", ["-groups", "P-384"], null],
    ["curve_preferences: [CurveP384, X25519]", ["-groups", "X25519:P-384"], "secp384r1"],
    ["curve_preferences: [CurveP384]", ["-tls1_2", "-groups", "X25519"], null],
  ];
  const sections = [...new Set(CASES.map(([section]) => section))];

  test.each(sections)("{%s} shakes hands with whom it should", async (section) => {
    await using gateway = await secure(
      section,
      section.includes("TLS11, ") ? "http_server_config: {http2: false}" : "",
    );
    for (const [, client, says] of CASES.filter((entry) => entry[0] === section)) {
      const seen = await handshake(gateway, ...client);
      if (says === null) expect([client, seen]).toEqual([client, expect.stringContaining("Cipher is (NONE)")]);
      else expect([client, seen]).toEqual([client, expect.stringContaining(says)]);
    }
  });
});

describe.skipIf(skip)(`HTTP over TLS${reason}`, () => {
  const PUSH = ["--data-binary", "some 1\n"];

  test("HTTP/2 and HTTP/1.1 are spoken as the client likes, and pushed to", async () => {
    await using gateway = await secure();
    expect((await curl(gateway, "/metrics/job/a", "--http2", ...PUSH)).stdout).toBe("200 2");
    expect((await curl(gateway, "/metrics/job/b", "--http1.1", ...PUSH)).stdout).toBe("200 1.1");
    expect((await curl(gateway, "/metrics")).stdout).toContain('some{instance="",job="a"} 1');
    expect(gateway.stderr).toContain('msg="TLS is enabled." http2=true address=127.0.0.1:');
  });

  test("without http2 only HTTP/1.1 is", async () => {
    await using gateway = await secure("", "http_server_config: {http2: false}");
    expect((await curl(gateway, "/metrics/job/a", "--http2", ...PUSH)).stdout).toBe("200 1.1");
    expect(gateway.stderr).toContain('msg="TLS is enabled." http2=false');
  });

  test.each(["--http1.1", "--http2"])("large bodies come and go whole with %s", async (version) => {
    await using gateway = await secure();
    const lines = Array.from({ length: 100_000 }, (_, n) => `many{n="${n}"} ${n}`);
    const body = made.write("body", `${lines.join("\n")}\n`);
    expect((await curl(gateway, "/metrics/job/j", version, "-T", body, "-X", "PUT")).stdout.slice(0, 3)).toBe("200");
    for (const words of [[], ["--compressed"], ["--limit-rate", "20M"]]) {
      const { stdout } = await curl(gateway, "/metrics", version, ...words);
      const seen = stdout.split("\n").filter((line) => line.startsWith("many{"));
      expect(seen).toHaveLength(lines.length);
      expect(new Set(seen.map((line) => line.replace('instance="",job="j",', "")))).toEqual(new Set(lines));
    }
  });

  const CUTS = [
    "Content-Length: 100\r\n\r\ncut 1\n",
    "Transfer-Encoding: chunked\r\n\r\n6\r\ncut 1\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n6\r\ncut 1\n\r\n0\r\n",
  ];
  test.each(CUTS)("a push that is cut short is not stored: %j", async (rest) => {
    await using gateway = await secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, true);
      connection.write(`POST /metrics/job/j HTTP/1.1\r\nHost: a\r\n${rest}`);
      await Bun.sleep(200);
    }
    await eventually("it is refused", async () => gateway.stderr.includes("failed to parse push"));
    expect((await curl(gateway, "/metrics")).stdout).not.toContain("cut{");
  });

  const FIELDS = { ":method": "POST", ":scheme": "https", ":authority": "a", ":path": "/metrics/job/j" };
  const CUTS_OF_HTTP2: [what: string, last: Buffer | null, fields: Record<string, string>][] = [
    ["the stream is reset", resetFrame(1), FIELDS],
    ["the stream is reset, its length being told", resetFrame(1), { ...FIELDS, "content-length": "6" }],
    ["the connection is closed", null, FIELDS],
    ["it is shorter than told", dataFrame(1, "", true), { ...FIELDS, "content-length": "100" }],
  ];
  test.each(CUTS_OF_HTTP2)("nor is one of HTTP/2 where %s", async (_, last, fields) => {
    await using gateway = await secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, "h2");
      connection.write(Buffer.concat([PREFACE, headersFrame(1, fields), dataFrame(1, "cut 1\n")]));
      await Bun.sleep(200);
      if (last !== null) connection.write(last);
      await Bun.sleep(200);
    }
    await Bun.sleep(200);
    expect((await curl(gateway, "/metrics")).stdout).not.toContain("cut{");
  });

  test("but a whole one is, though its client is gone then", async () => {
    await using gateway = await secure();
    {
      using connection = await Connection.open(gateway.port, 5_000, "h2");
      connection.write(Buffer.concat([PREFACE, headersFrame(1, FIELDS), dataFrame(1, "whole 1\n", true)]));
      await Bun.sleep(200);
    }
    await eventually("it is stored", async () => (await curl(gateway, "/metrics")).stdout.includes("whole{"));
  });

  test("streams that are reset as soon as they are opened, and requests whose answers are not read, keep nobody waiting", async () => {
    await using gateway = await secure();
    const body = Buffer.from(Array.from({ length: 50_000 }, (_, n) => `many{n="${n}"} ${n}\n`).join(""));
    const headers = { ...FIELDS, ":method": "GET", ":path": "/metrics" };
    using pushing = await Connection.open(gateway.port, 5_000, true);
    pushing.send({ method: "POST", path: "/metrics/job/j", body });
    expect((await pushing.answer()).status).toBe(200);
    const ask = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    const resets = Array.from({ length: 20_000 }, (_, n) => [
      headersFrame(2 * n + 1, headers, true),
      resetFrame(2 * n + 1),
    ]);
    using resetting = await Connection.open(gateway.port, 5_000, "h2");
    resetting.write(Buffer.concat([PREFACE, ...resets.flat()]));
    using piling = await Connection.open(gateway.port, 5_000, true);
    piling.write(ask.repeat(5_000));
    for (let n = 0; n < 5; n++) {
      const startMs = performance.now();
      expect((await curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
      expect(performance.now() - startMs).toBeLessThan(2_000);
    }
  });

  test("plain HTTP on the same port is not answered", async () => {
    await using gateway = await secure();
    const { code } = await run(["curl", "-s", "--max-time", "5", `http://127.0.0.1:${gateway.port}/-/healthy`]);
    expect(code).not.toBe(0);
  });

  test("basic auth and headers hold for both versions", async () => {
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const rest = `basic_auth_users: {alice: ${hash}}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n`;
    await using gateway = await secure("", rest);
    for (const version of ["--http1.1", "--http2"]) {
      for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"]) {
        const { stdout } = await curl(gateway, "/-/healthy", version, "-X", method, "-I", "-w", "\n%{http_code}");
        expect([method, stdout.split("\n").at(-1)]).toEqual([
          method,
          method === "NONSENSE" && version === "--http1.1" ? "400" : "401",
        ]);
      }
      const { stdout } = await curl(gateway, "/-/healthy", version, "-u", "alice:right", "-i");
      expect(stdout).toContain("x-frame-options: deny");
      expect(stdout).toContain("OK200");
    }
  });

  test("a source of bad pushes is named in the log", async () => {
    await using gateway = await secure();
    for (const version of ["--http1.1", "--http2"]) {
      await curl(gateway, "/metrics/job/j", version, "--data-binary", "bad");
    }
    expect(gateway.stderr.match(/level=warn .*source=127\.0\.0\.1:\d+/g)).toHaveLength(2);
  });

  test("who says nothing, or half a header, is sent away after 12 seconds", async () => {
    await using gateway = await secure();
    const opened = await Promise.all(
      ["", "GET /-/healthy HTTP/1.1\r\nHost:"].map(async (text) => {
        const connection = await Connection.open(gateway.port, 20_000, true);
        connection.write(text);
        return connection;
      }),
    );
    const startMs = performance.now();
    for (const connection of opened) expect(await connection.statusOrClosed()).toBeNull();
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThan(10_000);
    expect(tookMs).toBeLessThan(16_000);
  });

  test("SIGTERM lets a request under way end, and closes what is idle", async () => {
    await using gateway = await secure();
    using idle = await Connection.open(gateway.port, 10_000, true);
    idle.send({ method: "GET", path: "/-/healthy" });
    expect((await idle.answer()).status).toBe(200);
    using idleToo = await Connection.open(gateway.port, 10_000, "h2");
    idleToo.write(Buffer.concat([PREFACE, headersFrame(1, { ...FIELDS, ":method": "GET", ":path": "/" }, true)]));
    using busy = await Connection.open(gateway.port, 10_000, true);
    busy.write("POST /metrics/job/j HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\na ");
    await Bun.sleep(300);
    const startMs = performance.now();
    const stopping = gateway.stop();
    await Bun.sleep(300);
    busy.write("1\n");
    expect((await busy.answer()).status).toBe(200);
    expect(await stopping).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(await idle.statusOrClosed()).toBeNull();
  });
});

describe.skipIf(skip)(`certificates and settings are read again${reason}`, () => {
  beforeAll(async () => {
    if (skip) return;
    await made.signed("first", "serverAuth", "DNS:localhost,IP:127.0.0.1");
    await made.signed("second", "serverAuth", "DNS:localhost,IP:127.0.0.1");
  });

  /** Puts a pair in the place of the one that is served, a file after the other. */
  function serve(name: string): void {
    replace("live.key", textOf(`${name}.key`));
    replace("live.crt", textOf(`${name}.crt`));
  }

  async function live(): Promise<Gateway> {
    serve("first");
    return await started(made.write("live.yml", "tls_server_config: {cert_file: live.crt, key_file: live.key}"));
  }

  const isServed = (gateway: Gateway, name: string) =>
    eventually(`${name} is served`, async () => (await servedFingerprint(gateway)) === fingerprintOf(name));

  /** Pushes until `until`; counts what was answered and tells what was not. */
  async function load(
    gateway: Gateway,
    until: () => boolean,
    reuse: boolean,
  ): Promise<{ answered: number; faults: string[] }> {
    const seen = { answered: 0, faults: [] as string[] };
    let connection: Connection | null = null;
    while (!until()) {
      try {
        connection ??= await Connection.open(gateway.port, 5_000, true);
        connection.send({ method: "POST", path: "/metrics/job/load", body: Buffer.from("a 1\n") });
        const { status } = await connection.answer();
        if (status === 200) seen.answered++;
        else seen.faults.push(`status ${status}`);
      } catch (problem) {
        seen.faults.push(String(problem));
        connection = null;
      }
      if (!reuse) {
        connection?.close();
        connection = null;
      }
    }
    connection?.close();
    return seen;
  }

  test("forty new certificates under load lose no connection, old or new", async () => {
    await using gateway = await live();
    let isOver = false;
    const loads = [true, true, false, false, false].map((reuse) => load(gateway, () => isOver, reuse));
    for (let round = 0; round < 40; round++) {
      const name = round % 2 === 0 ? "second" : "first";
      serve(name);
      await isServed(gateway, name);
    }
    isOver = true;
    for (const { answered, faults } of await Promise.all(loads)) {
      expect(faults).toEqual([]);
      expect(answered).toBeGreaterThan(50);
    }
  });

  test("a pair that does not belong together leaves the last good one in use, and says so", async () => {
    await using gateway = await live();
    await isServed(gateway, "first");
    replace("live.key", textOf("second.key"));
    await eventually("it is logged", async () => gateway.stderr.includes("private key does not match public key"));
    expect(gateway.stderr).toContain('effect="the last good one stays in use"');
    expect(await servedFingerprint(gateway)).toBe(fingerprintOf("first"));
    replace("live.crt", textOf("second.crt"));
    await isServed(gateway, "second");
  });

  test("a broken file gets 500 on old connections and no new ones, until it is mended", async () => {
    await using gateway = await live();
    using old = await Connection.open(gateway.port, 5_000, true);
    const ask = async () => {
      old.send({ method: "GET", path: "/-/healthy" });
      return (await old.answer()).status;
    };
    expect(await ask()).toBe(200);
    const good = textOf("live.yml");
    replace("live.yml", `${good}\ntls_server_config: {}\n`);
    expect(await ask()).toBe(500);
    expect((await curl(gateway, "/-/healthy")).code).not.toBe(0);
    replace("live.yml", good);
    expect(await ask()).toBe(200);
    expect((await curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
  });

  test("clients' CAs that are gone let nobody in", async () => {
    made.write("clients.crt", textOf("ca.crt"));
    await using gateway = await secure("client_auth_type: RequireAndVerifyClientCert, client_ca_file: clients.crt");
    expect((await curl(gateway, "/-/healthy", ...presenting("client"))).stdout).toBe("OK200 2");
    replace("clients.crt", "");
    await eventually("it is logged", async () => gateway.stderr.includes('effect="no new connection is served"'));
    expect((await curl(gateway, "/-/healthy", ...presenting("client"))).code).not.toBe(0);
  });
});
