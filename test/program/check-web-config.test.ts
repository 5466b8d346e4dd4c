import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Finding, FlagFindings } from "../../src/program/check-findings.ts";
import { checkWebConfig } from "../../src/program/check-web-config.ts";
import { Certificates } from "../certificates.ts";

const certificates = new Certificates();
const { validFrom, validTo } = new X509Certificate(readFileSync(join(certificates.folder, "server.crt")));
const DAY_MS = 86_400_000;
const AMID = (Date.parse(validFrom) + Date.parse(validTo)) / 2;

/** What is found in a web-config file of this text at an instant, without what is well. */
function findingsOf(text: string, nowMs = AMID): string[] {
  const found: Finding[] = [];
  checkWebConfig(new FlagFindings(found, "web.config.file", certificates.write("web.yml", text)), nowMs);
  return found
    .filter(({ severity }) => severity !== "ok")
    .map(({ severity, place, message }) => `${place?.line}:${place?.column} ${severity} ${message}`);
}

const TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

describe("a web-config file is checked", () => {
  test("and nothing is found where nothing is wrong", () => {
    expect(findingsOf("")).toEqual([]);
    expect(findingsOf(TLS)).toEqual([]);
  });

  test.each([
    { when: "before", ms: Date.parse(validFrom) - DAY_MS, says: "error .* in cert_file is not valid before 2" },
    { when: "after", ms: Date.parse(validTo) + DAY_MS, says: "error .* in cert_file expired at 2" },
    {
      when: "near the end of",
      ms: Date.parse(validTo) - 29 * DAY_MS,
      says: "warning .* in cert_file expires within 30 days, at 2",
    },
  ])("for a certificate $when its time", ({ ms, says }) => {
    expect(findingsOf(TLS, ms)).toEqual([expect.stringMatching(new RegExp(`^2:14 ${says}`))]);
  });

  test("for the certificates of the clients' authorities as well", () => {
    const text = `${TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n`;
    expect(findingsOf(text)).toEqual([]);
    const late = Math.max(
      ...["server.crt", "ca.crt"].map((name) =>
        Date.parse(new X509Certificate(readFileSync(certificates.path(name))).validTo),
      ),
    );
    expect(findingsOf(text, late + DAY_MS).at(-1)).toMatch(
      /^5:19 error the certificate of .* in client_ca_file expired/,
    );
  });

  test("for all that is wrong with it at once, each at its place", () => {
    const text = [
      "basic_auth_users:",
      "  alice: $2y$10$tooshort",
      "  bob: plain",
      "tls_server_config:",
      "  cert_file: nowhere.crt",
      "  key_file: server.key",
      "  client_auth_type: Sometimes",
      "  min_version: TLS13",
      "  max_version: TLS12",
    ].join("\n");
    expect(findingsOf(text)).toEqual([
      expect.stringMatching(/^2:10 error crypto\/bcrypt: hashedSecret too short/),
      expect.stringMatching(/^3:8 error crypto\/bcrypt: hashedSecret too short/),
      expect.stringMatching(/^5:14 error failed to read cert_file .*no such file or directory/),
      expect.stringMatching(/^7:21 error invalid ClientAuth: Sometimes/),
      expect.stringMatching(/^8:16 error tls: no supported versions satisfy/),
    ]);
  });

  test("for headers and the rate limit", () => {
    const text =
      "http_server_config:\n  headers:\n    X-Frame-Options: maybe\n    Server: x\nrate_limit:\n  interval: 1d\n";
    expect(findingsOf(text)).toEqual([
      expect.stringMatching(/^3:22 error invalid value for X-Frame-Options/),
      expect.stringMatching(/^4:13 error HTTP header "Server" can not be configured/),
      expect.stringMatching(/^6:13 error .*into time.Duration/),
    ]);
  });

  test("for a key that is not of its certificate", () => {
    expect(findingsOf(TLS.replace("server.key", "ca.key"))).toEqual([
      "2:14 error failed to load X509KeyPair: tls: private key does not match public key",
    ]);
  });

  test("for unknown keys and values, each of them", () => {
    expect(findingsOf("tls_server_config:\n  cert_files: a\n  key: [b]\nusers: {}\n")).toEqual([
      "2:3 error field cert_files not found in type web.TLSConfig",
      expect.stringMatching(/^3:8 error cannot unmarshal !!seq into config.Secret/),
      "4:1 error field users not found in type web.Config",
    ]);
    expect(findingsOf("a: [")).toEqual([expect.stringMatching(/^1:\d+ error /)]);
  });
});
