/** Bytes that have a meaning in the text format. */
export const LINE_FEED = 0x0a;
export const HASH = 0x23;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const BRACE_OPEN = 0x7b;
export const BRACE_CLOSE = 0x7d;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;
