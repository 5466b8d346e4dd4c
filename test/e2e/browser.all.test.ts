import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { eventually, firstAbsent, Gateway, programs, requirement } from "../program.ts";
import { BROWSER_FLAGS } from "../ui/stories/reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const FLAGS = ["--web.enable-admin-api", "--web.enable-lifecycle"];

/** What a hostile page can send without asking first: fetch, beacon, image, and forms of all encodings. */
const attackPage = (target: string): string => `<!DOCTYPE html><title>attack</title><body><script>
const url = ${JSON.stringify(target)};
const tries = [
  () => fetch(url + "/metrics/job/fetch", { method: "POST", mode: "no-cors", body: "stolen_fetch 1\\n" }),
  () => fetch(url + "/metrics/job/put", { method: "PUT", body: "stolen_put 1\\n" }),
  () => fetch(url + "/metrics/job/kept", { method: "DELETE" }),
  () => fetch(url + "/api/v1/admin/wipe", { method: "PUT" }),
  () => fetch(url + "/-/quit", { method: "POST", mode: "no-cors" }),
  () => navigator.sendBeacon(url + "/metrics/job/beacon", "stolen_beacon 1\\n"),
  () => new Promise((done) => { const image = new Image(); image.onload = image.onerror = done; image.src = url + "/api/v1/admin/wipe"; }),
  () => form("text/plain", "/metrics/job/form", "stolen_form 1\\n#", "#\\n"),
  () => form("application/x-www-form-urlencoded", "/-/quit", "a", "b"),
  () => form("multipart/form-data", "/metrics/job/multipart", "a", "b"),
];
function form(encoding, path, name, value) {
  const frame = document.createElement("iframe");
  const form = document.createElement("form");
  const field = document.createElement("textarea");
  frame.name = path;
  Object.assign(form, { method: "POST", action: url + path, enctype: encoding, target: path });
  Object.assign(field, { name, value });
  form.append(field);
  document.body.append(frame, form);
  return new Promise((done) => { frame.onload = done; form.submit(); setTimeout(done, 2000); });
}
(async () => {
  for (const attempt of tries) try { await attempt(); } catch {}
  try { document.title = "read " + (await (await fetch(url + "/metrics")).text()).length; } catch { document.title = "read nothing"; }
})();
</script>`;

describe.skipIf(skip)(`in Chromium${reason}`, () => {
  let folder = "";
  let browser: BrowserContext;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "browser-"));
    const executablePath = programs.need("chromium");
    browser = await chromium.launchPersistentContext(folder, { executablePath, headless: true, args: BROWSER_FLAGS });
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(url: string): Promise<{ page: Page; said: string[]; asked: string[] }> {
    const page = await browser.newPage();
    const said: string[] = [];
    const asked: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("dialog", (dialog) => said.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(url);
    return { page, said, asked };
  }

  /**
   * Opens the hostile page and waits until it is through. Another port is another origin; another host is another site.
   */
  async function attack(gateway: Gateway, host: string): Promise<string> {
    await fetch(`${gateway.url}/metrics/job/kept`, { method: "PUT", body: "kept 1\n" });
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(attackPage(gateway.url), { headers: { "content-type": "text/html" } }),
    });
    const { page } = await open(`http://${host}:${server.port}/`);
    await page.waitForFunction('document.title.startsWith("read")', null, { timeout: 30_000 });
    const title = await page.title();
    await page.close();
    return title;
  }

  test.each(["127.0.0.1", "localhost"])(
    "a page of another origin (%s) changes nothing and reads nothing",
    async (host) => {
      await using gateway = await Gateway.start(FLAGS);
      expect(await attack(gateway, host)).toBe("read nothing");
      expect(gateway.running).toBe(true);
      expect((await gateway.lines("{")).filter((line) => !line.startsWith("push_"))).toEqual([
        'kept{instance="",job="kept"} 1',
      ]);
      expect((await gateway.lines("job=")).filter((line) => !line.includes('job="kept"'))).toEqual([]);
    },
  );

  test("the same page does all of it where its origin is allowed: the attacks are real ones", async () => {
    await using gateway = await Gateway.start([
      "--web.enable-admin-api",
      "--web.cors.origin=http://127\\.0\\.0\\.1:\\d+",
    ]);
    expect(await attack(gateway, "127.0.0.1")).toMatch(/^read \d+/);
    expect(await gateway.lines("stolen_beacon{")).toEqual(['stolen_beacon{instance="",job="beacon"} 1']);
    // Forms end lines as Windows does, which no number survives: the push gets there, and is refused for what it holds.
    for (const job of ["form", "multipart"])
      expect(gateway.stderr).toMatch(new RegExp(`failed to parse push.*group="job=\\\\"${job}\\\\""`));
    expect(await gateway.lines("kept")).toEqual([]);
  });

  test("a page of our own origin may change things", async () => {
    await using gateway = await Gateway.start();
    await fetch(`${gateway.url}/metrics/job/j`, { method: "PUT", body: "gone 1\n" });
    const { page } = await open(`${gateway.url}/-/healthy`);
    expect(await page.evaluate('fetch("/metrics/job/j", { method: "DELETE" }).then((answer) => answer.status)')).toBe(
      202,
    );
    await eventually("the group is deleted", async () => (await gateway.lines("gone")).length === 0);
    await page.close();
  });
});
