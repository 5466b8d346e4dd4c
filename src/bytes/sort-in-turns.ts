import { intAt } from "./at.ts";

/** Elements that are sorted in one step; four times as many are merged. */
const STEP = 256;

/** Sorts rows[0, count) by `compare`, which never finds two alike, a step each time that it is asked on. */
export function* sortInTurns(
  rows: Int32Array,
  count: number,
  compare: (a: number, b: number) => number,
): Generator<null> {
  for (let from = 0; from < count; from += STEP) {
    rows.subarray(from, Math.min(count, from + STEP)).sort(compare);
    yield null;
  }
  let source = rows;
  let target = count > STEP ? new Int32Array(count) : rows;
  for (let width = STEP; width < count; width *= 2) {
    for (let from = 0; from < count; from += width * 2) yield* mergeRuns(source, target, from, width, count, compare);
    [source, target] = [target, source];
  }
  for (let from = 0; source !== rows && from < count; from += 64 * STEP) {
    rows.set(source.subarray(from, Math.min(count, from + 64 * STEP)), from);
    yield null;
  }
}

/** Merges the sorted runs source[from, from+width) and the one behind it into `target`. */
function* mergeRuns(
  source: Int32Array,
  target: Int32Array,
  from: number,
  width: number,
  count: number,
  compare: (a: number, b: number) => number,
): Generator<null> {
  const middle = Math.min(count, from + width);
  const end = Math.min(count, from + width * 2);
  let a = from;
  let b = middle;
  for (let at = from; at < end; at++) {
    const isFirst = b >= end || (a < middle && compare(intAt(source, a), intAt(source, b)) <= 0);
    target[at] = intAt(source, isFirst ? a++ : b++);
    if ((at & (4 * STEP - 1)) === 0) yield null;
  }
}
