/** Bytes that the text format gives a meaning. */
export const LINE_FEED = 0x0a;
export const HASH = 0x23;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;

export const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09;

/** The first offset from `start` on that is neither a blank nor a tab; `end` where there is none. */
export function skipBlanks(body: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(body[at] as number)) at++;
  return at;
}
