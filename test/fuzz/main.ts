import { parseArgs } from "node:util";
import type { Report } from "./loop.ts";
import { TARGETS } from "./targets.ts";
import { fuzzInThread } from "./thread.ts";

/** `npm run fuzz -- --seconds 60 --seed 1 --only text`: the seconds are shared out among the readers. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "60" }, seed: { type: "string" }, only: { type: "string" } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const names = Object.keys(TARGETS).filter((name) => values.only === undefined || name === values.only);
  if (names.length === 0) throw new Error(`--only ${values.only}: expected one of ${Object.keys(TARGETS).join(", ")}`);
  let findings = 0;
  for (const name of names) {
    const report = await fuzzInThread(name, seed, Number(values.seconds) / names.length);
    process.stdout.write(describe(report, seed));
    findings += report.findings.length;
  }
  return findings === 0 ? 0 : 1;
}

function describe(report: Report, seed: number): string {
  const { target, inputs, seconds, outcomes, slowestMs, grownBytes, findings } = report;
  const rate = Math.round(inputs / seconds);
  const head = `${target.padEnd(14)} seed ${seed}: ${inputs} inputs (${rate}/s), ${outcomes} outcomes, slowest ${slowestMs.toFixed(1)} ms, heap ${(grownBytes / 2 ** 20).toFixed(1)} MiB more, ${findings.length} findings\n`;
  return head + findings.map(({ problem, input }) => `  ${problem}\n  base64 ${input.toBase64()}\n`).join("");
}

process.exit(await main());
