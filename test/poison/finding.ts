import { ask, createTestApp, type TestApp } from "../app.ts";
import type { Push } from "./pushes.ts";
import { type Scraper, scrapeFault } from "./strict-scraper.ts";

/** Scrapers that take no native histograms, and that do. */
const NATIVE_HISTOGRAMS = [false, true];

const PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const TEXT = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5";
const ESCAPINGS = ["", "underscores", "dots", "values", "allow-utf-8"];

/** What every Prometheus tells with a scrape. */
const OF_PROMETHEUS = { "x-prometheus-scrape-timeout-seconds": "10" };

interface Asked {
  readonly accept: string;
  readonly scrapers: readonly Scraper[];
}

/** Every way to ask, with who asks so. */
const ACCEPTS = ESCAPINGS.flatMap((escaping): Asked[] => {
  const parameter = escaping === "" ? "" : `;escaping=${escaping}`;
  // Who has names escaped may know the old character set only; to whom all are known, those are as well.
  const utf8Names = escaping === "allow-utf-8";
  const native = NATIVE_HISTOGRAMS.map((nativeHistograms) => ({ utf8Names, nativeHistograms }));
  return [
    { accept: PROTOBUF + parameter, scrapers: native },
    { accept: TEXT.replaceAll(";q", `${parameter};q`), scrapers: [{ utf8Names, nativeHistograms: false }] },
  ];
});

/** Why some scraper fails, with what it asked for. */
async function scrapeFaults({ app }: TestApp, asking: readonly Asked[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { accept, scrapers } of asking) {
    const answer = await ask(app, "GET", "/metrics", { headers: { accept, ...OF_PROMETHEUS } });
    const body = await answer.bytes();
    for (const scraper of scrapers) {
      const fault = scrapeFault(body, answer.headers.get("content-type") ?? "", scraper);
      if (fault !== null) faults.push(`${accept} ${JSON.stringify(scraper)}: ${fault}`);
    }
  }
  return faults;
}

const apps = new Map<boolean, TestApp>();

/** Pushes to an empty server. Gives the status and what scrapers say of it afterwards. */
export async function outcome({
  method,
  path,
  headers,
  body,
  utf8Names,
}: Push): Promise<{ status: number; faults: string[] }> {
  const server = apps.get(utf8Names) ?? createTestApp(...(utf8Names ? ["--push.enable-utf8-names"] : []));
  apps.set(utf8Names, server);
  server.store.wipe();
  server.logged.length = 0;
  const init = { headers: { ...headers }, body: body as Uint8Array<ArrayBuffer> };
  const { status } = await ask(server.app, method, `/metrics${path}`, init);
  // Of a push that is refused nothing is kept but that it was.
  return { status, faults: await scrapeFaults(server, status === 200 ? ACCEPTS : ACCEPTS.slice(0, 2)) };
}

/** Of pushes, each to an empty server: how many are taken, and those after which a scraper fails. */
export async function findPoison(pushes: readonly Push[]): Promise<{ taken: number; poison: string[] }> {
  let taken = 0;
  const poison: string[] = [];
  for (const push of pushes) {
    const { status, faults } = await outcome(push);
    if (status === 200) taken++;
    if (faults.length > 0) poison.push(`${push.what} -> ${status}: ${faults.join("; ")}`);
  }
  return { taken, poison };
}
