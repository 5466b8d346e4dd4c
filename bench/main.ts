import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { watchOver } from "../test/runner/watch.ts";
import { Bench } from "./bench.ts";
import { drawChart } from "./chart.ts";
import { makePlan } from "./plan.ts";
import { findPrograms, type Programs } from "./programs.ts";
import { formatMarkdown, formatTable, makeReport, type Report } from "./report.ts";
import { scenarios } from "./scenarios/all.ts";

const USAGE = `usage: npm run bench -- [options]

Measures our server, a prometheus-pushgateway (on PATH, or named in
PUSHGATEWAY_REFERENCE) and a bare Bun.serve, in turn.

  --quick         three minutes in place of about twelve
  --only PREFIX   only figures whose ids start with this, as in push/gauges/1000
  --rounds N      so many rounds a figure
  --seed N        of the values and the order of the groups (1)
  --from-source   measure src/main.ts even where dist/pushgateway is there
  --against PATH  measure another build of this program as well, where a figure
                  of the door/ group has to do with it
  --markdown      print a Markdown table
  --report DIR    write results.json and chart.svg there as well
`;

interface Options {
  readonly quick: boolean;
  readonly only: string;
  readonly rounds: number | null;
  readonly seed: number;
  readonly fromSource: boolean;
  readonly against: string | null;
  readonly markdown: boolean;
  readonly report: string | null;
}

function readOptions(words: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: "boolean" },
      only: { type: "string" },
      rounds: { type: "string" },
      seed: { type: "string" },
      "from-source": { type: "boolean" },
      against: { type: "string" },
      markdown: { type: "boolean" },
      report: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return null;
  return {
    quick: values.quick ?? false,
    only: values.only ?? "",
    rounds: values.rounds === undefined ? null : wholeNumber("--rounds", values.rounds),
    seed: values.seed === undefined ? 1 : wholeNumber("--seed", values.seed),
    fromSource: values["from-source"] ?? false,
    against: values.against ?? null,
    markdown: values.markdown ?? false,
    report: values.report ?? null,
  };
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`reading ${flag} ${text}: a whole number from 1 is expected`);
  return Number(text);
}

/** One line on stderr that says what is under way; on a terminal it is written over. */
function progressLine(startMs: number): (text: string) => void {
  const { isTTY } = process.stderr;
  return (text) => {
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0).padStart(4);
    process.stderr.write(isTTY ? `\r\x1b[K${seconds} s  ${text}` : `${seconds} s  ${text}\n`);
  };
}

async function measure(options: Options, programs: Programs): Promise<Report> {
  const startMs = performance.now();
  const plan = makePlan(options.quick, options.rounds, options.seed);
  const bench = new Bench(plan, programs, options.only, progressLine(startMs));
  const failures: string[] = [];
  for (const scenario of scenarios) {
    if (!bench.wants(scenario.id)) continue;
    try {
      await scenario.run(bench);
    } catch (problem) {
      failures.push(`${scenario.id}: ${problem instanceof Error ? problem.message : problem}`);
    }
  }
  await bench.stop();
  bench.progress("done\n");
  const wanted = bench.figures.filter((figure) => bench.wants(figure.id));
  return makeReport(programs, options.seed, (performance.now() - startMs) / 1000, wanted, failures);
}

function writeFiles(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(folder, "chart.svg"), drawChart(report.figures));
}

async function main(): Promise<number> {
  let options: Options | null;
  let programs: Programs;
  try {
    options = readOptions(process.argv.slice(2));
    programs = findPrograms(options?.fromSource ?? false, options?.against ?? null, process.env);
  } catch (problem) {
    process.stderr.write(`${problem instanceof Error ? problem.message : problem}\n\n${USAGE}`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  const report = await measure(options, programs);
  process.stdout.write(options.markdown ? formatMarkdown(report) : formatTable(report));
  if (options.report !== null) writeFiles(options.report, report);
  return report.failures.length > 0 ? 1 : 0;
}

watchOver(process.env);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
process.exit(await main());
