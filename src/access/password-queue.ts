import { Broken, mustBe } from "../bytes/broken.ts";
import type { Clock } from "../model/clock.ts";
/** A password that waits to be verified, and its place. */
export interface Waiting {
  /** Where its client comes from. */
  readonly source: string;
  /** Of a source, the names that share a turn. */
  readonly lane: string;
  /** The connection. */
  readonly client: string;
  /** Its source was let in before. */
  readonly isKnown: boolean;
  readonly sinceMs: number;
  /** Nobody waits for the verdict any more. */
  readonly isGone: boolean;
}

/** A request that waits longer is dropped: most clients time out after ten seconds. */
const PATIENCE_MS = 10_000;
/** What waits for nobody is looked for no more often, where there is no room. */
const SWEEP_MS = 100;

/** What waits below one key of each level, taken in turn. */
class Turns<T extends Waiting> {
  private readonly children = new Map<string, Turns<T>>();
  private readonly items: T[] = [];
  size = 0;

  /** The children, in the order of their turns. */
  get below(): ReadonlyMap<string, Turns<T>> {
    return this.children;
  }

  add(path: readonly string[], item: T): void {
    this.size++;
    const [key, ...rest] = path;
    if (key === undefined) return void this.items.push(item);
    const child = this.children.get(key) ?? new Turns<T>();
    this.children.set(key, child);
    child.add(rest, item);
  }

  /** The next one; `pick` is the place of a child in the order of the turns. */
  take(pick: (turns: Turns<T>) => number): T | undefined {
    if (this.size > 0) this.size--;
    if (this.children.size === 0) return this.items.shift();
    const [key, child] = this.childAt(pick(this));
    const item = child.take(pick);
    // Its next turn comes when all others have had theirs.
    this.children.delete(key);
    if (child.size > 0) this.children.set(key, child);
    return item;
  }

  /** What waits longest by the order of the turns. */
  first(): T | undefined {
    const [child] = this.children.values();
    return child === undefined ? this.items[0] : child.first();
  }

  /** Takes out what came last, below the keys given, and then always below the child that has most. */
  dropNewest([given, ...rest]: readonly string[]): T | undefined {
    if (this.size > 0) this.size--;
    const key = given ?? this.fullest();
    const child = key === null ? undefined : this.children.get(key);
    if (key === null || child === undefined) return this.items.pop();
    const dropped = child.dropNewest(rest);
    if (child.size === 0) this.children.delete(key);
    return dropped;
  }

  /** The last of the children that have most; null: there are none. */
  private fullest(): string | null {
    let most: string | null = null;
    let size = 0;
    for (const [key, child] of this.children) {
      if (child.size < size) continue;
      most = key;
      size = child.size;
    }
    return most;
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.items;
    for (const child of this.children.values()) yield* child;
  }

  private childAt(place: number): [string, Turns<T>] {
    let left = place;
    for (const entry of this.children) if (left-- === 0) return entry;
    throw new Broken(`taking the turn at ${place}: there are ${this.children.size}`);
  }
}

export interface QueueDeps extends Pick<Clock, "nowMs"> {
  readonly maxWaiting: number;
  /** A whole number from 0 on, below its limit, that nobody foresees. */
  readonly random: (limit: number) => number;
}

/**
 * Passwords that wait for one thread. Sources that were let in before and all others are served alternately; within
 * each the sources in turn, of a source the lanes, of a lane the connections. So a source waits for one password of
 * each other, however many those send. Where even the connection that is next has waited for too long, one is drawn by
 * lot: in a long line nobody would be served in time.
 */
export class PasswordQueue<T extends Waiting> {
  private turns = new Turns<T>();
  private readonly bySource = new Map<string, number>();
  private sweptMs = -Infinity;

  constructor(private readonly deps: QueueDeps) {}

  get size(): number {
    return this.turns.size;
  }

  /** The ones that give way, perhaps the newcomer itself: the newest of the source that has most. */
  add(item: T): T[] {
    const gone = this.size < this.deps.maxWaiting ? [] : this.sweep();
    if (this.size < this.deps.maxWaiting) {
      this.enter(item);
      return gone;
    }
    if (this.countOf(item.source) + 1 >= this.size / this.bySource.size) return [...gone, item];
    const dropped = this.dropOfGreediest();
    this.enter(item);
    return dropped === undefined ? gone : [...gone, dropped];
  }

  /** The next one, whether somebody waits for it or not. */
  take(): T | undefined {
    const item = this.turns.take((turns) => this.pick(turns));
    if (item !== undefined) this.count(item, -1);
    return item;
  }

  private enter(item: T): void {
    this.turns.add([item.isKnown ? "known" : "strangers", item.source, item.lane, item.client], item);
    this.count(item, 1);
  }

  private countOf(source: string): number {
    return this.bySource.get(source) ?? 0;
  }

  private count({ source }: T, change: number): void {
    const count = this.countOf(source) + change;
    if (count > 0) this.bySource.set(source, count);
    else this.bySource.delete(source);
  }

  /** Throws where those that wait and the counts of their sources differ. */
  verify(): void {
    const counts = new Map<string, number>();
    for (const { source } of this.turns) counts.set(source, (counts.get(source) ?? 0) + 1);
    for (const [source, count] of counts)
      mustBe(this.countOf(source), count, `passwords that wait: those of ${source}`);
    mustBe(this.bySource.size, counts.size, "passwords that wait: sources");
  }

  private pick(turns: Turns<T>): number {
    const first = turns.first();
    const isLate = first !== undefined && this.deps.nowMs() - first.sinceMs > PATIENCE_MS;
    return isLate ? this.deps.random(turns.below.size) : 0;
  }

  private dropOfGreediest(): T | undefined {
    let greediest: readonly string[] = [];
    let most = 0;
    for (const [kind, sources] of this.turns.below)
      for (const [source, turns] of sources.below) {
        if (turns.size <= most) continue;
        greediest = [kind, source];
        most = turns.size;
      }
    const dropped = this.turns.dropNewest(greediest);
    if (dropped !== undefined) this.count(dropped, -1);
    return dropped;
  }

  /** Takes out all that wait for nobody. */
  private sweep(): T[] {
    const nowMs = this.deps.nowMs();
    if (nowMs - this.sweptMs < SWEEP_MS) return [];
    this.sweptMs = nowMs;
    const all = [...this.turns];
    this.turns = new Turns();
    this.bySource.clear();
    for (const item of all) if (!item.isGone) this.enter(item);
    return all.filter(({ isGone }) => isGone);
  }
}
