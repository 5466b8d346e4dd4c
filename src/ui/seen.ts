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
const PARTS = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u3164])/u;

/** A piece of text: as it is, or a character that is named instead. */
export type SeenPart = string | { readonly name: string; readonly code: string };

/** Text in pieces, so that all of it can be seen. */
export function seenParts(text: string): readonly SeenPart[] {
  if (!UNSEEN.test(text)) return [text];
  return text
    .split(PARTS)
    .filter((part) => part !== "")
    .map((part) => (UNSEEN.test(part) ? nameOf(part.codePointAt(0) ?? 0) : part));
}

/** The same as one text, for where there is no markup. */
export function seenText(text: string): string {
  return seenParts(text)
    .map((part) => (typeof part === "string" ? part : `[${part.name}]`))
    .join("");
}

function nameOf(codePoint: number): { name: string; code: string } {
  const code = `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
  const control = codePoint === DELETE ? "DEL" : CONTROLS[codePoint];
  return { name: NAMES[codePoint] ?? control ?? code, code };
}

/** At most so many characters, and a sign that there are more. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
