import type { Settings } from "../config/command-line.ts";
import { type DecodedPath, decodePath, type KeyedPath, readGroupingKey, readKeyWithoutJob } from "../decode/path.ts";
import type { Rejection } from "../model/rejection.ts";
import { isClean } from "./canonical.ts";

/** How paths name groups. */
export type PathRules = Pick<Settings, "utf8Names" | "allowsNoJob">;

/**
 * The grouping key that a path, as it was sent, names behind `base`, which ends in `/job`: `.../job/x...` or
 * `.../job@base64/x...`, x not being empty. null: it is no such path, or not clean.
 */
export function readGroupPath(
  raw: Uint8Array,
  base: string,
  { utf8Names, allowsNoJob }: PathRules,
): KeyedPath | Rejection | null {
  const below = pathBelow(raw, base);
  return below !== null && namesJob(below.text) ? readGroupingKey(below, utf8Names, allowsNoJob) : null;
}

/** The grouping key that a path names behind `base`, with a job or without; null: it is no such path, or not clean. */
export function readPathWithoutJob(raw: Uint8Array, base: string, utf8Names: boolean): KeyedPath | Rejection | null {
  const below = pathBelow(raw, base);
  const isBelow = below !== null && (below.text === "" || below.text.startsWith("/"));
  return isBelow ? readKeyWithoutJob(below, utf8Names) : null;
}

/** What a path has behind `base`, decoded; null if it does not begin so, or is not clean. */
function pathBelow(raw: Uint8Array, base: string): DecodedPath | null {
  const path = decodePath(raw);
  if (path === null || !isClean(path.text) || !path.text.startsWith(base)) return null;
  return { text: path.text.slice(base.length), lossy: path.lossy };
}

function namesJob(rest: string): boolean {
  const start = rest.startsWith("/") ? 1 : rest.startsWith("@base64/") ? 8 : 0;
  return start > 0 && rest.length > start;
}
