import { parseArgs } from "node:util";
import { watchOver } from "../runner/watch.ts";
import { COMPARISONS } from "./comparisons.ts";
import { TARGETS } from "./targets.ts";
import { fuzzInThread } from "./thread.ts";

type Part = readonly [name: string, run: (seed: number, seconds: number) => Promise<number>];

/**
 * `npm run fuzz -- --seconds 60 --seed 1 --only text`: mutated inputs for each reader, then comparisons with others'
 * programs. The seconds are shared out among all whose name holds the word, or are those of the one that has it for its
 * name. Ends with 1 if anything was found.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
      only: { type: "string", default: "" },
    },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const seconds = Number(values.seconds);
  if (!Number.isFinite(seed) || !(seconds > 0)) throw new Error("--seed and --seconds: expected numbers");
  const parts = wantedParts(values.only);
  if (parts.length === 0)
    throw new Error(
      `--only ${values.only}: expected a part of one of ${allParts()
        .map(([name]) => name)
        .join(", ")}`,
    );
  say(`seed ${seed}\n`);
  let findings = 0;
  for (const [, run] of parts) findings += await run(seed, seconds / parts.length);
  return findings === 0 ? 0 : 1;
}

function wantedParts(word: string): Part[] {
  const parts = allParts();
  const named = parts.filter(([name]) => name === word);
  return named.length > 0 ? named : parts.filter(([name]) => name.includes(word));
}

function allParts(): Part[] {
  const readers = Object.keys(TARGETS).map((name): Part => [name, (seed, seconds) => read(name, seed, seconds)]);
  const others = Object.keys(COMPARISONS).map((name): Part => [name, (seed, seconds) => compare(name, seed, seconds)]);
  return [...readers, ...others];
}

async function read(name: string, seed: number, allowedSeconds: number): Promise<number> {
  const { inputs, seconds, outcomes, slowestMs, grownBytes, findings } = await fuzzInThread(name, seed, allowedSeconds);
  const rate = Math.round(inputs / seconds);
  const heap = (grownBytes / 2 ** 20).toFixed(1);
  say(
    `${name}: ${inputs} inputs, ${rate}/s, ${outcomes} outcomes, slowest ${slowestMs.toFixed(0)} ms, heap ${heap} MiB more\n`,
  );
  for (const { problem, input } of findings) say(`  FOUND ${problem}\n  input in base64: ${input.toBase64()}\n`);
  return findings.length;
}

async function compare(name: string, seed: number, seconds: number): Promise<number> {
  const absent = COMPARISONS[name]?.absent() ?? null;
  if (absent !== null) {
    say(`${name}: left out, there is no ${absent}\n`);
    return 0;
  }
  const startMs = performance.now();
  const compared = await COMPARISONS[name]?.run(seed, seconds);
  const { inputs = 0, differences = [] } = compared ?? {};
  say(`${name}: ${inputs} inputs, ${Math.round((inputs * 1000) / (performance.now() - startMs))}/s\n`);
  for (const difference of differences) say(`  FOUND ${difference}\n`);
  return differences.length;
}

function say(text: string): void {
  process.stdout.write(text);
}

watchOver(process.env);
process.exit(await main());
