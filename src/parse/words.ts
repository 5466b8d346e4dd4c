import { lowerOf } from "../bytes/ascii.ts";
import { BACKSLASH } from "../bytes/characters.ts";
import { MetricType } from "../model/metric-type.ts";

const bytes = (word: string): Uint8Array => new TextEncoder().encode(word);

export const HELP = bytes("HELP");
export const TYPE = bytes("TYPE");

/** The words of a TYPE line in their usual spelling, likeliest first. */
const TYPE_WORDS: readonly (readonly [word: Uint8Array, type: MetricType])[] = [
  [bytes("gauge"), MetricType.gauge],
  [bytes("counter"), MetricType.counter],
  [bytes("histogram"), MetricType.histogram],
  [bytes("summary"), MetricType.summary],
  [bytes("untyped"), MetricType.untyped],
  [bytes("gaugehistogram"), MetricType.gaugeHistogram],
  [bytes("gauge_histogram"), MetricType.gaugeHistogram],
];
const LONGEST_WORD = 15;

/** Whether body[start, end) is a word, in its case. */
export function isWord(body: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (body[start + i] !== word[i]) return false;
  return true;
}

/** The type that body[start, end) names, in any case; undefined where it names none. */
export function readTypeWord(body: Uint8Array, start: number, end: number): MetricType | undefined {
  for (const [word, type] of TYPE_WORDS) if (isWord(body, start, end, word)) return type;
  const word = withoutBackslashes(body, start, end);
  if (word.length > LONGEST_WORD) return undefined;
  const lower = word.map(lowerOf);
  return TYPE_WORDS.find(([known]) => isWord(lower, 0, lower.length, known))?.[1];
}

/** The reference's reader drops backslashes where it expects no escapes. */
export function withoutBackslashes(body: Uint8Array, start: number, end: number): Uint8Array {
  return body.subarray(start, end).filter((byte) => byte !== BACKSLASH);
}
