import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { Dice } from "../fuzz/dice.ts";
import { mutate } from "../fuzz/mutate.ts";
import { encoded } from "../fuzz/seeds.ts";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { firstAbsent, programs, requirement } from "../program.ts";
import { type Exposition, HAND_WRITTEN } from "./expositions.ts";
import { corpusPushes, grammarPushes, type Push, poisonPushes, recordedPushes } from "./pushes.ts";
import { PROMETHEUS_2_JOBS, PROMETHEUS_3_JOBS, scrapeReally, type Verdict } from "./real-scrapers.ts";
import { type Scraper, scrapeFault } from "./strict-scraper.ts";

setDefaultTimeout(600_000);

const NATIVE = "--enable-feature=native-histograms";
const isLong = Boolean(process.env.CI);
const seed = Date.now() % 1_000_000;

const PROGRAMS = [
  { what: "Prometheus 3", absent: firstAbsentNewer("PROMETHEUS_3"), jobs: PROMETHEUS_3_JOBS, flags: [] },
  {
    what: "Prometheus 3 with native histograms",
    absent: firstAbsentNewer("PROMETHEUS_3"),
    jobs: PROMETHEUS_3_JOBS,
    flags: [NATIVE],
  },
  { what: "Debian's Prometheus", absent: firstAbsent("prometheus"), jobs: PROMETHEUS_2_JOBS, flags: [] },
  {
    what: "Debian's Prometheus with native histograms",
    absent: firstAbsent("prometheus"),
    jobs: PROMETHEUS_2_JOBS,
    flags: [NATIVE],
  },
];

const OFFERS = [
  { from: "who offers no OpenMetrics", offers: [] },
  { from: "who offers OpenMetrics", offers: ["--web.enable-openmetrics"] },
];

interface Batch {
  readonly server: TestApp;
  readonly taken: Push[];
}

/** Servers that have taken as many of the pushes as go together, each push in a group of its own. */
async function fill(pushes: readonly Push[], offers: readonly string[]): Promise<Batch[]> {
  const batches: Batch[] = [];
  const most = Math.ceil(pushes.length / 4);
  for (let rest = pushes; rest.length > 0 && batches.length < 8; ) {
    const server = createTestApp("--push.enable-utf8-names", ...offers);
    const taken: Push[] = [];
    const refused: Push[] = [];
    for (const [i, push] of rest.entries()) {
      if (taken.length === most) refused.push(push);
      else (await isTaken(server, push, i)) ? taken.push(push) : refused.push(push);
    }
    if (taken.length === 0) break;
    batches.push({ server, taken });
    rest = refused;
  }
  return batches;
}

async function isTaken({ app }: TestApp, { method, path, headers, body }: Push, i: number): Promise<boolean> {
  const init = { headers: { ...headers }, body: body as Uint8Array<ArrayBuffer> };
  return (await ask(app, method, `/metrics${path.replace(/\/$/, "")}/batch/${i}`, init)).status === 200;
}

function serve(servers: readonly TestApp[]) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const server = servers[Number(new URL(request.url).pathname.slice(1))];
      return server === undefined ? new Response(null, { status: 404 }) : ask(server.app, "GET", "/metrics", request);
    },
  });
}

/** What scrapers say against the servers, which are named by their places. */
async function complaints(servers: readonly TestApp[], by: (typeof PROGRAMS)[number]): Promise<Verdict[]> {
  await using server = serve(servers);
  const program = by.what.startsWith("Debian") ? programs.need("prometheus") : newerPrograms.need("PROMETHEUS_3");
  const paths = servers.map((_, i) => `/${i}`);
  const { flags, jobs } = by;
  const verdicts = await scrapeReally({ program, flags, jobs, port: server.port ?? 0, paths, scrapesASecond: 20 });
  expect(verdicts).toHaveLength(jobs.length * servers.length);
  return verdicts.filter(({ error }) => error !== "");
}

describe.each(PROGRAMS)("$what", (by) => {
  const { skip, reason } = requirement(by.absent);

  test.skipIf(skip).each(OFFERS)(
    `scrapes whatever was pushed, in every way it knows, from $from${reason}`,
    async ({ offers }) => {
      const grammar = grammarPushes(seed, isLong ? 0.1 : 0.03);
      const pushes = [...poisonPushes(), ...recordedPushes(), ...grammar, ...corpusPushes(seed, isLong ? 150 : 30)];
      const batches = await fill(pushes, offers);
      expect(batches.flatMap(({ taken }) => taken).length).toBeGreaterThan(500);
      const servers = batches.map(({ server }) => server);
      const said = await complaints(servers, by);
      const [first] = said;
      if (first !== undefined)
        throw new Error(`${first.job}: ${first.error}: ${await culprits(batches, first, by, offers)}`);
    },
  );
});

/** Which pushes of the batch that a verdict is about are to blame for it: each is asked about alone. */
async function culprits(
  batches: readonly Batch[],
  verdict: Verdict,
  by: (typeof PROGRAMS)[number],
  offers: readonly string[],
): Promise<string> {
  const pushes = batches[Number(verdict.path.slice(1))]?.taken ?? [];
  const alone = (await Promise.all(pushes.map((push) => fill([push], offers)))).flat();
  const jobs = by.jobs.filter(({ name }) => name === verdict.job);
  const said = await complaints(
    alone.map(({ server }) => server),
    { ...by, jobs },
  );
  const found = said.map(({ path, error }) => `${alone[Number(path.slice(1))]?.taken[0]?.what}: ${error}`);
  return `seed ${seed}, of ${pushes.length} pushes\n${found.join("\n")}`;
}

const { skip, reason } = requirement(firstAbsentNewer("PROMETHEUS_3"));

describe.skipIf(skip)(`the strict scraper of these tests${reason}`, () => {
  const SCRAPERS: readonly { scraper: Scraper; flags: string[]; names: string }[] = [
    { scraper: { utf8Names: true, nativeHistograms: true }, flags: [NATIVE], names: "utf8" },
    { scraper: { utf8Names: false, nativeHistograms: false, passesOverNative: true }, flags: [], names: "legacy" },
  ];

  test.each(SCRAPERS)("fails where Prometheus 3 does: $scraper", async ({ scraper, flags, names }) => {
    const expositions = [...HAND_WRITTEN, ...(await brokenExpositions(isLong ? 1000 : 200))].filter(
      // Prometheus 3.5 ends by these.
      ({ body, type }) => !scrapeFault(body, type, { utf8Names: true, nativeHistograms: true })?.includes("spans need"),
    );
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) => {
        const found = expositions[Number(new URL(url).pathname.slice(1))];
        return new Response(found?.body.slice() ?? null, { headers: { "content-type": found?.type ?? "" } });
      },
    });
    const scrape = {
      metric_name_validation_scheme: names,
      metric_name_escaping_scheme: names === "utf8" ? "allow-utf-8" : "underscores",
      honor_labels: true,
    };
    const verdicts = await scrapeReally({
      program: newerPrograms.need("PROMETHEUS_3"),
      flags,
      jobs: [{ name: "judged", scrape }],
      port: server.port ?? 0,
      paths: expositions.map((_, i) => `/${i}`),
      scrapesASecond: 150,
    });
    const differing = verdicts.flatMap(({ path, error }) => {
      const { body, type, what } = expositions[Number(path.slice(1))] as Exposition;
      const fault = scrapeFault(body, type, scraper);
      if ((fault === null) === (error === "")) return [];
      return [{ what, prometheus: error, strict: fault, body: Buffer.from(body).toString("latin1").slice(-300) }];
    });
    expect(differing).toEqual([]);
    expect(verdicts.filter(({ error }) => error !== "").length).toBeGreaterThan(verdicts.length / 10);
    expect(verdicts.filter(({ error }) => error === "").length).toBeGreaterThan(verdicts.length / 10);
  });
});

/** Expositions of what was pushed, changed in a few places. */
async function brokenExpositions(count: number): Promise<Exposition[]> {
  const dice = new Dice(seed);
  const words = encoded([
    "le",
    "quantile",
    "__name__",
    "# HELP a ",
    "# TYPE a ",
    '"a.b"',
    '{"',
    '",',
    "} 1\n",
    "\xff",
    "\0",
  ]);
  const corpora = new Map<string, Uint8Array[]>();
  for (const { server } of await Promise.all(
    grammarPushes(seed, 0).map(async (push) => (await fill([push], []))[0] ?? []),
  ).then((batches) => batches.flatMap((batch) => ("server" in batch ? [batch] : []))))
    for (const accept of ["text/plain;escaping=allow-utf-8", PROTOBUF]) {
      const answer = await ask(server.app, "GET", "/metrics", { headers: { accept } });
      const type = answer.headers.get("content-type") ?? "";
      const pushed = withoutOwn(await answer.bytes(), type);
      corpora.set(type, [...(corpora.get(type) ?? []), pushed]);
    }
  return Array.from({ length: count }, (_, i): Exposition => {
    const [type, corpus] = dice.pick([...corpora]);
    return { what: `changed ${i} of seed ${seed}`, type, body: mutate({ dice, corpus, words, maxBytes: 8192 }) };
  });
}

const PROTOBUF =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8";

/** What was pushed only: the families of ours would be all that is ever changed. */
function withoutOwn(body: Uint8Array, type: string): Uint8Array {
  const text = Buffer.from(body).toString("latin1");
  const own = type.startsWith("text")
    ? text.indexOf("# HELP pushgateway_")
    : text.indexOf("pushgateway_build_info") - 4;
  return own > 0 ? body.slice(0, own) : body;
}
