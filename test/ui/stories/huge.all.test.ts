import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { firstAbsent, Gateway, requirement } from "../../program.ts";
import { base64 } from "./filling.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
/** What a document may have: fifty rows have 1,500, a family of 2,000 series some 16,000. */
const MOST_ELEMENTS = 30_000;
const MOST_LIST_ELEMENTS = 12_000;
const UNSEEN = "\u0001\u202e\u200b\ufeff\u0000";

const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join("");

const GROUPS: readonly { what: string; body: string }[] = [
  { what: "3,000 families", body: lines(3000, (i) => `f${i} ${i}\n`) },
  { what: "20,000 series of one family", body: lines(20_000, (i) => `a{l="${i}"} ${i}\n`) },
  { what: "60 families of 1,000 series", body: lines(60, (n) => lines(1000, (i) => `f${n}{l="${i}"} ${i}\n`)) },
  {
    what: "300 labels of each series",
    body: lines(100, (n) => `a{n="${n}",${lines(300, (i) => `l${i}="${i}",`)}} 1\n`),
  },
  { what: "labels of unseen characters", body: lines(500, (n) => `a{n="${n}",l="${UNSEEN.repeat(200)}"} 1\n`) },
  { what: "a help text of unseen characters", body: `# HELP a ${UNSEEN.repeat(4000)}\n# TYPE a gauge\na 1\n` },
  {
    what: "40 families of histograms with 300 buckets",
    body: lines(
      40,
      (n) =>
        `# TYPE h${n} histogram\n${lines(20, (l) => `${lines(300, (i) => `h${n}_bucket{l="${l}",le="${i}"} ${i}\n`)}h${n}_bucket{l="${l}",le="+Inf"} 300\nh${n}_sum{l="${l}"} 1\nh${n}_count{l="${l}"} 300\n`)}`,
    ),
  },
];

const KEYS: readonly { what: string; path: (i: number) => string }[] = [
  { what: "jobs of 10,000 characters", path: (i) => `/job/${i}${"x".repeat(10_000)}` },
  { what: "jobs of unseen characters", path: (i) => `/job@base64/${base64(`${i}${UNSEEN.repeat(700)}`)}` },
  { what: "900 label pairs", path: (i) => `/job/${i}${lines(900, (n) => `/l${n}/v${n}`)}` },
];

describe.skipIf(skip)(`what very much or very odd data does to a document, in Chromium${reason}`, () => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
  });

  const IS_ANSWERED =
    'performance.getEntriesByType("resource").some(({ name, responseEnd }) => name.includes("groups/job/j") && responseEnd > 0)';
  const ELEMENTS = 'document.querySelectorAll("*").length';

  describe("one group", () => {
    test.each(GROUPS)(
      "stays small when the browser has asked for what it shows, and later pages, too: $what",
      async ({ body }) => {
        await using gateway = await Gateway.start();
        expect((await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body })).status).toBe(200);
        const seen = await reader.open(`${gateway.url}/group?path=/job/j`);
        const { page } = seen;
        await seen.shows("Live");
        await seen.holds(IS_ANSWERED);
        for (const tab of ["Exposition", "Metrics"]) {
          await page.click(`.tabs a:has-text("${tab}")`);
          await page.waitForSelector(`.tabs a[aria-current]:has-text("${tab}")`);
          expect(Number(await page.evaluate(ELEMENTS))).toBeLessThan(MOST_ELEMENTS);
        }
        const next = page.locator('main a[rel="next"]');
        if ((await next.count()) > 0) {
          await next.click();
          await seen.shows(/^Families \d/);
          expect(Number(await page.evaluate(ELEMENTS))).toBeLessThan(MOST_ELEMENTS);
        }
        expect(seen.said).toEqual([]);
        await page.close();
      },
    );
  });

  describe("the list", () => {
    test.each(KEYS)("stays small, and each of its rows is readable: 120 groups with $what", async ({ path }) => {
      await using gateway = await Gateway.start();
      for (let i = 0; i < 120; i++)
        expect((await fetch(`${gateway.url}/metrics${path(i)}`, { method: "PUT", body: "a 1\n" })).status).toBe(200);
      for (let i = 0; i < 50; i++)
        await (await fetch(`${gateway.url}/metrics${path(i)}`, { method: "PUT", body: "a 1 1\n" })).text();
      const seen = await reader.open(`${gateway.url}/?jobs=all`);
      await seen.shows("Live");
      await seen.hasRows(50);
      expect(Number(await seen.page.evaluate(ELEMENTS))).toBeLessThan(MOST_LIST_ELEMENTS);
      expect(Number(await seen.page.evaluate("document.documentElement.scrollWidth"))).toBeLessThanOrEqual(1440);
      await seen.page.click('a[rel="next"]');
      await seen.shows("51–100 of 120");
      await seen.page.click('nav a:has-text("Refused")');
      await seen.page.waitForSelector(".refusal");
      expect(Number(await seen.page.evaluate(ELEMENTS))).toBeLessThan(MOST_LIST_ELEMENTS);
      expect(seen.said).toEqual([]);
      await seen.page.close();
    });
  });

  test("without JavaScript the families of a huge group are read page by page", async () => {
    await using gateway = await Gateway.start();
    const body = lines(400, (i) => `f${String(i).padStart(3, "0")} ${i}\n`);
    await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body });
    await using plain = await Reader.start({ javaScriptEnabled: false });
    const { page } = await plain.open(`${gateway.url}/group?path=/job/j`, false);
    const shown: string[] = [];
    for (;;) {
      shown.push(...(await page.locator(".family h2 bdi").allTextContents()));
      if ((await page.locator('a[rel="next"]').count()) === 0) break;
      await page.click('a[rel="next"]');
    }
    expect(shown).toEqual(Array.from({ length: 400 }, (_, i) => `f${String(i).padStart(3, "0")}`));
    await page.click('a[rel="prev"]');
    expect(await page.locator(".listfoot").textContent()).toContain("of 402");
  });
});
