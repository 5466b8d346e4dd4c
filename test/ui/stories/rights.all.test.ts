import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { scratchFolder } from "../../scratch.ts";
import { faultsOf } from "./faults.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const HASH = await Bun.password.hash("right", { algorithm: "bcrypt", cost: 4 });
const TOKEN = "token-of-root";
const HASHED = new Bun.CryptoHasher("sha256").update(TOKEN).digest("hex");
const LONGEST = "l".padEnd(64, "w");

const USERS = ["ann", "mia", "rob", "joe", "lea"];
/** ann has a team, mia reads all and deletes some, rob reads alone, joe may push besides, lea everything. */
const FILE = `principals:
- {name: team-a, users: [ann], rights: {push: ['{team="a"}'], delete: ['{team="a"}'], read: ['{team="a"}']}}
- {name: mia, users: [mia], rights: {delete: ['{team="a"}'], read: ['{}'], admin: ['{team="a"}']}}
- {name: rob, users: [rob], rights: {read: ['{}']}}
- {name: joe, users: [joe], rights: {push: ['{}'], read: ['{}']}}
- {name: ${LONGEST}, users: [lea], rights: {push: ['{}'], delete: ['{}'], read: ['{}'], admin: ['{}']}}
- {name: root, tokens: [${HASHED}], rights: {push: ['{}'], scrape: ['{}'], read: ['{}'], admin: ['{}']}}
`;
const ANONYMOUS = "anonymous: {health: true, rights: {read: ['{team=\"b\"}']}}\n";
const HEALTH = "anonymous: {health: true}\n";
const PHONE = { width: 390, height: 844 };
const SIZES = [{ width: 1440, height: 900 }, { width: 761, height: 900 }, PHONE];

/** What selects the group of a job. */
const boxOf = (job: string) => `tr:has(b bdi:text-is("${job}")) input`;

async function started(anonymous: string): Promise<Gateway> {
  const folder = scratchFolder();
  const [access, config] = [join(folder, "access.yml"), join(folder, "web.yml")];
  writeFileSync(access, FILE + anonymous);
  writeFileSync(config, `basic_auth_users: {${USERS.map((user) => `${user}: ${HASH}`).join(", ")}}\n`);
  return Gateway.start(["--web.enable-admin-api", `--web.access-file=${access}`, `--web.config.file=${config}`]);
}

/** A reader whose browser is asked for a password, and gives it. */
const readerAs = (username: string, password = "right") =>
  Reader.start({ bypassCSP: true, httpCredentials: { username, password } });

describe.skipIf(skip)(`who may not do everything, in Chromium${reason}`, () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await started(HEALTH);
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
  });

  const root = (method: string, path: string, body?: string) =>
    fetch(gateway.url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
      ...(body === undefined ? {} : { body }),
    });
  const put = (path: string, body = "a 1\n") => root("PUT", `/metrics${path}`, body);
  const left = async () =>
    [...(await (await root("GET", "/metrics")).text()).matchAll(/^a\{.*job="([^"]*)"/gm)].map(([, job]) => job).sort();

  beforeEach(async () => {
    await root("PUT", "/api/v1/admin/wipe");
    for (const team of ["a", "b"]) for (const n of [1, 2, 3]) await put(`/job/${team}${n}/team/${team}`);
    await put("/job/b1/team/b", "no metrics\n");
    await put("/job/a1/team/a", "no metrics\n");
  });

  test("one with a team sees his name, his groups and what was refused of them, and deletes them", async () => {
    await using reader = await readerAs("ann");
    const seen = await reader.open(`${gateway.url}/?sort=labels`);
    const { page } = seen;
    await seen.shows("Live");
    expect(await page.locator(".live .who").textContent()).toBe("team-a");
    expect(await seen.jobs()).toEqual(["a1", "a2", "a3"]);
    expect(await page.locator('.nav a:has-text("Groups") .count').textContent()).toBe("3");
    expect(await page.locator(".nav .count.bad").textContent()).toBe("1");
    expect(await page.locator('button:has-text("Delete these")').count()).toBe(0);

    // What others do is not seen live either, and one's own is.
    await put("/job/b4/team/b");
    await put("/job/a4/team/a");
    await seen.hasRows(4);
    expect(await seen.jobs()).toEqual(["a1", "a2", "a3", "a4"]);

    await page.check(boxOf("a2"));
    await page.check(boxOf("a3"));
    await page.click('button:has-text("Delete 2…")');
    await page.click('dialog button[type=submit]:has-text("Delete 2 groups")');
    await seen.hasRows(2);
    expect(await left()).toEqual(["a1", "a4", "b1", "b2", "b3", "b4"]);

    await page.click('a[href*="refused"]');
    await seen.shows("no metrics");
    expect(await page.locator(".refusal").count()).toBe(1);
    await page.goto(`${gateway.url}/group?path=/job/a1/team/a`);
    await seen.takenOver();
    expect(await page.locator('.tabs a:has-text("Push")').count()).toBe(1);
    await page.goto(`${gateway.url}/group?path=/job/b1/team/b`);
    await seen.takenOver();
    await seen.shows("No such group");
    await page.goto(`${gateway.url}/status`);
    await seen.takenOver();
    expect(await page.locator('button:has-text("Wipe")').count()).toBe(0);
    expect(await page.content()).not.toMatch(/\bb1\b/);
    await page.close();
  });

  test("one who reads alone is offered nothing that he may not do, and no key does it", async () => {
    await using reader = await readerAs("rob");
    const seen = await reader.open(`${gateway.url}/?sort=labels`);
    const { page } = seen;
    await seen.hasRows(6);
    expect(await page.locator(".live .who").textContent()).toBe("rob");
    for (const key of ["j", "x", "d", "Delete"]) await page.keyboard.press(key);
    expect(await page.locator("tbody input, thead input, .actions, dialog, button.danger").count()).toBe(0);
    await page.goto(`${gateway.url}/group?path=/job/a2/team/a&tab=push`);
    await seen.takenOver();
    for (const key of ["d", "Delete"]) await page.keyboard.press(key);
    expect(await page.locator("button.danger, dialog").count()).toBe(0);
    expect(await page.locator('.tabs a:has-text("Push")').count()).toBe(0);
    expect(await page.locator('.tabs [aria-current="true"]').textContent()).toBe("Metrics");
    expect(await page.locator("main").textContent()).not.toContain("curl");
    await page.goto(`${gateway.url}/status`);
    await seen.takenOver();
    expect(await page.locator("button.danger").count()).toBe(0);
    expect(await left()).toHaveLength(6);
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("one who may push and not delete is shown how to push, and nothing of deleting", async () => {
    await using reader = await readerAs("joe");
    const seen = await reader.open(`${gateway.url}/group?path=/job/a2/team/a`);
    const { page } = seen;
    await page.click('.tabs a:text-is("Push")');
    await seen.shows("From a program");
    expect(await page.locator("main").textContent()).not.toMatch(/delete/i);
    await page.close();
  });

  test("one who may delete some of what he sees deletes these, and is told why another stays", async () => {
    await using reader = await readerAs("mia");
    const seen = await reader.open(`${gateway.url}/?sort=labels`);
    const { page } = seen;
    await page.check(boxOf("a2"));
    await page.check(boxOf("b2"));
    await page.click('button:has-text("Delete 2…")');
    await page.click("dialog button[type=submit]");
    await seen.shows('principal "mia" may not delete the group {job="b2",team="b"}');
    await eventually("the one that he may is gone", async () => (await left()).join() === "a1,a3,b1,b2,b3");
    await page.keyboard.press("Escape");
    await page.goto(`${gateway.url}/?q=${encodeURIComponent('{job=~".+"}')}`);
    await seen.takenOver();
    await page.click('button:has-text("Delete these")');
    await seen.shows("Delete 2 groups?");
    expect(await page.locator("dialog .sample li").count()).toBe(2);
    await page.click("dialog button[type=submit]");
    await eventually("what he may is gone", async () => (await left()).join() === "b1,b2,b3");
    await page.goto(`${gateway.url}/status`);
    await seen.takenOver();
    expect(await page.locator('button:has-text("Wipe")').count()).toBe(0);
    await page.close();
  });

  test("a wrong password shows nothing, and one who shows nothing is asked for one", async () => {
    await using wrong = await readerAs("ann", "wrong");
    const page = await wrong.browser.newPage();
    const answer = await page.goto(gateway.url).catch(() => null);
    expect(answer?.status() ?? 401).toBe(401);
    expect(await page.content()).not.toMatch(/\ba1\b/);
    const asked = await fetch(gateway.url);
    expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([401, "Basic"]);
  });

  test("who shows nothing sees what anonymous may see where the file says so", async () => {
    await using open = await started(ANONYMOUS);
    for (const team of ["a", "b"]) {
      const headers = { authorization: `Bearer ${TOKEN}` };
      await fetch(`${open.url}/metrics/job/${team}1/team/${team}`, { method: "PUT", body: "a 1\n", headers });
    }
    await using reader = await Reader.start();
    const seen = await reader.open(`${open.url}/`);
    await seen.shows("Live");
    expect(await seen.jobs()).toEqual(["b1"]);
    expect(await seen.page.locator(".live .who").textContent()).toBe("anonymous");
    expect(await seen.page.locator("tbody input, button.danger").count()).toBe(0);
    expect(seen.said).toEqual([]);
    await seen.page.close();
  });

  test.each(["ann", "joe", "lea"])(
    "everybody can use what is left of it, and nothing reaches out of it: %s",
    async (user) => {
      await using reader = await readerAs(user);
      for (const path of ["/", "/group?path=/job/a2/team/a", "/status"])
        for (const size of SIZES) {
          const seen = await reader.open(gateway.url + path);
          await seen.page.setViewportSize(size);
          await seen.page.emulateMedia({ colorScheme: size === PHONE ? "dark" : "light", reducedMotion: "reduce" });
          expect([path, await faultsOf(seen.page)]).toEqual([path, []]);
          const width = await seen.page.evaluate("document.documentElement.scrollWidth");
          expect([path, size, Number(width) <= size.width]).toEqual([path, size, true]);
          expect((await seen.page.locator(".live .who").boundingBox())?.width).toBeGreaterThan(15);
          await seen.page.close();
        }
    },
  );
});
