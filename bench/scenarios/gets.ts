import type { Bench } from "../bench.ts";
import type { Loader } from "../loader.ts";
import type { Server } from "../server.ts";

const SCRAPE_LIMIT_MS = 60_000;

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
