import type { AddedFamily } from "../../add/sum-family.ts";
import { PushSum } from "../../add/sum-push.ts";
import { clearsFamily, seriesRules } from "../../model/clear-mode.ts";
import { offsetOf } from "../../model/columns.ts";
import type { GaugeRule } from "../../model/gauge-rule.ts";
import { chunkView } from "../table/group-view.ts";
import type { Table } from "../table/table.ts";
import { PushAdmission, type PushAdmissionDeps, PushRefusal, type PushVerdict } from "./admission.ts";
import { GroupChunks } from "./group-chunks.ts";
import { PartRenderer } from "./part-renderer.ts";
import type { PushRequest } from "./push-request.ts";
import { type StoredPart, StoredParts } from "./stored-part.ts";
import { SummingRenderer } from "./summing-renderer.ts";
import { AFTER_INDEXING, IN_SLICES, inconsistent, otherType } from "./wording.ts";

/** Of lines, stored ones and pushed ones, that are added in one turn. */
const ADDED_A_TURN = 64 * 1024;

/** A pushed family beside that which its group has of the name. */
interface AddedPair {
  readonly pushed: AddedFamily;
  readonly stored: AddedFamily | null;
  /** What of its chunk that is; null: it is all of it. */
  readonly part: StoredPart | null;
}

/**
 * Pushes that are added to what their group holds: a push that was found good by itself becomes a push of the sums,
 * which is judged like any other.
 */
export class Adding {
  private readonly sum = new PushSum();
  private readonly admission: PushAdmission;
  private readonly chunks: GroupChunks;
  private readonly summing: SummingRenderer;
  private readonly ofLines: PushAdmission;
  /** What adds metrics that lines do not say all of, where the group has more of the family. */
  private readonly parts: StoredParts;
  private readonly partRenderer = new PartRenderer();
  private readonly ofParts: PushAdmission;

  constructor(private readonly deps: PushAdmissionDeps) {
    this.admission = new PushAdmission(deps);
    this.chunks = new GroupChunks(deps.table, deps.times);
    this.summing = new SummingRenderer(deps.table, deps.times);
    this.ofLines = new PushAdmission(deps, this.summing);
    this.parts = new StoredParts(deps.table);
    this.ofParts = new PushAdmission(deps, this.partRenderer);
  }

  /** Judges a push that is to be added, in one turn. */
  judge(request: PushRequest, rule: GaugeRule): PushVerdict {
    const { admission, summing } = this;
    summing.beginSums(this.deps.table.groups.find(request.key.block), rule);
    const ofLines = this.ofLines.judge(alone(request));
    if (summing.isIncomplete) return new PushRefusal(AFTER_INDEXING, false);
    if (summing.isSummed) return ofLines;
    const verdict = admission.judge(request);
    if (verdict instanceof PushRefusal) return verdict;
    return this.judgeSums(request, rule, this.deps.table.contradictions === null);
  }

  /** Judges the sums of a push that was found good by itself. `inParts`: of chunks only what is pushed is added to. */
  private judgeSums(request: PushRequest, rule: GaugeRule, inParts: boolean): PushVerdict {
    const { admission, ofParts, partRenderer, parts } = this;
    parts.begin();
    const pairs = this.pairsOf(request, admission, inParts);
    if (pairs instanceof PushRefusal) return pairs;
    if (parts.isIncomplete) return new PushRefusal(AFTER_INDEXING, false);
    if (request.canWait && sizeOf(pairs) > ADDED_A_TURN) return new PushRefusal(IN_SLICES, false);
    const { value: sums } = lastOf(this.sumOf(request, pairs, rule));
    const arePlaced = partRenderer.beginParts(
      sums.columns,
      pairs.map(({ part }) => part),
    );
    return arePlaced ? ofParts.judge(sums) : this.judgeSums(request, rule, false);
  }

  /**
   * Begins to judge a push with its sums, of what its group holds, over any number of turns; whether that could be done
   * is known once it `isSummed`, which is when it is rendered.
   */
  begin(request: PushRequest, group: number, rule: GaugeRule): PushAdmission {
    this.summing.beginSums(group, rule);
    this.ofLines.begin(request, group, true);
    return this.ofLines;
  }

  get isSummed(): boolean {
    return this.summing.isSummed;
  }

  /** It is not, but will be once the indexes that are being made are whole. */
  get isIncomplete(): boolean {
    return this.summing.isIncomplete;
  }

  /** The push of the sums, over any number of turns, of one that `admission` found good; or why there is none. */
  *sums(request: PushRequest, admission: PushAdmission, rule: GaugeRule): Generator<null, PushRequest | PushRefusal> {
    const pairs = this.pairsOf(request, admission, false);
    if (pairs instanceof PushRefusal) return pairs;
    return yield* this.sumOf(request, pairs, rule);
  }

  private *sumOf(request: PushRequest, pairs: readonly AddedPair[], rule: GaugeRule): Generator<null, PushRequest> {
    const { sum } = this;
    sum.begin();
    for (const { stored, pushed } of pairs) yield* sum.append(stored, pushed, rule);
    yield* sum.finish();
    return { ...alone(request), columns: sum.columns };
  }

  /** Refused: a family that is there has another type. */
  private pairsOf(request: PushRequest, admission: PushAdmission, inParts: boolean): AddedPair[] | PushRefusal {
    const { table } = this.deps;
    this.chunks.read(table.groups.find(request.key.block));
    const pairs: AddedPair[] = [];
    for (const written of admission.judgedFamilies()) {
      const pushed = { ...written, rules: seriesRules(request.columns, written.family) };
      const chunk = this.chunkOf(request, pushed.family);
      const type = chunk < 0 ? pushed.type : table.typeOf(chunk);
      if (type !== pushed.type) return new PushRefusal(inconsistent(otherType(pushed.name, pushed.type, type)), true);
      const part = chunk >= 0 && inParts ? this.parts.of(chunk, written, request.columns, admission.written) : null;
      const stored = chunk < 0 ? null : (part?.family ?? wholeOf(table, chunk));
      pairs.push({ pushed, stored, part });
    }
    return pairs;
  }

  /** The chunk that the group has of the name and that is to be added to, or -1. */
  private chunkOf({ columns }: PushRequest, family: number): number {
    if (clearsFamily(columns, family)) return -1;
    const found = { stored: null, chunk: -1 };
    const nameAt = columns.families.nameAt(family);
    this.chunks.find(columns.bytesOf(nameAt), offsetOf(nameAt), columns.families.nameSize(family), found);
    return found.chunk;
  }
}

/** A chunk in bytes that stay as they are. */
function wholeOf(table: Table, chunk: number): AddedFamily {
  const view = chunkView(table, chunk);
  return { ...view, lines: view.lines.slice(), help: view.help?.slice() ?? null };
}

/** A push of what the group will hold: nothing of it goes, and nothing is added to it. */
export const alone = (request: PushRequest): PushRequest => ({ ...request, replace: false, adding: undefined });

function sizeOf(pairs: readonly AddedPair[]): number {
  let sizeBytes = 0;
  for (const { stored, pushed } of pairs) {
    sizeBytes += pushed.lines.length + (pushed.side?.length ?? 0);
    if (stored !== null) sizeBytes += stored.lines.length + (stored.side?.length ?? 0);
  }
  return sizeBytes;
}

/** Runs to the end in this turn. */
function lastOf<T>(generator: Generator<null, T>): { readonly value: T } {
  for (;;) {
    const step = generator.next();
    if (step.done) return step;
  }
}
