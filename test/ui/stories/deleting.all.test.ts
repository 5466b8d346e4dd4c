import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { Reader, type Seen } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const GROUPS = 12;
/** It takes many turns to store it. */
const LARGE_BODY = Array.from({ length: 150_000 }, (_, i) => `large{n="${i}"} ${i}\n`).join("");

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

  const push = (path: string, body = "a 1\n") => fetch(`${gateway.url}/metrics${path}`, { method: "PUT", body });

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

  test("where more match than were shown nothing is deleted, and it is asked again: a large push was being stored", async () => {
    const seen = await reader.open(`${gateway.url}/?q=${encodeURIComponent('{job="old"}')}`);
    const { page } = seen;
    await eventually("a dry run is made before a push that was received is there", () => planWhileStored(seen));
    await page.fill("dialog input", String(GROUPS));
    await page.click("dialog button[type=submit]");
    await seen.shows(`Nothing was deleted: ${GROUPS + 1} groups match by now.`);
    expect(await instances()).toHaveLength(GROUPS + 1);
    await page.fill("dialog input", String(GROUPS + 1));
    await page.click("dialog button[type=submit]");
    await eventually("they are deleted", async () => (await instances()).length === 1);
    expect(await fetch(`${gateway.url}/api/v1/groups/job/old/instance/large`)).toHaveProperty("status", 404);
    await page.close();
  });

  /** Opens the dialog until it was opened while a large push was being stored; false: none was. */
  async function planWhileStored({ page }: Seen): Promise<boolean> {
    let isStored = false;
    await fetch(`${gateway.url}/metrics/job/old/instance/large`, { method: "DELETE" });
    void push("/job/old/instance/large", LARGE_BODY).then(() => {
      isStored = true;
    });
    for (;;) {
      await page.click('button:has-text("Delete these")');
      const title = await page.locator("dialog[open] h2", { hasText: /\d groups\?/ }).textContent();
      if (isStored && title === `Delete ${GROUPS} groups?`) return true;
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      if (isStored) return false;
    }
  }

  test("of selected groups one that is pushed to meanwhile stays, that is said, and it can be deleted all the same", async () => {
    const seen = await reader.open(`${gateway.url}/?sort=labels&q=old`);
    const { page } = seen;
    await page.check('tr:has-text("i01") input');
    await page.check('tr:has-text("i03") input');
    await page.click('button:has-text("Delete 2…")');
    await seen.shows("Groups that are pushed to from now on are left alone.");
    await push("/job/old/instance/i03");
    await page.click("dialog button[type=submit]");
    await seen.shows("1 group deleted. 1 group pushed meanwhile is still there.");
    expect(await instances()).not.toContain("i01");
    expect(await instances()).toContain("i03");
    await page.click('dialog button:has-text("Delete 1 group")');
    await seen.hasRows(GROUPS - 2);
    expect(await instances()).not.toContain("i03");
    expect(seen.said.filter((text) => !text.includes("412"))).toEqual([]);
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
