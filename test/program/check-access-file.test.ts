import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseWebConfig, type WebConfig } from "../../src/access/web-config.ts";
import { Fault } from "../../src/model/fault.ts";
import { checkAccessFile } from "../../src/program/check-access-file.ts";
import { type Finding, FlagFindings } from "../../src/program/check-findings.ts";
import { scratchFolder } from "../scratch.ts";

const file = join(scratchFolder(), "access.yml");
const HASH = "$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
const TOKEN = "0123456789abcdef".repeat(4);
const ALL = "{push: ['{}'], delete: ['{}'], scrape: ['{}'], read: ['{}'], admin: ['{}']}";

function webConfig(text: string): WebConfig {
  const config = parseWebConfig(Buffer.from(text));
  if (config instanceof Fault) throw new Error(config.message);
  return config;
}

const WEB = webConfig(`basic_auth_users: {alice: ${HASH}}`);

/** What is found in an access file of this text, without what is well. */
function findingsOf(text: string, web: WebConfig | null = WEB, isAdministered = false): string[] {
  writeFileSync(file, text);
  const found: Finding[] = [];
  checkAccessFile(new FlagFindings(found, "web.access-file", file), { webConfig: web, isAdministered });
  return found
    .filter(({ severity }) => severity !== "ok")
    .map(({ severity, place, message }) => `${place?.line}:${place?.column} ${severity} ${message}`);
}

describe("an access file is checked", () => {
  test("and nothing is found where nothing is wrong", () => {
    const text = `principals:\n  - {name: a, tokens: [${TOKEN}], users: [alice], rights: ${ALL}}\n`;
    expect(findingsOf(text)).toEqual([]);
    expect(findingsOf(`anonymous: {rights: ${ALL}}\n`, webConfig(""))).toEqual([]);
  });

  test("for all that keeps it from being read, each at its place, and nothing of a token is shown", () => {
    const text = [
      "principals:",
      "  - name: not a name",
      "    tokens: [my-secret-token]",
      "    rights: {push: ['{job=~\"(\"}', '{job']}",
      "  - name: b",
      "    addresses: [10.0.0.0/99]",
    ].join("\n");
    const found = findingsOf(text);
    expect(found.map((line) => line.split(" ", 2).join(" "))).toEqual([
      "2:11 error",
      "3:14 error",
      "4:21 error",
      "4:35 error",
      "6:17 error",
    ]);
    expect(found.join("\n")).not.toContain("my-secret-token");
  });

  test("for users whom the web-config file does not have, and for those of it who are nobody", () => {
    const text = `principals:\n  - name: a\n    users: [alice, bob]\n    rights: ${ALL}\n`;
    expect(findingsOf(text)).toEqual(['3:20 warning there is no user "bob" in the web-config file']);
    expect(findingsOf(text, null)).toEqual([
      '3:13 warning there is no user "alice" in a web-config file',
      '3:20 warning there is no user "bob" in a web-config file',
    ]);
    expect(findingsOf(`principals: [{name: a, tokens: [${TOKEN}], rights: ${ALL}}]\n`)).toEqual([
      'undefined:undefined warning the user "alice" of the web-config file is no principal',
    ]);
  });

  test("for certificates that nobody verifies", () => {
    const text = `principals:\n  - name: a\n    certificates: [{san: x.example}]\n    rights: ${ALL}\n`;
    const verifying = webConfig("tls_server_config: {client_auth_type: VerifyClientCertIfGiven}");
    expect(findingsOf(text, verifying)).toEqual([]);
    for (const web of [null, webConfig("tls_server_config: {client_auth_type: RequestClientCert}")])
      expect(findingsOf(text, web)).toEqual([expect.stringMatching(/^3:19 warning no certificate is verified: /)]);
  });

  test("for principals that nobody can be, or that may do nothing", () => {
    const text = `principals:\n  - {name: a, rights: ${ALL}}\n  - {name: b, users: [alice]}\n`;
    const found = findingsOf(text);
    expect(found[0]).toBe('2:5 warning nobody can be "a": it has no tokens, users, certificates and addresses');
    expect(found[1]).toBe('3:5 warning "b" may do nothing: it has no rights');
    // What only nobody may do, nobody may do.
    expect(found.slice(2).map((line) => /nobody has the right (\w+)/.exec(line)?.[1])).toEqual([
      "push",
      "delete",
      "scrape",
      "read",
    ]);
  });

  test("for a right that nobody has, of administration only where there is some", () => {
    const text = "principals:\n  - {name: a, users: [alice], rights: {push: ['{}'], scrape: ['{}'], read: ['{}']}}\n";
    const missing = (isAdministered: boolean) =>
      findingsOf(text, WEB, isAdministered).map((line) => /nobody has the right (\w+)/.exec(line)?.[1]);
    expect(missing(false)).toEqual(["delete"]);
    expect(missing(true)).toEqual(["delete", "admin"]);
  });

  test("for selectors of all groups that do not look it, which Prometheus would refuse", () => {
    const text = `principals:\n  - name: a\n    users: [alice]\n    rights: {push: ['{ }', '{team=~".*"}', '{a="b"}'], delete: ['{}'], scrape: ['{}'], read: ['{}']}\n`;
    expect(findingsOf(text)).toEqual([
      expect.stringMatching(
        /^4:28 warning it is for groups without any of its labels, too, .*at least one non-empty matcher/,
      ),
    ]);
  });
});
