import type { SourceHandlers } from "./first-screen.ts";
import { tellGroup } from "./group.ts";
import { type GroupsDeps, listGroups } from "./groups.ts";
import { groupsOf } from "./reach.ts";
import { listRefused, type RefusedDeps } from "./refused.ts";
import { type RuntimeDeps, tellRuntime } from "./runtime-status.ts";

/**
 * What the page shows, from the functions that answer the API. Their answers are parts of one: they are not counted.
 */
export function pageSources(deps: GroupsDeps & RefusedDeps & RuntimeDeps): SourceHandlers {
  return {
    groups: (exchange, reader) => listGroups(deps, exchange, groupsOf(reader, "read")),
    group: (exchange, reader) => tellGroup(deps, exchange, groupsOf(reader, "read")),
    refused: (exchange, reader) => listRefused(deps, exchange, groupsOf(reader, "read")),
    runtime: (_, reader) => tellRuntime(deps, reader),
  };
}
