import type { EngineState, LogHead } from "../cluster/log.ts";
import type { Clock } from "../model/clock.ts";
import type { ClusterState } from "../model/cluster-state.ts";

const NOT_CAUGHT_UP = "this replica has not caught up with its cluster";
const PARTLY_SEEDED = `${NOT_CAUGHT_UP}: its log has been seeded in part, and waits for the replica that has the rest`;

/** Where a replica stands: what it has of the log, whether that answers, and what the clocks say. */
export class ClusterStanding {
  snapshot: ClusterState["snapshot"] = null;
  /** The position of the last entry that was delivered. */
  lastEntry = 0;
  /** It has caught up before. */
  hasJoined = false;
  /** It has all of a log that was seeded in part, and nothing to add. */
  awaitsSeed = false;
  /** Since the own batch under way was appended; and how long the last one took. */
  appendSeconds = 0;
  private isJoining = true;
  private lostReason: string | null = null;
  private stopReason: string | null = null;
  private foldedTo = 0;
  private deliveredTo = 0;
  private head = 0;
  private logSizeBytes = 0;
  private engine: EngineState | null = null;
  private inStepMs: number;
  private appendMs = 0;
  private appendedMs = 0;
  private skewMs = 0;

  constructor(
    private readonly name: string,
    private readonly clock: Pick<Clock, "now" | "nowMs">,
    private readonly waiting: () => number,
  ) {
    this.inStepMs = clock.nowMs();
  }

  get status(): ClusterState["status"] {
    if (this.stopReason !== null) return "stopped";
    if (this.isJoining) return "joining";
    return this.lostReason === null ? "joined" : "lost";
  }

  get isLost(): boolean {
    return this.lostReason !== null;
  }

  /** Why nothing can be pushed, and not soon; or null. */
  get unavailable(): string | null {
    if (this.stopReason !== null) return this.stopReason;
    if (!this.isJoining) return null;
    const reason = this.awaitsSeed ? PARTLY_SEEDED : NOT_CAUGHT_UP;
    return this.lostReason === null ? reason : `${NOT_CAUGHT_UP}: ${this.lostReason}`;
  }

  /** Why others should be pushed to, or null. */
  get fault(): string | null {
    const lost = this.lostReason === null ? null : `the cluster's log does not answer: ${this.lostReason}`;
    return this.unavailable ?? lost;
  }

  /** Up to which position all of the log is in the store. */
  get position(): number {
    return this.foldedTo >= this.lastEntry ? Math.max(this.deliveredTo, this.foldedTo) : this.foldedTo;
  }

  beJoining(): void {
    this.isJoining = true;
    this.lastEntry = 0;
    this.foldedTo = 0;
    this.deliveredTo = 0;
    this.head = 0;
  }

  beJoined(): void {
    this.isJoining = false;
    this.hasJoined = true;
  }

  lose(reason: string): void {
    this.lostReason = reason;
  }

  find(): void {
    this.lostReason = null;
  }

  stop(reason: string): void {
    this.stopReason = reason;
  }

  noteHead({ position, sizeBytes, engine }: LogHead): void {
    this.head = position;
    this.logSizeBytes = sizeBytes;
    this.engine = engine;
    this.lookInStep();
  }

  /** All entries up to a position have been delivered. */
  readTo(position: number): void {
    this.deliveredTo = position;
    this.head = Math.max(this.head, position);
    this.lookInStep();
  }

  folded(position: number): void {
    this.foldedTo = position;
    this.lookInStep();
  }

  private lookInStep(): void {
    if (this.position >= this.head) this.inStepMs = this.clock.nowMs();
  }

  noteAppend(): void {
    this.appendMs = this.clock.nowMs();
    this.appendedMs = this.clock.now();
  }

  /** The own batch under way has come back, stored by the log at an instant of its clock. */
  noteOwn(storedMs: number): void {
    const now = this.clock.now();
    this.appendSeconds = (this.clock.nowMs() - this.appendMs) / 1000;
    if (storedMs < this.appendedMs) this.skewMs = this.appendedMs - storedMs;
    else this.skewMs = storedMs > now ? now - storedMs : 0;
  }

  state(): ClusterState {
    const isBehind = this.position < this.head || this.isLost || this.isJoining;
    return {
      name: this.name,
      status: this.status,
      reason: this.fault ?? "",
      position: this.position,
      head: this.head,
      lagSeconds: isBehind ? (this.clock.nowMs() - this.inStepMs) / 1000 : 0,
      waiting: this.waiting(),
      logSizeBytes: this.logSizeBytes,
      clockSkewSeconds: this.skewMs / 1000,
      snapshot: this.snapshot,
      server: this.engine?.server ?? null,
      leader: this.engine?.leader ?? null,
      copies: this.engine?.copies ?? [],
    };
  }
}
