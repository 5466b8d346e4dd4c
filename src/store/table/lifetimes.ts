import { mustHold } from "../../bytes/broken.ts";
import { Float64Column } from "../../bytes/columns.ts";
import { NEVER_EXPIRES, NO_OWN_TTL } from "../../model/group-ttl.ts";
import { ExpiryQueue } from "./expiry-queue.ts";

/**
 * When groups go. A push writes its time and nothing else: the entry of its group in the queue stays where it is, too
 * early, and is put right when it is looked at.
 */
export class Lifetimes {
  private readonly queue = new ExpiryQueue();
  /** The own time of each group that has one; NO_OWN_TTL elsewhere, and behind the end. */
  private readonly own = new Float64Column();
  private ownCount = 0;

  constructor(
    /** Of groups that have no time of their own. */
    private readonly commonSeconds: number,
    /** Since when the time of a group counts, in seconds since 1970; Infinity where nobody knows. */
    private readonly sinceSeconds: (group: number) => number,
  ) {}

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.queue.sizeBytes + this.own.sizeBytes;
  }

  ownTtl(group: number): number {
    return this.own.rows[group] ?? NO_OWN_TTL;
  }

  private setOwnTtl(group: number, seconds: number): void {
    const before = this.ownTtl(group);
    if (before === seconds) return;
    this.own.ensure(group + 1);
    this.own.rows[group] = seconds;
    if (before === NO_OWN_TTL) this.ownCount++;
    else if (seconds === NO_OWN_TTL) this.ownCount--;
  }

  /**
   * A group was pushed to or restored, and may have been given a time of its own: sees to it that it is looked at when
   * it may have to go.
   */
  note(group: number, ownSeconds?: number): void {
    if (ownSeconds !== undefined) this.setOwnTtl(group, ownSeconds);
    if (this.commonSeconds === NEVER_EXPIRES && this.ownCount === 0 && this.queue.count === 0) return;
    const instant = this.endSeconds(group);
    if (instant === Infinity) this.queue.remove(group);
    else if (instant < this.queue.secondsOf(group)) this.queue.set(group, instant);
  }

  /** When the time of a group is over, in seconds since 1970; Infinity: never. */
  endSeconds(group: number): number {
    const own = this.ownTtl(group);
    const seconds = own === NO_OWN_TTL ? this.commonSeconds : own;
    return seconds === NEVER_EXPIRES ? Infinity : this.sinceSeconds(group) + seconds;
  }

  /** When a group goes by itself, in seconds since 1970; Infinity: it does not. */
  goesSeconds(group: number): number {
    return this.queue.secondsOf(group) === Infinity ? Infinity : this.endSeconds(group);
  }

  /** When the first group is to be looked at; Infinity: none is. */
  get firstSeconds(): number {
    return this.queue.firstSeconds;
  }

  /** The group whose turn it is at an instant, or -1. */
  dueGroup(nowSeconds: number): number {
    return this.queue.firstSeconds <= nowSeconds ? this.queue.first : -1;
  }

  /** Has a group looked at at another instant; Infinity: not before it is noted again. */
  postpone(group: number, seconds: number): void {
    if (seconds === Infinity) this.queue.remove(group);
    else this.queue.set(group, seconds);
  }

  /** A group is no more; no other one has the number `limit` or a larger one. */
  removed(group: number, limit: number): void {
    this.queue.remove(group);
    this.queue.trim(limit);
    this.setOwnTtl(group, NO_OWN_TTL);
    this.own.trim(limit);
  }

  /** Throws where there is something of a group that is no more; `has` says which there are, all below the limit. */
  verify(limit: number, has: (group: number) => boolean): void {
    this.queue.verify();
    for (let group = 0; group < limit; group++) {
      const isKnown = this.queue.secondsOf(group) !== Infinity || this.ownTtl(group) !== NO_OWN_TTL;
      mustHold(has(group) || !isKnown, `lifetimes: group ${group} is no more`);
    }
  }
}
