import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Gateway } from "../program.ts";
import { runHonest } from "./honest.ts";

// npm run soak -- --minutes N: honest and hostile clients together; exit status 1 where the promises below are not kept.

const CLIENTS = 8;
/** Limits that the hostile clients reach. */
const FLAGS = [
  "--web.body-timeout=5s",
  "--web.max-connections=2000",
  "--web.max-pushes-in-flight=300",
  "--web.max-scrapes-in-flight=16",
  "--push.max-buffered-size=8MiB",
  "--log.level=error",
];
const P99_LIMIT_MS = 50;
/** How much more memory may be in use at the end than after the warm-up, and which part of the time that is. */
const RSS_GROWTH_LIMIT = 1.05;
const WARM_UP_PART = 0.4;
const WINDOW_PART = 0.25;

const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
const minutes = Number(values.minutes ?? "3");
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0 && seed >= 0)) throw new Error("usage: npm run soak -- [--minutes N] [--seed N]");

function rssMB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]) / 1024;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

/** What is in use between the acts of abuse, whose bodies come and go: a leak shows here, and chance does not. */
const floor = (figures: readonly number[]): number =>
  quantile(
    figures.toSorted((a, b) => a - b),
    0.1,
  );

/** Runs both kinds of clients for the time given; the memory in use, once a second. */
async function soak(gateway: Gateway) {
  const end = AbortSignal.timeout(minutes * 60_000);
  const script = join(import.meta.dir, "hostile.ts");
  const words = [process.execPath, script, String(gateway.port), String(seed)];
  const hostile = Bun.spawn(words, { stdin: "pipe", stdout: "ignore", stderr: "inherit" });
  const rss: number[] = [];
  const sampling = setInterval(() => rss.push(rssMB(gateway.pid)), 1_000);
  const figures = await runHonest(gateway.port, CLIENTS, end);
  clearInterval(sampling);
  hostile.kill();
  await hostile.exited;
  return { figures, rss };
}

async function main(): Promise<number> {
  print(`soak: ${minutes} minutes, seed ${seed}`);
  await using gateway = await Gateway.start(FLAGS);
  const { figures, rss } = await soak(gateway);
  const windowSize = Math.max(1, Math.floor(rss.length * WINDOW_PART));
  const warm = floor(rss.slice(Math.floor(rss.length * WARM_UP_PART)).slice(0, windowSize));
  const late = floor(rss.slice(-windowSize));
  const limits = (await gateway.scrape()).split("\n").filter((line) => line.startsWith("pushgateway_limit_reached"));
  const pushMs = figures.pushMs.toSorted((a, b) => a - b);
  const scrapeMs = figures.scrapeMs.toSorted((a, b) => a - b);
  const p99 = quantile(pushMs, 0.99);
  print(limits.join("\n"));
  print(`pushes: ${pushMs.length}, p50 ${quantile(pushMs, 0.5).toFixed(1)}, p99 ${p99.toFixed(1)} ms`);
  print(
    `scrapes: ${scrapeMs.length}, p50 ${quantile(scrapeMs, 0.5).toFixed(1)}, p99 ${quantile(scrapeMs, 0.99).toFixed(1)} ms`,
  );
  print(`refused: ${figures.refused.length}, second tries: ${figures.secondTries}`);
  print(
    `RSS in MB, a tenth of the time below: after warm-up ${warm.toFixed(0)}, at the end ${late.toFixed(0)}, most ${Math.max(...rss).toFixed(0)}`,
  );
  const broken = [
    ...(late > warm * RSS_GROWTH_LIMIT ? [`memory grew to ${(late / warm).toFixed(2)}`] : []),
    ...(p99 < P99_LIMIT_MS ? [] : [`the p99 of honest pushes is ${p99.toFixed(1)} ms`]),
    ...figures.refused.slice(0, 5).map((refusal) => `refused: ${refusal}`),
  ];
  for (const fault of broken) print(`not kept: ${fault}`);
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main();
