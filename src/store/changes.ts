import type { Contradictions } from "./table/contradictions.ts";
import type { Table } from "./table/table.ts";

/** What was under way at some moment. */
export interface ChangeMark {
  /** The number of the newest removal. */
  readonly newest: number;
  readonly contradictions: Contradictions | null;
  /** So much will have been looked at there when all of it was. */
  readonly most: number;
}

/** What one thing that is looked at leads to, and what all of them do, beside what others bring meanwhile. */
const LEADS_TO = 4;
const MOST_LED_TO = 10_000;

interface ChangesDeps {
  readonly table: () => Table;
  /** Whether a large push is being judged or stored: what it was held against stays as it is. */
  readonly hasLarge: () => boolean;
  /** Whether pushes are checked against each other: they bring nothing that could not be shown. */
  readonly check: boolean;
}

/** What of a store changes by itself, a step at a time: what was removed goes, what can be shown by now is shown. */
export class Changes {
  constructor(private readonly deps: ChangesDeps) {}

  /** What was deleted or replaced is still being taken out; see Store.isChanging. */
  get isRemoving(): boolean {
    return this.deps.table().removals.isUnderWay;
  }

  /**
   * More can be shown, perhaps, than is, for it is still being found out what nothing stands in the way of by now. A
   * snapshot may be taken at any time: what it shows never contradicts itself.
   */
  get isSettling(): boolean {
    return !this.deps.hasLarge() && (this.deps.table().contradictions?.isUnsettled ?? false);
  }

  get isUnderWay(): boolean {
    return this.isRemoving || this.isSettling;
  }

  /** What is under way now. */
  mark(): ChangeMark {
    const { contradictions, removals } = this.deps.table();
    const { done, backlog } = contradictions ?? NOTHING;
    return { newest: removals.newest, contradictions, most: done + LEADS_TO * backlog + MOST_LED_TO };
  }

  /**
   * Whether all that was under way is done, or waits for a large push: what was being removed, and what was to be
   * looked at, or as much as that would have been if nobody had brought more.
   */
  isOver({ newest, contradictions, most }: ChangeMark): boolean {
    const table = this.deps.table();
    if (!this.isUnderWay) return true;
    if (table.removals.oldest <= newest) return false;
    return contradictions === null || contradictions !== table.contradictions || contradictions.done >= most;
  }

  /** Goes on with all of it for a moment; false: it is done. */
  step(): boolean {
    this.deps.table().removals.step();
    this.settle();
    return this.isUnderWay;
  }

  /** Goes on for a moment with finding out what can be shown by now. */
  settle(): void {
    const table = this.deps.table();
    const { contradictions } = table;
    if (contradictions === null || this.deps.hasLarge()) return;
    if (contradictions.isUnsettled) contradictions.settleOn();
    if (this.deps.check && contradictions.isEmpty) table.contradictions = null;
  }
}

const NOTHING = { done: 0, backlog: 0 };
