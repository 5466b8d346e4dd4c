import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, createTestApp, type TestApp } from "../app.ts";
import { Dice } from "../fuzz/dice.ts";
import { OFFICIAL_CASES } from "../http/openmetrics-official.ts";
import { firstAbsentNewer, newerPrograms } from "../newer-programs.ts";
import { eventually, firstAbsent, Gateway, programs, requirement, run } from "../program.ts";
import { Prometheus } from "../prometheus.ts";
import { requestOf } from "../store/model/body.ts";
import { PushSource } from "../store/model/random-push.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { OpenMetricsDocuments } from "./openmetrics-documents.ts";

const seed = Number(process.env.OPENMETRICS_SEED ?? Math.floor(Math.random() * 2 ** 31));

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PYTHON = "/usr/bin/python3";
const importable = spawnSync(PYTHON, ["-c", "import prometheus_client"]).status === 0;
const strict = requirement(importable ? null : `prometheus_client for ${PYTHON}`);

interface Verdict {
  readonly fault?: string;
  readonly families?: unknown[][];
}

/** What the strict parser of the Python client says of each document. */
function readStrictly(documents: readonly string[]): Verdict[] {
  const input = documents.map((document) => `${JSON.stringify(document)}\n`).join("");
  const { stdout, stderr } = spawnSync(PYTHON, [join(import.meta.dir, "openmetrics_strict.py")], {
    input,
    maxBuffer: 2 ** 28,
  });
  expect(String(stderr)).toBe("");
  return String(stdout)
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const offering = (...flags: string[]): TestApp => createTestApp("--web.enable-openmetrics", ...flags);

async function scraped({ app }: TestApp, path: string): Promise<string> {
  return (await ask(app, "GET", path, { headers: { accept: OPENMETRICS } })).text();
}

async function pushed({ app }: TestApp, body: string): Promise<Response> {
  return ask(app, "PUT", "/metrics/job/j", { body, headers: { "content-type": OPENMETRICS } });
}

const withoutTimes = (families: readonly unknown[][] = []): unknown[][] =>
  families.filter(([name]) => !/^push_(?:failure_)?time_seconds$/.test(String(name)));

describe.skipIf(strict.skip)(
  `beside the strict parser of Python, with OPENMETRICS_SEED=${seed}${strict.reason}`,
  () => {
    test("what is allowed is taken, and comes back as what it was for that parser", async () => {
      const documents = new OpenMetricsDocuments(new Dice(seed));
      const sent = Array.from({ length: 500 }, () => documents.valid());
      const found: string[] = [];
      for (const document of sent) {
        const app = offering();
        const response = await pushed(app, document);
        expect([response.status, await response.text(), document]).toEqual([200, "", document]);
        found.push(await scraped(app, "/metrics/job/j"));
      }
      const wanted = readStrictly(sent);
      for (const [i, { fault, families }] of readStrictly(found).entries()) {
        expect([fault, found[i]]).toEqual([undefined, found[i]]);
        expect(withoutTimes(families)).toEqual(wanted[i]?.families ?? []);
      }
    });

    test("the test cases that come with OpenMetrics come back as what they are for that parser", async () => {
      const sent: string[] = [];
      const found: string[] = [];
      for (const { isAllowed, body } of OFFICIAL_CASES) {
        const app = offering();
        if (!isAllowed || (await pushed(app, body)).status !== 200) continue;
        sent.push(body);
        found.push(await scraped(app, "/metrics/job/j"));
      }
      expect(sent.length).toBeGreaterThan(35);
      const wanted = readStrictly(sent);
      for (const [i, { fault, families }] of readStrictly(found).entries()) {
        expect([fault, found[i]]).toEqual([undefined, found[i]]);
        expect([sent[i], withoutTimes(families)]).toEqual([sent[i], wanted[i]?.families ?? []]);
      }
    });

    test("what is near to that is not taken where that parser refuses it", async () => {
      const documents = new OpenMetricsDocuments(new Dice(seed + 1));
      const sent = Array.from({ length: 1500 }, () => documents.spoilt());
      let refused = 0;
      for (const [i, { fault }] of readStrictly(sent).entries()) {
        const { status } = await pushed(offering(), sent[i] ?? "");
        if (fault === undefined) continue;
        refused++;
        expect([status, fault, sent[i]]).toEqual([400, fault, sent[i]]);
      }
      expect(refused).toBeGreaterThan(150);
    });

    test("whatever is pushed as text or protobuf, scrapes are valid for it", async () => {
      const source = new PushSource(seededRandom(seed));
      const app = offering();
      const found: string[] = [];
      for (let i = 0; i < 300; i++) {
        const { path, init } = requestOf(source, source.push());
        await ask(app.app, init.method ?? "POST", path, init);
        if (i % 3 === 0) found.push(await scraped(app, "/metrics"));
      }
      for (const [i, { fault }] of readStrictly(found).entries())
        expect([fault, found[i]]).toEqual([undefined, found[i]]);
    });

    test("a registry of the Python client arrives with its units, exemplars and states", async () => {
      await using gateway = await Gateway.start(["--web.enable-openmetrics"]);
      const script = `
from urllib.request import Request, urlopen
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
registry = CollectorRegistry()
Counter("rows", "Rows", ["kind"], registry=registry).labels("a").inc(3, exemplar={"trace_id": "ab12"})
Histogram("duration", "How long", unit="seconds", registry=registry).observe(0.7, exemplar={"trace_id": "cd34"})
Summary("size", "Sizes", registry=registry).observe(5)
Gauge("last", "When", registry=registry).set(1.5)
Info("build", "What", registry=registry).info({"version": "1.2"})
Enum("phase", "Where", states=["begin", "end"], registry=registry).state("end")
urlopen(Request("${gateway.url}/metrics/job/j", generate_latest(registry), {"Content-Type": CONTENT_TYPE_LATEST}, method="PUT"))
print(generate_latest(registry).decode(), end="")
`;
      const { code, stdout, stderr } = await run([PYTHON, "-c", script]);
      expect([code, stderr]).toEqual([0, ""]);
      const answer = await fetch(`${gateway.url}/metrics/job/j`, { headers: { accept: OPENMETRICS } });
      const [sent, found] = readStrictly([stdout, await answer.text()]);
      expect(withoutTimes(found?.families)).toEqual(sent?.families ?? []);
      expect(found?.families?.length).toBeGreaterThan(6);
    });
  },
);

const DOCUMENT = `# TYPE rows_bytes counter
# UNIT rows_bytes bytes
rows_bytes_total 17 # {trace_id="ab12"} 0.67
# TYPE duration_seconds histogram
duration_seconds_bucket{le="1"} 3 # {trace_id="cd34"} 0.5
duration_seconds_bucket{le="+Inf"} 4
duration_seconds_count 4
duration_seconds_sum 9.5
# TYPE build info
build_info{version="1"} 1
# TYPE phase stateset
phase{phase="on"} 1
phase{phase="off"} 0
# TYPE queue gaugehistogram
queue_bucket{le="+Inf"} 2
queue_gcount 2
queue_gsum 7
# EOF
`;

const SCRAPERS = [
  { what: "Prometheus 3", absent: firstAbsentNewer("PROMETHEUS_3"), find: () => newerPrograms.need("PROMETHEUS_3") },
  { what: "Debian's Prometheus", absent: firstAbsent("prometheus"), find: () => programs.need("prometheus") },
];

for (const { what, absent, find } of SCRAPERS) {
  const { skip, reason } = requirement(absent);
  describe.skipIf(skip)(`${what} scrapes OpenMetrics${reason}`, () => {
    test("and has its series, exemplars, types and units", async () => {
      await using gateway = await Gateway.start(["--web.enable-openmetrics"]);
      const answer = await fetch(`${gateway.url}/metrics/job/j`, {
        method: "PUT",
        body: DOCUMENT,
        headers: { "content-type": OPENMETRICS },
      });
      expect(answer.status).toBe(200);
      const target = `127.0.0.1:${gateway.port}`;
      const configuration = `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - { job_name: gateway, honor_labels: true, static_configs: [{ targets: ["${target}"] }] }
`;
      await using prometheus = await Prometheus.start(configuration, find(), ["exemplar-storage"]);
      for (const query of [
        'rows_bytes_total{job="j"}',
        'duration_seconds_count{job="j"}',
        'queue_gsum{job="j"}',
        'build_info{job="j"}',
      ])
        await eventually(`${query} is there`, async () => (await prometheus.query(query)).length === 1);
      expect((await prometheus.query('phase{job="j",phase="on"}')).map(({ value }) => value)).toEqual(["1"]);
      const exemplars = await prometheus.ask("/api/v1/query_exemplars?query=rows_bytes_total&start=0&end=4102444800");
      expect(JSON.stringify(exemplars)).toInclude('"trace_id":"ab12"');
      const metadata = JSON.stringify(await prometheus.ask("/api/v1/targets/metadata"));
      for (const type of ["counter", "histogram", "info", "stateset", "gaugehistogram"])
        expect(metadata).toInclude(`"type":"${type}"`);
      expect(metadata).toInclude('"unit":"bytes"');
    });
  });
}

test("all of it is there after a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "openmetrics-"));
  const flags = ["--web.enable-openmetrics", `--persistence.file=${join(folder, "pushgateway.db")}`];
  const found: string[] = [];
  try {
    for (const isFirst of [true, false]) {
      await using gateway = await Gateway.start(flags);
      const url = `${gateway.url}/metrics/job/j`;
      if (isFirst) await fetch(url, { method: "PUT", body: DOCUMENT, headers: { "content-type": OPENMETRICS } });
      await eventually("the group is there", async () => (await fetch(url)).status === 200);
      found.push(await (await fetch(url, { headers: { accept: OPENMETRICS } })).text());
      await gateway.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  expect(found[0]).toInclude("# UNIT rows_bytes bytes\n");
  expect(found[0]).toInclude("# TYPE phase stateset\n");
  expect(found[1]).toBe(found[0] ?? "");
});
