import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Place, persistence } from "../../persist/place.ts";
import { eventually, firstAbsent, Gateway, requirement, run } from "../../program.ts";
import { fill } from "./filling.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium", "prlimit"));
/** So many that they take a while to be restored. */
const KEPT_GROUPS = 60_000;

/** Lets a server run for a tenth of the time, as on a machine that has much else to do, until it is ended. */
function slow(gateway: Gateway): Disposable {
  const timer = setInterval(() => {
    gateway.signal("SIGCONT");
    setTimeout(() => gateway.signal("SIGSTOP"), 10);
  }, 100);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      setTimeout(() => gateway.signal("SIGCONT"), 20);
    },
  };
}

describe.skipIf(skip)(`metrics that are kept in a file, in Chromium${reason}`, () => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
  });

  const put = (url: string, job: string, value: number) =>
    fetch(`${url}/metrics/job/${job}`, { method: "PUT", body: `a ${value}\n` });

  test("while they are restored the page says so, and how far that is; then it shows them by itself", async () => {
    using place = new Place();
    const flags = [persistence(place.file), "--persistence.sync=interval", "--persistence.interval=1h"];
    await using before = await Gateway.start(flags);
    await fill(before.port, KEPT_GROUPS);
    expect(await before.stop()).toBe(0);
    await using gateway = await Gateway.launch(flags, "", "http");
    const slowed = slow(gateway);
    await eventually("it restores", async () => (await fetch(`${gateway.url}/-/ready`)).status === 503);
    const seen = await reader.open(`${gateway.url}/`);
    await seen.shows("Not now.");
    await seen.shows(/Metrics are being restored\. [\d,]+ groups? so far\./);
    expect(await seen.page.locator("tbody a.group").count()).toBe(0);
    slowed[Symbol.dispose]();
    await seen.hasRows(50);
    await seen.shows("60,000");
    await seen.page.waitForSelector(".notices .banner", { state: "detached" });
    await seen.page.close();
  });

  test("when the file cannot be written the page says since when, and refuses nothing to read; when it can, that it can", async () => {
    using place = new Place();
    await using gateway = await Gateway.start([persistence(place.file)]);
    expect((await put(gateway.url, "before", 1)).status).toBe(200);
    const seen = await reader.open(`${gateway.url}/`);
    await seen.shows("Live");
    const limit = (sizeBytes: string) => run(["prlimit", `--pid=${gateway.pid}`, `--fsize=${sizeBytes}`]);
    expect((await limit("1:unlimited")).code).toBe(0);
    expect((await put(gateway.url, "before", 2)).status).toBe(503);
    await seen.shows("Pushes are refused: the persistence file cannot be written.");
    await seen.shows(/Since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\./);
    expect(await seen.page.locator(".banner").first().textContent()).toContain(place.file);
    await seen.page.click('nav a:has-text("Status")');
    await seen.shows("failing");
    await seen.page.click('nav a:has-text("Refused")');
    await seen.shows(/could not be made durable/);
    expect((await limit("unlimited")).code).toBe(0);
    await eventually("a push is kept", async () => (await put(gateway.url, "after", 3)).status === 200);
    await seen.page.click('nav a:has-text("Status")');
    await seen.page.waitForSelector('.pill:has-text("on disk")');
    await seen.page.waitForSelector(".notices .banner", { state: "detached" });
    await seen.page.close();
  });
});
