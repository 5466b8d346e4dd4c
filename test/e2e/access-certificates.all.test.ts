import { beforeAll, describe, expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { eventually } from "../program.ts";
import { TlsStand, tlsTests } from "./tls.ts";

const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const VERSIONS = ["--http1.1", "--http2"];
const TOKEN = "t0ken";
const HASHED = new Bun.CryptoHasher("sha256").update(TOKEN).digest("hex");

/** Who may push to the groups of their own name. */
const principalOf = (name: string, claims: string) =>
  `- {name: ${name}, ${claims}, rights: {push: ['{team="${name}"}']}}`;
const FILE = `principals:
${[
  principalOf("by-subject", "certificates: [{subject: 'CN=client'}]"),
  principalOf("by-long-subject", `certificates: [{subject: 'CN=batch\\+1,OU=é,O=Example\\, Inc.'}]`),
  principalOf("by-name", "certificates: [{san: other.example}]"),
  principalOf("by-uri", "certificates: [{san: 'spiffe://td/job'}]"),
  principalOf("by-token", `tokens: [${HASHED}]`),
  principalOf("by-user", "users: [alice]"),
  principalOf("by-address", "addresses: [127.0.0.0/8]"),
].join("\n")}
`;

let stand: TlsStand;
let file: string;

beforeAll(async () => {
  if (tlsTests.skip) return;
  stand = await TlsStand.create();
  await stand.made.signed("long", "clientAuth", "DNS:long.example", "ca", "/O=Example, Inc./OU=é/CN=batch\\+1");
  await stand.made.signed("work", "clientAuth", "DNS:x.example,URI:spiffe://td/job");
  await stand.made.signed("named", "clientAuth", "DNS:other.example", "ca", "/CN=client");
  // Say the name of somebody else, and nobody who is trusted has signed them.
  await stand.made.lone("forged", "DNS:other.example");
  await stand.made.signed("foreign", "clientAuth", "DNS:other.example", "ca2", "/CN=client");
  await stand.made.signed("unfit", "serverAuth", "DNS:other.example", "ca", "/CN=client");
  file = stand.made.write("access.yml", FILE);
});

/** In whose name a push is made: that of the only principal who may push to any group of his name; "" is nobody. */
async function askedAs(gateway: Awaited<ReturnType<TlsStand["secure"]>>, ...words: string[]): Promise<string> {
  const { stdout } = await stand.curl(gateway, "/metrics/job/j/team/none", "-XDELETE", ...words);
  const [, name] = /principal "([^"]*)" may not delete/.exec(stdout) ?? [];
  return name ?? stdout;
}

describe.skipIf(tlsTests.skip)(`principals by client certificates${tlsTests.reason}`, () => {
  test("are who the verified certificate says, by its subject, else by one of its names; it says less than a token or user", async () => {
    const section = "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt";
    const flags = [`--web.access-file=${file}`];
    await using gateway = await stand.secure(section, `basic_auth_users: {alice: ${HASH}}\n`, flags);
    const cases: readonly (readonly [name: string, words: readonly string[], who: string])[] = [
      ["client", [], "by-subject"],
      ["named", [], "by-subject"],
      ["long", [], "by-long-subject"],
      ["other", [], "by-name"],
      ["work", [], "by-uri"],
      ["", [], "by-address"],
      ["client", ["-H", `Authorization: Bearer ${TOKEN}`], "by-token"],
      ["client", ["-u", "alice:right"], "by-user"],
    ];
    for (const version of VERSIONS)
      for (const [name, words, who] of cases) {
        const told = { version, name, words };
        const asked = await askedAs(gateway, version, ...stand.presenting(name), ...words);
        expect({ ...told, who: asked }).toEqual({ ...told, who });
      }
    for (const version of VERSIONS)
      for (const [team, status] of [
        ["by-name", 200],
        ["by-subject", 403],
      ] as const) {
        const words = [version, "-XPUT", "-d", "a 1\n", ...stand.presenting("other")];
        const { stdout } = await stand.curl(gateway, `/metrics/job/j/team/${team}`, ...words);
        expect(stdout).toEndWith(`${status} ${version === "--http2" ? "2" : "1.1"}`);
      }
  }, 60_000);

  test("are nobody by a certificate that was not verified, whatever it says", async () => {
    const flags = [`--web.access-file=${file}`];
    for (const type of ["NoClientCert", "RequestClientCert", "RequireAnyClientCert"]) {
      await using gateway = await stand.secure(`client_auth_type: ${type}`, "", flags);
      for (const version of VERSIONS)
        for (const name of ["client", "other", "forged", "foreign", "unfit"])
          expect([type, name, await askedAs(gateway, version, ...stand.presenting(name))]).toEqual([
            type,
            name,
            "by-address",
          ]);
    }
    await using strict = await stand.secure(
      "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.crt",
      "",
      flags,
    );
    for (const version of VERSIONS)
      for (const name of ["forged", "foreign", "unfit"]) {
        const { code, stdout } = await stand.curl(strict, "/metrics", version, ...stand.presenting(name));
        expect([name, code === 0, stdout]).toEqual([name, false, expect.stringMatching(/^000 /)]);
      }
  }, 60_000);

  test("are those of the newest file on connections that are open", async () => {
    const changing = stand.made.write("changing.yml", FILE);
    const section = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt";
    await using gateway = await stand.secure(section, "", [`--web.access-file=${changing}`]);
    const tls = {
      ca: stand.textOf("ca.crt"),
      cert: stand.textOf("client.crt"),
      key: stand.textOf("client.key"),
    };
    const asked = async () => (await fetch(`${gateway.url}/metrics/job/j`, { method: "DELETE", tls })).text();
    expect(await asked()).toContain('principal "by-subject" may not');
    writeFileSync(`${changing}.new`, FILE.replace("by-subject", "renamed"));
    renameSync(`${changing}.new`, changing);
    await eventually("it has another name", async () => (await asked()).includes('principal "renamed" may not'));
  });
});
