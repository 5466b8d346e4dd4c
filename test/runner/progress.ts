import type { FileResult } from "./file-run.ts";

/** How often a line is written where the last one cannot be written over. */
const LINE_SECONDS = 15;

/** How far a run of tests is: one line on a terminal, a line from time to time elsewhere. */
export class Progress {
  readonly #total: number;
  readonly #isTerminal: boolean;
  readonly #write: (text: string) => void;
  readonly #startMs = performance.now();
  readonly results: FileResult[] = [];
  #toldSeconds = 0;

  constructor(total: number, isTerminal: boolean, write: (text: string) => void) {
    this.#total = total;
    this.#isTerminal = isTerminal;
    this.#write = write;
  }

  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  get passed(): number {
    return this.results.reduce((sum, { passed }) => sum + passed, 0);
  }

  get failed(): number {
    return this.results.reduce((sum, { failed }) => sum + failed, 0);
  }

  /** Adds what became of a file, and writes all that a file printed in which something failed. */
  add(result: FileResult): void {
    this.results.push(result);
    if (result.failed > 0) this.#write(`${this.#isTerminal ? "\r\x1b[K" : ""}\n== ${result.path}\n${result.output}\n`);
    this.#tell();
  }

  #tell(): void {
    const { seconds } = this;
    const isLast = this.results.length === this.#total;
    const counts = `${this.results.length}/${this.#total} files, ${this.passed} tests passed, ${this.failed} failed`;
    const line = `${counts}, ${seconds.toFixed(0)} s`;
    if (this.#isTerminal) this.#write(`\r\x1b[K${line}${isLast ? "\n" : ""}`);
    else if (isLast || seconds - this.#toldSeconds >= LINE_SECONDS) {
      this.#toldSeconds = seconds;
      this.#write(`${line}\n`);
    }
  }

  /** Writes how the run ended: the files in which something failed, and a line with the numbers of tests. */
  end(): void {
    const bad = this.results.filter(({ failed }) => failed > 0).sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#write(bad.map(({ path, failed }) => `failed: ${path} (${failed})\n`).join(""));
    const files = `${this.results.length} files in ${this.seconds.toFixed(0)} s`;
    this.#write(`\n${files}: ${this.passed} tests passed, ${this.failed} failed\n`);
  }
}
