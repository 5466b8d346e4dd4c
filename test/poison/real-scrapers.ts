import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Child, eventually, freePort } from "../program.ts";

const TargetsAnswer = Type.Object({
  data: Type.Object({
    activeTargets: Type.Array(
      Type.Object({
        labels: Type.Record(Type.String(), Type.String()),
        scrapePool: Type.String(),
        health: Type.String(),
        lastError: Type.String(),
      }),
    ),
  }),
});

/** One way to scrape: its name, and the lines of a scrape configuration that make it. */
export interface Job {
  readonly name: string;
  readonly scrape: Readonly<Record<string, unknown>>;
}

/** What a Prometheus says of one path: why its scrape failed, or "". */
export interface Verdict {
  readonly job: string;
  readonly path: string;
  readonly error: string;
}

const PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  protobuf: ["PrometheusProto"],
  "text 1.0.0": ["PrometheusText1.0.0"],
  "text 0.0.4": ["PrometheusText0.0.4"],
  "OpenMetrics or text": ["OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText0.0.4"],
};

const NAMES = [
  { metric_name_validation_scheme: "utf8", metric_name_escaping_scheme: "allow-utf-8" },
  { metric_name_validation_scheme: "utf8", metric_name_escaping_scheme: "underscores" },
  { metric_name_validation_scheme: "utf8", metric_name_escaping_scheme: "dots" },
  { metric_name_validation_scheme: "utf8", metric_name_escaping_scheme: "values" },
  { metric_name_validation_scheme: "legacy", metric_name_escaping_scheme: "underscores" },
  { metric_name_validation_scheme: "legacy", metric_name_escaping_scheme: "dots" },
  { metric_name_validation_scheme: "legacy", metric_name_escaping_scheme: "values" },
];

/** Every protocol with every escaping of names, and what changes how histograms and labels are read. */
export const PROMETHEUS_3_JOBS: readonly Job[] = [
  ...Object.entries(PROTOCOLS).flatMap(([protocol, scrape_protocols]) =>
    NAMES.map((names) => ({
      name: [protocol, ...Object.values(names)].join(", "),
      scrape: { scrape_protocols, ...names, honor_labels: true },
    })),
  ),
  { name: "as it comes", scrape: {} },
  { name: "classic histograms as well", scrape: { always_scrape_classic_histograms: true } },
  { name: "histograms converted", scrape: { convert_classic_histograms_to_nhcb: true } },
];

/** Releases before 3 know one way only. */
export const PROMETHEUS_2_JOBS: readonly Job[] = [
  { name: "as it comes", scrape: {} },
  { name: "honoring labels", scrape: { honor_labels: true } },
];

export interface Asking {
  readonly program: string;
  readonly flags: readonly string[];
  readonly jobs: readonly Job[];
  /** Of 127.0.0.1, where all paths are served. */
  readonly port: number;
  readonly paths: readonly string[];
  /** As many as a slow machine can take: every target is scraped once before the first is scraped again. */
  readonly scrapesASecond: number;
}

/** Has a Prometheus scrape every path by every job, once at least, and gives what it says of each. */
export async function scrapeReally(asking: Asking): Promise<Verdict[]> {
  const folder = mkdtempSync(join(tmpdir(), "scraper-"));
  try {
    return await scrapeAll(asking, folder, await freePort());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scrapeAll(asking: Asking, folder: string, port: number): Promise<Verdict[]> {
  const count = asking.jobs.length * asking.paths.length;
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(configuration(asking, count)));
  await using prometheus = new Child([
    asking.program,
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...asking.flags,
  ]);
  return await eventually(
    `${count} targets are scraped`,
    async () => {
      if (!prometheus.running) throw new Error(`Prometheus ended: ${prometheus.stderr.slice(-2_000)}`);
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`);
      const { activeTargets } = Value.Parse(TargetsAnswer, await answer.json()).data;
      if (activeTargets.length < count || activeTargets.some(isOpen)) return null;
      return activeTargets.map(({ labels, scrapePool, health, lastError }) => {
        return { job: scrapePool, path: labels.path ?? "", error: health === "up" ? "" : lastError || "down" };
      });
    },
    120_000,
  );
}

/** Not scraped yet, or given up because the machine was busy: it will be asked again. */
const isOpen = ({ health, lastError }: { health: string; lastError: string }): boolean =>
  health === "unknown" || lastError.includes("context deadline exceeded");

function configuration({ jobs, port, paths, scrapesASecond }: Asking, count: number): unknown {
  const interval = `${Math.max(Math.ceil(count / scrapesASecond), 5)}s`;
  return {
    global: { scrape_interval: interval, scrape_timeout: interval },
    scrape_configs: jobs.map(({ name, scrape }) => ({
      job_name: name,
      ...scrape,
      static_configs: paths.map((path) => ({
        targets: [`127.0.0.1:${port}`],
        labels: { __metrics_path__: path, path },
      })),
    })),
  };
}
