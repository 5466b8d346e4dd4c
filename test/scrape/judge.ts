import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { newerPrograms } from "../newer-programs.ts";
import { Child, eventually, freePort } from "../program.ts";

const TargetsAnswer = Type.Object({
  data: Type.Object({
    activeTargets: Type.Array(
      Type.Object({
        labels: Type.Record(Type.String(), Type.String()),
        health: Type.String(),
        lastError: Type.String(),
      }),
    ),
  }),
});

/** As many as a slow machine can take. */
const SCRAPES_A_SECOND = 250;

/** What a Prometheus says of an exposition: "" where it takes it, or why it does not. */
export type Verdict = string;

/** How Prometheus is set up: flags of its own and lines of its scrape configuration. */
export interface Setup {
  readonly flags: readonly string[];
  readonly scrape: Readonly<Record<string, true>>;
}
export const NATIVE: Setup = { flags: ["--enable-feature=native-histograms"], scrape: {} };
const CONVERT = { convert_classic_histograms_to_nhcb: true } as const;
const KEEP = { always_scrape_classic_histograms: true } as const;
export const OTHER_SETUPS: Readonly<Record<string, Setup>> = {
  "native histograms off": { flags: [], scrape: {} },
  "classic ones converted": { flags: NATIVE.flags, scrape: CONVERT },
  "classic ones kept beside native ones": { flags: NATIVE.flags, scrape: KEEP },
  "classic ones converted and kept": { flags: NATIVE.flags, scrape: { ...CONVERT, ...KEEP } },
};

/**
 * Has a Prometheus 3 scrape each of the protobuf expositions, from a path of its own, and gives what it says of each.
 * It throws where Prometheus ends by one of them.
 */
export async function judge(expositions: readonly Uint8Array[], setup: Setup = NATIVE): Promise<Verdict[]> {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) => {
      const body = expositions[Number(new URL(url).pathname.slice(1))];
      return new Response(body?.slice() ?? null, { headers: { "content-type": PROTOBUF_TYPE } });
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "judge-"));
  try {
    return await scrapeAll(folder, server.port ?? 0, expositions.length, setup);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scrapeAll(folder: string, servedPort: number, count: number, setup: Setup): Promise<Verdict[]> {
  const port = await freePort();
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(configuration(servedPort, count, setup)));
  await using prometheus = new Child([
    newerPrograms.need("PROMETHEUS_3"),
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...setup.flags,
  ]);
  return await eventually(
    `${count} expositions are scraped`,
    async () => {
      if (!prometheus.running) return Array.from({ length: count }, () => `it ends: ${firstPanic(prometheus.stderr)}`);
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/targets?state=active`);
      const { activeTargets } = Value.Parse(TargetsAnswer, await answer.json()).data;
      if (activeTargets.length < count || activeTargets.some(({ health }) => health === "unknown")) return null;
      const verdicts: Verdict[] = [];
      for (const { labels, health, lastError } of activeTargets)
        verdicts[Number(labels.n)] = health === "up" ? "" : lastError;
      return verdicts;
    },
    60_000,
  );
}

function firstPanic(log: string): string {
  return log.split("\n").find((line) => line.startsWith("panic:")) ?? log.slice(-500);
}

function configuration(servedPort: number, count: number, { scrape }: Setup): unknown {
  const seconds = Math.ceil(count / SCRAPES_A_SECOND);
  return {
    global: { scrape_interval: `${seconds}s`, scrape_timeout: `${seconds}s` },
    scrape_configs: [
      {
        job_name: "judged",
        scrape_protocols: ["PrometheusProto"],
        ...scrape,
        static_configs: Array.from({ length: count }, (_, n) => ({
          targets: [`127.0.0.1:${servedPort}`],
          labels: { __metrics_path__: `/${n}`, n: String(n) },
        })),
      },
    ],
  };
}
