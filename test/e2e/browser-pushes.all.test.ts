import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually, firstAbsent, Gateway, requirement } from "../program.ts";
import { Reader } from "../ui/stories/reader.ts";

const { skip, reason } = requirement(firstAbsent("chromium"));
const FLAGS = [
  "--web.cors.origin=http://127\\.0\\.0\\.1:\\d+",
  "--web.enable-openmetrics",
  "--push.allow-no-job",
  "--push.aggregate-gauges=sum",
];

interface PageCase {
  readonly proves: string;
  /** What the page runs, with `gateway` the URL of the server; it comes to a text or a status. */
  readonly script: string;
  /** For a page that may push. */
  readonly answer: string | number;
  /** Samples that are there afterwards, of all that was pushed. */
  readonly stored: readonly string[];
}

const TEXT = '# HELP visits_total Visits.\\n# TYPE visits_total counter\\nvisits_total{page=\\"home\\"} 2\\n';
const OPENMETRICS = `"application/openmetrics-text; version=1.0.0; charset=utf-8"`;
const VISITS = 'visits_total{instance="",job="shop",page="home"} 2';
const status = (request: string): string => `(await fetch(gateway + ${request})).status`;

/** What a page sends that counts in the browser and pushes from there. */
const CASES: readonly PageCase[] = [
  {
    proves: "a POST of text needs no preflight",
    script: status(`"/metrics/job/shop", { method: "POST", body: "${TEXT}" }`),
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a POST that names the text format and its version",
    script: status(
      `"/metrics/job/shop", { method: "POST", body: "${TEXT}", headers: { "Content-Type": "text/plain; version=0.0.4" } }`,
    ),
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a POST of OpenMetrics passes its preflight",
    script: status(
      `"/metrics/job/shop", { method: "POST", body: "# TYPE visits counter\\nvisits_total{page=\\"home\\"} 2\\n# EOF\\n", headers: { "Content-Type": ${OPENMETRICS} } }`,
    ),
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a PUT passes its preflight",
    script: status(`"/metrics/job/shop", { method: "PUT", body: "${TEXT}" }`),
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a DELETE passes its preflight and removes the group",
    script: `await fetch(gateway + "/metrics/job/shop", { method: "PUT", body: "${TEXT}" });
      return ${status(`"/metrics/job/shop", { method: "DELETE" }`)}`,
    answer: 202,
    stored: [],
  },
  {
    proves: "pushes of many tabs at once, each a difference, come to the sum",
    script: `const pushes = Array.from({ length: 20 }, () =>
        fetch(gateway + "/metrics/job/shop?aggregate=sum", { method: "POST", body: "${TEXT}# TYPE cart gauge\\ncart 0.5\\n" }));
      return (await Promise.all(pushes)).map(({ status }) => status).join("").replace(/^(200)+$/, "all stored")`,
    answer: "all stored",
    stored: ['cart{instance="",job="shop"} 10', 'visits_total{instance="",job="shop",page="home"} 40'],
  },
  {
    proves: "a POST without a job, as prom-aggregation-gateway takes it",
    script: status(`"/metrics/", { method: "POST", body: "${TEXT}" }`),
    answer: 202,
    stored: ['visits_total{instance="",job="",page="home"} 2'],
  },
  {
    proves: "so to labels without a job, by PUT",
    script: status(`"/metrics/domain/a.example", { method: "PUT", body: "${TEXT}" }`),
    answer: 202,
    stored: ['visits_total{domain="a.example",instance="",job="",page="home"} 2'],
  },
  {
    proves: "a body that the page compressed, and a time to live in a header",
    script: `const zipped = new Response(new Blob(["${TEXT}"]).stream().pipeThrough(new CompressionStream("gzip")));
      const headers = { "Content-Encoding": "gzip", "Content-Type": "text/plain", "Pushgateway-TTL": "1h" };
      return ${status(`"/metrics/job/shop", { method: "POST", body: await zipped.arrayBuffer(), headers }`)}`,
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a form with a file",
    script: `const form = new FormData();
      form.set("metrics", new File(["${TEXT}"], "metrics.prom", { type: "text/plain" }));
      return ${status(`"/metrics/job/shop", { method: "POST", body: form }`)}`,
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "a request that outlives its page",
    script: status(`"/metrics/job/shop", { method: "POST", body: "${TEXT}", keepalive: true }`),
    answer: 200,
    stored: [VISITS],
  },
  {
    proves: "what a push is refused for can be read",
    script: `return (await fetch(gateway + "/metrics/job/shop", { method: "POST", body: "visits" })).text()`,
    answer: "text format parsing error in line 1: unexpected end of input stream\n",
    stored: [],
  },
  {
    proves: "the exposition can be read",
    script: `return (await (await fetch(gateway + "/metrics")).text()).includes("pushgateway_build_info") ? "read" : "empty"`,
    answer: "read",
    stored: [],
  },
  {
    proves: "the JSON API can be read",
    script: `return (await (await fetch(gateway + "/api/v1/metrics")).json()).status`,
    answer: "success",
    stored: [],
  },
];

/** What the page's script comes to, in words where it fails. */
const run = (gateway: Gateway, script: string): string => `(async () => {
  const gateway = ${JSON.stringify(gateway.url)};
  try { ${script.includes("return ") ? script : `return ${script}`} } catch (fault) { return String(fault); }
})()`;

async function pushed(gateway: Gateway): Promise<string[]> {
  return (await gateway.lines("job=")).filter((line) => !line.startsWith("push_")).sort();
}

describe.skipIf(skip)(`pages in Chromium that push${reason}`, () => {
  let reader: Reader;
  let shop: Bun.Server<undefined>;

  beforeAll(async () => {
    reader = await Reader.start();
    const headers = { "content-type": "text/html" };
    shop = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("<title>shop</title>", { headers }) });
  });
  afterAll(async () => {
    await reader?.[Symbol.asyncDispose]();
    await shop?.stop(true);
  });

  /** Runs a script on a page of the host. */
  async function onPage(host: string, gateway: Gateway, script: string): Promise<unknown> {
    const page = await reader.browser.newPage();
    try {
      await page.goto(`http://${host}:${shop.port}/`);
      return await page.evaluate(run(gateway, script));
    } finally {
      await page.close();
    }
  }

  test.each(CASES)("from an allowed origin: $proves", async ({ script, answer, stored }) => {
    await using gateway = await Gateway.start(FLAGS);
    expect(await onPage("127.0.0.1", gateway, script)).toBe(answer);
    expect(await pushed(gateway)).toEqual([...stored]);
  });

  test("from another origin none of it changes anything, and none of it can be read", async () => {
    await using gateway = await Gateway.start(FLAGS);
    await fetch(`${gateway.url}/metrics/job/shop`, { method: "PUT", body: "kept 1\n" });
    for (const { proves, script } of CASES)
      expect([proves, await onPage("localhost", gateway, script)]).toEqual([proves, "TypeError: Failed to fetch"]);
    expect(await pushed(gateway)).toEqual(['kept{instance="",job="shop"} 1']);
  });

  test("without --web.cors.origin only the JSON API can be read", async () => {
    await using gateway = await Gateway.start(FLAGS.slice(1));
    for (const { proves, script } of CASES) {
      const expected = proves.startsWith("the JSON API") ? "success" : "TypeError: Failed to fetch";
      expect([proves, await onPage("127.0.0.1", gateway, script)]).toEqual([proves, expected]);
    }
    expect(await pushed(gateway)).toEqual([]);
  });

  test("a beacon that is sent as a page is left is stored", async () => {
    await using gateway = await Gateway.start(FLAGS);
    const page = await reader.browser.newPage();
    await page.goto(`http://127.0.0.1:${shop.port}/`);
    const beacon = `navigator.sendBeacon(${JSON.stringify(gateway.url)} + "/metrics/job/shop?aggregate=sum", "${TEXT}")`;
    await page.evaluate(`addEventListener("pagehide", () => ${beacon})`);
    await page.goto("about:blank");
    await eventually("the beacon is stored", async () => (await pushed(gateway)).join() === VISITS);
    await page.close();
  });
});
