import { ENTRY_VERSION } from "../cluster/entry.ts";
import type { BatchId, LogEntry, LogEvents, LogHead, SharedLog, SharedSettings } from "../cluster/log.ts";
import { Replica } from "../cluster/replica.ts";
import type { Folding } from "../cluster/replica-deps.ts";
import { type Revision, writerText } from "../cluster/revision.ts";
import type { Cluster, WriteTools } from "../http/cluster.ts";
import type { PushResult, Writes } from "../http/writes.ts";
import type { Clock } from "../model/clock.ts";
import type { ClusterState } from "../model/cluster-state.ts";
import { Fault } from "../model/fault.ts";
import type { Persistence } from "../model/persistence.ts";
import type { Store } from "../store/store.ts";
import { ClusterMetrics } from "../telemetry/cluster-metrics.ts";
import type { Log } from "../telemetry/log.ts";
import { loadState } from "./cluster-loading.ts";
import { seedLog } from "./cluster-seeding.ts";
import { ClusterSnapshots } from "./cluster-snapshots.ts";
import { ClusterStanding } from "./cluster-standing.ts";
import { type ReplicatedRequest, ReplicatedStore } from "./replicated-store.ts";
import { ReplicatedWrites } from "./replicated-writes.ts";

/** Interval between looks at whether what was kept is restored. */
const RESTORED_CHECK_MS = 5;
/** Delay before a snapshot that could not be loaded is loaded again. */
const LOAD_AGAIN_MS = 500;

export interface ClusteringDeps {
  /** The cluster's. */
  readonly name: string;
  readonly shared: SharedLog;
  readonly settings: SharedSettings;
  /** How long a change waits for its place in the log. */
  readonly timeoutMs: number;
  readonly maxWaitingBytes: number;
  readonly store: Store;
  /** One more like it, with nothing in it. */
  readonly newStore: () => Store;
  readonly persistence: Pick<Persistence, "notReady">;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Ends the server: the log is not for us. The reason has been logged. */
  readonly giveUp: () => void;
}

/** What all replicas of a cluster must have alike, for each takes for granted what the others have checked. */
export const sharedSettings = (consistencyCheck: boolean, utf8Names: boolean): SharedSettings => ({
  format: String(ENTRY_VERSION),
  "push.disable-consistency-check": String(!consistencyCheck),
  "push.enable-utf8-names": String(utf8Names),
});

/**
 * Joins this server to others: what they append to the log comes into the store, and what clients change goes through
 * the log.
 *
 *     restored ─> log opened ─> snapshot and entries into a store of their own ─> caught up: that takes the store's place
 *                                         ^                                              │
 *                                         └── the log cannot be read on: restart ────────┘
 */
export class Clustering implements Cluster {
  readonly metrics: ClusterMetrics;
  private readonly standing: ClusterStanding;
  private readonly writer: Revision;
  private readonly replica: Replica<ReplicatedRequest, PushResult>;
  private readonly snapshots: ClusterSnapshots;
  private loading: ReplicatedStore;
  private writes: ReplicatedWrites | null = null;
  private tools: WriteTools | null = null;
  /** Counts the times that the state was loaded; what belongs to an earlier one is over. */
  private loads = 0;
  /** Entries up to here are to be folded before this server has caught up; null: that is not known yet. */
  private target: number | null = null;
  /** The snapshot is not loaded yet: nothing is read from the log. */
  private isLoading = true;
  private isSeeding = false;
  private sinceMs: number;

  constructor(private readonly deps: ClusteringDeps) {
    const { clock, random, shared } = deps;
    const half = () => Math.floor(random() * 2 ** 32);
    this.writer = { writerHigh: half(), writerLow: half(), number: 0 };
    this.sinceMs = clock.nowMs();
    this.standing = new ClusterStanding(deps.name, clock, () => this.replica.waiting);
    this.metrics = new ClusterMetrics(this.state, clock.nowMs, () => this.replica.redone);
    this.loading = this.storeOf(deps.store);
    this.replica = new Replica(
      {
        store: this.loading,
        append: (entry, id) => this.append(entry, id),
        answer: (request, verdict) => this.writes?.answer(request, verdict),
        soon: (run) => clock.after(0, () => this.guard(run)),
        after: (ms, run) => clock.after(ms, () => this.guard(run)),
        nowMs: clock.nowMs,
        folded: (folding) => this.folded(folding),
        stopped: (fault) => this.stop(fault.message),
      },
      this.writer,
    );
    this.snapshots = new ClusterSnapshots({
      log: shared,
      begin: (begun) => this.replica.beginSnapshot(begun),
      turn: clock.turn,
      random,
      stored: ({ position, sizeBytes }) => {
        this.standing.snapshot = { storedSeconds: clock.now() / 1000, sizeBytes };
        deps.log.info("snapshot stored", { position, bytes: sizeBytes });
      },
      failed: (fault) => deps.log.warn("the snapshot could not be stored", { err: fault.message }),
    });
  }

  takeOver(tools: WriteTools): Writes {
    const { clock, timeoutMs, maxWaitingBytes } = this.deps;
    this.tools = tools;
    const unavailable = () => this.standing.unavailable;
    this.writes = new ReplicatedWrites(tools, {
      replica: this.replica,
      clock,
      timeoutMs,
      maxWaitingBytes,
      unavailable,
    });
    void this.join();
    return this.writes;
  }

  readonly state = (): ClusterState => this.standing.state();
  readonly fault = (): string | null => this.standing.fault;

  /** Why nothing can be read yet, or null: what this server had itself is shown where the log does not answer. */
  notReady(): string | null {
    const { hasJoined, isLost, unavailable } = this.standing;
    const hasOwn = isLost && this.deps.store.stats.groups > 0;
    return hasJoined || hasOwn ? null : unavailable;
  }

  close(): Promise<void> {
    return this.deps.shared.close();
  }

  private storeOf(store: Store): ReplicatedStore {
    return new ReplicatedStore(store, () => this.tools, {
      mayChange: (key, grows) => this.replica.mayChange(key, grows),
      removed: (key) => this.writes?.removed(key),
      failed: (fault) => this.fail(fault),
      turn: this.deps.clock.turn,
    });
  }

  private async join(): Promise<void> {
    const { clock, giveUp, log, persistence, settings, shared } = this.deps;
    while (persistence.notReady() !== null)
      await new Promise<void>((resolve) => clock.after(RESTORED_CHECK_MS, resolve));
    shared.listen(this.events());
    const opened = await shared.open(settings);
    if (opened instanceof Fault) {
      log.error("the cluster cannot be joined", { name: this.deps.name, err: opened.message });
      return giveUp();
    }
    for (const warning of opened.warnings) log.warn(warning);
    this.standing.noteHead(opened.head);
    await this.load(opened.head.position);
  }

  /** Makes the state anew from the log, in a store of its own; others see the old one meanwhile. */
  private async load(target: number | null): Promise<void> {
    const { clock, log, newStore, shared } = this.deps;
    const load = ++this.loads;
    this.standing.beJoining();
    this.isLoading = true;
    this.target = target;
    const newReplicated = () => this.storeOf(newStore());
    let loaded = await loadState({ log: shared, newStore: newReplicated, turn: clock.turn });
    while (loaded instanceof Fault && load === this.loads) {
      log.warn("the snapshot cannot be loaded, trying again", { err: loaded.message });
      await new Promise<void>((resolve) => clock.after(LOAD_AGAIN_MS, resolve));
      loaded = await loadState({ log: shared, newStore: newReplicated, turn: clock.turn });
    }
    if (load !== this.loads || loaded instanceof Fault) return;
    const { fold, snapshot, sizeBytes, store } = loaded;
    const { position } = fold;
    this.loading = store;
    await new Promise<void>((swapped) => this.replica.swap({ fold, store, swapped }));
    if (load !== this.loads) return;
    this.snapshots.known(sizeBytes);
    if (snapshot !== null) {
      this.standing.snapshot = { storedSeconds: snapshot.storedMs / 1000, sizeBytes: snapshot.sizeBytes };
      log.info("snapshot loaded", { position, groups: this.replica.groups, bytes: snapshot.sizeBytes });
    }
    this.standing.readTo(position);
    this.standing.folded(position);
    this.isLoading = false;
    shared.read(position);
    this.look();
  }

  private events(): LogEvents {
    const { log } = this.deps;
    return {
      entries: (entries, upTo) => this.take(entries, upTo),
      head: (head) => this.noteHead(head),
      restart: (reason) => {
        log.warn("the log cannot be read on: the state is loaded again", { reason });
        void this.load(null);
      },
      unreadable: ({ position, reason }) => this.stop(`the entry of the log at position ${position}: ${reason}`),
      lost: (err) => {
        this.standing.lose(err);
        log.error("lost the cluster", { err });
      },
      found: (seconds) => {
        this.standing.find();
        log.info("found the cluster", { seconds });
      },
      retried: () => this.metrics.countRetry(),
      unusable: (reason) => this.stop(reason),
    };
  }

  private noteHead(head: LogHead): void {
    this.standing.noteHead(head);
    this.target ??= head.position;
    this.look();
    // A snapshot does not say that the log was seeded in part.
    if (this.standing.status === "joined" && !this.replica.isPartlySeeded) this.snapshots.look();
  }

  private take(entries: readonly LogEntry[], upTo: number): void {
    const writer = writerText(this.writer);
    for (const entry of entries) {
      if (entry.writer === writer) this.standing.noteOwn(entry.storedMs);
      this.snapshots.read(entry.bytes.length);
      this.guard(() => this.replica.entry(entry.position, entry.bytes));
      this.standing.lastEntry = entry.position;
    }
    this.standing.readTo(upTo);
    this.standing.folded(this.replica.position);
    this.deps.shared.taken(upTo);
    this.look();
  }

  private folded(folding: Folding): void {
    const { isOwn, isRepetition, position } = folding;
    this.standing.folded(position);
    if (isRepetition) return;
    this.metrics.countBatch(isOwn ? "own" : "others");
    if (isOwn) this.metrics.observeAppend(this.standing.appendSeconds);
    this.writes?.folded(folding);
    this.look();
  }

  private append(bytes: Uint8Array<ArrayBuffer>, { number, ...writer }: Revision): void {
    this.standing.noteAppend();
    const id: BatchId = { writer: writerText({ ...writer, number }), number };
    this.deps.shared.append({ ...id, bytes });
  }

  /** Looks whether this server has caught up. */
  private look(): void {
    const { standing, target } = this;
    if (standing.status !== "joining" || this.isLoading || this.isSeeding) return;
    if (target === null || standing.position < target || this.awaitsSeed()) return;
    this.isSeeding = true;
    const load = this.loads;
    void this.seed().then(() => {
      this.isSeeding = false;
      if (load === this.loads) this.beJoined();
      else this.look();
    });
  }

  /** Who has nothing to add to a log that was seeded in part waits for whoever has the rest. */
  private awaitsSeed(): boolean {
    const { log, store } = this.deps;
    const { standing } = this;
    const awaits = this.replica.isPartlySeeded && store.stats.groups === 0;
    if (awaits && !standing.awaitsSeed)
      log.warn("the log has been seeded in part: waiting for the replica that has the rest in its persistence file");
    standing.awaitsSeed = awaits;
    return awaits;
  }

  /** A log without anything, or one that was seeded in part, gets what this server has. */
  private async seed(): Promise<void> {
    const { clock, log, store } = this.deps;
    const { groups } = store.stats;
    const { isPartlySeeded, position } = this.replica;
    if (groups === 0 || (position > 0 && !isPartlySeeded)) return;
    if (isPartlySeeded)
      log.info("the log has been seeded in part: it gets what is missing of what is here", { groups });
    else log.info("the log is empty: it gets what is here", { groups });
    const load = this.loads;
    await seedLog(store, {
      ask: (request) => this.replica.request(request),
      put: (group) => this.loading.put([group]),
      clock,
      isOver: () => load !== this.loads,
    });
    this.snapshots.want();
  }

  private beJoined(): void {
    const { clock, log, name, store } = this.deps;
    this.loading.takePlaceOf(store);
    this.standing.beJoined();
    const { groups } = store.stats;
    const ms = Math.round(clock.nowMs() - this.sinceMs);
    log.info("joined the cluster", { name, position: this.standing.position, groups, ms });
  }

  /** What is thrown is a fault of this program: nobody can say what the store holds then. */
  private guard(run: () => void): void {
    if (this.standing.status === "stopped") return;
    try {
      run();
    } catch (fault) {
      this.fail(fault);
    }
  }

  private fail(fault: unknown): void {
    this.stop(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
  }

  private stop(reason: string): void {
    this.standing.stop(reason);
    this.deps.log.error("the cluster's log cannot be used any more: pushes are refused, scrapes go on", {
      err: reason,
    });
  }
}
