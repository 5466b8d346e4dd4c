/** A part of a pattern that is made of plain text and gaps. */
export type PatternPart =
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  /** Anything of at least so many bytes: `.*` or `.+`. */
  | { readonly kind: "gap"; readonly least: 0 | 1 };

/** Characters that mean something in a pattern. */
const SPECIAL = /[\\.+*?()|[\]{}^$]/;
/** Behind a backslash they are themselves. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/**
 * The alternatives of a pattern of plain text with `.*` or `.+` at its ends: `backup.*|db-1|.*replica.*`. Null where
 * the pattern has more than that: then it takes an engine to read it.
 */
export function readAlternatives(pattern: string): PatternPart[][] | null {
  const alternatives: PatternPart[][] = [];
  for (let at = 0; at <= pattern.length; ) {
    const read = readAlternative(pattern, at);
    if (read === null) return null;
    alternatives.push(read.pieces);
    at = read.end + 1;
  }
  return alternatives;
}

interface Read {
  readonly pieces: PatternPart[];
  /** Where the bar or the end of the pattern is. */
  readonly end: number;
}

function readAlternative(pattern: string, start: number): Read | null {
  const pieces: PatternPart[] = [];
  let at = start;
  const front = readGap(pattern, at);
  if (front !== null) {
    pieces.push(front.gap);
    at = front.end;
  }
  const plain = readText(pattern, at);
  if (plain === null) return null;
  if (plain.text !== "") pieces.push({ kind: "text", bytes: Buffer.from(plain.text) });
  at = plain.end;
  const back = plain.text === "" ? null : readGap(pattern, at);
  if (back !== null) {
    pieces.push(back.gap);
    at = back.end;
  }
  return at === pattern.length || pattern[at] === "|" ? { pieces, end: at } : null;
}

function readGap(pattern: string, at: number): { gap: PatternPart; end: number } | null {
  const repeat = pattern[at + 1];
  if (pattern[at] !== "." || (repeat !== "*" && repeat !== "+")) return null;
  // A lazy gap takes the same values, another repetition is none that is taken.
  const end = pattern[at + 2] === "?" ? at + 3 : at + 2;
  return { gap: { kind: "gap", least: repeat === "*" ? 0 : 1 }, end };
}

/** Text up to a gap, a bar or the end; null where something else follows, or the last character is repeated. */
function readText(pattern: string, start: number): { text: string; end: number } | null {
  let text = "";
  let at = start;
  while (at < pattern.length) {
    const isEscaped = pattern[at] === "\\";
    const character = isEscaped ? (pattern[at + 1] ?? "") : (pattern[at] ?? "");
    if (isEscaped ? !PUNCTUATION.test(character) : SPECIAL.test(character)) break;
    text += character;
    at += isEscaped ? 2 : 1;
  }
  const next = pattern[at];
  const goesOn = next === undefined || next === "|" || readGap(pattern, at) !== null;
  return goesOn ? { text, end: at } : null;
}
