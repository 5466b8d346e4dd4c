import type { Bench, FigureShape } from "../bench.ts";
import type { GetJob } from "../load/jobs.ts";
import type { Loader } from "../loader.ts";
import type { Server } from "../server.ts";

const SCRAPE_LIMIT_MS = 60_000;

const PROBE_EVERY_MS = 1;

/** The longest wait among `probesOf`. */
export const GAP_SHAPE: FigureShape = {
  key: "gap",
  title: "longest wait of a tiny request (loop gap)",
  unit: "ms",
  better: "less",
};

/** Tiny requests, one each millisecond: how long they wait is how long the loop is held. */
export function probesOf(server: Server, durationMs: number, limitMs: number): GetJob {
  const timing = { everyMs: PROBE_EVERY_MS, count: Number.MAX_SAFE_INTEGER, durationMs, limitMs };
  return { kind: "gets", port: server.port, path: "/-/ready", gzip: false, ...timing };
}

export interface Scrape {
  readonly ms: number;
  readonly bodyBytes: number;
}

/** GETs `path` once, to the last byte of the answer. */
export async function get(loader: Loader, server: Server, path: string, gzip: boolean): Promise<Scrape> {
  const limitMs = SCRAPE_LIMIT_MS;
  const timing = { count: 1, everyMs: 0, durationMs: limitMs, limitMs };
  const result = await loader.run({ kind: "gets", port: server.port, path, gzip, ...timing });
  if (result.answered === 0) throw new Error(`GET ${path} of ${server.program.title}: no answer with status 200`);
  return { ms: result.latencies.max, bodyBytes: result.responseBytes };
}

export async function scrape(bench: Bench, server: Server, gzip: boolean): Promise<Scrape> {
  return get(await bench.loader("scrapes"), server, "/metrics", gzip);
}
