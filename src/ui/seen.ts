/** Characters that cannot be seen, or change how others are seen, by what they are called. */
const NAMES: Readonly<Record<number, string>> = {
  173: "SHY",
  1564: "ALM",
  6158: "MVS",
  8203: "ZWSP",
  8204: "ZWNJ",
  8205: "ZWJ",
  8206: "LRM",
  8207: "RLM",
  8232: "LS",
  8233: "PS",
  8234: "LRE",
  8235: "RLE",
  8236: "PDF",
  8237: "LRO",
  8238: "RLO",
  8288: "WJ",
  8294: "LRI",
  8295: "RLI",
  8296: "FSI",
  8297: "PDI",
  12644: "HF",
  65279: "BOM",
};
/** Of U+0000 on. */
const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(
    " ",
  );
const DELETE = 0x7f;

/** Controls, formats (directions, widths, tags), separators of lines, halves of pairs, and a letter that is blank. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164]/u;
const ALL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164]/gu;
const ALL_BUT_LINE_FEEDS = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164]/gu;
/** The same one, once or more. */
const RUNS = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164])\1*/gu;

/** Stands for a character that cannot be seen where very many of them are not named. */
const MASK = "\ufffd";
/** In one text so many are named, a run of the same one counted once; the others are masked. */
export const MOST_NAMED = 40;

/** A piece of text: as it is, or a character, which may follow itself, that is named instead. */
export type SeenPart = string | { readonly name: string; readonly code: string };

/** Text in pieces, so that all of it can be seen; of more unseen characters than `most` the rest is masked. */
export function seenParts(text: string, most = MOST_NAMED): readonly SeenPart[] {
  if (!UNSEEN.test(text)) return [text];
  const parts: SeenPart[] = [];
  let shownTo = 0;
  let named = 0;
  for (const { 0: run, index } of text.matchAll(RUNS)) {
    if (named++ === most) break;
    if (index > shownTo) parts.push(text.slice(shownTo, index));
    parts.push(nameOf(run));
    shownTo = index + run.length;
  }
  if (shownTo < text.length) parts.push(masked(text.slice(shownTo)));
  return parts;
}

/** Line feeds stay: where they end lines they are no fault. */
export const maskedLines = (text: string): string => text.replace(ALL_BUT_LINE_FEEDS, MASK);

const masked = (text: string): string => text.replace(ALL, MASK);

/** The same as one text, for where there is no markup. */
export function seenText(text: string): string {
  return seenParts(text)
    .map((part) => (typeof part === "string" ? part : `[${part.name}]`))
    .join("");
}

function nameOf(run: string): { name: string; code: string } {
  const codePoint = run.codePointAt(0) ?? 0;
  const times = run.length / (codePoint > 0xffff ? 2 : 1);
  const code = `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
  const control = codePoint === DELETE ? "DEL" : CONTROLS[codePoint];
  const name = NAMES[codePoint] ?? control ?? code;
  return { name: times === 1 ? name : `${name}×${times}`, code };
}

/** At most so many characters, and a sign that there are more. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
