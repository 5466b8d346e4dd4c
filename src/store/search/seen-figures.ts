import type { GroupReach } from "../../model/principal.ts";
import type { Groups } from "../table/groups.ts";
import { type GroupBits, hasBit, type ReachedGroups } from "../table/reached-groups.ts";

/** Places of groups that are looked at before a turn of the loop may be taken. */
const GROUPS_A_TURN = 4096;

/** How much the groups are that a reach covers, about as of one moment: others come and go while it is added up. */
export interface SeenFigures {
  readonly groups: number;
  readonly series: number;
  readonly sizeBytes: number;
}

/** What groups hold that may be seen, added up only where it may have changed since the last time. */
export class SeenStore {
  private reached: ReachedGroups | null = null;
  /** Of it, when it was last added up. */
  private changes = -1;
  private figures: SeenFigures = { groups: 0, series: 0, sizeBytes: 0 };
  /** Those of what was counted before what is remembered now, as before a wipe. */
  private readonly before = { changes: 0, pushes: 0 };

  constructor(private readonly reach: GroupReach) {}

  /** Grow with whatever may have changed a group that may be seen, and with pushes to one. */
  get counts(): { readonly changes: number; readonly pushes: number } {
    const { before, reached } = this;
    return { changes: before.changes + (reached?.changes ?? 0), pushes: before.pushes + (reached?.pushes ?? 0) };
  }

  /** null: a turn of the loop may be taken. */
  *look(groups: Groups): Generator<null, SeenFigures> {
    const bits = yield* groups.reaches.judged(this.reach, (judged) => this.take(judged));
    if (bits !== null) this.figures = yield* figuresOf(groups, bits);
    return this.figures;
  }

  /** Returns which groups are to be looked at; null: nothing has changed. */
  private take(judged: ReachedGroups): GroupBits | null {
    if (judged === this.reached && judged.changes === this.changes) return null;
    if (judged !== this.reached) {
      const { changes, pushes } = this.counts;
      this.before.changes = changes;
      this.before.pushes = pushes;
    }
    this.reached = judged;
    this.changes = judged.changes;
    return judged.bits();
  }
}

function* figuresOf(groups: Groups, bits: GroupBits): Generator<null, SeenFigures> {
  const figures = { groups: 0, series: 0, sizeBytes: 0 };
  for (let group = 0; group < bits.length * 32; group++) {
    if (group % GROUPS_A_TURN === GROUPS_A_TURN - 1) yield null;
    if (!hasBit(bits, group) || !groups.table.has(group)) continue;
    figures.groups++;
    figures.series += groups.seriesCount(group);
    figures.sizeBytes += groups.heldBytes(group);
  }
  return figures;
}
