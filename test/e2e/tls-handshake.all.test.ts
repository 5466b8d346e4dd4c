import { beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:tls";
import { eventually, run } from "../program.ts";
import { PREFACE } from "./http2-frames.ts";
import { PAIR, TlsStand, tlsTests } from "./tls.ts";

const { skip, reason } = tlsTests;
const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });

let stand: TlsStand;
beforeAll(async () => {
  if (!skip) stand = await TlsStand.create();
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
    await using gateway = await stand.secure(section);
    const pushed: string[] = [];
    for (const name of CLIENTS) {
      for (const version of ["--http1.1", "--http2"]) {
        const push = ["--data-binary", "pushed 1\n", version, ...stand.presenting(name)];
        const { code } = await stand.curl(gateway, `/metrics/job/by_${name || "none"}`, ...push);
        if (code === 0) pushed.push(name);
      }
    }
    expect(pushed).toEqual(allowed.flatMap((name) => [name, name]));
    const [reader] = allowed;
    if (reader === undefined) return;
    const { stdout } = await stand.curl(gateway, "/metrics", ...stand.presenting(reader));
    const jobs = [...stdout.matchAll(/^pushed\{instance="",job="by_(\w+)"\}/gm)].map(([, job]) => job);
    expect(jobs.sort()).toEqual(allowed.map((name) => name || "none").sort());
  });

  test("certificates that are made for nothing in particular, or not to sign with, are not taken for clients'", async () => {
    const { made } = stand;
    await made.signed("any", "anyExtendedKeyUsage", "DNS:any.example");
    await made.signed("unsigning", "clientAuth\nkeyUsage=critical,keyCertSign", "DNS:ca.example");
    await using gateway = await stand.secure("client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt");
    for (const name of ["any", "unsigning"])
      expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting(name))).code).not.toBe(0);
    expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting("client"))).stdout).toBe("OK200 2");
  });

  test("a session of before a change of the CA cannot be resumed, and its certificate is looked at anew", async () => {
    const file = stand.made.write(
      "rotate.yml",
      `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: rotate-ca.crt}`,
    );
    stand.made.write("rotate-ca.crt", stand.textOf("ca.crt"));
    await using gateway = await stand.started(file);
    const session = stand.made.path("session");
    const certificate = ["-cert", stand.made.path("client.crt"), "-key", stand.made.path("client.key")];
    const script = `(printf 'GET /-/healthy HTTP/1.0\\r\\n\\r\\n'; sleep 0.5) | openssl s_client -connect 127.0.0.1:${gateway.port} -ign_eof "$@"`;
    const ask = async (...words: string[]) => (await run(["bash", "-c", script, "ask", ...words])).stdout;
    expect(await ask("-sess_out", session, ...certificate)).toContain("200 OK");
    const resumed = await ask("-sess_in", session);
    expect(resumed).toMatch(/Reused, TLSv1.3[\s\S]*200 OK/);
    stand.replace("rotate-ca.crt", stand.textOf("ca2.crt"));
    await eventually("it is loaded", async () => gateway.stderr.includes("loaded again"));
    const after = await ask("-sess_in", session, ...certificate);
    expect(after).not.toContain("200 OK");
    expect(after).not.toContain("Reused");
    expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting("client2"))).stdout).toBe("OK200 2");
  });

  test("a change to client certificates holds for the next connection", async () => {
    const file = stand.made.write("turn.yml", `tls_server_config: {${PAIR}}`);
    await using gateway = await stand.started(file);
    expect((await stand.curl(gateway, "/-/healthy")).stdout).toBe("OK200 2");
    const text = `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}`;
    stand.replace("turn.yml", text);
    await eventually("it is loaded", async () => gateway.stderr.includes("loaded again"));
    expect((await stand.curl(gateway, "/-/healthy")).code).not.toBe(0);
    expect((await stand.curl(gateway, "/-/healthy", ...stand.presenting("client"))).stdout).toBe("OK200 2");
    stand.replace("turn.yml", `tls_server_config: {${PAIR}}`);
    await eventually("it is read", async () => gateway.stderr.includes("web-config file not taken"));
    expect((await stand.curl(gateway, "/-/healthy")).code).not.toBe(0);
    stand.replace("turn.yml", `tls_server_config: {${PAIR}}\nbasic_auth_users: {a: ${HASH}}`);
    await eventually("passwords are asked for", async () => {
      return (await stand.curl(gateway, "/-/healthy", "-u", "a:right")).stdout === "OK200 2";
    });
  });

  test.each(["http/1.1", "h2"])(
    "connections of %s end when other certificates are asked of clients",
    async (protocol) => {
      const file = stand.made.write("ends.yml", `tls_server_config: {${PAIR}}`);
      await using gateway = await stand.started(file);
      const socket = connect({
        port: gateway.port,
        host: "127.0.0.1",
        rejectUnauthorized: false,
        ALPNProtocols: [protocol],
      });
      let [isClosed, isServed] = [false, false];
      socket.on("close", () => {
        isClosed = true;
      });
      socket.on("data", () => {
        isServed = true;
      });
      socket.on("error", () => {});
      await eventually("it is connected", async () => socket.alpnProtocol === protocol);
      if (protocol === "h2") socket.write(PREFACE);
      else socket.write("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n");
      await eventually("it is served", async () => isServed);
      expect(isClosed).toBe(false);
      stand.replace(
        "ends.yml",
        `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}`,
      );
      await eventually("it is closed", async () => isClosed);
    },
  );
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
    await using gateway = await stand.secure(
      section,
      section.includes("TLS11, ") ? "http_server_config: {http2: false}" : "",
    );
    for (const [, client, says] of CASES.filter((entry) => entry[0] === section)) {
      const seen = await stand.handshake(gateway, ...client);
      if (says === null) expect([client, seen]).toEqual([client, expect.stringContaining("Cipher is (NONE)")]);
      else expect([client, seen]).toEqual([client, expect.stringContaining(says)]);
    }
  });
});
