import { type Pattern, PatternFault, PatternReader } from "./pattern-syntax.ts";

/** Most steps of a pattern, and so the most looks at each character. */
export const MAX_STEPS = 1000;

const TAKE = 0;
const SPLIT = 1;
const BEGIN = 2;
const END = 3;
const MATCH = 4;

/**
 * One instruction: TAKE goes to `next` over a character of `runs`, SPLIT on to both places, BEGIN and END where text
 * begins or ends.
 */
interface Step {
  readonly op: number;
  readonly runs: readonly number[];
  next: number;
  other: number;
}

/**
 * A regular expression that matches whole texts, in time that grows with their length: all ways through it are followed
 * at once, a character at a time, where JavaScript's own expressions try one way after the other.
 */
export class LinearPattern {
  private readonly steps: Step[] = [];
  private readonly marks: Int32Array;
  private round = 0;
  private emitted = 0;
  /** Steps looked at so far, for tests. */
  work = 0;

  /** Throws a PatternFault where the text is no pattern, or one of too many steps. */
  constructor(text: string) {
    this.emit(new PatternReader(text).read());
    this.add(MATCH);
    this.marks = new Int32Array(this.steps.length);
  }

  /** Whether all of a text matches. */
  test(text: string): boolean {
    let now: number[] = [];
    this.round++;
    this.follow(0, now, true, text.length === 0);
    let at = 0;
    for (const character of text) {
      at += character.length;
      const code = character.codePointAt(0) as number;
      const next: number[] = [];
      this.round++;
      for (const place of now) {
        const { op, runs, next: behind } = this.steps[place] as Step;
        if (op === TAKE && isIn(runs, code)) this.follow(behind, next, false, at === text.length);
      }
      now = next;
    }
    return now.some((place) => this.steps[place]?.op === MATCH);
  }

  /** Adds the steps at a place, and those that follow it without a character in between. */
  private follow(from: number, to: number[], isBegin: boolean, isEnd: boolean): void {
    const waiting = [from];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      this.work++;
      if (this.marks[place] === this.round) continue;
      this.marks[place] = this.round;
      const { op, next, other } = this.steps[place] as Step;
      if (op === SPLIT) waiting.push(other, next);
      else if (op === BEGIN || op === END) {
        if (op === BEGIN ? isBegin : isEnd) waiting.push(next);
      } else to.push(place);
    }
  }

  private add(op: number, runs: readonly number[] = []): Step {
    const place = this.steps.length;
    if (place >= MAX_STEPS) throw new PatternFault(`it takes more than ${MAX_STEPS} steps`);
    const step = { op, runs, next: place + 1, other: place + 1 };
    this.steps.push(step);
    return step;
  }

  /** Appends the steps of a pattern; the next step comes after them. */
  private emit(pattern: Pattern): void {
    if (++this.emitted > 10 * MAX_STEPS) throw new PatternFault("it repeats too much");
    if (pattern.kind === "set") this.add(TAKE, pattern.runs);
    else if (pattern.kind === "begin") this.add(BEGIN);
    else if (pattern.kind === "end") this.add(END);
    else if (pattern.kind === "all") for (const part of pattern.parts) this.emit(part);
    else if (pattern.kind === "any") this.emitAny(pattern.parts);
    else this.emitRepeat(pattern.part, pattern.min, pattern.max);
  }

  private emitAny(parts: readonly Pattern[]): void {
    const ends: Step[] = [];
    for (const [i, part] of parts.entries()) {
      const split = i < parts.length - 1 ? this.add(SPLIT) : null;
      this.emit(part);
      if (split === null) continue;
      ends.push(this.add(SPLIT));
      split.other = this.steps.length;
    }
    for (const end of ends) {
      end.next = this.steps.length;
      end.other = this.steps.length;
    }
  }

  private emitRepeat(part: Pattern, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.emit(part);
    const isEndless = max === Infinity;
    const skips: Step[] = [];
    for (let i = min; i < (isEndless ? min + 1 : max); i++) {
      skips.push(this.add(SPLIT));
      this.emit(part);
    }
    const [loop] = skips;
    if (isEndless && loop !== undefined) {
      const back = this.add(SPLIT);
      back.next = this.steps.indexOf(loop);
      back.other = back.next;
    }
    for (const skip of skips) skip.other = this.steps.length;
  }
}

function isIn(runs: readonly number[], code: number): boolean {
  for (let i = 0; i < runs.length; i += 2)
    if (code >= (runs[i] as number) && code <= (runs[i + 1] as number)) return true;
  return false;
}
