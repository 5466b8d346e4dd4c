import type { BatchContent } from "./entry.ts";
import { LastNumbers } from "./last-numbers.ts";
import { isSameRevision, isSameWriter, NO_REVISION, type Revision } from "./revision.ts";
import { Revisions } from "./revisions.ts";

/** What all replicas must decide alike, in all versions. */
export interface FoldRules {
  /** Whether a batch has been folded before; `last` is the last number of its writer, 0 where none is known. */
  readonly isRepetition: (number: number, last: number) => boolean;
  /** Whether a put is of the group that its writer saw. */
  readonly isOnBasis: (revisions: Revisions, key: Uint8Array, basis: Revision) => boolean;
  /** Whether nothing has grown since the writer looked. */
  readonly hasSeenGrowth: (seen: Revision, growth: Revision) => boolean;
  /** Whether puts that grow are void because something else in their batch is. */
  readonly isSpoiled: (hasVoid: boolean) => boolean;
}

export const FOLD_RULES: FoldRules = {
  isRepetition: (number, last) => number <= last,
  isOnBasis: (revisions, key, basis) => revisions.is(key, basis),
  hasSeenGrowth: isSameRevision,
  isSpoiled: (hasVoid) => hasVoid,
};

/** Who is told before a group, or with null every group, changes, comes or goes; and the id of one that has come. */
export interface FoldWatcher {
  readonly mayChange: (key: Uint8Array | null) => void;
  readonly added: (id: number) => void;
}

/** What a batch comes to: for each of its parts, by their places in the batch. */
export interface Judgement {
  readonly isRepetition: boolean;
  /** How many groups the wipe took away. */
  readonly wiped: number;
  /** Whether the group of a removal was there. */
  readonly removed: readonly boolean[];
  /** Whether the group of an expiry went; else it is void. */
  readonly expired: readonly boolean[];
  /** Whether a put is valid. */
  readonly valid: readonly boolean[];
  /** A valid put grows. */
  readonly hasGrown: boolean;
}

const REPETITION: Judgement = { isRepetition: true, wiped: 0, removed: [], expired: [], valid: [], hasGrown: false };

/**
 * What the log has come to up to a position, but for the content of groups. README.md has the rule. It is the same for
 * all replicas at the same position.
 */
export class Fold {
  position = 0;
  growth: Revision = NO_REVISION;
  /** The last batch of whoever seeds the log and has not appended all yet; NO_REVISION: nobody does. */
  seeding: Revision = NO_REVISION;
  readonly revisions = new Revisions();
  readonly lastNumbers = new LastNumbers();

  constructor(private readonly rules: FoldRules = FOLD_RULES) {}

  /** Takes the batch at the next position. */
  take(position: number, batch: BatchContent, watcher: FoldWatcher): Judgement {
    const { lastNumbers, rules } = this;
    this.position = position;
    if (rules.isRepetition(batch.id.number, lastNumbers.of(batch.id, position))) return REPETITION;
    lastNumbers.note(batch.id, position);
    if (batch.seed === "some") this.seeding = batch.id;
    else if (batch.seed === "all" && isSameWriter(batch.id, this.seeding)) this.seeding = NO_REVISION;
    const wiped = batch.isWipe ? this.wipe(watcher) : 0;
    const removed = batch.removals.map((key) => this.remove(key, watcher));
    const expired = batch.expiries.map(
      ({ key, basis }) => basis.number > 0 && this.revisions.is(key, basis) && this.remove(key, watcher),
    );
    const valid = this.judge(batch, expired.includes(false));
    this.put(batch, valid, watcher);
    const hasGrown = batch.puts.some(({ grows }, i) => grows && valid[i]);
    if (hasGrown) this.growth = batch.id;
    return { isRepetition: false, wiped, removed, expired, valid, hasGrown };
  }

  private wipe(watcher: FoldWatcher): number {
    watcher.mayChange(null);
    const { count } = this.revisions;
    this.revisions.clear();
    return count;
  }

  private remove(key: Uint8Array, watcher: FoldWatcher): boolean {
    watcher.mayChange(key);
    return this.revisions.remove(key);
  }

  private judge({ puts, growth }: BatchContent, hasVoidExpiry: boolean): boolean[] {
    const { revisions, rules } = this;
    const onBasis = puts.map(({ key, basis }) => rules.isOnBasis(revisions, key, basis));
    const isSpoiled = rules.isSpoiled(hasVoidExpiry || onBasis.includes(false));
    const mayGrow = !isSpoiled && rules.hasSeenGrowth(growth, this.growth);
    return puts.map(({ grows }, i) => onBasis[i] === true && (mayGrow || !grows));
  }

  private put({ id, puts }: BatchContent, valid: readonly boolean[], watcher: FoldWatcher): void {
    const { revisions } = this;
    for (const [i, { key }] of puts.entries()) {
      if (valid[i] !== true) continue;
      watcher.mayChange(key);
      const known = revisions.find(key);
      const group = revisions.set(key, id);
      if (known < 0) watcher.added(group);
    }
  }
}
