import { mustBe } from "../bytes/broken.ts";
import type { Log } from "../telemetry/log.ts";

/** The part of the idle connections that is closed at a time beyond the limit. */
const SHED_PART = 1 / 16;
/** Sheddings are logged no more often. */
const LOG_SECONDS = 2;
/**
 * Connections beyond the limit that may come in within one turn of the loop; beyond those something is closed at once.
 */
const SPARE_CONNECTIONS = 32;
/** Time for a new connection to send something. */
const GRACE_MS = 250;
/**
 * Descriptors that connections never take: the listening sockets, files, and what comes in within a turn of the loop.
 */
const RESERVED_DESCRIPTORS = 64;

/** Seconds without progress after which a request under way counts as stalled. */
export const STILL_SECONDS = 2;

/** A connection among all others. */
export interface Member {
  /** Where it comes from. */
  readonly source: string;
  /** No request is under way on it, or one that waits for its client and is stalled. */
  readonly isStill: boolean;
  /** Of one source the smallest goes first where there are too many. */
  readonly rank: number;
  /** Ends it behind the request under way, or with `isForced` at once. */
  finish(isForced: boolean): void;
  /** Ends it if it has stalled for too long. */
  check(): void;
}

/** More seconds than any server runs. */
const STAGE_SECONDS = 2 ** 40;
const STAGES = { silent: 0, asked: STAGE_SECONDS, "under way": 2 * STAGE_SECONDS };

/**
 * The rank of a connection that last moved at this second: those that never asked go first, those being served last.
 */
export function rankOf(stage: keyof typeof STAGES, movedSecond: number): number {
  return STAGES[stage] + movedSecond;
}

export interface ConnectionsDeps {
  readonly maxConnections: number;
  /** Makes an upload of this source give way, the one that brought least lately; false: there is none. */
  readonly giveWay: (source: string) => boolean;
  readonly countLimit: () => void;
  /** Runs something when what has come in up to now has been read. */
  readonly later: (run: () => void) => void;
  /** Milliseconds, and whole seconds, on a monotonic clock. */
  readonly nowMs: () => number;
  readonly second: () => number;
  readonly log: Log;
}

/**
 * All connections of the server. If there are too many, stalled ones are closed, of the source that has most, until
 * others have as many. If that source has no stalled one, its upload of least progress gives way, or its newest
 * connection. So no connection that makes progress is closed while another source has more, and never the only one of a
 * source while another has two.
 */
export class Connections {
  /** With when each came, in the order of that. */
  private readonly members = new Map<Member, number>();
  /** How many each source has. */
  private readonly held = new Map<string, number>();
  private loggedSecond = -LOG_SECONDS;
  private isShedding = false;
  private isStopping = false;
  private whenEmpty: () => void = () => {};

  constructor(private readonly deps: ConnectionsDeps) {}

  get size(): number {
    return this.members.size;
  }

  join(member: Member): void {
    if (this.isStopping) return member.finish(true);
    this.members.set(member, this.deps.nowMs());
    this.held.set(member.source, this.heldBy(member.source) + 1);
    const beyond = this.members.size - this.deps.maxConnections;
    if (beyond <= 0) return;
    if (beyond > SPARE_CONNECTIONS) this.shed(true);
    if (this.isShedding) return;
    this.isShedding = true;
    // What has come in meanwhile is read first: a connection that has asked something is not idle.
    this.deps.later(() => {
      this.isShedding = false;
      this.shed(false);
    });
  }

  leave(member: Member): void {
    if (this.remove(member) && this.members.size === 0) this.whenEmpty();
  }

  private heldBy(source: string): number {
    return this.held.get(source) ?? 0;
  }

  private remove(member: Member): boolean {
    if (!this.members.delete(member)) return false;
    const left = this.heldBy(member.source) - 1;
    if (left > 0) this.held.set(member.source, left);
    else this.held.delete(member.source);
    return true;
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
    const { maxConnections, countLimit } = this.deps;
    const { size } = this.members;
    if (size <= maxConnections) return;
    countLimit();
    const still = [...this.members.keys()].filter(({ isStill }) => isStill);
    const count = Math.max(size - maxConnections, Math.ceil(still.length * SHED_PART));
    // An even share, and less only by what is closed at a time.
    const low = (maxConnections / this.held.size) * (1 - SHED_PART);
    const closed = this.byHeight(isPressed, still).filter(({ height }) => height > low);
    closed.length = Math.min(closed.length, count);
    for (const { member } of closed) this.close(member);
    while (this.members.size > maxConnections && this.greediestGivesWay(isPressed));
    this.report(closed.length);
  }

  private close(member: Member): void {
    this.remove(member);
    member.finish(true);
  }

  /**
   * The stalled ones, each with how many its source has left when it goes, the most first. Closing them from the start
   * takes from the sources that have most, until they have as many as others.
   */
  private byHeight(
    isPressed: boolean,
    still: readonly Member[],
  ): { readonly member: Member; readonly height: number }[] {
    const gone = new Map<string, number>();
    const steps = this.inOrder(isPressed, still).map((member) => {
      const before = gone.get(member.source) ?? 0;
      gone.set(member.source, before + 1);
      return { member, height: this.heldBy(member.source) - before };
    });
    return steps.sort((a, b) => b.height - a.height);
  }

  /** Those that have just come in are last, the oldest of them first unless `newestFirst`. */
  private inOrder(newestFirst: boolean, still: readonly Member[]): Member[] {
    const graceMs = this.deps.nowMs() - GRACE_MS;
    const isKnown = (member: Member) => (this.members.get(member) ?? 0) <= graceMs;
    const known = still.filter(isKnown);
    const fresh = still.filter((member) => !isKnown(member));
    return [...known.sort((a, b) => a.rank - b.rank), ...(newestFirst ? fresh.reverse() : fresh)];
  }

  /** No source that has much has a stalled one. false: an upload gives way, so there will be one less. */
  private greediestGivesWay(isPressed: boolean): boolean {
    let greediest = "";
    for (const [source, count] of this.held) if (count > this.heldBy(greediest)) greediest = source;
    if (!isPressed && this.deps.giveWay(greediest)) return false;
    let newest: Member | null = null;
    for (const member of this.members.keys()) if (member.source === greediest) newest = member;
    if (newest !== null) this.close(newest);
    return newest !== null;
  }

  private report(closed: number): void {
    const second = this.deps.second();
    if (second - this.loggedSecond < LOG_SECONDS) return;
    this.loggedSecond = second;
    this.deps.log.warn("too many connections, closing idle ones", { closed, limit: this.deps.maxConnections });
  }

  /** Throws where the connections and how many each source has differ. */
  verify(): void {
    const counts = new Map<string, number>();
    for (const { source } of this.members.keys()) counts.set(source, (counts.get(source) ?? 0) + 1);
    for (const [source, count] of counts) mustBe(this.heldBy(source), count, `connections: those of ${source}`);
    mustBe(this.held.size, counts.size, "connections: sources");
  }
}

/** How many connections there may be, given the limit of descriptors and those open for other things. */
export function connectionLimit(maxConnections: number, maxDescriptors: number, otherDescriptors: number): number {
  const reserved = Math.min(RESERVED_DESCRIPTORS, maxDescriptors / 4);
  return Math.max(1, Math.min(maxConnections, Math.floor(maxDescriptors - reserved - otherDescriptors)));
}

/** The soft limit of open files as /proc/self/limits has it. */
export function readMaxDescriptors(procLimits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(procLimits)?.[1];
  return soft === undefined || soft === "unlimited" ? Infinity : Number(soft);
}
