import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const GROUPS = 12;

describe.skipIf(skip)(`deleting groups, in Chromium${reason}`, () => {
  let gateway: Gateway;
  let reader: Reader;

  beforeAll(async () => {
    gateway = await Gateway.start(["--web.enable-admin-api"]);
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    await fetch(`${gateway.url}/api/v1/admin/wipe`, { method: "PUT" });
    for (let i = 0; i < GROUPS; i++) await push(`/job/old/instance/i${String(i).padStart(2, "0")}`);
    await push("/job/kept/instance/i");
  });

  const push = (path: string) => fetch(`${gateway.url}/metrics${path}`, { method: "PUT", body: "a 1\n" });

  const instances = async () =>
    (await gateway.lines("a{")).map((line) => /instance="([^"]*)"/.exec(line)?.[1] ?? "").sort();

  test("three that are selected go, and no other", async () => {
    const seen = await reader.open(`${gateway.url}/?sort=labels&q=old`);
    const { page } = seen;
    await page.check('tr:has-text("i01") input');
    await page.check('tr:has-text("i03") input');
    await page.check('tr:has-text("i05") input');
    await page.click('button:has-text("Delete 3…")');
    await seen.shows("Delete 3 groups?");
    await page.click('button[type=submit]:has-text("Delete 3 groups")');
    await seen.hasRows(GROUPS - 3);
    expect(await instances()).toEqual(["i", "i00", "i02", "i04", "i06", "i07", "i08", "i09", "i10", "i11"]);
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("of all that match, one that is pushed to meanwhile is left alone, and that is said", async () => {
    const seen = await reader.open(`${gateway.url}/?q=${encodeURIComponent('{job="old"}')}`);
    const { page } = seen;
    await page.click(`button:has-text("Delete these ${GROUPS}…")`);
    await seen.shows(`Delete ${GROUPS} groups?`);
    await seen.shows(`${GROUPS} of them were pushed within the last hour.`);
    expect(await page.isDisabled("dialog button[type=submit]")).toBe(true);
    await push("/job/old/instance/i07");
    await page.fill("dialog input", String(GROUPS));
    await page.click("dialog button[type=submit]");
    await seen.shows("1 group pushed meanwhile was left alone.");
    expect(await instances()).toEqual(["i", "i07"]);
    await page.close();
  });

  test("what words, a state and an age find is deleted as a whole, too", async () => {
    const seen = await reader.open(`${gateway.url}/?q=OLD&state=ok&age=0`);
    const { page } = seen;
    await page.click(`button:has-text("Delete these ${GROUPS}…")`);
    await seen.shows("and whose last push succeeded, last pushed within a minute");
    await push("/job/old/instance/later");
    await page.fill("dialog input", String(GROUPS));
    await page.click("dialog button[type=submit]");
    await eventually("they are deleted", async () => (await instances()).join() === "i,later");
    await page.goto(`${gateway.url}/`);
    expect(await page.locator('button:has-text("Delete these")').count()).toBe(0);
    await page.close();
  });

  test("where more match than were shown nothing is deleted, and it is asked again", async () => {
    const seen = await reader.open(`${gateway.url}/?q=${encodeURIComponent('{job="old"}')}`);
    const { page } = seen;
    await page.click(`button:has-text("Delete these ${GROUPS}…")`);
    await page.fill("dialog input", String(GROUPS));
    // The answer of a server to which more was pushed before the deletion was planned.
    await page.route(/dry_run=false/, async (route) => {
      const url = new URL(route.request().url());
      url.searchParams.set("expect", "3");
      await route.continue({ url: String(url) });
    });
    await page.click("dialog button[type=submit]");
    await seen.shows(`Nothing was deleted: ${GROUPS} groups match by now.`);
    expect(await instances()).toHaveLength(GROUPS + 1);
    await page.unroute(/dry_run=false/);
    await page.fill("dialog input", String(GROUPS));
    await page.click("dialog button[type=submit]");
    await eventually("they are deleted", async () => (await instances()).length === 1);
    await page.close();
  });

  test("one group is deleted from its own view", async () => {
    const seen = await reader.open(`${gateway.url}/group?path=/job/kept/instance/i`);
    await seen.page.click('button:has-text("Delete…")');
    await seen.page.click("dialog button[type=submit]");
    await seen.shows("This group was deleted.");
    expect(await instances()).toHaveLength(GROUPS);
    await seen.page.close();
  });

  test("everything is wiped only after its number was typed", async () => {
    const seen = await reader.open(`${gateway.url}/status`);
    const { page } = seen;
    await page.click('button:has-text("Wipe everything…")');
    expect(await page.isDisabled("dialog button[type=submit]")).toBe(true);
    await page.fill("dialog input", String(GROUPS + 1));
    await page.click("dialog button[type=submit]");
    await eventually("all are gone", async () => (await instances()).length === 0);
    await page.close();
  });

  test("keys alone lead from a search to a deletion, and the focus stays where it was", async () => {
    const seen = await reader.open(`${gateway.url}/?sort=labels`);
    const { page } = seen;
    await page.keyboard.press("/");
    await page.keyboard.type("old");
    await seen.hasRows(GROUPS);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Shift+X");
    await seen.shows("selected");
    expect(await page.locator(".actions b").textContent()).toBe("3");
    await page.keyboard.press("#");
    await seen.shows("Delete 3 groups?");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await seen.hasRows(GROUPS - 3);
    expect(await instances()).not.toContain("i02");
    await seen.holds(`document.activeElement?.dataset.row === "3"`);
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.waitForSelector('h1:text("Status")');
    await page.keyboard.press("?");
    await seen.shows("honor_labels: true");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("letters are no keys where they are switched off", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    const { page } = seen;
    await page.keyboard.press("?");
    await page.uncheck("dialog input[type=checkbox]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.keyboard.press("p");
    await page.keyboard.press("/");
    expect(await page.locator(".live .pill").textContent()).not.toBe("Paused");
    await page.evaluate('localStorage.removeItem("letter-keys-off")');
    await page.close();
  });
});
