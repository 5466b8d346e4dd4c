import type { Applied, StorePort } from "../../../src/cluster/replica-deps.ts";
import type { GroupBytes } from "../../../src/rows/group-row.ts";
import { groupOf, type ModelAnswer, ModelGateway, type ModelOperation, rowBytes, rowOf } from "./gateway.ts";

/** A request of a model's client. */
export interface ModelRequest {
  readonly kind: ModelOperation["kind"];
  readonly key: Uint8Array;
  readonly sizeBytes: number;
  readonly isSlow: boolean;
  readonly operation: ModelOperation;
}

/** A group's time to live. */
export const TTL_MS = 25;

/** How a store does its work in the model. */
export interface ModelStoreDeps {
  readonly mayChange: (key: Uint8Array, grows: boolean) => boolean;
  /** The own clock, which need not agree with others'. */
  readonly now: () => number;
  /** Waits some turns. */
  readonly pause: () => Promise<void>;
  /** Whether putting rows takes many turns, this time. */
  readonly isPutSlow: () => boolean;
  /** Pushes are checked against one another. */
  readonly isChecked: boolean;
  /** It is filled from a snapshot. */
  readonly isLoaded: boolean;
  readonly applied: (operation: ModelOperation, answer: ModelAnswer, nowMs: number, isNoted: boolean) => void;
}

/** What a test asks of the store of a replica. */
export interface TestedStore extends StorePort<ModelRequest, ModelAnswer> {
  /** As that of a ModelGateway. */
  readonly text: string;
  /** What is scraped, once nothing is left to be decided. */
  readonly shown: string;
  readonly isConsistent: boolean;
}

/** What a store has to do for keys. */
export interface KeyRules {
  /** Whether a row has the keys of its group, where it is written and where it is put. */
  readonly areWritten: boolean;
  readonly arePut: (deps: ModelStoreDeps) => boolean;
  /** Whether they are looked at. */
  readonly areKnown: boolean;
  /** Whether a refused push leaves none. */
  readonly areOfStored: boolean;
  /** Whether a repetition depends on the state in which it was found, as a refusal does. */
  readonly mayBeStale: boolean;
}

export const KEY_RULES: KeyRules = {
  areWritten: true,
  arePut: () => true,
  areKnown: true,
  areOfStored: true,
  mayBeStale: true,
};

/** The store of a replica, as simple as one Pushgateway. */
export class ModelStore implements TestedStore {
  private readonly gateway: ModelGateway;

  constructor(
    private readonly deps: ModelStoreDeps,
    private readonly rules: KeyRules = KEY_RULES,
  ) {
    this.gateway = new ModelGateway(new Map(), deps.isChecked);
  }

  apply(request: ModelRequest, isTentative: boolean): Applied<ModelAnswer> | Promise<Applied<ModelAnswer>> {
    if (!request.isSlow) return this.applyNow(request.operation, isTentative);
    return this.deps.pause().then(() => this.applyNow(request.operation, isTentative));
  }

  private applyNow(operation: ModelOperation, isTentative: boolean): Applied<ModelAnswer> {
    const { deps, gateway, rules } = this;
    const answer = rules.areKnown ? gateway.judge(operation) : gateway.withoutKeys(operation.group).judge(operation);
    if (answer === "malformed") return { outcome: "hopeless", answer };
    const isNoted = answer === "inconsistent" && !isTentative;
    const nowMs = deps.now();
    if (answer === "stored" || isNoted) {
      if (!deps.mayChange(Buffer.from(operation.group), gateway.grows(operation, answer)))
        return { outcome: "put off", answer };
      gateway.push(operation, answer, nowMs);
      if (isNoted && !rules.areOfStored) gateway.noteKey(operation);
    }
    deps.applied(operation, answer, nowMs, isNoted);
    const isCertain = answer === "stored" || (answer === "repeated" && !rules.mayBeStale);
    return { outcome: isCertain ? "stored" : "refused", answer };
  }

  row(key: Uint8Array): Uint8Array | null {
    const group = this.gateway.groups.get(groupOf(key));
    if (group === undefined) return null;
    return rowBytes(this.rules.areWritten ? group : { ...group, keys: {} });
  }

  rowBytes(key: Uint8Array): number {
    return this.row(key)?.length ?? 0;
  }

  put(groups: readonly GroupBytes[]): null | Promise<null> {
    const put = () => {
      const areKept = this.rules.arePut(this.deps);
      for (const { key, row } of groups) {
        const group = rowOf(row);
        this.gateway.groups.set(groupOf(key), areKept ? group : { ...group, keys: {} });
      }
      return null;
    };
    return this.deps.isPutSlow() ? this.deps.pause().then(put) : put();
  }

  remove(key: Uint8Array): void {
    this.gateway.groups.delete(groupOf(key));
  }

  wipe(): void {
    this.gateway.groups.clear();
  }

  isDue({ key }: ModelRequest): boolean {
    const group = this.gateway.groups.get(groupOf(key));
    return group !== undefined && this.deps.now() - group.succeededMs > TTL_MS;
  }

  get text(): string {
    return this.gateway.text;
  }

  get shown(): string {
    return this.text;
  }

  get isConsistent(): boolean {
    return this.gateway.isConsistent;
  }
}
