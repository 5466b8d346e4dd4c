import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../../certificates.ts";
import { firstAbsent, Gateway, requirement } from "../../program.ts";
import { scratchFolder } from "../../scratch.ts";
import { proxyTo } from "./proxy.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium", "openssl"));

/** Walks through all views by their links. */
async function walk(reader: Reader, url: string): Promise<void> {
  await fetch(`${url}metrics/job/walked/instance/i`, {
    method: "PUT",
    body: "a 1\n",
    headers: { authorization: `Basic ${btoa("alice:right")}` },
    tls: { rejectUnauthorized: false },
  });
  const seen = await reader.open(url);
  const { page } = seen;
  await seen.shows("Live");
  await page.fill("#search", "walked");
  await seen.hasRows(1);
  await page.click("tbody a.group");
  await page.waitForSelector("h1 bdi");
  await page.click('.tabs a:has-text("Push")');
  await seen.shows(`curl -X DELETE '${url}metrics/job/walked/instance/i'`);
  await page.reload();
  await seen.takenOver();
  await page.click('nav a:has-text("Refused")');
  await page.waitForSelector('h1:text("Refused")');
  await page.click('nav a:has-text("Status")');
  await seen.shows("Durability");
  await page.click(".brand");
  await page.waitForSelector("tbody a.group");
  await page.goBack();
  await seen.shows("Durability");
  expect(seen.said).toEqual([]);
  await page.close();
}

describe.skipIf(skip)(`wherever it is, every link of the page leads there, in Chromium${reason}`, () => {
  test("with a route prefix", async () => {
    await using gateway = await Gateway.start(["--web.route-prefix=/some/prefix"], "/some/prefix");
    await using reader = await Reader.start();
    await walk(reader, `${gateway.url}/`);
  });

  test("behind a proxy that takes the prefix away, of which the server knows nothing", async () => {
    await using gateway = await Gateway.start();
    using proxy = proxyTo(gateway.url, "/tools/push");
    await using reader = await Reader.start();
    await walk(reader, `http://127.0.0.1:${proxy.port}/tools/push/`);
  });

  test("with a password, over TLS", async () => {
    const made = new Certificates();
    const hash = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
    const file = join(scratchFolder(), "web.yml");
    const tls = `tls_server_config: {cert_file: ${made.path("server.crt")}, key_file: ${made.path("server.key")}}`;
    writeFileSync(file, `${tls}\nbasic_auth_users: {alice: ${hash}}\n`);
    await using gateway = await Gateway.start([`--web.config.file=${file}`], "", "https");
    const httpCredentials = { username: "alice", password: "right" };
    await using reader = await Reader.start({ ignoreHTTPSErrors: true, httpCredentials });
    await walk(reader, `${gateway.url}/`);
  });
});
