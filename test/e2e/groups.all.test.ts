import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { kill, Place, persistence } from "../persist/place.ts";
import { eventually, firstAbsent, Gateway, programs, requirement, run } from "../program.ts";
import { Prometheus } from "../prometheus.ts";

setDefaultTimeout(120_000);

const GROUPS = 250;

/** Asks with curl; the status, and the body. */
async function curl(gateway: Gateway, path: string, ...words: string[]): Promise<{ status: number; body: string }> {
  const asked = [programs.need("curl"), "-sS", "-g", "-w", "\n%{http_code}", ...words, `${gateway.url}${path}`];
  const { code, stdout, stderr } = await run(asked);
  if (code !== 0) throw new Error(`asking ${path}: ${stderr}`);
  const end = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

const get = (gateway: Gateway, path: string, parameters: Readonly<Record<string, string>>) =>
  curl(
    gateway,
    path,
    "-G",
    ...Object.entries(parameters).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]),
  );

const remove = (gateway: Gateway, query: string) => curl(gateway, `/api/v1/groups?${query}`, "-X", "DELETE");

async function filled(...flags: string[]): Promise<Gateway> {
  const gateway = await Gateway.start(["--web.enable-admin-api", ...flags]);
  for (let n = 0; n < GROUPS; n++) await fill(gateway, n);
  return gateway;
}

async function fill(gateway: Gateway, n: number): Promise<void> {
  const job = n % 2 === 0 ? "even" : "odd";
  const answer = await fetch(`${gateway.url}/metrics/job/${job}/n/${n}`, { method: "PUT", body: `m ${n}\n` });
  if (!answer.ok) throw new Error(`pushing: ${answer.status}`);
}

const lines = (exposition: string, job: string) =>
  exposition.split("\n").filter((line) => line.includes(`job="${job}"`));

const absent = firstAbsent("curl");
const { skip, reason } = requirement(absent);

describe.skipIf(skip)(`groups, with curl${reason}`, () => {
  test("are found, page by page, each once", async () => {
    await using gateway = await filled();
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page = await get(gateway, "/api/v1/groups", {
        limit: "70",
        sort: "labels",
        ...(cursor === "" ? {} : { cursor }),
      });
      const { data } = JSON.parse(page.body);
      seen.push(...data.groups.map(({ path }: { path: string }) => path));
      cursor = data.cursor;
    }
    expect([seen.length, new Set(seen).size]).toEqual([GROUPS, GROUPS]);
    const { body } = await get(gateway, "/api/v1/groups", { "match[]": '{job="odd",n=~"1.*"}', search: 'n="11' });
    const found = JSON.parse(body).data.groups.map(({ labels }: { labels: { n: string } }) => labels.n);
    expect(found).toEqual(["11", "111", "113", "115", "117", "119"]);
  });

  test("are told of one by one, as JSON and as an exposition", async () => {
    await using gateway = await filled();
    const { status, body } = await curl(gateway, "/api/v1/groups/job/odd/n/7");
    const { group, families } = JSON.parse(body).data;
    expect([status, group.path, families[0]]).toMatchObject([
      200,
      "/job/odd/n/7",
      { name: "m", metrics: [{ labels: {}, value: "7" }] },
    ]);
    const exposed = await curl(gateway, "/api/v1/groups/job/odd/n/7", "-H", "Accept: text/plain");
    expect(exposed.body).toContain('m{instance="",job="odd",n="7"} 7\n');
    expect(exposed.body).toBe((await curl(gateway, "/metrics/job/odd/n/7")).body);
    expect((await curl(gateway, "/api/v1/groups/job/odd/n/8")).status).toBe(404);
  });

  test("are scraped in parts, which are together what all is", async () => {
    await using gateway = await filled();
    const { body: all } = await curl(gateway, "/metrics");
    for (const job of ["even", "odd"]) {
      const part = await get(gateway, "/metrics", { "match[]": `{job="${job}"}` });
      expect(lines(part.body, job).sort()).toEqual(lines(all, job).sort());
      const zipped = await curl(gateway, `/metrics?match[]=%7Bjob=%22${job}%22%7D`, "--compressed");
      expect(zipped.body).toBe(part.body);
    }
    const bad = await get(gateway, "/metrics", { "match[]": "{job=odd}" });
    expect([bad.status, bad.body]).toMatchObject([400, expect.stringContaining("at character 6")]);
  });

  test("are deleted as the dry run said; those pushed meanwhile are left alone; more than expected are not", async () => {
    await using gateway = await filled();
    const match = "match[]=%7Bjob=%22odd%22%7D";
    const plan = JSON.parse((await remove(gateway, match)).body).data;
    expect(plan).toMatchObject({ matched: GROUPS / 2, series: (GROUPS / 2) * 3 });
    expect((await remove(gateway, `${match}&dry_run=false&expect=3&as_of=${plan.as_of}`)).status).toBe(409);
    await fill(gateway, 7);
    const removed = await remove(gateway, `${match}&dry_run=false&expect=${plan.matched}&as_of=${plan.as_of}`);
    expect([removed.status, JSON.parse(removed.body).data]).toEqual([202, { deleted: GROUPS / 2 - 1, left_alone: 1 }]);
    const { body } = await curl(gateway, "/metrics");
    expect([lines(body, "odd").length, lines(body, "even").length]).toEqual([3, (GROUPS / 2) * 3]);
  });

  test("deleted by a selector stay gone after kill -9, once it was answered; no others go", async () => {
    using place = new Place();
    for (const pauseMs of [0, 1, 3, 10, 30]) {
      const first = await filled(persistence(place.file));
      const plan = JSON.parse((await remove(first, "match[]=%7Bjob=%22odd%22%7D")).body).data;
      const query = `match[]=%7Bjob=%22odd%22%7D&dry_run=false&expect=${plan.matched}&as_of=${plan.as_of}`;
      const removing = fetch(`${first.url}/api/v1/groups?${query}`, { method: "DELETE" }).then(
        ({ status }) => status,
        () => null,
      );
      await Bun.sleep(pauseMs);
      await kill(first);
      const status = await removing;
      await using second = await Gateway.start([persistence(place.file)]);
      const scraped = await second.scrape();
      const left = lines(scraped, "odd").length / 3;
      expect([pauseMs, lines(scraped, "even").length / 3]).toEqual([pauseMs, GROUPS / 2]);
      expect(Number.isInteger(left)).toBe(true);
      if (status === 202) expect([pauseMs, left]).toEqual([pauseMs, 0]);
    }
  });
});

const newer = requirement(firstAbsentNewer("PROMETHEUS_3"));

test.skipIf(newer.skip)(`two Prometheus servers share one Pushgateway by match[]${newer.reason}`, async () => {
  await using gateway = await filled();
  const host = gateway.url.slice("http://".length);
  const scraping = (job: string) => `
scrape_configs:
  - job_name: pushed
    scrape_interval: 1s
    honor_labels: true
    params:
      match[]: ['{job="${job}"}']
    static_configs:
      - targets: ["${host}"]
`;
  const prometheus3 = newerPrograms.need("PROMETHEUS_3");
  await using even = await Prometheus.start(scraping("even"), prometheus3);
  await using odd = await Prometheus.start(scraping("odd"), prometheus3);
  for (const [job, prometheus] of [
    ["even", even],
    ["odd", odd],
  ] as const) {
    await eventually(`${job} has its half`, async () => (await prometheus.query("m")).length === GROUPS / 2);
    const jobs = new Set((await prometheus.query("m")).map((series) => series.job));
    expect([...jobs]).toEqual([job]);
    expect((await prometheus.query("up")).map(({ value }) => value)).toEqual(["1"]);
    expect((await prometheus.query("push_time_seconds")).length).toBe(GROUPS / 2);
    expect(await prometheus.query("pushgateway_build_info")).toEqual([]);
  }
});
