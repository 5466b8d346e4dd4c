import type { Applied } from "../../../src/cluster/replica-deps.ts";
import { GroupingKey } from "../../../src/exposition/grouping-key.ts";
import { readLabels } from "../../../src/exposition/label-block.ts";
import { PushColumns } from "../../../src/model/columns.ts";
import { Fault } from "../../../src/model/fault.ts";
import type { KeyedGroup } from "../../../src/model/kept-group.ts";
import { NO_STORE_LIMITS } from "../../../src/model/limits.ts";
import { METRIC_TYPE_WORDS } from "../../../src/model/metric-type.ts";
import {
  PUSH_ID_CONTENT_LOW,
  PUSH_ID_KEY_LOW,
  PUSH_ID_STRIDE,
  type PushId,
  REPEATED,
} from "../../../src/model/push-id.ts";
import { isPushTimeName } from "../../../src/model/push-times.ts";
import type { Rejection } from "../../../src/model/rejection.ts";
import { TextParser } from "../../../src/parse/text.ts";
import { type GroupBytes, GroupRowReader, GroupRowWriter } from "../../../src/rows/group-row.ts";
import { PUT_OFF } from "../../../src/store/admission/wording.ts";
import { keyedGroups } from "../../../src/store/keyed-groups.ts";
import { Store } from "../../../src/store/store.ts";
import { linesOfPage } from "../../store/stored.ts";
import { verifyStore } from "../../store/verify.ts";
import {
  MAX_GROUPS,
  type ModelAnswer,
  type ModelFamily,
  ModelGateway,
  type ModelGroup,
  type ModelKey,
  SHARED_LABEL,
} from "./gateway.ts";
import { type ModelRequest, type ModelStoreDeps, type TestedStore, TTL_MS } from "./store.ts";

const encoder = new TextEncoder();
const newStore = (isChecked: boolean): Store =>
  new Store(new Map(), isChecked, { ...NO_STORE_LIMITS, maxGroups: MAX_GROUPS });

/** The store of the program, with what a replica needs of it, as the model sees it. */
export class RealStore implements TestedStore {
  private readonly store: Store;
  private readonly columns = new PushColumns();
  private readonly parser = new TextParser(this.columns, false);
  private readonly writer = new GroupRowWriter();
  private readonly reader = new GroupRowReader();

  constructor(private readonly deps: ModelStoreDeps) {
    this.store = newStore(deps.isChecked);
  }

  apply(request: ModelRequest, isTentative: boolean): Applied<ModelAnswer> | Promise<Applied<ModelAnswer>> {
    if (!request.isSlow) return this.applyNow(request, isTentative);
    return this.deps.pause().then(() => this.applyNow(request, isTentative));
  }

  private applyNow({ key, operation }: ModelRequest, isTentative: boolean): Applied<ModelAnswer> {
    const { deps, columns, store } = this;
    const nowMs = deps.now();
    const push = {
      key: new GroupingKey(readLabels(key)),
      columns,
      replace: operation.replace,
      receivedMs: Math.max(nowMs, this.lastMs(key)),
      ...(operation.key === null ? {} : ({ adding: "sum", id: idOf(operation.key) } as const)),
    };
    const pushedBefore = store.knownPushes.find(push);
    if (pushedBefore !== null) {
      const answer = pushedBefore === REPEATED ? "repeated" : "reused";
      deps.applied(operation, answer, nowMs, false);
      return { outcome: "refused", answer };
    }
    if (this.parser.parse(bodyOf(operation)) !== null) return { outcome: "hopeless", answer: "malformed" };
    let isNoted = false;
    const rejection = store.apply({
      ...push,
      mayChange: (grows) => {
        const may = deps.mayChange(key, grows);
        isNoted = may;
        return may;
      },
      isTentative,
    });
    while (store.stepChange());
    if (rejection === PUT_OFF) return { outcome: "put off", answer: "stored" };
    const answer = answerOf(rejection);
    deps.applied(operation, answer, nowMs, isNoted && rejection !== null);
    return { outcome: rejection === null ? "stored" : "refused", answer };
  }

  private lastMs(key: Uint8Array): number {
    const row = this.store.groupRow(this.store.groupOf(key));
    return row === null ? 0 : Math.max(msOf(row.succeededSeconds), msOf(row.failedSeconds));
  }

  row(key: Uint8Array): Uint8Array | null {
    const group = this.store.keyedGroup(this.store.groupOf(key));
    return group === null ? null : this.writer.write(group);
  }

  rowBytes(key: Uint8Array): number {
    return this.row(key)?.length ?? 0;
  }

  isDue({ key }: ModelRequest): boolean {
    const row = this.store.groupRow(this.store.groupOf(key));
    return row !== null && this.deps.now() - msOf(row.succeededSeconds) > TTL_MS;
  }

  put(groups: readonly GroupBytes[]): Fault | null | Promise<Fault | null> {
    return this.deps.isPutSlow() ? this.deps.pause().then(() => this.putNow(groups)) : this.putNow(groups);
  }

  private putNow(groups: readonly GroupBytes[]): Fault | null {
    const kept = this.reader.read(groups);
    if (kept instanceof Fault) return kept;
    const putting = this.store.putting(kept);
    for (let row = 0; row < groups.length; row++) putting.put(row);
    return null;
  }

  remove(key: Uint8Array): void {
    this.store.delete({ block: key });
    while (this.store.stepChange());
  }

  wipe(): void {
    this.store.wipe();
  }

  private get gateway(): ModelGateway {
    const groups = [...keyedGroups(this.store)].map(
      (group) => [Buffer.from(group.key).toString(), modelOf(group)] as const,
    );
    return new ModelGateway(new Map(groups), this.deps.isChecked);
  }

  get text(): string {
    return this.gateway.text;
  }

  get shown(): string {
    while (this.store.stepChange());
    const snapshot = this.store.snapshot();
    const lines = snapshot.families.flatMap(({ name, type, pages }) =>
      pages.flatMap(linesOfPage).map((line) => `${METRIC_TYPE_WORDS[type]} ${line} # of ${name}`),
    );
    snapshot.release();
    return lines.sort().join("\n");
  }

  get isConsistent(): boolean {
    verifyStore(this.store);
    return this.gateway.isConsistent;
  }
}

const msOf = (seconds: number): number => Math.round(seconds * 1000);

function bodyOf({ families, isMalformed }: ModelRequest["operation"]): Uint8Array {
  const lines = Object.entries(families).map(
    ([name, { type, labels, value }]) =>
      `# TYPE ${name} ${type}\n${name}${labels === 0 ? "" : `{${SHARED_LABEL}}`} ${value}\n`,
  );
  return encoder.encode(isMalformed ? "no metrics\n" : lines.join(""));
}

function answerOf(rejection: Rejection | null): ModelAnswer {
  if (rejection === null) return "stored";
  return rejection.kind === "inconsistent" ? "inconsistent" : "full";
}

const idOf = ({ token, content }: ModelKey): PushId => ({
  keyLow: token,
  keyHigh: -token,
  contentLow: content,
  contentHigh: -content,
});

/** A group as the model has it. */
function modelOf({ key, view, succeededSeconds, failedSeconds, pushIds }: KeyedGroup): ModelGroup {
  const families: Record<string, ModelFamily> = {};
  for (const { name, type, lines } of view.families) {
    if (isPushTimeName(name)) continue;
    const text = Buffer.from(lines).toString();
    const value = Number(text.slice(text.lastIndexOf(" ") + 1));
    const labels = text.includes(SHARED_LABEL) && !Buffer.from(key).includes(SHARED_LABEL) ? 1 : 0;
    families[name] = { type: METRIC_TYPE_WORDS[type], labels, value };
  }
  const keys: Record<number, number> = {};
  for (let at = 0; at < pushIds.length; at += PUSH_ID_STRIDE)
    keys[pushIds[at + PUSH_ID_KEY_LOW] ?? 0] = pushIds[at + PUSH_ID_CONTENT_LOW] ?? 0;
  return { families, keys, succeededMs: msOf(succeededSeconds), failedMs: msOf(failedSeconds) };
}

/** What a row says of its group. */
export function groupOfRealRow({ key, row }: GroupBytes): ModelGroup {
  const store = newStore(false);
  const kept = new GroupRowReader().read([{ key, row }]);
  if (kept instanceof Fault) throw new Error(kept.message);
  store.putting(kept).put(0);
  const group = store.keyedGroup(0);
  if (group === null) throw new Error("a row has no group");
  return modelOf(group);
}
