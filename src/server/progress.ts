/** Half-lives of what was moved: lately, and over a while. */
const SHORT_MS = 1000;
const LONG_MS = 10_000;
/** Over a while as much is moved by one that goes on as lately, times this. */
const LONG_PART = SHORT_MS / LONG_MS;

/** How much a client brings or takes: both lately and over a while, so that one burst does not count for long. */
export class Progress {
  /** When something last moved. */
  movedMs: number;
  private recent = 0;
  private longer = 0;

  constructor(nowMs: number) {
    this.movedMs = nowMs;
  }

  add(bytes: number, nowMs: number): void {
    const ageMs = this.movedMs - nowMs;
    this.recent = this.recent * 2 ** (ageMs / SHORT_MS) + bytes;
    this.longer = this.longer * 2 ** (ageMs / LONG_MS) + bytes;
    this.movedMs = nowMs;
  }

  at(nowMs: number): number {
    const ageMs = this.movedMs - nowMs;
    return Math.min(this.recent * 2 ** (ageMs / SHORT_MS), this.longer * 2 ** (ageMs / LONG_MS) * LONG_PART);
  }
}
