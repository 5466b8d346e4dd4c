import { Rejection } from "../model/rejection.ts";

/**
 * The expression of `--web.cors.origin`, fully anchored; null where it is empty. Its language is JavaScript's, which takes
 * Go's usual expressions too, but for flags within the expression: `(?i)`.
 */
export function parseOrigins(written: string): RegExp | null | Rejection {
  if (written === "") return null;
  try {
    return new RegExp(`^(?:${written})$`);
  } catch {
    return new Rejection("malformed", `expected a regular expression for origins, got '${written}'`);
  }
}
