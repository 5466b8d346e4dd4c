import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bcryptFault } from "../../src/access/bcrypt.ts";
import { isTlsEnabled, readTlsOptions } from "../../src/access/tls-settings.ts";
import { parseWebConfig, type WebConfig } from "../../src/access/web-config.ts";
import { Fault } from "../../src/model/fault.ts";
import type { TlsOptions } from "../../src/server/tls-options.ts";
import { Certificates } from "../certificates.ts";

const HASH = "$2y$10$2UXri9cIDdgeKjBo4Rlpx.U3ZLDV8X1IxKmsfOvhcM5oXQt/mLmXq";
const PAIR = "cert_file: server.crt, key_file: server.key";

const parse = (text: string) => parseWebConfig(Buffer.from(text));

function parsed(text: string): WebConfig {
  const config = parse(text);
  if (config instanceof Fault) throw new Error(config.message);
  return config;
}

const NOTHING: WebConfig = { tls: {}, http2: true, headers: [], users: new Map(), rateLimit: null };
const unmarshal = (...faults: string[]) => ["yaml: unmarshal errors:", ...faults].join("\n  ");

describe("a web-config file is read as the exporter-toolkit reads it", () => {
  const cases: [text: string, config: Partial<WebConfig>][] = [
    ["", {}],
    ["{}\n", {}],
    ["---\n", {}],
    ["~\n", {}],
    ["# nothing\n", {}],
    ["\ufeff{}", {}],
    [`tls_server_config: {${PAIR}}`, { tls: { cert_file: "server.crt", key_file: "server.key" } }],
    ["tls_server_config: {cert_file: true, key_file: 12}", { tls: { cert_file: "true", key_file: "12" } }],
    ["tls_server_config: {min_version: TLS13}", { tls: { min_version: "TLS13" } }],
    [
      "tls_server_config: {client_allowed_sans: [one, 10.0.0.1]}",
      { tls: { client_allowed_sans: ["one", "10.0.0.1"] } },
    ],
    ["tls_server_config: {cipher_suites: []}", { tls: { cipher_suites: [] } }],
    ["tls_server_config: {curve_preferences: [CurveP521]}", { tls: { curve_preferences: ["CurveP521"] } }],
    ["tls_server_config: {prefer_server_cipher_suites: off}", { tls: { prefer_server_cipher_suites: false } }],
    ["http_server_config: {http2: no}", { http2: false }],
    ["http_server_config: {http2: Yes}", { http2: true }],
    ["http_server_config: {headers: {}}", { http2: true }],
    ["http_server_config:", { http2: false }],
    ["http_server_config: {http2: ~}", { http2: false }],
    ["http_server_config: {headers: {X-XSS-Protection: 1}}", { headers: [["X-XSS-Protection", "1"]] }],
    ["http_server_config: {headers: {X-Frame-Options: deny}}", { headers: [["X-Frame-Options", "deny"]] }],
    ['http_server_config: {headers: {Strict-Transport-Security: ""}}', {}],
    [`basic_auth_users: {alice: ${HASH}}`, { users: new Map([["alice", HASH]]) }],
    [
      `basic_auth_users: {a: &h ${HASH}, on: *h}`,
      {
        users: new Map([
          ["a", HASH],
          ["on", HASH],
        ]),
      },
    ],
    [`basic_auth_users: {__proto__: ${HASH}}`, { users: new Map([["__proto__", HASH]]) }],
    ["basic_auth_users: {alice: }", { users: new Map([["alice", ""]]) }],
    ['rate_limit: {interval: "1s", burst: 20}', { rateLimit: { intervalNs: 1_000_000_000n, burst: 20 } }],
    ["rate_limit: {interval: 1m30s}", { rateLimit: { intervalNs: 90_000_000_000n, burst: 0 } }],
    ["rate_limit: {interval: 5, burst: 1}", { rateLimit: { intervalNs: 5n, burst: 1 } }],
    ["rate_limit: {interval: 0, burst: 0}", {}],
    ["rate_limit: {burst: 7}", {}],
  ];
  test.each(cases)("%j", (text, config) => {
    expect(parse(text)).toEqual({ ...NOTHING, ...config });
  });
});

describe("what is wrong in a web-config file is refused in the reference's words", () => {
  const cases: [text: string, words: string][] = [
    ["junk\nmore\n", unmarshal("line 1: cannot unmarshal !!str `junk more` into web.Config")],
    ["[]", unmarshal("line 1: cannot unmarshal !!seq into web.Config")],
    ["tls_server_config:\n  cert_filse: a\n", unmarshal("line 2: field cert_filse not found in type web.TLSConfig")],
    ["Tls_server_config: {}", unmarshal("line 1: field Tls_server_config not found in type web.Config")],
    [
      "foo: 1\nbar: 2\ntls_server_config: {zip: 1}",
      unmarshal(
        "line 1: field foo not found in type web.Config",
        "line 2: field bar not found in type web.Config",
        "line 3: field zip not found in type web.TLSConfig",
      ),
    ],
    ["constructor: 1", unmarshal("line 1: field constructor not found in type web.Config")],
    [
      "basic_auth_users: {}\nbasic_auth_users: {}",
      unmarshal("line 2: field basic_auth_users already set in type web.Config"),
    ],
    [
      "tls_server_config:\n  cert_file: a\n  cert_file: a\n",
      unmarshal("line 3: field cert_file already set in type web.TLSConfig"),
    ],
    [`basic_auth_users:\n  a: ${HASH}\n  a: ${HASH}\n`, unmarshal('line 3: key "a" already set in map')],
    ["tls_server_config: []", unmarshal("line 1: cannot unmarshal !!seq into web.TLSConfig")],
    ["tls_server_config: {cert_file: {a: b}}", unmarshal("line 1: cannot unmarshal !!map into string")],
    ["tls_server_config: {client_allowed_sans: abc}", unmarshal("line 1: cannot unmarshal !!str `abc` into []string")],
    [
      "tls_server_config: {cipher_suites: TLS_AES_128_GCM_SHA256}",
      unmarshal("line 1: cannot unmarshal !!str `TLS_AES...` into []web.Cipher"),
    ],
    ["tls_server_config: {cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}", "unknown cipher: TLS_RSA_WITH_RC4_128_SHA"],
    ["tls_server_config: {curve_preferences: [CurveP257]}", "unknown curve: CurveP257"],
    ["tls_server_config: {min_version: TLS111}", "unknown TLS version: TLS111"],
    ["tls_server_config: {max_version: 1.2}", "unknown TLS version: 1.2"],
    ["http_server_config: {http2: maybe}", unmarshal("line 1: cannot unmarshal !!str `maybe` into bool")],
    ['http_server_config: {http2: "true"}', unmarshal("line 1: cannot unmarshal !!str `true` into bool")],
    ["http_server_config: {http2: 1}", unmarshal("line 1: cannot unmarshal !!int `1` into bool")],
    ["http_server_config: {headers: {Content-Type: foo}}", 'HTTP header "Content-Type" can not be configured'],
    ["http_server_config: {headers: {x-frame-options: deny}}", 'HTTP header "x-frame-options" can not be configured'],
    [
      "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
      'invalid value for X-Content-Type-Options. Expected one of: ["nosniff"], but got: "sniff"',
    ],
    [
      "http_server_config: {headers: {X-Frame-Options: foo}}",
      'invalid value for X-Frame-Options. Expected one of: ["deny" "sameorigin"], but got: "foo"',
    ],
    [
      'http_server_config: {headers: {Content-Security-Policy: "a\\nb"}}',
      'invalid value for Content-Security-Policy: "a\\nb" cannot be sent in a header',
    ],
    ["basic_auth_users: [a]", unmarshal("line 1: cannot unmarshal !!seq into map[string]config.Secret")],
    ["rate_limit: {burst: many}", unmarshal("line 1: cannot unmarshal !!str `many` into int")],
    ["rate_limit: {burst: 1.5}", unmarshal("line 1: cannot unmarshal !!float `1.5` into int")],
    ["rate_limit: {interval: 1d}", unmarshal("cannot unmarshal !!str `1d` into time.Duration")],
    ["rate_limit: {interval: -1s}", "rate_limit: the interval -1s is negative"],
    ["a: 'b\n", "yaml: line 2: Missing closing 'quote"],
    ["tls_server_config:\n\tcert_file: a\n", "yaml: line 2: Tabs are not allowed as indentation"],
    ["a: *b\n", "yaml: unknown anchor 'b' referenced"],
    ["basic_auth_users: *users\n", "yaml: unknown anchor 'users' referenced"],
    ["basic_auth_users: {*name : x}\n", "yaml: unknown anchor 'name' referenced"],
    ["tls_server_config: {min_version: *a, max_version: &a TLS13}", "yaml: unknown anchor 'a' referenced"],
    ["tls_server_config: {cipher_suites: [*a]}", "yaml: unknown anchor 'a' referenced"],
    ["tls_server_config: {cipher_suites: [~]}", "unknown cipher: null"],
    ["tls_server_config:\n  curve_preferences:\n    -\n", "unknown curve: null"],
    ["tls_server_config: {min_version: &a ~, curve_preferences: [*a]}", "unknown curve: null"],
    ["tls_server_config: &a {cert_file: *a}", unmarshal("line 1: cannot unmarshal !!map into string")],
  ];
  test.each(cases)("%j", (text, words) => {
    const refused = parse(text);
    expect(refused instanceof Fault ? refused.message : refused).toBe(words);
  });

  test("bytes that are not UTF-8, and a second document, are refused", () => {
    expect(parseWebConfig(Buffer.from([0x61, 0xff]))).toBeInstanceOf(Fault);
    expect(parse("{}\n---\n{}\n")).toBeInstanceOf(Fault);
  });
});

describe("a bcrypt hash is checked as Go's bcrypt package does", () => {
  const cases: [hash: string, words: string | null][] = [
    [HASH, null],
    [HASH.replace("2y", "2a"), null],
    [HASH.replace("2y", "2b"), null],
    ["doe", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"],
    ["", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"],
    ["a".repeat(60), "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with 'a'"],
    [
      HASH.replace("2y", "9y"),
      "crypto/bcrypt: bcrypt algorithm version '9' requested is newer than current version '2'",
    ],
    [HASH.replace("$10$", "$99$"), "crypto/bcrypt: cost 99 is outside allowed inclusive range 4..31"],
    [HASH.replace("$10$", "$03$"), "crypto/bcrypt: cost 3 is outside allowed inclusive range 4..31"],
    [HASH.replace("Xq", "!!"), "crypto/bcrypt: hashedSecret is not of the form $2y$<cost>$<53 characters>"],
  ];
  test.each(cases)("%s", (hash, words) => {
    expect(bcryptFault(hash)?.message ?? null).toBe(words);
  });
});

test("TLS is on as soon as one field about certificates is written", () => {
  const on = ["cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file", "client_auth_type"];
  for (const field of on) expect(isTlsEnabled({ [field]: "x" })).toBe(true);
  expect(isTlsEnabled({})).toBe(false);
  expect(isTlsEnabled({ min_version: "TLS13", prefer_server_cipher_suites: true, cert_file: "" })).toBe(false);
});

describe("TLS settings", () => {
  const made = new Certificates();
  made.write("empty", "");
  made.write("junk.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

  const read = (section: string): TlsOptions | Fault =>
    readTlsOptions(
      parsed(section),
      (path) => join(made.folder, path),
      (path) => {
        try {
          return readFileSync(path, "latin1");
        } catch {
          return new Fault(`open ${path}: no such file or directory`);
        }
      },
    );
  const fold = (text: string) => text.replaceAll(made.folder, "F");

  const taken: [section: string, options: Partial<TlsOptions["context"]> & { clientAuth?: string }][] = [
    [`{${PAIR}}`, { minVersion: "TLSv1.2", maxVersion: "TLSv1.3", honorCipherOrder: true, clientAuth: "NoClientCert" }],
    [`{${PAIR}}`, { ecdhCurve: "X25519MLKEM768:X25519:P-256:P-384:P-521" }],
    [`{${PAIR}, client_auth_type: RequestClientCert}`, { clientAuth: "RequestClientCert" }],
    [`{${PAIR}, client_auth_type: RequireClientCert}`, { clientAuth: "RequireAnyClientCert" }],
    [`{${PAIR}, client_auth_type: RequireAnyClientCert}`, { clientAuth: "RequireAnyClientCert" }],
    [`{${PAIR}, client_auth_type: VerifyClientCertIfGiven}`, { clientAuth: "VerifyClientCertIfGiven" }],
    [`{${PAIR}, client_auth_type: RequireAndVerifyClientCert}`, { clientAuth: "RequireAndVerifyClientCert" }],
    [
      `{${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}`,
      { clientAuth: "RequireAndVerifyClientCert", allowPartialTrustChain: true },
    ],
    [`{${PAIR}, min_version: TLS10, max_version: TLS11}`, { minVersion: "TLSv1", maxVersion: "TLSv1.1" }],
    [`{${PAIR}, curve_preferences: [CurveP384, X25519]}`, { ecdhCurve: "P-384:X25519" }],
    [
      `{${PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}`,
      { ciphers: "ECDHE-RSA-AES128-GCM-SHA256" },
    ],
    [`{${PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256], min_version: TLS13}`, { minVersion: "TLSv1.3" }],
    [`{${PAIR}, prefer_server_cipher_suites: false}`, { honorCipherOrder: false }],
  ];
  test.each(taken)("%s is taken", (section, options) => {
    const tls = read(`tls_server_config: ${section}`);
    if (tls instanceof Fault) throw new Error(tls.message);
    expect({ ...tls.context, clientAuth: tls.clientAuth }).toMatchObject(options);
  });

  test("only suites with forward secrecy are offered where none are chosen", () => {
    const tls = read(`tls_server_config: {${PAIR}}`);
    const suites = tls instanceof Fault ? [] : (tls.context.ciphers ?? "").split(":");
    expect(suites).toHaveLength(10);
    expect(suites.filter((suite) => !suite.startsWith("ECDHE-"))).toEqual([]);
  });

  test("certificates and keys may stand in the file itself", () => {
    const [cert, key] = ["server.crt", "server.key"].map((name) => readFileSync(made.path(name), "utf8"));
    expect(read(JSON.stringify({ tls_server_config: { cert, key } }))).not.toBeInstanceOf(Fault);
    expect(read(JSON.stringify({ tls_server_config: { cert, key_file: "server.key" } }))).not.toBeInstanceOf(Fault);
  });

  const refused: [section: string, words: string][] = [
    ['{cert_file: "", key_file: server.key}', "missing one of cert or cert_file"],
    ['{cert: "", key_file: server.key}', "missing one of cert or cert_file"],
    ['{cert_file: server.crt, key_file: ""}', "missing one of key or key_file"],
    ["{client_auth_type: x}", "missing one of cert or cert_file"],
    [
      "{cert_file: somefile, key_file: server.key}",
      "failed to read cert_file (F/somefile): open F/somefile: no such file or directory",
    ],
    [
      "{cert_file: server.crt, key_file: somefile}",
      "failed to read key_file (F/somefile): open F/somefile: no such file or directory",
    ],
    [
      "{cert_file: empty, key_file: server.key}",
      "failed to load X509KeyPair: tls: failed to find any PEM data in certificate input",
    ],
    [
      "{cert_file: server.crt, key_file: empty}",
      "failed to load X509KeyPair: tls: failed to find any PEM data in key input",
    ],
    [
      "{cert_file: server.crt, key_file: ca.key}",
      "failed to load X509KeyPair: tls: private key does not match public key",
    ],
    [
      "{cert_file: server.crt, key_file: self-signed.key}",
      "failed to load X509KeyPair: tls: private key type does not match public key type",
    ],
    [`{${PAIR}, client_ca_file: somefile}`, "open F/somefile: no such file or directory"],
    [`{${PAIR}, client_ca_file: ca.crt}`, "client CA's have been configured without a Client Auth Policy"],
    [`{${PAIR}, client_ca_file: empty}`, "client CA's have been configured without a Client Auth Policy"],
    [
      `{${PAIR}, client_ca_file: empty, client_auth_type: RequireAndVerifyClientCert}`,
      "the clients' CAs: there is no certificate in client_ca or client_ca_file",
    ],
    [
      `{${PAIR}, client_ca_file: junk.crt, client_auth_type: RequireAndVerifyClientCert}`,
      "the clients' CAs: there is no certificate in client_ca or client_ca_file",
    ],
    [`{${PAIR}, client_allowed_sans: [a]}`, "client_allowed_sans have been configured without a Client Auth Policy"],
    [`{${PAIR}, client_auth_type: Nope}`, "invalid ClientAuth: Nope"],
    [
      `{${PAIR}, min_version: TLS13, max_version: TLS12}`,
      "tls: no supported versions satisfy MinVersion and MaxVersion: TLS13 is above TLS12",
    ],
    [
      `{${PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384], max_version: TLS12}`,
      "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)",
    ],
    [
      `{${PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256], max_version: TLS12}\nhttp_server_config: {http2: false}`,
      "cipher_suites: none of TLS_AES_128_GCM_SHA256 is of TLS12",
    ],
  ];
  test.each(refused)("%s is refused", (section, words) => {
    const tls = read(`tls_server_config: ${section}`);
    expect(tls instanceof Fault ? fold(tls.message) : tls).toBe(words);
  });
});
