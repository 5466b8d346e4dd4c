import { spawnSync } from "node:child_process";
import { firstAbsentNewer } from "../newer-programs.ts";
import { firstAbsent, programs } from "../program.ts";
import { compareAnswers } from "./alike-answers.ts";
import { compareCompressed } from "./alike-compression.ts";
import { compareProtobufs } from "./alike-protobuf.ts";
import { compareTexts, PYTHON } from "./alike-text.ts";
import { comparePrograms } from "./differential.ts";

/** Judged by somebody else: how many inputs were compared, and what was not alike. */
export interface Compared {
  readonly inputs: number;
  readonly differences: readonly string[];
}

export interface Comparison {
  /** What the machine lacks for it, or null. */
  readonly absent: () => string | null;
  readonly run: (seed: number, seconds: number) => Promise<Compared>;
}

const BATCH = 200;

/** Batches with one seed after the other until the time is over or something is found. */
function inBatches(compare: (seed: number, count: number) => Promise<readonly string[]>): Comparison["run"] {
  return async (seed, seconds) => {
    const endMs = performance.now() + seconds * 1000;
    let inputs = 0;
    let differences: readonly string[] = [];
    do {
      differences = await compare(seed + inputs, BATCH);
      inputs += BATCH;
    } while (differences.length === 0 && performance.now() < endMs);
    return { inputs, differences };
  };
}

async function textsAlike(seed: number, count: number): Promise<readonly string[]> {
  const { differences, exposition } = await compareTexts(seed, count);
  return programs.find("promtool") === null ? differences : [...differences, ...promtoolFaults(exposition)];
}

/** promtool ends with 3 where it only has remarks on style. */
function promtoolFaults(exposition: string): string[] {
  const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input: exposition, timeout: 60_000 });
  return status === 0 || status === 3 ? [] : [`promtool: ${stderr}`];
}

function absentPython(): string | null {
  const imports = spawnSync(PYTHON, ["-c", "import prometheus_client"]).status === 0;
  return imports ? firstAbsent("promtool") : `prometheus_client for ${PYTHON}`;
}

function alikeAnswers(isProtobuf: boolean): Comparison {
  return {
    absent: () => firstAbsentNewer("PUSHGATEWAY_1_11"),
    run: async (seed, seconds) => {
      const { pushes, differences } = await compareAnswers(seed, seconds, isProtobuf);
      return { inputs: pushes, differences };
    },
  };
}

/** Every comparison with a reader, writer or server that is not ours, by name. */
export const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "text as prometheus_client and promtool read it": { absent: absentPython, run: inBatches(textsAlike) },
  "protobuf as protobufjs reads it": { absent: () => null, run: inBatches(compareProtobufs) },
  "compression as zlib, snappyjs and libzstd write it": { absent: () => null, run: inBatches(compareCompressed) },
  "answers to text as Pushgateway 1.11 gives them": alikeAnswers(false),
  "answers to protobuf as Pushgateway 1.11 gives them": alikeAnswers(true),
  "pushes as Pushgateway 1.5.1 takes them": {
    absent: () => firstAbsent("prometheus-pushgateway"),
    run: async (seed, seconds) => {
      const { pushes, differences } = await comparePrograms(seed, seconds);
      return { inputs: pushes, differences };
    },
  },
};
