/**
 * How many steps a pattern is compiled to, or a few more: each character, class or escape is one, and what is repeated
 * by `{n,m}` is there as often as it says. Anything above `most` says only that. What is no pattern has some weight,
 * too: the engine refuses it.
 */
export function patternWeight(pattern: string, most: number): number {
  /** Of each open group, what stands before it in its own group. */
  const outer: number[] = [];
  /** Of the group that is open, so far; and of its last part, which a repetition repeats. */
  let sum = 0;
  let last = 0;
  for (let at = 0; at < pattern.length && sum <= most; ) {
    const character = pattern[at];
    const flagsEnd = character === "(" ? endOfFlags(pattern, at) : at;
    const repeat = character === "{" ? readRepeat(pattern, at) : null;
    if (repeat !== null) {
      sum += last * (repeat.most - 1);
      last *= repeat.most;
      at = repeat.end;
    } else if (flagsEnd > at) {
      // They are no part: what repeats them repeats the part before.
      at = flagsEnd;
    } else if (character === "(") {
      outer.push(sum);
      sum = 0;
      at++;
    } else if (character === ")") {
      last = sum + 2;
      sum = last + (outer.pop() ?? 0);
      at++;
    } else if (character === "?" || character === "*" || character === "+") {
      // They belong to the part before, as what makes a repetition lazy does.
      last++;
      sum++;
      at++;
    } else {
      last = 1;
      sum++;
      at = endOfPart(pattern, at);
    }
  }
  return outer.reduce((total, part) => total + part, sum);
}

/** `{n}`, `{n,}` or `{n,m}`; null where the brace is a character. */
function readRepeat(pattern: string, at: number): { most: number; end: number } | null {
  const found = REPEAT.exec(pattern.slice(at, at + MAX_REPEAT_LENGTH));
  if (found === null) return null;
  const most = Math.max(1, Number(found[1]), Number(found[2] ?? 0));
  return { most, end: at + found[0].length };
}

const REPEAT = /^\{(\d{1,4})(?:,(\d{0,4}))?\}/;
const MAX_REPEAT_LENGTH = 12;

const FLAGS = /\(\?[imsU-]+\)/y;

/** Behind flags as `(?i)`, which hold from there on; the same place where there are none. */
function endOfFlags(pattern: string, at: number): number {
  FLAGS.lastIndex = at;
  return at + (FLAGS.exec(pattern)?.[0].length ?? 0);
}

/** Behind a character, an escape or a class. */
function endOfPart(pattern: string, at: number): number {
  if (pattern[at] === "\\")
    return pattern.startsWith("x{", at + 1) ? pattern.indexOf("}", at) + 1 || pattern.length : at + 2;
  return pattern[at] === "[" ? endOfClass(pattern, at) : at + 1;
}

function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === "^") at++;
  // A bracket that comes first is a member.
  if (pattern[at] === "]") at++;
  for (; at < pattern.length && pattern[at] !== "]"; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern.startsWith("[:", at)) at = Math.max(at, pattern.indexOf(":]", at) + 1);
  }
  return at + 1;
}
