/*
 * Lets a store of each kind grow and shrink at random and prints what it counts and what is alive on the heap, both
 * against the store while it was empty: one line of JSON a kind. A process of its own: what else a heap holds comes and
 * goes as well.
 */
import { heapStats } from "bun:jsc";
import { seededRandom } from "../../telemetry/fixtures.ts";
import { KINDS, type Kind, SizedStore } from "./pushes.ts";

export interface Measured {
  readonly groups: number;
  readonly countBytes: number;
  readonly heapBytes: number;
}

export interface MeasuredKind {
  readonly what: string;
  readonly measured: readonly Measured[];
  /** Of the store once all groups are deleted. */
  readonly emptied: Readonly<Record<string, number>>;
}

/** The shares of all groups of the kind that are there when it is measured. */
const SHARES = [0.5, 1, 0.6, 0.1, 0.7, 0];

/** What two measurements in a row may differ by, and how many there are at most. */
const STEADY_BYTES = 50_000;
const MEASUREMENTS = 10;

/**
 * What is alive, the bytes of arrays included: after a full collection it is exact, but for what the stack seems to
 * refer to. So it is measured in turns of their own until it stays the same.
 */
async function liveBytes(): Promise<number> {
  let before = Infinity;
  for (let i = 0; i < MEASUREMENTS; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    Bun.gc(true);
    const { heapSize } = heapStats();
    if (Math.abs(heapSize - before) < STEADY_BYTES) return heapSize;
    before = heapSize;
  }
  return before;
}

class Sizing {
  readonly sized: SizedStore;
  private readonly present: number[] = [];
  private readonly absent: number[];
  private emptyHeapBytes = 0;

  constructor(
    private readonly kind: Kind,
    private readonly random: () => number,
  ) {
    this.sized = new SizedStore(!kind.unchecked);
    this.absent = Array.from({ length: kind.groups }, (_, n) => n);
    // What serves pushes has its size before anything is measured, and so have the buffers that wait to be used again.
    this.push(0);
    this.sized.delete(kind.labels(0));
    for (let n = 0; n < 80; n++) this.sized.push({ spare: `${n}` }, `spare{x="${"x".repeat(5_000)}"} 1\n`);
    for (let n = 0; n < 80; n++) this.sized.delete({ spare: `${n}` });
  }

  async begin(): Promise<void> {
    this.emptyHeapBytes = await liveBytes();
  }

  async measure(): Promise<Measured> {
    const { memoryBytes } = this.sized.store.stats;
    return {
      groups: this.present.length,
      countBytes: memoryBytes,
      heapBytes: (await liveBytes()) - this.emptyHeapBytes,
    };
  }

  /** Adds and removes groups, mostly the one or the other, until there are so many. */
  resize(groups: number): void {
    while (this.present.length !== groups) {
      const grows = this.present.length < groups;
      if (this.random() < (grows ? 0.9 : 0.1)) this.add();
      else this.remove();
    }
  }

  private add(): void {
    if (this.absent.length === 0) return;
    const n = take(this.absent, this.random);
    this.push(n);
    this.present.push(n);
  }

  private remove(): void {
    if (this.present.length === 0) return;
    const n = take(this.present, this.random);
    this.sized.delete(this.kind.labels(n));
    this.absent.push(n);
  }

  private push(n: number): void {
    this.sized.push(this.kind.labels(n), this.kind.body(n), this.random() < 0.5);
  }
}

function take(from: number[], random: () => number): number {
  const at = Math.floor(random() * from.length);
  const taken = from[at] as number;
  from[at] = from.at(-1) as number;
  from.pop();
  return taken;
}

async function measureKind(kind: Kind, seed: number): Promise<MeasuredKind> {
  const sizing = new Sizing(kind, seededRandom(seed));
  const measured: Measured[] = [];
  await sizing.begin();
  for (const share of SHARES) {
    sizing.resize(Math.ceil(kind.groups * share));
    measured.push(await sizing.measure());
  }
  return { what: kind.what, measured, emptied: { ...sizing.sized.store.stats } };
}

/** Code that has run often takes up memory, too: nothing is measured before that. */
function warmUp(): void {
  for (const kind of KINDS) {
    const sizing = new Sizing(kind, seededRandom(1));
    for (const groups of [Math.ceil(kind.groups / 4), 0]) sizing.resize(groups);
  }
}

warmUp();
for (const kind of KINDS) process.stdout.write(`${JSON.stringify(await measureKind(kind, Number(process.argv[2])))}\n`);
