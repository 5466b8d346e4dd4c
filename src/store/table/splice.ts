import { intAt } from "../../bytes/at.ts";
import { copyBytes } from "../../bytes/copy.ts";

/** Fields of a run: the lines that go, those that take their place in the source, and labels among these. */
const START = 0;
const END = 1;
const FROM = 2;
const TO = 3;
const LABELS = 4;
const LABELS_END = 5;
const STRIDE = 6;

/** Series whose lines are not in the order of the chunk are sorted by this many at most: a millisecond. */
const MOST_SORTED = 10_000;

/**
 * What becomes of the lines of one chunk where other series of it stay as they are: runs of whole series that get other
 * lines, and series that are put behind the last. The new lines are in one source, in any order.
 */
export class Splice {
  /** The size of the chunk. */
  sizeBytes = 0;
  count = 0;
  /** By how many bytes the chunk is larger then. */
  moreBytes = 0;
  /** By how many lines it has more. */
  moreLines = 0;
  /** The series that are new to the chunk. */
  newMetrics = 0;
  /** Where the records beside the lines are that give way to new ones, in the order of these; null: there are none. */
  records: readonly number[] | null = null;
  private runs = new Int32Array(16 * STRIDE);
  /** Whether all runs so far were in the order of the chunk. */
  private isSorted = true;
  private lastStart = -1;
  /** Up to where the runs cover the chunk without a gap. */
  private coveredTo = 0;
  /** A series is there twice. */
  hasTwins = false;

  begin(sizeBytes: number): void {
    this.sizeBytes = sizeBytes;
    this.count = 0;
    this.moreBytes = 0;
    this.moreLines = 0;
    this.newMetrics = 0;
    this.isSorted = true;
    this.lastStart = -1;
    this.coveredTo = 0;
    this.hasTwins = false;
    this.records = null;
  }

  /**
   * The lines [start, end) of the chunk give way to source[from, to), which has its labels in [labels, labelsEnd), and
   * so many lines more.
   */
  replace(
    start: number,
    end: number,
    from: number,
    to: number,
    labels: number,
    labelsEnd: number,
    moreLines: number,
  ): void {
    if (start <= this.lastStart) this.isSorted = false;
    if (start === this.coveredTo && this.isSorted) this.coveredTo = end;
    this.lastStart = start;
    this.moreLines += moreLines;
    this.moreBytes += to - from - (end - start);
    this.add(start, end, from, to, labels, labelsEnd);
  }

  /** source[from, to) are the lines of a metric that the chunk does not have. */
  append(from: number, to: number, labels: number, labelsEnd: number, lineCount: number): void {
    this.moreLines += lineCount;
    this.newMetrics++;
    this.moreBytes += to - from;
    this.lastStart = this.sizeBytes;
    this.add(this.sizeBytes, this.sizeBytes, from, to, labels, labelsEnd);
  }

  private add(start: number, end: number, from: number, to: number, labels: number, labelsEnd: number): void {
    const at = this.count++ * STRIDE;
    if (at === this.runs.length) this.grow();
    const { runs } = this;
    runs[at + START] = start;
    runs[at + END] = end;
    runs[at + FROM] = from;
    runs[at + TO] = to;
    runs[at + LABELS] = labels;
    runs[at + LABELS_END] = labelsEnd;
  }

  private grow(): void {
    const grown = new Int32Array(this.runs.length * 2);
    grown.set(this.runs);
    this.runs = grown;
  }

  /** Whether it is all of the chunk in its order: what is in the source is the whole. */
  get isWhole(): boolean {
    return this.newMetrics === 0 && this.isSorted && this.coveredTo === this.sizeBytes;
  }

  /** Whether it brings series that the chunk does not have. */
  get bringsSeries(): boolean {
    return this.newMetrics > 0;
  }

  /** Brings the runs into the order of the chunk; false: they are too many to be sorted at once. */
  finish(): boolean {
    if (!this.isSorted && this.count > MOST_SORTED) return false;
    if (!this.isSorted) this.sort();
    return true;
  }

  private sort(): void {
    const { count, runs } = this;
    const keys = new Float64Array(count);
    for (let run = 0; run < count; run++) keys[run] = this.start(run) * MOST_SORTED + run;
    keys.sort();
    const sorted = new Int32Array(runs.length);
    let lastStart = -1;
    for (let place = 0; place < count; place++) {
      const run = (keys[place] as number) % MOST_SORTED;
      if (this.start(run) === lastStart && lastStart < this.sizeBytes) this.hasTwins = true;
      lastStart = this.start(run);
      sorted.set(runs.subarray(run * STRIDE, (run + 1) * STRIDE), place * STRIDE);
    }
    this.runs = sorted;
  }

  start(run: number): number {
    return intAt(this.runs, run * STRIDE + START);
  }

  end(run: number): number {
    return intAt(this.runs, run * STRIDE + END);
  }

  from(run: number): number {
    return intAt(this.runs, run * STRIDE + FROM);
  }

  to(run: number): number {
    return intAt(this.runs, run * STRIDE + TO);
  }

  labels(run: number): number {
    return intAt(this.runs, run * STRIDE + LABELS);
  }

  labelsEnd(run: number): number {
    return intAt(this.runs, run * STRIDE + LABELS_END);
  }

  /** How many bytes of the chunk move where it is spliced in place. */
  get movedBytes(): number {
    for (let run = 0; run < this.count; run++)
      if (this.to(run) - this.from(run) !== this.end(run) - this.start(run)) return this.sizeBytes - this.end(run);
    return 0;
  }

  /** Writes the lines as they become to target[at, ..), which is none of the bytes that they are read from. */
  writeTo(target: Uint8Array, at: number, lines: Uint8Array, source: Uint8Array): void {
    const copy = new SplicedCopy(this, target, at);
    while (!copy.copyOn(lines, source, Infinity));
  }

  /** Splices bytes[0, sizeBytes) in place: what is behind must have room for `moreBytes`. */
  applyIn(bytes: Uint8Array, source: Uint8Array): void {
    const shifts = new Int32Array(this.count);
    let shift = 0;
    for (let run = 0; run < this.count; run++) {
      shift += this.to(run) - this.from(run) - (this.end(run) - this.start(run));
      shifts[run] = shift;
    }
    // Each gap between two runs moves as a whole. None is written over before it has moved: those that move up go
    // from the last on, those that move down from the first.
    for (let run = this.count - 1; run >= 0; run--) if (intAt(shifts, run) > 0) this.moveGap(bytes, run, shifts);
    for (let run = 0; run < this.count; run++) if (intAt(shifts, run) < 0) this.moveGap(bytes, run, shifts);
    for (let run = 0; run < this.count; run++) {
      const at = this.start(run) + (run === 0 ? 0 : intAt(shifts, run - 1));
      copyBytes(source, this.from(run), this.to(run), bytes, at);
    }
  }

  /** Moves what is between a run and the next one. */
  private moveGap(bytes: Uint8Array, run: number, shifts: Int32Array): void {
    const end = run + 1 < this.count ? this.start(run + 1) : this.sizeBytes;
    if (end > this.end(run)) bytes.copyWithin(this.end(run) + intAt(shifts, run), this.end(run), end);
  }
}

/** Writes the lines of a chunk as a splice makes them, over any number of turns. */
export class SplicedCopy {
  private run = 0;
  /** Up to where the lines, and the new ones of the run, were copied. */
  private readTo = 0;
  private copiedOfRun = 0;

  constructor(
    private readonly splice: Splice,
    readonly target: Uint8Array,
    private at = 0,
  ) {}

  /** Copies about `mostBytes` more; false: there is more to copy. Nothing that it reads changes meanwhile. */
  copyOn(lines: Uint8Array, source: Uint8Array, mostBytes: number): boolean {
    const { splice } = this;
    let left = mostBytes;
    while (left > 0) {
      const isLast = this.run === splice.count;
      const gapEnd = isLast ? splice.sizeBytes : splice.start(this.run);
      if (this.readTo < gapEnd) {
        const end = Math.min(gapEnd, this.readTo + left);
        left -= this.copy(lines, this.readTo, end);
        this.readTo = end;
      } else if (isLast) return true;
      else left -= this.copyRun(source, left);
    }
    return this.run === splice.count && this.readTo === splice.sizeBytes;
  }

  private copyRun(source: Uint8Array, mostBytes: number): number {
    const { splice, run } = this;
    const from = splice.from(run) + this.copiedOfRun;
    const end = Math.min(splice.to(run), from + mostBytes);
    this.copy(source, from, end);
    this.copiedOfRun += end - from;
    if (end === splice.to(run)) {
      this.readTo = splice.end(run);
      this.copiedOfRun = 0;
      this.run++;
    }
    return end - from + RUN_BYTES;
  }

  private copy(source: Uint8Array, start: number, end: number): number {
    copyBytes(source, start, end, this.target, this.at);
    this.at += end - start;
    return end - start;
  }
}

/** What a run costs besides its bytes. */
const RUN_BYTES = 16;
