import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { fill, keepPushing, pathOf } from "./filling.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const GROUPS = 100_000;
const HEAP_BYTES = 25e6;

describe.skipIf(skip)(`the list of 100,000 groups, in Chromium${reason}`, () => {
  let gateway: Gateway;
  let reader: Reader;

  beforeAll(async () => {
    gateway = await Gateway.start(["--web.enable-admin-api"]);
    await fill(gateway.port, GROUPS);
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  test("a group is found by a few letters while others are pushed to", async () => {
    using load = keepPushing(gateway.url, 1000);
    const seen = await reader.open(`${gateway.url}/`);
    const { page } = seen;
    await seen.shows("100,000");
    await page.fill("#search", "HOST-012345");
    await seen.hasRows(1);
    expect(await seen.rows()).toEqual([`${jobOf(12_345)}envprodinstancehost-012345.ams2.example.net`]);
    await page.fill("#search", "");
    await seen.hasRows(50);
    await eventually("pushes went on meanwhile", async () => load.pushed() > 100);
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("nothing jumps while the page is loaded and others are pushed to", async () => {
    using load = keepPushing(gateway.url, 1000);
    const seen = await reader.open(`${gateway.url}/`);
    await seen.watchShifts();
    const first = (await seen.rows())[0];
    await eventually("the list has changed", async () => (await seen.rows())[0] !== first);
    await eventually("pushes went on meanwhile", async () => load.pushed() > 500);
    expect(await seen.shift()).toBe(0);
    await seen.page.close();
  });

  test("the page stays small: its heap is below 25 MB after a hundred searches", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    const { page } = seen;
    for (let i = 0; i < 100; i++) await page.fill("#search", `host-0${i}`);
    await seen.hasRows(50);
    const session = await reader.browser.newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    expect(usedSize).toBeLessThan(HEAP_BYTES);
    await page.close();
  });

  test("a search is shared by its URL: in another browser the same rows are there", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    await seen.page.fill("#search", '{env="staging",instance=~"host-0000.0.*"}');
    await seen.hasRows(10);
    await seen.page.click('th a:text("Group")');
    await seen.page.waitForSelector('th[aria-sort="ascending"]');
    const url = seen.page.url();
    expect(url).toContain("sort=labels");
    const rows = await seen.rows();
    await using other = await Reader.start();
    const theirs = await other.open(url);
    expect(await theirs.rows()).toEqual(rows);
    expect(await theirs.page.inputValue("#search")).toBe('{env="staging",instance=~"host-0000.0.*"}');
    await seen.page.close();
  });

  test("typing makes no steps of the history, Enter and Next do, and Back brings the row and the place back", async () => {
    const seen = await reader.open(`${gateway.url}/?sort=labels`);
    const { page } = seen;
    const steps = () => page.evaluate("history.length");
    const before = Number(await steps());
    await page.type("#search", "billing", { delay: 5 });
    await seen.shows("of 100,000 groups");
    expect(await steps()).toBe(before);
    await page.press("#search", "Enter");
    await seen.holds(`history.length === ${before + 1}`);
    await page.click('a[rel="next"]');
    await seen.shows("51–100 of 6,250");
    const link = page.locator('a[data-row="40"]');
    await link.scrollIntoViewIfNeeded();
    const text = await link.textContent();
    await link.click();
    await page.waitForSelector("h1 bdi");
    expect(await page.locator("h1 bdi").textContent()).toBe("billing");
    await page.goBack();
    await seen.shows("51–100 of 6,250");
    await seen.holds('document.activeElement?.dataset.row === "40"');
    expect(await page.locator('a[data-row="40"]').textContent()).toBe(text);
    expect(Number(await page.evaluate("scrollY"))).toBeGreaterThan(0);
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("a job, an age and failures are chosen by a click, and undone by their chip", async () => {
    await fetch(`${gateway.url}/metrics${pathOf(3)}`, { method: "PUT", body: "a 1 1700000000000\n" });
    const seen = await reader.open(`${gateway.url}/`);
    const { page } = seen;
    await page.click('.rail a:has-text("cert-renew")');
    await page.waitForSelector(".chip:has-text('cert-renew')");
    await page.click('.ages a:has-text("failing")');
    await seen.hasRows(1);
    await seen.shows(/^failed /);
    await page.click('.chip:has-text("failing") a');
    await seen.hasRows(50);
    await page.waitForSelector(".chip:has-text('failing')", { state: "detached" });
    await page.click('.ages a:has-text("older")');
    await seen.shows("No group matches");
    await page.close();
  });

  test("what is wrong with a selector is said, and the list before it stays", async () => {
    const seen = await reader.open(`${gateway.url}/?q=billing`);
    await seen.page.fill("#search", '{job=~"backup.*"');
    await seen.shows("The search cannot be understood.");
    expect(await seen.page.locator(".banner").textContent()).toContain("at character 17");
    await seen.hasRows(50);
    expect((await seen.jobs())[0]).toBe("billing");
    await seen.page.close();
  });
});

const jobOf = (i: number): string => pathOf(i).split("/")[2] ?? "";
