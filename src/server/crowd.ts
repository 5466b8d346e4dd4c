import type { Log } from "../telemetry/log.ts";

/** Beyond the limit so large a part of the idle connections is closed at a time. */
const SHED_PART = 1 / 16;
/** Sheddings are logged no more often. */
const LOG_SECONDS = 2;
/** So many connections beyond the limit may come in within one turn of the loop; beyond those something is closed at once. */
const SPARE_CONNECTIONS = 32;
/** Whoever has just come in gets so long to say something. */
const GRACE_MS = 250;
/** Descriptors that connections never take: the listening sockets, files, and what comes in within a turn of the loop. */
const RESERVED_DESCRIPTORS = 64;

/** A connection among all others. */
export interface Member {
  /** No request is under way on it. */
  readonly isIdle: boolean;
  /** The smallest goes first where there are too many: whoever never asked anything before those that did, each by its age. */
  readonly rank: number;
  /** Ends it behind the request under way, or with `isForced` at once. */
  finish(isForced: boolean): void;
  /** Ends it where it has stood still for too long. */
  check(): void;
}

/** The rank of one that last moved at this second. */
export function rankOf(hasAsked: boolean, movedSecond: number): number {
  return hasAsked ? ASKED + movedSecond : movedSecond;
}

/** More seconds than any server runs. */
const ASKED = 2 ** 40;

export interface CrowdDeps {
  readonly maxConnections: number;
  /** Has a request under way give way, the one that makes least progress. */
  readonly giveWay: () => void;
  readonly countLimit: () => void;
  /** Runs something when what has come in up to now has been read. */
  readonly later: (run: () => void) => void;
  /** Milliseconds, and whole seconds, on a monotonic clock. */
  readonly nowMs: () => number;
  readonly second: () => number;
  readonly log: Log;
}

/**
 * All connections of the server. Where there are too many, those that do nothing are closed; where all do something, the one that
 * gets on least gives way.
 */
export class Crowd {
  /** With when each came, in the order of that. */
  private readonly members = new Map<Member, number>();
  private loggedSecond = -LOG_SECONDS;
  private isShedding = false;
  private isStopping = false;
  private whenEmpty: () => void = () => {};

  constructor(private readonly deps: CrowdDeps) {}

  get size(): number {
    return this.members.size;
  }

  join(member: Member): void {
    if (this.isStopping) return member.finish(true);
    this.members.set(member, this.deps.nowMs());
    const beyond = this.members.size - this.deps.maxConnections;
    if (beyond <= 0) return;
    if (beyond > SPARE_CONNECTIONS) this.shed(true);
    if (this.isShedding) return;
    this.isShedding = true;
    // What has come in meanwhile is looked at first: whoever has asked something is not idle.
    this.deps.later(() => {
      this.isShedding = false;
      this.shed(false);
    });
  }

  leave(member: Member): void {
    if (this.members.delete(member) && this.members.size === 0) this.whenEmpty();
  }

  /** To be called every second or so. */
  check(): void {
    for (const member of this.members.keys()) member.check();
  }

  /** Takes no more connections; resolves when the requests under way are answered, or when `deadline` does. */
  async stop(deadline: Promise<void>): Promise<void> {
    this.isStopping = true;
    for (const member of this.members.keys()) member.finish(false);
    const empty = new Promise<void>((resolve) => {
      this.whenEmpty = resolve;
    });
    if (this.members.size > 0) await Promise.race([empty, deadline]);
    for (const member of this.members.keys()) member.finish(true);
  }

  /** `isPressed`: there is no descriptor to spare, and nothing has been read since some came in. */
  private shed(isPressed: boolean): void {
    const { maxConnections, giveWay, countLimit } = this.deps;
    if (this.members.size <= maxConnections) return;
    countLimit();
    const idle = this.idleByRank(isPressed);
    const count = Math.max(this.members.size - maxConnections, Math.ceil(idle.length * SHED_PART));
    for (const member of idle.slice(0, count)) {
      this.members.delete(member);
      member.finish(true);
    }
    if (this.members.size > maxConnections) giveWay();
    this.report(Math.min(count, idle.length));
  }

  /** Those that have just come in are last, the oldest of them first unless `newestFirst`. */
  private idleByRank(newestFirst: boolean): Member[] {
    const graceMs = this.deps.nowMs() - GRACE_MS;
    const idle = [...this.members].filter(([{ isIdle }]) => isIdle);
    const known = idle.filter(([, joinedMs]) => joinedMs <= graceMs).map(([member]) => member);
    const fresh = idle.filter(([, joinedMs]) => joinedMs > graceMs).map(([member]) => member);
    return [...known.sort((a, b) => a.rank - b.rank), ...(newestFirst ? fresh.reverse() : fresh)];
  }

  private report(closed: number): void {
    const second = this.deps.second();
    if (second - this.loggedSecond < LOG_SECONDS) return;
    this.loggedSecond = second;
    this.deps.log.warn("too many connections, closing idle ones", { closed, limit: this.deps.maxConnections });
  }
}

/** How many connections there may be, with so many descriptors to be had and so many open for other things. */
export function connectionLimit(maxConnections: number, maxDescriptors: number, otherDescriptors: number): number {
  const reserved = Math.min(RESERVED_DESCRIPTORS, maxDescriptors / 4);
  return Math.max(1, Math.min(maxConnections, Math.floor(maxDescriptors - reserved - otherDescriptors)));
}

/** The soft limit of open files as /proc/self/limits tells it. */
export function readMaxDescriptors(procLimits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(procLimits)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}
