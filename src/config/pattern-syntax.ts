/** What a pattern is made of. Sets are pairs of code points, the first and the last of each run. */
export type Pattern =
  | { readonly kind: "set"; readonly runs: readonly number[] }
  | { readonly kind: "all"; readonly parts: readonly Pattern[] }
  | { readonly kind: "any"; readonly parts: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly part: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: "begin" }
  | { readonly kind: "end" };

const LAST_CODE = 0x10ffff;
/** As in Go. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 100;

const DIGITS = [0x30, 0x39];
const WORDS = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const BLANKS = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
const ESCAPED_SETS: Readonly<Record<string, readonly number[]>> = { d: DIGITS, w: WORDS, s: BLANKS };
const ESCAPED_CODES: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7 };
const NAMED_SETS: Readonly<Record<string, readonly number[]>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  digit: DIGITS,
  lower: [0x61, 0x7a],
  upper: [0x41, 0x5a],
  word: WORDS,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};
const NO_LINE_FEED = [0, 9, 11, LAST_CODE];

/** Why a pattern cannot be read. */
export class PatternFault extends Error {}

/**
 * Reads a regular expression of RE2's language, which is Go's: literals, `.`, sets, groups, alternatives, repetitions,
 * `^` and `$`, the flag `i`. What RE2 has no place for (references, looking around), and word boundaries and Unicode
 * classes, are refused.
 */
export class PatternReader {
  private readonly characters: readonly string[];
  private at = 0;
  private depth = 0;
  private isCaseless = false;

  constructor(text: string) {
    this.characters = [...text];
  }

  /** Throws a PatternFault if it is not one. */
  read(): Pattern {
    const pattern = this.alternatives();
    if (this.at < this.characters.length) throw new PatternFault("unexpected )");
    return pattern;
  }

  private get next(): string | undefined {
    return this.characters[this.at];
  }

  private take(): string {
    const character = this.characters[this.at++];
    if (character === undefined) throw new PatternFault("it ends early");
    return character;
  }

  private takeIf(text: string): boolean {
    if (
      !this.characters
        .slice(this.at, this.at + text.length)
        .join("")
        .startsWith(text)
    )
      return false;
    this.at += text.length;
    return true;
  }

  private alternatives(): Pattern {
    if (++this.depth > MAX_DEPTH) throw new PatternFault("groups are nested too deeply");
    const parts = [this.sequence()];
    while (this.takeIf("|")) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 ? (parts[0] as Pattern) : { kind: "any", parts };
  }

  private sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.next !== undefined && this.next !== "|" && this.next !== ")") {
      const part = this.atom();
      if (part !== null) parts.push(this.repeated(part));
    }
    return { kind: "all", parts };
  }

  /** null: it was a flag for what follows. */
  private atom(): Pattern | null {
    const character = this.take();
    if (character === "(") return this.group();
    if (character === "[") return this.set();
    if (character === ".") return { kind: "set", runs: NO_LINE_FEED };
    if (character === "^") return { kind: "begin" };
    if (character === "$") return { kind: "end" };
    if (character === "*" || character === "+" || character === "?")
      throw new PatternFault(`nothing before ${character}`);
    if (character !== "\\") return this.runsOf([codeOf(character), codeOf(character)]);
    if (this.takeIf("A")) return { kind: "begin" };
    if (this.takeIf("z")) return { kind: "end" };
    return this.runsOf(this.escape());
  }

  private group(): Pattern | null {
    const isCaseless = this.isCaseless;
    if (this.takeIf("?i)")) {
      this.isCaseless = true;
      return null;
    }
    if (this.takeIf("?i:")) this.isCaseless = true;
    else if (!this.takeIf("?:") && this.next === "?") throw new PatternFault("a group that begins with (? is unknown");
    const pattern = this.alternatives();
    if (!this.takeIf(")")) throw new PatternFault("missing )");
    this.isCaseless = isCaseless;
    return pattern;
  }

  private repeated(part: Pattern): Pattern {
    const bounds = this.bounds();
    if (bounds === null) return part;
    // Which of several matches is found makes no difference.
    this.takeIf("?");
    if (this.bounds() !== null) throw new PatternFault("a repetition of a repetition");
    return { kind: "repeat", part, ...bounds };
  }

  private bounds(): { readonly min: number; readonly max: number } | null {
    if (this.takeIf("*")) return { min: 0, max: Infinity };
    if (this.takeIf("+")) return { min: 1, max: Infinity };
    if (this.takeIf("?")) return { min: 0, max: 1 };
    const written = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.characters.slice(this.at, this.at + 12).join(""));
    if (written === null) return null;
    this.at += written[0].length;
    const min = Number(written[1]);
    const max = written[2] === undefined ? min : written[3] === "" ? Infinity : Number(written[3]);
    if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity) || max < min)
      throw new PatternFault(`invalid repeat count ${written[0]}`);
    return { min, max };
  }

  private set(): Pattern {
    const isInverted = this.takeIf("^");
    const runs: number[] = [];
    for (let isFirst = true; isFirst || this.next !== "]"; isFirst = false) runs.push(...this.setPart());
    this.at++;
    const all = this.isCaseless ? withCases(runs) : runs;
    return { kind: "set", runs: isInverted ? inverted(all) : all };
  }

  private setPart(): readonly number[] {
    const named = /^\[:(\w+):\]/.exec(this.characters.slice(this.at, this.at + 16).join(""));
    if (named !== null) {
      this.at += named[0].length;
      const runs = NAMED_SETS[named[1] ?? ""];
      if (runs === undefined) throw new PatternFault(`unknown set ${named[0]}`);
      return runs;
    }
    const first = this.setCharacter();
    if (this.next !== "-" || this.characters[this.at + 1] === "]" || first[0] !== first[1]) return first;
    this.at++;
    const last = this.setCharacter();
    if (last.length !== 2 || last[0] !== last[1] || (first[0] as number) > (last[0] as number))
      throw new PatternFault("invalid range in a set");
    return [first[0] as number, last[0] as number];
  }

  private setCharacter(): readonly number[] {
    const character = this.take();
    return character === "\\" ? this.escape() : [codeOf(character), codeOf(character)];
  }

  private escape(): readonly number[] {
    const character = this.take();
    const set = ESCAPED_SETS[character.toLowerCase()];
    if (set !== undefined) return character in ESCAPED_SETS ? set : inverted(set);
    if (character === "x" || character === "u") return this.escapedCode(character === "x" ? 2 : 4);
    const code = ESCAPED_CODES[character];
    if (code === undefined && /[\p{L}\p{N}]/u.test(character)) throw new PatternFault(`unknown escape \\${character}`);
    return [code ?? codeOf(character), code ?? codeOf(character)];
  }

  private escapedCode(digits: number): readonly number[] {
    const rest = this.characters.slice(this.at, this.at + 10).join("");
    const written = /^\{([0-9a-fA-F]{1,6})\}/.exec(rest) ?? new RegExp(`^([0-9a-fA-F]{${digits}})`).exec(rest);
    if (written === null) throw new PatternFault("a code without its digits");
    this.at += written[0].length;
    const code = Number.parseInt(written[1] ?? "", 16);
    return [code, code];
  }

  private runsOf(runs: readonly number[]): Pattern {
    return { kind: "set", runs: this.isCaseless ? withCases(runs) : runs };
  }
}

const codeOf = (character: string): number => character.codePointAt(0) as number;

/** The code points that are in no run. */
function inverted(runs: readonly number[]): readonly number[] {
  const pairs = Array.from({ length: runs.length / 2 }, (_, i) => [runs[2 * i] as number, runs[2 * i + 1] as number]);
  const result: number[] = [];
  let from = 0;
  for (const [first = 0, last = 0] of pairs.sort(([a = 0], [b = 0]) => a - b)) {
    if (first > from) result.push(from, first - 1);
    from = Math.max(from, last + 1);
  }
  if (from <= LAST_CODE) result.push(from, LAST_CODE);
  return result;
}

/** The runs with the letters of ASCII in both cases: origins have no others. */
function withCases(runs: readonly number[]): readonly number[] {
  const result = [...runs];
  for (let i = 0; i < runs.length; i += 2)
    for (const [first, last, shift] of [
      [0x41, 0x5a, 0x20],
      [0x61, 0x7a, -0x20],
    ] as const) {
      const from = Math.max(first, runs[i] as number);
      const to = Math.min(last, runs[i + 1] as number);
      if (from <= to) result.push(from + shift, to + shift);
    }
  return result;
}
