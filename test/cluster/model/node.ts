import { Replica, type ReplicaRules } from "../../../src/cluster/replica.ts";
import { type Revision, writerText } from "../../../src/cluster/revision.ts";
import { SnapshotLoading } from "../../../src/cluster/snapshot-loading.ts";
import type { SnapshotTaking } from "../../../src/cluster/snapshots.ts";
import { Fault } from "../../../src/model/fault.ts";
import { MORE } from "../../../src/model/work.ts";
import type { ModelAnswer } from "./gateway.ts";
import type { Attempt } from "./record.ts";
import type { ModelRequest, ModelStoreDeps, TestedStore } from "./store.ts";
import type { World } from "./world.ts";

export type NewStore = (deps: ModelStoreDeps) => TestedStore;

/** A process of the model: a replica with its store, and its way to the log and back. */
export class Node {
  readonly replica: Replica<ModelRequest, ModelAnswer>;
  store: TestedStore;
  isAlive = true;
  /** Caught up once: clients may ask for something. */
  isReady = false;
  isCut = false;
  /** Requests that are not answered. */
  readonly asked = new Set<ModelRequest>();
  /** The position of the state in which each push was judged last. */
  readonly madeAt = new Map<number, number>();
  /** Position of the last entry that is on its way to it or there. */
  private delivered = 0;
  private attempts: Attempt[] = [];
  /** Of the batch that is appended, until it is seen. */
  private underWay = 0;
  private readonly skewMs: number;
  private ticks = 0;
  private isDelivering = false;

  constructor(
    private readonly world: World,
    readonly name: string,
    readonly writer: Revision,
    rules: ReplicaRules,
  ) {
    this.skewMs = Math.floor(world.random() * 40) - 20;
    this.store = this.newStore(false);
    this.replica = new Replica(
      {
        store: this.store,
        append: (entry, id) => this.append(entry, id),
        answer: (request, verdict) => {
          if (!this.isAlive) return;
          this.asked.delete(request);
          const answer = verdict.kind === "applied" ? verdict.answer : verdict.kind;
          this.world.answered(request.operation, answer, this);
        },
        soon: (run) => world.events.after(0, () => this.whileAlive(run)),
        after: (ms, run) => world.events.after(Math.ceil(ms), () => this.whileAlive(run)),
        nowMs: () => world.events.nowMs + this.ticks++ * world.tickMs,
        folded: ({ position, isOwn, isRepetition }) => {
          if (isOwn) this.underWay = 0;
          if (this.isAlive) world.folded(this, position, isRepetition);
        },
        stopped: (fault) => world.fault(`${name} stopped: ${fault.message}`),
      },
      writer,
      rules,
    );
  }

  private newStore(isLoaded: boolean): TestedStore {
    const { world } = this;
    return world.newStore({
      mayChange: (key, grows) => this.replica.mayChange(key, grows),
      now: () => 1_000_000 + world.events.nowMs + this.skewMs,
      pause: () => new Promise((resolve) => world.events.after(world.upTo(8), resolve)),
      isPutSlow: () => world.chance(0.1),
      isChecked: world.options.isChecked,
      isLoaded,
      applied: (operation, answer, nowMs, isNoted) => {
        const madeAt = this.replica.position;
        this.madeAt.set(operation.id, madeAt);
        this.attempts.push({ operation, answer, nowMs, isNoted, madeAt });
      },
    });
  }

  /** The store is what was folded, and nothing else: no batch is on its way. */
  get isAtRest(): boolean {
    return this.underWay === 0;
  }

  private whileAlive(run: () => void): void {
    if (this.isAlive) run();
  }

  ask(request: ModelRequest): void {
    this.asked.add(request);
    this.replica.request(request);
  }

  giveUp(request: ModelRequest): void {
    this.asked.delete(request);
    this.replica.giveUp(request);
  }

  /** What was done since the last batch was closed. */
  takeAttempts(): Attempt[] {
    const { attempts } = this;
    this.attempts = [];
    return attempts;
  }

  private append(entry: Uint8Array<ArrayBuffer>, id: Revision): void {
    this.underWay = id.number;
    this.world.record.attempts.set(`${writerText(id)}.${id.number}`, this.takeAttempts());
    this.appendOn(entry, id);
  }

  private appendOn(entry: Uint8Array<ArrayBuffer>, id: Revision): void {
    if (!this.isAlive || this.underWay !== id.number) return;
    const { world } = this;
    if (!this.isCut && !world.chance(world.options.lost)) world.events.after(world.upTo(6), () => world.store(entry));
    if (world.chance(world.options.doubled)) world.events.after(world.upTo(60), () => world.store(entry));
    world.events.after(12, () => this.appendOn(entry, id));
  }

  /** Something new is in the log. */
  deliver(): void {
    if (this.isDelivering || !this.isAlive || this.isCut || this.world.isLoading(this)) return;
    this.isDelivering = true;
    this.world.events.after(this.world.upTo(8), () => {
      this.isDelivering = false;
      if (this.isAlive && !this.isCut && !this.world.isLoading(this)) this.deliverSome();
    });
  }

  private deliverSome(): void {
    const { log, purgedTo } = this.world;
    if (this.delivered < purgedTo) return this.world.load(this);
    for (let count = 1 + this.world.upTo(3); count > 0 && this.delivered < log.length; count--) {
      const entry = log[this.delivered++];
      if (entry !== undefined) this.replica.entry(this.delivered, entry.slice());
    }
    if (this.delivered < log.length) this.deliver();
  }

  /** Takes the place of what it has. */
  load(chunks: readonly Uint8Array[], position: number): void {
    const store = this.newStore(true);
    const loading = new SnapshotLoading(store, this.world.rules);
    void this.loadAll(loading, chunks).then((fold) => {
      if (fold instanceof Fault) return this.world.fault(`${this.name}: ${fold.message}`);
      if (!this.isAlive) return;
      const swapped = () => {
        this.store = store;
        this.delivered = position;
        // A batch that is in the snapshot does not come back.
        if (!this.replica.isUnderWay) this.underWay = 0;
        this.world.loaded(this);
        this.deliver();
      };
      this.replica.swap({ fold, store, swapped });
    });
  }

  private async loadAll(loading: SnapshotLoading, chunks: readonly Uint8Array[]) {
    for (const chunk of chunks) {
      const fault = loading.take(chunk);
      if (fault !== null) return fault;
      for (let put = await loading.putOn(); put !== null; put = await loading.putOn()) if (put !== MORE) return put;
    }
    return loading.finish();
  }

  /** Takes a snapshot, a slice now and then. */
  takeSnapshot(taken: (position: number, chunks: readonly Uint8Array[]) => void): void {
    this.replica.beginSnapshot((snapshot) => this.readOn(snapshot, [], taken));
  }

  private readOn(
    snapshot: SnapshotTaking,
    chunks: Uint8Array[],
    taken: (position: number, chunks: readonly Uint8Array[]) => void,
  ): void {
    if (!this.isAlive) return;
    const chunk = snapshot.readOn();
    if (chunk === null) {
      if (!snapshot.isAbandoned) taken(snapshot.position, chunks);
      return;
    }
    if (chunk !== MORE) chunks.push(chunk);
    this.world.events.after(this.world.upTo(5), () => this.readOn(snapshot, chunks, taken));
  }
}
