import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstAbsent, Gateway, requirement } from "../../program.ts";
import { scratchFolder } from "../../scratch.ts";
import { faultsOf } from "./faults.ts";
import { EXAMPLE_PATH, pushExamples } from "./filling.ts";
import { Reader, type Seen } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
/** Where pictures are kept; without the variable they are only made. */
const SCREENSHOTS = process.env.KEEP_SCREENSHOTS
  ? join(import.meta.dir, "../../../deploy/screenshots")
  : scratchFolder();

interface View {
  readonly name: string;
  readonly path: string;
  readonly open?: (seen: Seen) => Promise<void>;
}

/** What an operator comes to, by the name of its picture. */
const VIEWS: readonly View[] = [
  { name: "groups", path: "/" },
  { name: "search", path: `/?q=${encodeURIComponent('{job=~"backup.*"}')}`, open: selectTwo },
  { name: "group", path: `/group?path=${EXAMPLE_PATH}` },
  { name: "exposition", path: `/group?path=${EXAMPLE_PATH}&tab=exposition` },
  { name: "push", path: `/group?path=${EXAMPLE_PATH}&tab=push` },
  { name: "group-failing", path: "/group?path=/job/dr-sync/instance/site-b" },
  { name: "refused", path: "/refused" },
  { name: "status", path: "/status" },
  { name: "flags", path: "/status?flags=all" },
  { name: "nothing", path: "/?q=backpu" },
  { name: "wrong", path: `/?q=${encodeURIComponent('{job="a"')}` },
  { name: "absent", path: "/group?path=/job/nobody" },
  { name: "delete", path: `/?q=${encodeURIComponent('{job=~"backup.*"}')}`, open: askToDelete },
  {
    name: "help",
    path: "/",
    open: (seen) => seen.page.keyboard.press("?").then(() => seen.shows("honor_labels: true")),
  },
];
/** Views of which pictures are kept: in light, in dark, and on a phone; others in light. */
const KEPT = ["groups", "group", "refused", "status"];
const KEPT_IN_LIGHT = ["search", "delete", "group-failing"];

/** Teams that share a gateway, of whom one has the longest name that there may be. */
const QUOTAS = `principals:
  - name: team-a
    rights: {push: ['{team="a"}']}
    limits: {groups: 3, series: 1000, size: 1MiB}
  - name: ${"team-b".padEnd(64, ".")}
    rights: {push: ['{team="b"}']}
    limits: {series: 10}
anonymous:
  health: true
  rights: {push: ['{}'], read: ['{}'], scrape: ['{}']}
  limits: {size: 64MiB}
`;

const SIZES = {
  wide: { width: 1440, height: 900 },
  tablet: { width: 900, height: 900 },
  phone: { width: 390, height: 844 },
  small: { width: 320, height: 640 },
} as const;

async function selectTwo({ page }: Seen): Promise<void> {
  await page.check("tbody tr:nth-child(2) input");
  await page.check("tbody tr:nth-child(3) input");
}

async function askToDelete(seen: Seen): Promise<void> {
  await seen.page.click('button:has-text("Delete these")');
  await seen.shows("Their metrics are gone from the next scrape on.");
}

describe.skipIf(skip)(`how the page looks, in Chromium${reason}`, () => {
  let gateway: Gateway;
  let reader: Reader;

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const file = join(scratchFolder(), "metrics.db");
    gateway = await Gateway.start(["--web.enable-admin-api", `--persistence.file=${file}`]);
    await pushExamples(gateway.url);
    await gateway.scrape();
    // A policy that allows what the checks bring along; that nothing else is against it other tests see.
    reader = await Reader.start({ bypassCSP: true, deviceScaleFactor: 1 });
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  describe.each([
    { colors: "light", size: "wide" },
    { colors: "dark", size: "wide" },
    { colors: "light", size: "tablet" },
    { colors: "light", size: "phone" },
    { colors: "dark", size: "small" },
  ] as const)("$colors, $size", ({ colors, size }) => {
    test.each(VIEWS)("everybody can use it, and nothing reaches out of it: $name", async ({ name, path, open }) => {
      const seen = await reader.open(gateway.url + path);
      await seen.page.setViewportSize(SIZES[size]);
      await seen.page.emulateMedia({ colorScheme: colors, reducedMotion: "reduce" });
      await open?.(seen);
      expect(await faultsOf(seen.page)).toEqual([]);
      expect(await seen.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SIZES[size].width);
      const isKept = KEPT.includes(name) && (size === "wide" || (size === "phone" && colors === "light"));
      if (isKept || (KEPT_IN_LIGHT.includes(name) && size === "wide" && colors === "light")) {
        const picture = `${name}-${size === "phone" ? "phone" : colors}.png`;
        await seen.page.screenshot({ path: join(SCREENSHOTS, picture) });
      }
      await seen.page.close();
    });
  });

  test("everybody can use it where nothing was pushed yet", async () => {
    await using empty = await Gateway.start();
    const seen = await reader.open(`${empty.url}/`);
    await seen.shows("Nothing has been pushed yet");
    for (const colorScheme of ["dark", "light"] as const) {
      await seen.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await faultsOf(seen.page)).toEqual([]);
    }
    await seen.page.screenshot({ path: join(SCREENSHOTS, "empty-light.png") });
    await seen.page.close();
  });

  test("everybody can read how much of their quotas principals have used", async () => {
    const file = join(scratchFolder(), "access.yml");
    writeFileSync(file, QUOTAS);
    await using limited = await Gateway.start([`--web.access-file=${file}`]);
    for (const [team, job] of ["a-1", "a-2", "a-3", "b-1"].map((text) => text.split("-")))
      await fetch(`${limited.url}/metrics/job/${job}/team/${team}`, { method: "PUT", body: "m 1\n" });
    const seen = await reader.open(`${limited.url}/status`);
    await seen.shows("Of each the limit that it is nearest to.");
    await seen.shows("3 of 3 groups");
    for (const [colorScheme, size] of [
      ["light", "wide"],
      ["dark", "phone"],
    ] as const) {
      await seen.page.setViewportSize(SIZES[size]);
      await seen.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      expect(await faultsOf(seen.page)).toEqual([]);
      expect(await seen.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SIZES[size].width);
      const reachingOut = '[...document.querySelectorAll(".card")].filter((one) => one.scrollWidth > one.clientWidth)';
      expect(await seen.page.evaluate(`${reachingOut}.length`)).toBe(0);
    }
    await seen.page.close();
  });

  test("with forced colors ages and histograms can still be told apart", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    await seen.page.emulateMedia({ forcedColors: "active" });
    const color = await seen.page.evaluate(
      'getComputedStyle(document.querySelector("tbody .sq")).backgroundColor !== getComputedStyle(document.body).backgroundColor',
    );
    expect(color).toBe(true);
    await seen.page.close();
  });

  test("with reduced motion nothing moves by itself", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    await seen.page.emulateMedia({ reducedMotion: "reduce" });
    expect(
      await seen.page.evaluate('document.getAnimations().filter((one) => one.playState === "running").length'),
    ).toBe(0);
    await seen.page.close();
  });

  test("the theme is changed by a button, and is there from the first paint of the next document on", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    const theme = () => seen.page.evaluate('document.documentElement.dataset.theme ?? "system"');
    await seen.page.click('button[aria-label="Theme"]');
    expect(await theme()).toBe("light");
    await seen.page.click('button[aria-label="Theme"]');
    expect(await theme()).toBe("dark");
    const html = await (await seen.page.goto(`${gateway.url}/status`))?.text();
    expect(html).toContain('<html lang="en" data-theme="dark">');
    await seen.takenOver();
    await seen.page.click('button[aria-label="Theme"]');
    expect(await theme()).toBe("system");
    await seen.page.close();
  });
});
