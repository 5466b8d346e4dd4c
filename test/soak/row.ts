import type { Figures } from "./honest.ts";

/** Memory in use: at most while the hostile clients were there, and when what they left was deleted. */
export interface Memory {
  readonly mostMB: number;
  readonly afterMB: number;
}

/** No honest push waits for longer. */
const PUSH_LIMIT_MS = 250;
const NAME_WIDTH = 34;
const WIDTH = 10;
const COLUMNS = [
  "pushes",
  "p50 ms",
  "p99 ms",
  "worst ms",
  "uploads",
  "scrapes",
  "worst ms",
  "logins",
  "worst ms",
  "failed",
  "most MB",
  "after MB",
];

/** The figures of one act, and what of them is not as promised. */
export class Row {
  static readonly HEAD = "act".padEnd(NAME_WIDTH) + COLUMNS.map((name) => name.padStart(WIDTH)).join("");

  constructor(
    private readonly name: string,
    private readonly figures: Figures,
    private readonly memory: Memory,
    /** Why what the hostile clients left could not be deleted, or null. */
    private readonly left: string | null,
  ) {}

  get text(): string {
    const { pushMs, uploads, scrapeMs, loginMs, failures } = this.figures;
    const { mostMB, afterMB } = this.memory;
    const times = [pushMs.length, quantile(pushMs, 0.5), quantile(pushMs, 0.99), worst(pushMs), uploads];
    const others = [scrapeMs.length, worst(scrapeMs), loginMs.length, worst(loginMs), failures.length, mostMB, afterMB];
    const cells = [...times, ...others].map((figure) => figure.toFixed(Number.isInteger(figure) ? 0 : 1));
    return this.name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(WIDTH)).join("");
  }

  get faults(): string[] {
    const { pushMs, failures } = this.figures;
    const kinds = Map.groupBy(failures, ({ what }) => what);
    return [
      ...(worst(pushMs) > PUSH_LIMIT_MS ? [`a push waited for ${worst(pushMs).toFixed(0)} ms`] : []),
      ...[...kinds].map(([what, all]) => `${all.length} times ${what}`),
      ...(this.left === null ? [] : [this.left]),
    ].map((fault) => `${this.name}: ${fault}`);
  }
}

const worst = (timesMs: readonly number[]): number => timesMs.reduce((most, ms) => Math.max(most, ms), 0);

function quantile(timesMs: readonly number[], part: number): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
