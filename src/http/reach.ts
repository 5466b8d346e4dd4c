import type { GroupReach, Principal, RightName } from "../model/principal.ts";

const NO_GROUP: GroupReach = { covers: () => false };

/** The groups that a right is for; null: all. */
export function groupsOf(principal: Principal, right: RightName): GroupReach | null {
  const reach = principal.reach(right);
  return reach === "none" ? NO_GROUP : reach;
}
