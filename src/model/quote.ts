/** Go's %q, for error texts that must read like the reference's (strconv.Quote and QuoteRune). */

const decoder = new TextDecoder("utf-8", { fatal: true });
const SHORT: Record<string, string> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** `source` in double quotes; bytes that are not UTF-8 as \x.., unprintable characters as \u.... */
export function quoteBytes(source: Uint8Array): string {
  let result = '"';
  for (let at = 0; at < source.length; ) {
    const size = sequenceSize(source[at] as number);
    const character = size === 0 ? undefined : decodeOne(source.subarray(at, at + size));
    result += character === undefined ? `\\x${hex(source[at] as number, 2)}` : escapeCharacter(character, '"');
    at += character === undefined ? 1 : size;
  }
  return `${result}"`;
}

/** Text in double quotes, as `quoteBytes` of its UTF-8. */
export function quoteText(text: string): string {
  let result = '"';
  for (const character of text) result += escapeCharacter(character, '"');
  return `${result}"`;
}

/** One byte taken for a character, in single quotes: how Go prints a byte with %q. */
export function quoteByte(byte: number): string {
  return `'${escapeCharacter(String.fromCharCode(byte), "'")}'`;
}

function escapeCharacter(character: string, quote: string): string {
  if (character === quote || character === "\\") return `\\${character}`;
  const short = SHORT[character];
  if (short !== undefined) return short;
  if (PRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

function decodeOne(sequence: Uint8Array): string | undefined {
  try {
    return decoder.decode(sequence);
  } catch {
    return undefined;
  }
}

/** How many bytes the UTF-8 sequence that starts with `byte` takes; 0 where none can. */
function sequenceSize(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2) return 0;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
