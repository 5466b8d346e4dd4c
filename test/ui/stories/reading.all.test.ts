import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { delimited, double, integer, PROTOBUF_TYPE, part, signed } from "../../e2e/protobuf.ts";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { base64, EXAMPLE_PATH, pushExamples } from "./filling.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const HOSTILE = `"><script>document.title="hacked"</script><img src=http://127.0.0.1:1/x onerror=alert(1)>'\`$(x)\u202e`;

/** Four buckets of schema 0 above one, and one around zero. */
const NATIVE = delimited(
  part(1, "native_seconds"),
  integer(3, 4),
  part(
    4,
    part(
      7,
      ...[integer(1, 20), double(2, 90), signed(5, 0), double(6, 0.001), integer(7, 2)],
      part(12, signed(1, 1), integer(2, 4)),
      ...[3, 2, -1, 2].map((delta) => signed(13, delta)),
    ),
  ),
);

/** A request that is none, to its answer. */
async function sendBroken(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.end("no request\r\n\r\n");
  for await (const _ of socket);
}

describe.skipIf(skip)(`reading, in Chromium${reason}`, () => {
  let gateway: Gateway;
  let reader: Reader;

  beforeAll(async () => {
    gateway = await Gateway.start(["--push.enable-utf8-names"]);
    await pushExamples(gateway.url);
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
  });

  const push = (path: string, body: string) => fetch(`${gateway.url}/metrics${path}`, { method: "PUT", body });

  test("a push that fails is seen with its reason and its client, and leads to its group", async () => {
    const seen = await reader.open(`${gateway.url}/refused`);
    const { page } = seen;
    await seen.shows("is not a GAUGE");
    expect(await page.locator(".refusal").count()).toBe(3);
    expect(await page.locator('.refusal:has-text("dr-sync") .count').textContent()).toBe("×3");
    expect(await page.locator('.refusal:has-text("dr-sync") .who').textContent()).toBe("PUT · 127.0.0.1");
    expect(await page.locator('.refusal:has-text("powershell") .hint').textContent()).toContain("disk free 12");
    await push("/job/new/instance/x", "{ 1\n");
    await seen.shows("new");
    await page.click('.kinds a:has-text("Inconsistent")');
    await seen.holds('document.querySelectorAll(".refusal").length === 2');
    await page.click('.refusal a:has-text("dr-sync")');
    await seen.shows(/The last push was refused/);
    expect(await page.locator(".banner").textContent()).toContain("Sent by 127.0.0.1 with PUT, 49 bytes.");
    await seen.shows("−16.2 MiB");
    await page.click('.banner a:has-text("etl-orders")');
    await seen.shows("etl_batch_duration_seconds");
    expect(seen.said).toEqual([]);
    await page.close();
  });

  test("what is refused without being a push shows up by itself, and is counted", async () => {
    const seen = await reader.open(`${gateway.url}/refused`);
    await seen.shows("Live");
    const entries = await seen.page.locator(".refusal").count();
    await sendBroken(gateway.port);
    await seen.holds(`document.querySelectorAll(".refusal").length === ${entries + 1}`);
    await seen.shows("a request that could not be read");
    const { data } = JSON.parse(await (await fetch(`${gateway.url}/api/v1/refused`)).text());
    expect(await seen.page.locator(".nav .count.bad").textContent()).toBe(String(data.total));
    await seen.page.close();
  });

  test("a group is shown with its values, its histogram, its exposition, and lines to push to it", async () => {
    const seen = await reader.open(`${gateway.url}/group?path=${EXAMPLE_PATH}`);
    const { page } = seen;
    await seen.shows("1 min 33.5 s");
    expect(await page.locator("rect.b").count()).toBe(12);
    expect(await page.locator(".stats").first().textContent()).toContain("p50 ≈106 ms");
    await page.click('.tabs a:has-text("Exposition")');
    await seen.shows("As Prometheus scrapes it");
    const shown = await page.locator(".text pre").textContent();
    const scraped = await fetch(`${gateway.url}/api/v1/groups${EXAMPLE_PATH}`, { headers: { accept: "text/plain" } });
    expect(shown).toBe(await scraped.text());
    await page.click('.tabs a:has-text("Push")');
    await seen.shows(`curl -X DELETE '${gateway.url}/metrics${EXAMPLE_PATH}'`);
    await page.close();
  });

  test("a native histogram is drawn with its buckets and the one around zero", async () => {
    const headers = { "content-type": PROTOBUF_TYPE };
    const pushed = await fetch(`${gateway.url}/metrics/job/native`, { method: "PUT", body: NATIVE, headers });
    expect(pushed.status).toBe(200);
    const seen = await reader.open(`${gateway.url}/group?path=/job/native`);
    await seen.shows("native histogram");
    expect(await seen.page.locator("rect.b").count()).toBe(4);
    expect(await seen.page.locator("rect.z").count()).toBe(1);
    expect(await seen.page.locator(".stats").textContent()).toContain("schema0 (×2.00)");
    await seen.page.close();
  });

  test("values change on the page by themselves, and not while it is paused", async () => {
    await push("/job/live", "some_value 1\n");
    const seen = await reader.open(`${gateway.url}/group?path=/job/live`);
    const value = () => seen.page.locator(".value b").textContent();
    await seen.shows("Live");
    await push("/job/live", "some_value 2\n");
    await eventually("the new value is shown", async () => (await value()) === "2");
    await seen.page.keyboard.press("p");
    await seen.shows("Paused");
    const other = await reader.open(`${gateway.url}/`);
    await other.shows("Live");
    await push("/job/live", "some_value 4\n");
    await eventually("a page that is live shows it", async () => (await other.jobs())[0] === "live");
    await other.page.close();
    expect(await value()).toBe("2");
    await seen.page.keyboard.press("p");
    await eventually("the newest value is shown", async () => (await value()) === "4");
    await seen.page.close();
  });

  test("a group that is deleted while it is looked at says so", async () => {
    await push("/job/short", "a 1\n");
    const seen = await reader.open(`${gateway.url}/group?path=/job/short`);
    await seen.shows("Live");
    await fetch(`${gateway.url}/metrics/job/short`, { method: "DELETE" });
    await seen.shows("This group was deleted.");
    await seen.page.close();
  });

  test("rows do not move under the pointer; newer groups are counted, and shown when they are asked for", async () => {
    const seen = await reader.open(`${gateway.url}/`);
    const first = (await seen.rows())[0];
    await seen.page.hover("tbody tr:first-child");
    await push("/job/newcomer", "a 1\n");
    await seen.shows("1 newer, show");
    expect((await seen.rows())[0]).toBe(first);
    await seen.page.click('button:has-text("1 newer, show")');
    await eventually("it comes first", async () => (await seen.jobs())[0] === "newcomer");
    await seen.page.close();
  });

  test("hostile texts show as text: nothing runs, nothing is asked elsewhere, no rule is violated", async () => {
    const quoted = JSON.stringify(HOSTILE);
    const body = `# HELP ${quoted} ${HOSTILE}\n# TYPE ${quoted} gauge\n{${quoted},l=${quoted},${quoted}="v"} 1\n# HELP b ${HOSTILE}\nb 1\n`;
    const path = `/job@base64/${base64(HOSTILE)}`;
    expect((await push(path, body)).status).toBe(200);
    expect((await push(`${path}/huge/${"y".repeat(6000)}`, `# HELP c ${"x".repeat(60_000)}\nc 1\n`)).status).toBe(200);
    expect((await push(`${path}/bad/x`, `${HOSTILE}\n`)).status).toBe(400);
    const views = [
      "/",
      `/?q=${encodeURIComponent(HOSTILE)}`,
      `/group?path=${path}`,
      `/group?path=${path}&tab=exposition`,
    ];
    for (const view of [...views, `/group?path=${path}&tab=push`, "/refused", "/status?flags=all"]) {
      const seen = await reader.open(gateway.url + view);
      expect(await seen.page.title()).toEndWith(" · Pushgateway");
      expect(await seen.page.locator("main script, main img, main iframe").count()).toBe(0);
      if (view !== "/status?flags=all")
        expect(await seen.page.textContent("main")).toContain('<script>document.title="hacked"');
      expect(seen.said).toEqual([]);
      expect(seen.asked.filter((url) => !url.startsWith(gateway.url))).toEqual([]);
      await seen.page.close();
    }
  });

  test("without JavaScript groups are searched, turned over and read", async () => {
    await using plain = await Reader.start({ javaScriptEnabled: false });
    const { page } = await plain.open(`${gateway.url}/`, false);
    expect(await page.isVisible('button[aria-label="Pause live updates"]')).toBe(false);
    expect(await page.isVisible("tbody input")).toBe(false);
    await page.click('a[rel="next"]');
    expect(await page.locator(".listfoot").textContent()).toContain("51–");
    await page.fill("#search", "airflow-worker-3");
    await page.press("#search", "Enter");
    await page.click("tbody a.group");
    expect(await page.textContent("h1")).toContain("etl-orders");
    expect(await page.locator("rect.b").count()).toBe(12);
    await page.click('nav a:has-text("Refused")');
    expect(await page.textContent("main")).toContain("is not a GAUGE");
    await page.click('nav a:has-text("Status")');
    expect(await page.textContent("main")).toContain("Version");
  });
});

describe.skipIf(skip)(`a server that comes and goes, in Chromium${reason}`, () => {
  test("rows stay while it is gone, and that is said; when it is back the page goes on by itself", async () => {
    await using reader = await Reader.start();
    const gateway = await Gateway.start();
    await fetch(`${gateway.url}/metrics/job/before`, { method: "PUT", body: "a 1\n" });
    const seen = await reader.open(`${gateway.url}/`);
    await seen.shows("Live");
    await gateway.stop();
    await seen.shows("Offline");
    await seen.shows(/^No answer since/);
    expect(await seen.jobs()).toEqual(["before"]);
    const again = [`--web.listen-address=127.0.0.1:${gateway.port}`];
    await using _second = await Gateway.start(again);
    await fetch(`${gateway.url}/metrics/job/after`, { method: "PUT", body: "a 1\n" });
    await seen.shows("Live");
    await eventually("the new group is shown", async () => (await seen.jobs()).join() === "after");
  });
});
