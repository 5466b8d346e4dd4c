import type { GroupingKey } from "../exposition/grouping-key.ts";
import type { PushColumns } from "../model/columns.ts";
import type { Rejection } from "../model/rejection.ts";
import { MORE, STEP_UNITS } from "../model/work.ts";
import { type Adding, alone } from "./admission/adding.ts";
import { type PushAdmission, PushRefusal, type PushVerdict } from "./admission/admission.ts";
import type { Admitted } from "./admission/admitted.ts";
import type { ComingGroup } from "./admission/capacity.ts";
import type { PushRequest } from "./admission/push-request.ts";
import { AFTER_INDEXING, PUT_OFF } from "./admission/wording.ts";

/** What a large push does with the store. */
export interface LargePushDeps {
  /** One that nobody else uses, for the store as it is. */
  readonly newAdmission: () => PushAdmission;
  /** What adds it to what its group holds, if it is to be added. */
  readonly newAdding: () => Adding;
  /** The group of the push, or -1. */
  readonly group: () => number;
  readonly refuse: (refusal: PushRefusal) => Rejection;
  /** What its group will hold, which counts for quotas from now on; null: that is not known (any more). */
  readonly expect: (coming: ComingGroup | null) => void;
  /** Gives the group that it is to be stored in, into which nobody looks until `stored`; null: it is not to be now. */
  readonly beginStoring: (columns: PushColumns, admitted: Admitted) => number | null;
  readonly stored: (group: number, admitted: Admitted) => void;
  readonly ended: () => void;
}

const RENDERING = 0;
const JUDGING = 1;
const ADMITTED = 2;
const STORING = 3;
const OVER = 4;
/** Of one that is to be added, between being judged alone and being judged as a sum. */
const ADDING = 5;

/**
 * A push that is judged and stored over many turns of the loop. Until it is over it holds
 *
 * - its group: other pushes to it and its removal come before or after, not meanwhile;
 * - its families, from when it is judged: no other push brings series that could contradict them. All others are free.
 *
 * So what was found good is good when it is stored. Whoever takes a snapshot sees all of it or nothing.
 */
export class LargePush {
  private admission: PushAdmission;
  private phase = RENDERING;
  private admitted: Admitted | null = null;
  private group = -1;
  /** What is judged and stored: the push, or its sum. */
  private judged: PushRequest;
  private sums: Generator<null, PushRequest | PushRefusal> | null = null;
  /** What adds it to the lines that are there, until it is found that this cannot be done. */
  private adding: Adding | null = null;

  constructor(
    private readonly request: PushRequest,
    private readonly deps: LargePushDeps,
  ) {
    this.admission = deps.newAdmission();
    this.judged = request;
    this.beginAnew();
  }

  private beginAnew(): void {
    const { deps, request } = this;
    this.admission = deps.newAdmission();
    if (request.adding === undefined) return this.begin(request);
    this.phase = RENDERING;
    this.judged = alone(request);
    deps.expect(null);
    this.adding = deps.newAdding();
    this.admission = this.adding.begin(this.judged, deps.group(), request.adding);
  }

  private begin(request: PushRequest): void {
    this.phase = RENDERING;
    this.judged = request;
    this.deps.expect(null);
    this.adding = null;
    this.admission.begin(request, this.deps.group(), true);
  }

  /** Begins anew, unless it is over: what it was held against is gone. */
  restart(): void {
    if (this.phase === OVER) return;
    this.admitted = null;
    this.sums = null;
    this.beginAnew();
  }

  /** Goes on with judging for a moment; then why it is refused, or null: it is to be stored. */
  judgeOn(): Rejection | null | typeof MORE {
    const { admission, deps } = this;
    const { work } = this.judged.columns;
    if (this.phase === ADMITTED) return null;
    if (this.phase === ADDING) return this.addOn();
    work.beginTurn(STEP_UNITS);
    if (this.phase === RENDERING) {
      if (!admission.renderOn()) return MORE;
      if (this.adding?.isIncomplete) return deps.refuse(new PushRefusal(AFTER_INDEXING, false));
      if (this.adding?.isSummed === false) return this.addOtherwise();
      this.phase = JUDGING;
      work.beginTurn(Infinity);
      const refusal = admission.findEarly(deps.group());
      return refusal === null ? MORE : deps.refuse(refusal);
    }
    return this.conclude(admission.judgeOn());
  }

  /** The push is judged by itself, then its sum. */
  private addOtherwise(): typeof MORE {
    this.admission = this.deps.newAdmission();
    this.begin(this.request);
    return MORE;
  }

  private conclude(verdict: PushVerdict | typeof MORE): Rejection | null | typeof MORE {
    if (verdict === MORE) return MORE;
    if (verdict instanceof PushRefusal) return this.deps.refuse(verdict);
    const { adding } = this.judged;
    if (adding !== undefined) {
      this.sums = this.deps.newAdding().sums(this.judged, this.admission, adding);
      this.phase = ADDING;
      return MORE;
    }
    this.admitted = verdict;
    this.phase = ADMITTED;
    this.deps.expect(this.admission.coming);
    return null;
  }

  /** Goes on with adding for a moment; then the sum is judged. */
  private addOn(): Rejection | typeof MORE {
    const step = this.sums?.next();
    if (step?.done !== true) return MORE;
    this.sums = null;
    if (step.value instanceof PushRefusal) return this.deps.refuse(step.value);
    this.admission = this.deps.newAdmission();
    this.begin(step.value);
    return MORE;
  }

  /**
   * Goes on with storing for a moment, or with judging where it had to begin anew; then why it is refused, or null: all
   * is stored.
   */
  storeOn(): Rejection | null | typeof MORE {
    const { admitted, deps, judged } = this;
    if (this.phase === OVER) return null;
    if (admitted === null) return this.judgeOn() ?? MORE;
    if (this.phase === ADMITTED) {
      const group = deps.beginStoring(judged.columns, admitted);
      if (group === null) return PUT_OFF;
      this.group = group;
      this.phase = STORING;
    }
    judged.columns.work.beginTurn(STEP_UNITS);
    if (!admitted.storeOn(this.group)) return MORE;
    this.phase = OVER;
    deps.stored(this.group, admitted);
    return null;
  }

  get isStoring(): boolean {
    return this.phase === STORING;
  }

  /** Brings storing to its end, where it has begun. */
  finishStoring(): void {
    while (this.isStoring) this.storeOn();
  }

  /** Lets all go that it holds. To be called once, whatever becomes of it. */
  end(): void {
    this.phase = OVER;
    this.deps.ended();
  }

  /** Whether it is for the group of a key. */
  isFor({ block }: Pick<GroupingKey, "block">): boolean {
    return Buffer.compare(this.request.key.block, block) === 0;
  }

  /** Whether another push has to wait until this one is over. */
  isBefore(verdict: PushVerdict): boolean {
    if (this.phase === RENDERING) return false;
    if (!(verdict instanceof PushRefusal)) return verdict.bringsSeriesOf(this.admission.types);
    return this.isStoring || (verdict.isNoted && this.admission.types.hasPushTime);
  }
}
