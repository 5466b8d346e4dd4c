import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { OWN_FAMILIES } from "../../src/telemetry/own-families.ts";
import { NatsServers } from "../cluster/nats-servers.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { Child, type Ended, eventually, firstAbsent, Gateway, programs, requirement } from "../program.ts";
import { Prometheus } from "../prometheus.ts";

const DEPLOY = join(import.meta.dir, "../../deploy");

const Dashboard = Type.Object({
  templating: Type.Object({ list: Type.Array(Type.Object({ definition: Type.Optional(Type.String()) })) }),
  annotations: Type.Object({ list: Type.Array(Type.Object({ expr: Type.String() })) }),
  panels: Type.Array(
    Type.Object({
      id: Type.Integer(),
      title: Type.String(),
      type: Type.String(),
      gridPos: Type.Object({ x: Type.Integer(), y: Type.Integer(), w: Type.Integer(), h: Type.Integer() }),
      targets: Type.Optional(Type.Array(Type.Object({ expr: Type.String() }))),
    }),
  ),
});

const dashboard = Value.Parse(Dashboard, JSON.parse(readFileSync(join(DEPLOY, "grafana/pushgateway.json"), "utf8")));

/** What Grafana puts in the place of its variables. */
function filledIn(expression: string): string {
  return expression
    .replaceAll("$job", "pushgateway")
    .replaceAll("$instance", ".*")
    .replaceAll("$__rate_interval", "5s");
}

const panelExpressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expression: filledIn(expr) })),
);
const annotations = dashboard.annotations.list.map(({ expr }) => filledIn(expr));

const RuleFile = Type.Object({
  groups: Type.Array(Type.Object({ rules: Type.Array(Type.Object({ alert: Type.String(), expr: Type.String() })) })),
});

function alerts(): Static<typeof RuleFile>["groups"][number]["rules"] {
  const file: unknown = Bun.YAML.parse(readFileSync(join(DEPLOY, "prometheus/pushgateway.rules.yml"), "utf8"));
  return Value.Parse(RuleFile, file).groups.flatMap(({ rules }) => rules);
}

/** The names of metrics that an expression reads. */
function metricNames(expression: string): string[] {
  const bare = expression.replace(/\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|ignoring) \([^)]*\)/g, " ");
  return bare.match(/\b[a-z]+(?:_[a-z]+)+\b(?! *\()|\bup\b/g) ?? [];
}

/** Of Prometheus itself, about each scrape. */
const OF_PROMETHEUS = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

const checks = requirement(firstAbsent("promtool"));

describe.skipIf(checks.skip)(`deploy/prometheus and deploy/grafana${checks.reason}`, () => {
  async function promtool(...words: string[]): Promise<Ended> {
    await using child = new Child([programs.need("promtool"), ...words], { cwd: join(DEPLOY, "prometheus") });
    return await child.ended();
  }

  const CHECKS = [
    { words: ["check", "config", "prometheus.yml"] },
    { words: ["check", "config", "replicas.yml"] },
    { words: ["check", "rules", "pushgateway.rules.yml"] },
    { words: ["test", "rules", "pushgateway.rules.test.yml"] },
  ];

  test.each(CHECKS)("promtool $words passes", async ({ words }) => {
    const { code, stdout, stderr } = await promtool(...words);
    expect(stdout + stderr).not.toContain("FAILED");
    expect(code).toBe(0);
  });

  test("every alert has a test where it is told", () => {
    const tests = readFileSync(join(DEPLOY, "prometheus/pushgateway.rules.test.yml"), "utf8");
    const told = [...tests.matchAll(/alertname: (\w+)\n +exp_alerts:\n/g)].map(([, name]) => name);
    const names = alerts().map(({ alert }) => alert);
    expect(names.filter((name) => !told.includes(name))).toEqual([]);
  });

  test("every expression of the dashboard is PromQL", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
    try {
      const all = [...panelExpressions.map(({ expression }) => expression), ...annotations];
      const rules = all.map((expr, i) => ({ record: `dashboard_${i}`, expr }));
      const file = join(folder, "rules.yml");
      writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
      const { code, stdout, stderr } = await promtool("check", "rules", file);
      expect(stdout + stderr).toContain(`${all.length} rules found`);
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the dashboard", () => {
  test("its panels have different ids and do not overlap", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test("it shows each family that the server has about itself", () => {
    const shown = panelExpressions.flatMap(({ expression }) => metricNames(expression));
    const missing = Object.keys(OWN_FAMILIES).filter((name) => !shown.some((other) => other.startsWith(name)));
    expect(missing).toEqual(["process_virtual_memory_bytes", "process_virtual_memory_max_bytes"]);
  });
});

const live = requirement(firstAbsent("prometheus") ?? firstAbsentNewer("NATS_SERVER"));

/** Of a snapshot, which there is none of before the log has some MiB. */
const OF_SNAPSHOTS = ["pushgateway_cluster_snapshot_timestamp_seconds", "pushgateway_cluster_snapshot_size_bytes"];
const isOfSnapshots = (expression: string): boolean =>
  metricNames(expression).every((name) => OF_SNAPSHOTS.includes(name));

describe.skipIf(live.skip)(`the dashboard and the alerts over a gateway that Prometheus scrapes${live.reason}`, () => {
  let folder = "";
  let servers: NatsServers;
  let gateway: Gateway;
  let prometheus: Prometheus;
  let exposed: Set<string>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "deploy-"));
    servers = await NatsServers.start({ count: 1 });
    const cluster = [`--cluster.url=${servers.url}`, "--cluster.replicas=1"];
    const access = [`--web.access-file=${accessFile()}`, `--log.audit=${join(folder, "audit.log")}`];
    gateway = await Gateway.start([`--persistence.file=${join(folder, "metrics.db")}`, ...cluster, ...access]);
    prometheus = await Prometheus.start(configuration(gateway.port));
    await eventually("it is scraped", async () => (await prometheus.query("up == 1")).length > 0);
    for (let i = 0; i < 6; i++) {
      await push("POST", "steady", `rounds ${i}\n`, 200);
      await push("PUT", "steady", `rounds ${i}\n`, 200);
      await push("POST", "broken", "rounds{\n", 400);
      await push("DELETE", "kept", "", 403);
      await push("POST", "clash", "# TYPE rounds counter\nrounds 1\n", 400);
      const before = await scrapes();
      await eventually("it is scraped again", async () => (await scrapes()) > before);
    }
    exposed = new Set([...((await gateway.scrape()).match(/^[a-z_]+/gm) ?? []), ...OF_SNAPSHOTS]);
  });

  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Who is on this machine may do everything but one, within limits that are far off. */
  function accessFile(): string {
    const file = join(folder, "access.yml");
    const rights = "{push: ['{}'], delete: ['{job!=\"kept\"}'], scrape: ['{}'], read: ['{}'], admin: ['{}']}";
    const limits = "{pushes_per_second: 1000, groups: 1000, series: 10000, size: 1GiB}";
    writeFileSync(file, `principals: [{name: here, addresses: [127.0.0.0/8], rights: ${rights}, limits: ${limits}}]\n`);
    return file;
  }

  async function scrapes(): Promise<number> {
    const [all] = await prometheus.query("max(count_over_time(up[1h]))");
    return Number(all?.value ?? 0);
  }

  async function push(method: string, job: string, body: string, status: number): Promise<void> {
    expect((await fetch(`${gateway.url}/metrics/job/${job}`, { method, body })).status).toBe(status);
  }

  /** deploy/prometheus/prometheus.yml for this gateway, each second. */
  function configuration(port: number): string {
    const text = readFileSync(join(DEPLOY, "prometheus/prometheus.yml"), "utf8");
    const global = "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n";
    const rules = join(DEPLOY, "prometheus/pushgateway.rules.yml");
    return global + text.replace("localhost:9091", `127.0.0.1:${port}`).replace("pushgateway.rules.yml", rules);
  }

  const EXPRESSIONS = [
    ...panelExpressions,
    ...annotations.map((expression) => ({ title: "annotation", expression })),
    ...alerts().map(({ alert, expr }) => ({ title: alert, expression: expr })),
  ];

  test.each(EXPRESSIONS)("$title reads metrics that there are: $expression", ({ expression }) => {
    const names = metricNames(expression);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !exposed.has(name) && !OF_PROMETHEUS.includes(name))).toEqual([]);
  });

  const shownHere = panelExpressions.filter(({ expression }) => !isOfSnapshots(expression));

  test.each(shownHere)("$title has data: $expression", async ({ expression }) => {
    const series = await prometheus.query(expression);
    expect(series.length).toBeGreaterThan(0);
    expect(series.filter(({ value }) => !Number.isFinite(Number(value)))).toEqual([]);
  });

  test("a group whose last push failed and the rejected pushes are told, and nothing else", async () => {
    const expected = ["PushgatewayPushFailed clash", "PushgatewayPushesRejected pushgateway"];
    const told = await eventually("the alerts fire", async () => {
      const found = await prometheus.query('ALERTS{alertstate="firing"}');
      const names = [...new Set(found.map(({ alertname, job }) => `${alertname} ${job}`))].sort();
      return names.length >= expected.length && names;
    });
    expect(told).toEqual(expected);
  });
});
