import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { eventually, firstAbsent, Gateway, requirement } from "../../program.ts";
import { scratchFolder } from "../../scratch.ts";
import { proxyTo } from "./proxy.ts";
import { Reader } from "./reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));

describe.skipIf(skip)(`what the reader must know, in Chromium${reason}`, () => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await Reader.start();
  });

  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
  });

  const put = (url: string, job: string) => fetch(`${url}/metrics/job/${job}`, { method: "PUT", body: "a 1\n" });

  test.each([
    { status: 401, words: "The server asks for a password.", goesOn: false },
    { status: 403, words: "You may not see this.", goesOn: false },
    { status: 503, words: "Not now.", goesOn: true },
  ])("answers with $status after the page was loaded are told, and rows stay", async ({ status, words, goesOn }) => {
    await using gateway = await Gateway.start();
    await put(gateway.url, "before");
    let isRefused = false;
    using proxy = proxyTo(gateway.url, "", () => (isRefused ? new Response("told by the proxy\n", { status }) : null));
    const seen = await reader.open(`http://127.0.0.1:${proxy.port}/`);
    await seen.shows("Live");
    isRefused = true;
    await put(gateway.url, "after");
    await seen.shows(words);
    await seen.shows("told by the proxy");
    expect(await seen.jobs()).toEqual(["before"]);
    expect(await seen.page.locator('a:has-text("Load the page again")').count()).toBe(status === 401 ? 1 : 0);
    isRefused = false;
    if (!goesOn) await seen.page.reload();
    await eventually("the new group is shown", async () => (await seen.jobs()).join() === "after,before");
    expect(await seen.page.getByText(words).count()).toBe(0);
    await seen.page.close();
  });

  test("a limit that was reached is named", async () => {
    await using gateway = await Gateway.start(["--store.max-groups=1"]);
    await put(gateway.url, "one");
    expect((await put(gateway.url, "another")).status).toBe(507);
    const seen = await reader.open(`${gateway.url}/`);
    await seen.shows("A limit was reached.");
    await seen.shows("--store.max-groups");
    await seen.page.close();
  });

  test("where no persistence file can be made, it is said that pushes are not durable, and why", async () => {
    const file = join(scratchFolder(), "absent", "metrics.db");
    await using gateway = await Gateway.start([`--persistence.file=${file}`]);
    const seen = await reader.open(`${gateway.url}/`);
    await seen.shows("Pushes are not durable: the persistence file cannot be made.");
    expect(await seen.page.locator(".banner").textContent()).toContain(file);
    await seen.page.close();
  });
});
