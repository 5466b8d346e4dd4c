import { Dice } from "./dice.ts";
import { mutate } from "./mutate.ts";

/** A reader under test. */
export interface Target {
  readonly name: string;
  /** Inputs that it takes. */
  readonly seeds: readonly Uint8Array[];
  /** Words of its format. */
  readonly words: readonly Uint8Array[];
  readonly maxBytes: number;
  /** An input that takes longer is a finding; a second where it is not said. */
  readonly slowMs?: number;
  /**
   * Reads one input and says in a few words how that went: inputs that bring new words are kept and changed further. It
   * throws where something is wrong with the reader; a refusal is none.
   */
  readonly read: (input: Uint8Array) => string | Promise<string>;
}

export interface Finding {
  readonly target: string;
  readonly problem: string;
  readonly input: Uint8Array;
}

export interface Report {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  /** Ways to end that were seen. */
  readonly outcomes: number;
  readonly slowestMs: number;
  /** What the heap grew by, from a quarter of the time on. */
  readonly grownBytes: number;
  readonly findings: readonly Finding[];
}

/** Told before each input, so that somebody else can see which one does not end. */
export type Watch = (input: Uint8Array) => void;

const SLOW_MS = 1_000;
/** How often an input that was slow is read again, to see whether it is to blame. */
const RETRIES = 3;
/** After so many inputs the loop gets a turn, as it does in a server: finished work is let go there. */
const INPUTS_A_TURN = 64;
const MAX_FINDINGS = 10;
const MAX_OUTCOMES = 10_000;
const MAX_CORPUS_BYTES = 2 << 20;
const GROWTH_BYTES = 64 << 20;

/** Reads mutated inputs for some seconds. */
export async function fuzz(target: Target, seed: number, seconds: number, watch: Watch = () => {}): Promise<Report> {
  const run = new Run(target, seed);
  const startMs = performance.now();
  const elapsed = () => (performance.now() - startMs) / 1000;
  for (const input of target.seeds) await run.read(input, watch);
  let early: number | null = null;
  while (elapsed() < seconds && run.findings.length < MAX_FINDINGS) {
    if (early === null && elapsed() > seconds / 4) early = heapBytes();
    await run.read(run.next(), watch);
    if (run.inputs % INPUTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const grownBytes = heapBytes() - (early ?? heapBytes());
  if (grownBytes > GROWTH_BYTES) run.find(`the heap grew by ${grownBytes} bytes`, new Uint8Array(0));
  const { inputs, slowestMs, findings } = run;
  return { target: target.name, inputs, seconds: elapsed(), outcomes: run.outcomes, slowestMs, grownBytes, findings };
}

/** What one reader was given and how it took it. */
class Run {
  readonly findings: Finding[] = [];
  inputs = 0;
  slowestMs = 0;
  private readonly dice: Dice;
  private readonly corpus: Uint8Array[];
  private corpusBytes = 0;
  private readonly seen = new Set<string>();

  constructor(
    private readonly target: Target,
    seed: number,
  ) {
    this.dice = new Dice(seed);
    this.corpus = [...target.seeds];
  }

  get outcomes(): number {
    return this.seen.size;
  }

  next(): Uint8Array {
    const { dice, corpus, target } = this;
    return mutate({ dice, corpus, words: target.words, maxBytes: target.maxBytes });
  }

  async read(input: Uint8Array, watch: Watch): Promise<void> {
    watch(input);
    const startMs = performance.now();
    try {
      const read = this.target.read(input);
      this.learn(input, typeof read === "string" ? read : await read);
    } catch (thrown) {
      this.find(thrown instanceof Error ? `${thrown.message}\n${thrown.stack}` : String(thrown), input);
    }
    const tookMs = performance.now() - startMs;
    const slowMs = this.target.slowMs ?? SLOW_MS;
    if (tookMs > slowMs && (await this.isSlowAgain(input, slowMs))) this.find(`took ${tookMs} ms`, input);
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    this.inputs++;
  }

  /** A machine that had something else to do is slow once; an input that is to blame is slow each time. */
  private async isSlowAgain(input: Uint8Array, slowMs: number): Promise<boolean> {
    for (let i = 0; i < RETRIES; i++) {
      const startMs = performance.now();
      try {
        await this.target.read(input);
      } catch {
        // That it throws is found already.
      }
      if (performance.now() - startMs <= slowMs) return false;
    }
    return true;
  }

  find(problem: string, input: Uint8Array): void {
    const { name } = this.target;
    const head = problem.slice(0, 120);
    if (this.findings.some((known) => known.problem.startsWith(head))) return;
    this.findings.push({ target: name, problem, input: input.slice() });
  }

  private learn(input: Uint8Array, outcome: string): void {
    if (this.seen.size >= MAX_OUTCOMES || this.seen.has(outcome)) return;
    this.seen.add(outcome);
    if (this.corpusBytes + input.length > MAX_CORPUS_BYTES) return;
    this.corpus.push(input);
    this.corpusBytes += input.length;
  }
}

function heapBytes(): number {
  Bun.gc(true);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
