import type { GroupReach } from "../model/principal.ts";
import type { RefusedEntry, RefusedKind } from "../model/refused.ts";
import type { AddressedGroup } from "../model/view.ts";
import { countsOf, type RefusedRequests } from "./refused-requests.ts";

/** What a reader sees of the requests that were refused. */
export interface RefusedSeen {
  readonly total: number;
  readonly kinds: ReadonlyMap<RefusedKind, number>;
  /** Of one kind, or null of all: the last ones, the newest first. */
  list(kind: RefusedKind | null, limit: number): RefusedEntry[];
}

/**
 * What is seen of refused requests by who may see the groups of a reach; null: all. It is what was pushed to one of
 * them; other requests, whose paths may name any group, are not seen. Nor is a group that was in the way, if it is
 * another's. All counts are of what is listed.
 */
export function refusedSeen(refused: RefusedRequests, reach: GroupReach | null): RefusedSeen {
  if (reach === null) return refused;
  const seen = seenEntries(refused.list(null, Infinity), reach);
  const kinds = countsOf(seen);
  const total = seen.reduce((sum, { count }) => sum + count, 0);
  const list = (kind: RefusedKind | null, limit: number) =>
    seen.filter(({ request }) => kind === null || request.kind === kind).slice(0, limit);
  return { total, kinds, list };
}

/** Those of some entries that may be seen, with what may be seen of them. */
export function seenEntries(entries: readonly RefusedEntry[], reach: GroupReach): RefusedEntry[] {
  const isSeen = (group: AddressedGroup | null): boolean => group !== null && reach.covers(Buffer.from(group.block));
  const seen: RefusedEntry[] = [];
  for (const entry of entries) {
    const { request } = entry;
    if (!isSeen(request.group)) continue;
    seen.push(isSeen(request.contradicts) ? entry : { ...entry, request: { ...request, contradicts: null } });
  }
  return seen;
}
