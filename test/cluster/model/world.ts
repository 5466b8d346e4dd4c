import { type BatchContent, readEntry } from "../../../src/cluster/entry.ts";
import type { ReplicaRules } from "../../../src/cluster/replica.ts";
import { Fault } from "../../../src/model/fault.ts";
import { seededRandom } from "../../telemetry/fixtures.ts";
import { EventQueue } from "./events.ts";
import {
  keyBytes,
  MODEL_GROUPS,
  type ModelAnswer,
  type ModelFamily,
  type ModelOperation,
  rowOf,
  SHARED_LABEL,
} from "./gateway.ts";
import { type NewStore, Node } from "./node.ts";
import type { ModelRecord, Seen } from "./record.ts";
import type { ModelRequest } from "./store.ts";

const NAMES = ["x", "y"] as const;
const TYPES = ["gauge", "counter"] as const;
/** Clients ask for something so long; then all that is under way is waited for. */
const BUSY_MS = 400;
const TIMEOUT_MS = 120;
/** Of so many pushes with keys the last ones are repeated. */
const REPEATED = 6;
/** What is added is so different that no two sums are alike. */
const MOST_ADDED = 2 ** 30;

export interface WorldOptions {
  /** Shares of all appends from 0 up to 1. */
  readonly lost: number;
  readonly doubled: number;
  /** Label sets that two groups may both bring. */
  readonly hasLabels: boolean;
  /** Pushes are checked against one another. */
  readonly isChecked: boolean;
  /** Some pushes are added, by keys. */
  readonly hasKeys: boolean;
  readonly groupOfRow: ModelRecord["groupOfRow"];
}

const OPTIONS: WorldOptions = {
  lost: 0.15,
  doubled: 0.1,
  hasLabels: true,
  isChecked: true,
  hasKeys: true,
  groupOfRow: ({ row }) => rowOf(row),
};

interface StoredSnapshot {
  readonly position: number;
  readonly chunks: readonly Uint8Array[];
}

/** Some replicas, the log that joins them, clients that ask for something, and what can go wrong; all by a seed. */
export class World {
  readonly events = new EventQueue();
  readonly random: () => number;
  readonly options: WorldOptions;
  readonly log: Uint8Array[] = [];
  purgedTo = 0;
  readonly record: ModelRecord;
  /** How much a look at the clock takes: so work ends after some steps. */
  readonly tickMs: number;
  private readonly nodes: Node[] = [];
  private readonly observer: Node;
  private readonly loading = new Set<Node>();
  private readonly readyAt = new Map<Node, number>();
  private readonly waiting = new Map<number, () => void>();
  private readonly hasWipes: boolean;
  private snapshots: StoredSnapshot[] = [];
  private acknowledged = 0;
  private operations = 0;
  private readonly keyed: ModelOperation[] = [];
  private processes = 0;
  private isOver = false;

  constructor(
    seed: number,
    readonly rules: ReplicaRules,
    readonly newStore: NewStore,
    options: Partial<WorldOptions> = {},
  ) {
    this.options = { ...OPTIONS, ...options };
    this.record = {
      groupOfRow: this.options.groupOfRow,
      isChecked: this.options.isChecked,
      seen: new Map(),
      attempts: new Map(),
      folded: [],
      states: new Map(),
      shown: new Map(),
      atRest: [],
      faults: [],
    };
    this.random = seededRandom(seed);
    this.tickMs = this.random() * 0.8;
    this.hasWipes = this.chance(0.5);
    this.observer = this.start("observer");
    const replicas = 2 + this.upTo(2);
    for (let i = 0; i < replicas; i++) this.nodes.push(this.start(`replica ${i}`));
    const clients = 3 + this.upTo(5);
    for (let i = 0; i < clients; i++) this.events.after(this.upTo(10), () => this.askOn());
    this.events.after(10, () => this.disturbOn());
    this.events.after(BUSY_MS, () => this.calm());
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  /** A whole number from 0 up to `most`. */
  upTo(most: number): number {
    return Math.floor(this.random() * (most + 1));
  }

  private pick<T>(list: readonly T[]): T | undefined {
    return list[this.upTo(list.length - 1)];
  }

  fault(text: string): void {
    this.record.faults.push(text);
  }

  private start(name: string): Node {
    const writer = { writerHigh: 7, writerLow: ++this.processes, number: 0 };
    const node = new Node(this, name, writer, this.rules);
    this.readyAt.set(node, this.log.length);
    node.isReady = this.log.length === 0;
    if (!node.isReady) this.load(node);
    return node;
  }

  /** Runs to the end, and returns what happened. */
  async run(): Promise<ModelRecord> {
    while (this.record.faults.length === 0 && this.events.step()) {
      // What a store waits for goes on in turns of its own.
      for (let turns = 0; turns < 6; turns++) await null;
      this.look();
    }
    this.lookAtEnd();
    return this.record;
  }

  private look(): void {
    for (const { store, name } of this.nodes)
      if (!store.isConsistent) this.fault(`${name} contradicts itself at ${this.events.nowMs}: ${store.text}`);
  }

  private lookAtEnd(): void {
    if (this.record.faults.length > 0) return;
    for (const { name, replica, store } of this.nodes) {
      if (replica.position !== this.log.length)
        this.fault(`${name} ended at ${replica.position} of ${this.log.length}`);
      if (replica.isUnderWay || replica.waiting > 0) this.fault(`${name} ended with something on its way`);
      if (store.text !== this.observer.store.text) this.fault(`${name} ended with ${store.text}`);
    }
  }

  /** An entry has come into the log. */
  store(entry: Uint8Array): void {
    this.log.push(entry);
    for (const node of [this.observer, ...this.nodes]) node.deliver();
  }

  folded(node: Node, position: number, isRepetition: boolean): void {
    if (position >= (this.readyAt.get(node) ?? 0)) node.isReady = true;
    const { text } = node.store;
    if (node === this.observer) {
      this.record.folded.push({ position, content: this.contentAt(position), isRepetition });
      this.record.states.set(position, text);
      this.record.shown.set(position, node.store.shown);
    } else if (node.isAtRest) this.record.atRest.push({ name: node.name, position, text, shown: node.store.shown });
  }

  private contentAt(position: number): BatchContent {
    const content = readEntry(this.log[position - 1] ?? new Uint8Array(0));
    if (content instanceof Fault) throw new Error(content.message);
    return content;
  }

  // Clients

  private askOn(): void {
    if (this.isOver) return;
    const node = this.pick(this.nodes.filter(({ isAlive, isReady }) => isAlive && isReady));
    if (node === undefined) return this.events.after(10, () => this.askOn());
    const operation = this.newOperation();
    const seen: Seen = {
      operation,
      floor: this.acknowledged,
      sentMs: this.events.nowMs,
      answer: null,
      position: 0,
      madeAt: 0,
      givenUpMs: Infinity,
    };
    this.record.seen.set(operation.id, seen);
    const request = this.requestOf(operation);
    this.waiting.set(operation.id, () => {
      this.waiting.delete(operation.id);
      this.events.after(this.upTo(10), () => this.askOn());
    });
    node.ask(request);
    this.events.after(this.chance(0.25) ? this.upTo(25) : TIMEOUT_MS, () => this.giveUp(node, request));
  }

  private newOperation(): ModelOperation {
    const operation = this.replacing();
    if (operation.kind !== "push" || !this.options.hasKeys || !this.chance(0.4)) return operation;
    const known = this.pick(this.keyed.slice(-REPEATED));
    if (known !== undefined && this.chance(0.6)) return this.repeated(known, operation);
    const keyed = this.adding(operation, operation.id);
    this.keyed.push(keyed);
    return keyed;
  }

  /** The same push by another request; or, rarely, another one by the same key. */
  private repeated(known: ModelOperation, { id, ...other }: ModelOperation): ModelOperation {
    if (this.chance(0.9)) return { ...known, id };
    return { ...this.adding({ id, ...other }, known.key?.token ?? 0), group: known.group };
  }

  private adding(operation: ModelOperation, token: number): ModelOperation {
    const families = Object.entries(operation.families).map(
      ([name, family]) => [name, { ...family, value: this.upTo(MOST_ADDED) }] as const,
    );
    const key = { token, content: operation.id };
    return { ...operation, replace: false, families: Object.fromEntries(families), key };
  }

  private replacing(): ModelOperation {
    const kind = this.chance(0.2) ? "delete" : this.hasWipes && this.chance(0.03) ? "wipe" : "push";
    const id = ++this.operations;
    const families: Record<string, ModelFamily> = {};
    const group = this.pick(MODEL_GROUPS) ?? "";
    for (const name of this.chance(0.45) ? NAMES : [this.pick(NAMES) ?? "x"]) {
      const labels = this.options.hasLabels && this.chance(0.2) && !group.includes(SHARED_LABEL) ? 1 : 0;
      families[name] = { type: this.chance(0.7) ? TYPES[0] : TYPES[1], labels, value: id };
    }
    return { id, kind, group, replace: this.chance(0.5), families, key: null, isMalformed: this.chance(0.03) };
  }

  private requestOf(operation: ModelOperation): ModelRequest {
    const key = operation.kind === "wipe" ? new Uint8Array(0) : keyBytes(operation.group);
    return { kind: operation.kind, key, sizeBytes: 10, isSlow: this.chance(0.1), operation };
  }

  private giveUp(node: Node, request: ModelRequest): void {
    const seen = this.record.seen.get(request.operation.id);
    if (seen === undefined || seen.answer !== null || seen.givenUpMs < Infinity) return;
    if (node.isAlive) node.giveUp(request);
    seen.givenUpMs = this.events.nowMs;
    this.waiting.get(request.operation.id)?.();
  }

  answered(operation: ModelOperation, answer: ModelAnswer | "removed" | "unknown", node: Node): void {
    const seen = this.record.seen.get(operation.id);
    if (seen === undefined || seen.answer !== null || seen.givenUpMs < Infinity)
      return this.fault(`${operation.id} was answered twice, or though it was given up`);
    seen.answer = answer;
    seen.position = node.replica.position;
    seen.madeAt = node.madeAt.get(operation.id) ?? seen.position;
    if (answer === "unknown") seen.givenUpMs = this.events.nowMs;
    else if (answer !== "malformed")
      this.acknowledged = Math.max(
        this.acknowledged,
        answer === "stored" || answer === "removed" ? seen.position : seen.madeAt,
      );
    this.waiting.get(operation.id)?.();
  }

  // What goes wrong

  private disturbOn(): void {
    if (this.isOver) return;
    const place = this.upTo(this.nodes.length - 1);
    const node = this.nodes[place];
    if (node !== undefined) this.disturb(node, place);
    this.events.after(this.upTo(30), () => this.disturbOn());
  }

  private disturb(node: Node, place: number): void {
    const dice = this.random();
    if (dice < 0.1) this.restart(node, place);
    else if (dice < 0.3) this.cut(node);
    else if (dice < 0.6) node.takeSnapshot((position, chunks) => this.storeSnapshot({ position, chunks }));
    else if (dice < 0.65) this.load(node);
    else if (dice < 0.9) this.expire(node);
  }

  /** The process is killed; a new one takes its place some time later. */
  private restart(node: Node, place: number): void {
    node.isAlive = false;
    for (const request of node.asked) this.giveUp(node, request);
    this.nodes.splice(place, 1);
    this.events.after(this.upTo(60), () => this.nodes.push(this.start(node.name)));
  }

  private cut(node: Node): void {
    node.isCut = true;
    this.events.after(this.upTo(80), () => {
      node.isCut = false;
      node.deliver();
    });
  }

  private expire(node: Node): void {
    if (!node.isReady) return;
    const group = this.pick(MODEL_GROUPS) ?? "";
    const operation = { ...this.newOperation(), kind: "expire" as const, group };
    node.ask({ ...this.requestOf(operation), isSlow: false });
  }

  private calm(): void {
    this.isOver = true;
  }

  // Snapshots

  private storeSnapshot(snapshot: StoredSnapshot): void {
    const newest = this.snapshots.at(-1);
    if (newest !== undefined && newest.position >= snapshot.position) return;
    this.snapshots = newest === undefined ? [snapshot] : [newest, snapshot];
    // The observer sees every entry.
    if (newest !== undefined) this.purgedTo = Math.min(newest.position, this.observer.replica.position);
  }

  isLoading(node: Node): boolean {
    return this.loading.has(node);
  }

  /** A replica gets the newest snapshot, if there is one, and goes on behind it. */
  load(node: Node): void {
    const snapshot = this.snapshots.at(-1);
    if (snapshot === undefined) return node.deliver();
    if (this.isLoading(node) || snapshot.position < node.replica.position) return;
    this.loading.add(node);
    this.events.after(this.upTo(20), () => {
      if (node.isAlive) node.load(snapshot.chunks, snapshot.position);
    });
  }

  loaded(node: Node): void {
    this.loading.delete(node);
    if (node.replica.position >= (this.readyAt.get(node) ?? 0)) node.isReady = true;
  }
}
