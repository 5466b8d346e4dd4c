import { BACKSLASH } from "../bytes/characters.ts";
import { textOf } from "../bytes/utf8-text.ts";
import { unescapeBytes } from "../exposition/escape.ts";

/** Stands at the end of a text that is longer. */
const CUT = "…";
/** A character has at most so many bytes. */
const CHARACTER_BYTES = 4;

/** The beginning of a text that is longer than so many characters. */
export function shortText(text: string, most: number): string {
  if (text.length <= most) return text;
  const isAmidPair = (text.charCodeAt(most) & 0xfc00) === 0xdc00;
  return text.slice(0, most - (isAmidPair ? 1 : 0)) + CUT;
}

/** The same of a text in UTF-8, of which no more is read than is told. */
export function cutBytes(text: Uint8Array, most: number): string {
  const read = text.length > CHARACTER_BYTES * most ? text.subarray(0, CHARACTER_BYTES * (most + 1)) : text;
  return shortText(textOf(read), most);
}

/** The beginning of a text of finished lines, source[start, end), up to so many bytes, without its escapes. */
export function cutWritten(source: Uint8Array, start: number, end: number, most: number): string {
  if (end - start <= most) return textOf(unescapeBytes(source.subarray(start, end)));
  let stop = start + most;
  let escapes = 0;
  while (stop - escapes > start && source[stop - escapes - 1] === BACKSLASH) escapes++;
  // Nothing is parted: no escape, no character.
  if (escapes % 2 === 1) stop--;
  while (stop > start && isWithinCharacter(source[stop] ?? 0)) stop--;
  return textOf(unescapeBytes(source.subarray(start, stop))) + CUT;
}

const isWithinCharacter = (byte: number): boolean => (byte & 0xc0) === 0x80;
