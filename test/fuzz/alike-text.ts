import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { createTestApp, push, scrape } from "../app.ts";
import { Dice } from "./dice.ts";
import { randomFamilies, writeText } from "./grammar.ts";

export const PYTHON = "/usr/bin/python3";

const ReadFamily = Type.Object({
  name: Type.String(),
  type: Type.String(),
  help: Type.String(),
  samples: Type.Array(Type.Tuple([Type.String(), Type.Record(Type.String(), Type.String()), Type.String()])),
});
const Answer = Type.Array(Type.Union([Type.Array(ReadFamily), Type.String()]));
type ReadFamily = Static<typeof ReadFamily>;

/**
 * Pushes `count` well-formed texts and has prometheus_client for Python read each of them, and the one exposition that
 * we make of all. Gives what differs, an entry a text: the families' types and help, the samples' names, labels and
 * values.
 */
export async function compareTexts(
  seed: number,
  count: number,
): Promise<{ differences: string[]; exposition: string }> {
  const dice = new Dice(seed);
  const { app } = createTestApp();
  const texts = Array.from({ length: count }, (_, i) => writeText(dice, randomFamilies(dice, `t${i}_`)));
  const differences: string[] = [];
  for (const [i, text] of texts.entries()) {
    const answer = await push(app, `/job/j${i}`, text);
    if (answer.status !== 200) differences.push(`refused: ${await answer.text()}${JSON.stringify(text)}`);
  }
  const exposition = await scrape(app);
  const [ours, ...theirs] = readTexts([exposition, ...texts]);
  if (typeof ours === "string" || ours === undefined) return { differences: [`our exposition: ${ours}`], exposition };
  const shown = Map.groupBy(ours, ({ name }) => /^t\d+_/.exec(name)?.[0] ?? "");
  for (const [i, families] of theirs.entries()) {
    const expected = typeof families === "string" ? families : describe(families, `j${i}`);
    const found = describe(shown.get(`t${i}_`) ?? [], null);
    if (expected !== found)
      differences.push(`text: ${JSON.stringify(texts[i])}\npushed:\n${expected}\nshown:\n${found}`);
  }
  return { differences, exposition };
}

function readTexts(texts: readonly string[]): Static<typeof Answer> {
  const script = join(import.meta.dir, "read_text.py");
  const { stdout, stderr, status } = spawnSync(PYTHON, [script], {
    input: JSON.stringify(texts),
    maxBuffer: 1 << 30,
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`reading ${texts.length} texts with prometheus_client: ${stderr}`);
  return Value.Parse(Answer, JSON.parse(stdout.toString()));
}

/** Families as comparable text; with a job, as they are to be shown once they were pushed to it. */
function describe(families: readonly ReadFamily[], job: string | null): string {
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `${name} ${type} ${JSON.stringify(help)}`,
    ...samples.map(([sample, labels, value]) => {
      const all = job === null ? labels : { instance: "", ...labels, job };
      const pairs = Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return `${sample} ${JSON.stringify(pairs)} ${Number(value.replace("inf", "Infinity")) + 0}`;
    }),
  ]);
  // Without a TYPE line prometheus_client makes a family of each sample.
  return [...new Set(lines)].toSorted().join("\n");
}
