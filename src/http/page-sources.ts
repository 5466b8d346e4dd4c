import type { SourceHandlers } from "./first-screen.ts";
import { tellGroup } from "./group.ts";
import { type GroupsDeps, listGroups } from "./groups.ts";
import { listRefused, type RefusedDeps } from "./refused.ts";
import { type RuntimeDeps, tellRuntime } from "./runtime-status.ts";

/**
 * What the page shows, from the functions that answer the API. Their answers are parts of one: they are not counted.
 */
export function pageSources(deps: GroupsDeps & RefusedDeps & RuntimeDeps): SourceHandlers {
  return {
    groups: (exchange, reach) => listGroups(deps, exchange, reach),
    group: (exchange, reach) => tellGroup(deps, exchange, reach),
    refused: (exchange, reach) => listRefused(deps, exchange, reach),
    runtime: (_, reach) => tellRuntime(deps, reach),
  };
}
