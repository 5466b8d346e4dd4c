import { type DecodedPath, decodePath, type KeyedPath, readGroupingKey } from "../decode/path.ts";
import type { Rejection } from "../model/rejection.ts";
import { isClean } from "./canonical.ts";

/**
 * The grouping key that a path, as it was sent, names behind `base`, which ends in `/job`: `.../job/x...` or
 * `.../job@base64/x...`, x not being empty. null: it is no such path, or not clean.
 */
export function readGroupPath(raw: Uint8Array, base: string, utf8Names: boolean): KeyedPath | Rejection | null {
  const path = decodePath(raw);
  if (path === null || !isClean(path.text) || !path.text.startsWith(base)) return null;
  const below: DecodedPath = { text: path.text.slice(base.length), lossy: path.lossy };
  return namesJob(below.text) ? readGroupingKey(below, utf8Names) : null;
}

function namesJob(rest: string): boolean {
  const start = rest.startsWith("/") ? 1 : rest.startsWith("@base64/") ? 8 : 0;
  return start > 0 && rest.length > start;
}
