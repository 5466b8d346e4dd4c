import { readLabels } from "../../exposition/label-block.ts";
import type { GroupSummary } from "../../model/view.ts";
import type { Groups } from "../table/groups.ts";

/** A group that is there, as it is now. */
export function groupSummary(groups: Groups, id: number): GroupSummary {
  return {
    labels: readLabels(groups.table.key(id)),
    lastPushSuccessful: !groups.isFailing(id),
    succeededSeconds: groups.succeededSeconds(id),
    failedSeconds: groups.failedSeconds(id),
    expiresSeconds: groups.lifetimes.goesSeconds(id),
    familyCount: groups.chunkCount(id),
    seriesCount: groups.seriesCount(id),
    sizeBytes: groups.heldBytes(id),
  };
}
