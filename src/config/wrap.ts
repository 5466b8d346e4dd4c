/** The price of ending a line after a word without punctuation: worth eight empty columns. */
const MID_SENTENCE = 64;

/** What a way of breaking costs: first the columns beyond the width, then the looks. */
interface Cost {
  readonly beyond: number;
  readonly looks: number;
}

/**
 * Breaks `text` into lines of at most `width` columns, a longer word alone on its line. Of all ways it takes the one with the
 * least sum of squares of the empty columns at the ends of lines (the last one is free), preferring to break after
 * punctuation: Go's doc comments are printed so, and with them the reference's help text.
 */
export function wrapText(text: string, width: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const starts = bestStarts(words, width);
  const lines: string[] = [];
  for (let end = words.length; end > 0; end = starts[end] ?? 0) {
    lines.unshift(words.slice(starts[end] ?? 0, end).join(" "));
  }
  return lines;
}

/** For each number of words, where the last line begins in the best way to break that many; no later line depends on it. */
function bestStarts(words: readonly string[], width: number): number[] {
  const starts = [0];
  const costs: Cost[] = [{ beyond: 0, looks: 0 }];
  for (let end = 1; end <= words.length; end++) {
    let best: Cost = { beyond: Number.POSITIVE_INFINITY, looks: 0 };
    for (let start = 0; start < end; start++) {
      const cost = sum(costs[start], lineCost(words.slice(start, end), width, end === words.length));
      if (isLess(best, cost)) continue;
      best = cost;
      starts[end] = start;
    }
    costs[end] = best;
  }
  return starts;
}

function lineCost(line: readonly string[], width: number, isLast: boolean): Cost {
  const text = line.join(" ");
  const spare = width - text.length;
  if (isLast && spare >= 0) return { beyond: 0, looks: 0 };
  const penalty = /[.,:;]$/.test(text) ? 0 : MID_SENTENCE;
  return spare < 0 ? { beyond: spare * spare, looks: penalty } : { beyond: 0, looks: spare * spare + penalty };
}

function sum(left: Cost | undefined, right: Cost): Cost {
  return { beyond: (left?.beyond ?? 0) + right.beyond, looks: (left?.looks ?? 0) + right.looks };
}

function isLess(left: Cost, right: Cost): boolean {
  return left.beyond < right.beyond || (left.beyond === right.beyond && left.looks < right.looks);
}
