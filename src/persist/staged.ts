/**
 * A change of a group that is too large for one commit is written over several. Until the last one its rows must not
 * count, and in the last one all of them must at once, whatever their number: a crash in between shows the group as it
 * was before. So the rows get numbers that no segment of the group has, and the table `staged` says of the group which
 * numbers these are; the last commit writes the group's own row, drops what the change replaces, and takes the entry of
 * `staged` away. Whoever reads passes over staged segments; whoever opens the file for writing deletes them.
 *
 * Moving rows from a table of their own, or renumbering them, would write them a second time, in one commit.
 *
 * `numbers` are runs of segment numbers, each the first one and how many, as integers of 32 bits, little-endian.
 */
const RUN_BYTES = 8;
const COUNT_AT = 4;

/** A run of segment numbers: `count` of them from `first` on. */
export interface SegmentRun {
  readonly first: number;
  readonly count: number;
}

export function runsOf(numbers: Uint8Array): SegmentRun[] {
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const runs: SegmentRun[] = [];
  for (let at = 0; at + RUN_BYTES <= numbers.length; at += RUN_BYTES)
    runs.push({ first: view.getUint32(at, true), count: view.getUint32(at + COUNT_AT, true) });
  return runs;
}

export const isStaged = (runs: readonly SegmentRun[], number: number): boolean =>
  runs.some(({ first, count }) => number >= first && number < first + count);

/** Segment numbers of one group, in the order in which they were taken; those that follow one another cost nothing. */
export class StagedNumbers {
  private readonly runs: { first: number; count: number }[] = [];

  add(number: number): void {
    const last = this.runs.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else this.runs.push({ first: number, count: 1 });
  }

  has(number: number): boolean {
    return isStaged(this.runs, number);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.runs.length * RUN_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [i, { first, count }] of this.runs.entries()) {
      view.setUint32(i * RUN_BYTES, first, true);
      view.setUint32(i * RUN_BYTES + COUNT_AT, count, true);
    }
    return bytes;
  }
}
