import { compareText } from "../bytes/utf8-text.ts";

/** A key and a finished JSON value. */
export type JsonEntry = readonly [key: string, json: string];

/** Printable ASCII that JSON, and Go's care for HTML, leave alone. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;
const TO_ESCAPE = /[<>&\u2028\u2029\ufffd]/g;

/**
 * Text as a JSON string as Go's encoding/json writes it: `<`, `>`, `&`, U+2028 and U+2029 escaped, and in place of what
 * is not UTF-8 `\ufffd` (a U+FFFD that was there before is written the same way, which means the same).
 */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text.toWellFormed()).replace(TO_ESCAPE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A JSON object as Go writes a map: sorted by key; of equal keys the last one counts. */
export function jsonMap(entries: readonly JsonEntry[]): string {
  const sorted = inOrder(entries) ? entries : lastOfEach([...entries].sort(([a], [b]) => compareText(a, b)));
  let members = "";
  for (const [key, json] of sorted) members += `${members === "" ? "" : ","}${jsonString(key)}:${json}`;
  return `{${members}}`;
}

/** Of sorted entries with equal keys the last. A Map would do, but for keys that were made to collide in it. */
function lastOfEach(sorted: readonly JsonEntry[]): readonly JsonEntry[] {
  return sorted.filter(([key], i) => sorted[i + 1]?.[0] !== key);
}

/** Whether each key is greater than the one before. */
function inOrder(entries: readonly JsonEntry[]): boolean {
  let before: string | null = null;
  for (const [key] of entries) {
    if (before !== null && compareText(before, key) >= 0) return false;
    before = key;
  }
  return true;
}

/** A JSON object whose values are strings, as Go writes a map. */
export function jsonStringMap(entries: readonly (readonly [key: string, value: string])[]): string {
  return jsonMap(entries.map(([key, value]): JsonEntry => [key, jsonString(value)]));
}
