import type { GroupingKey } from "../../exposition/grouping-key.ts";
import type { PushColumns } from "../../model/columns.ts";

/** One push to be judged and stored. */
export interface PushRequest {
  readonly key: GroupingKey;
  readonly columns: PushColumns;
  /** PUT: families of the group that are not in the push go. */
  readonly replace: boolean;
  readonly receivedMs: number;
  /** The caller applies it again if it has to wait. */
  readonly canWait?: boolean;
}
