import type { GroupingKey } from "../../exposition/grouping-key.ts";
import type { PushColumns } from "../../model/columns.ts";
import type { GaugeRule } from "../../model/gauge-rule.ts";
import type { PushId } from "../../model/push-id.ts";
import type { Quota } from "../../model/quota.ts";

/** One push to be judged and stored. */
export interface PushRequest {
  readonly key: GroupingKey;
  readonly columns: PushColumns;
  /** PUT: families of the group that are not in the push go. */
  readonly replace: boolean;
  /** It is added to what its group holds, and gauges as it says; without it, what is pushed replaces that. */
  readonly adding?: GaugeRule | undefined;
  /** It came with an idempotency key: once it is stored it is known by this. */
  readonly id?: PushId | undefined;
  readonly receivedMs: number;
  /** What may be kept of whoever pushes it; without it, whatever the store takes. */
  readonly quota?: Quota | undefined;
  /** The own time to live that its group gets (group-ttl.ts); without it the group keeps the one that it has. */
  readonly ttlSeconds?: number | undefined;
  /** Timestamps are not stored; otherwise a push that has some is refused. */
  readonly dropsTimestamps?: boolean;
  /** The caller applies it again if it has to wait, and in slices if it is too much for one turn. */
  readonly canWait?: boolean;
  /**
   * Asked once, before the group changes: false, and nothing does (PUT_OFF). `grows`: what is to be stored may be what
   * another group could contradict: a group, family, type or label set that was not there. Other values do not grow.
   */
  readonly mayChange?: (grows: boolean) => boolean;
  /** Where it is refused, that is not noted in its group. */
  readonly isTentative?: boolean;
}
