import { KeyTable } from "../../bytes/key-table.ts";
import { escapeText, unescapeBytes } from "../../exposition/escape.ts";
import { renderLabel, writeName } from "../../exposition/grouping-key.ts";
import { LabelWalk } from "../../exposition/label-block.ts";
import type { LabelMatcher } from "../../match/matcher.ts";
import type { Selector } from "../../match/selector.ts";
import { LOOKUP_UNITS, type Work } from "../../model/work.ts";
import { type GroupTexts, NO_JOB } from "../table/group-texts.ts";
import type { Groups } from "../table/groups.ts";

const JOB = "job";
/** What a pattern said of values is remembered where asking it again costs more than looking that up. */
const REMEMBERED_UNITS = 8;
/** Of so many values at most: then all are forgotten. */
const MAX_VERDICTS = 10_000;
/** A number in place of a verdict. */
const UNKNOWN = 0;
const HOLDS = 1;
const FAILS = 2;

/** A matcher of one label, on values as keys have them. */
class Condition {
  readonly name: Uint8Array;
  private readonly known: KeyTable | null;
  private readonly verdicts: boolean[] = [];

  constructor(
    readonly matcher: LabelMatcher,
    private readonly work: Work,
  ) {
    this.name = Buffer.from(writeName(matcher.name));
    this.known = matcher.unitsAByte < REMEMBERED_UNITS ? null : new KeyTable();
  }

  holdsFor(source: Uint8Array, start: number, end: number): boolean {
    const { known } = this;
    return known === null ? this.ask(source, start, end) : this.recall(known, source, start, end);
  }

  private recall(known: KeyTable, source: Uint8Array, start: number, end: number): boolean {
    const id = known.find(source, start, end);
    this.work.charge(LOOKUP_UNITS + end - start);
    if (id >= 0) return this.verdicts[id] as boolean;
    if (known.count >= MAX_VERDICTS) known.clear();
    const verdict = this.ask(source, start, end);
    this.verdicts[known.add(source, start, end)] = verdict;
    return verdict;
  }

  private ask(source: Uint8Array, start: number, end: number): boolean {
    this.work.charge(LOOKUP_UNITS + (end - start) * this.matcher.unitsAByte);
    return this.matcher.matches(unescapeBytes(source.subarray(start, end)));
  }
}

/** Whether groups are selected by one selector. */
export class KeyConditions {
  private readonly ofJob: readonly Condition[];
  private readonly others: readonly Condition[];
  /** By the number of the job, what the matchers of the label job say. */
  private readonly verdictOfJob: number[] = [];
  private readonly walk = new LabelWalk();

  constructor(
    selector: Selector,
    private readonly texts: GroupTexts,
    private readonly work: Work,
  ) {
    const conditions = selector.map((matcher) => new Condition(matcher, work));
    this.ofJob = conditions.filter(({ matcher }) => matcher.name === JOB);
    this.others = conditions.filter(({ matcher }) => matcher.name !== JOB);
  }

  /** The key is looked at where more than the job counts. */
  holdFor(row: number, groups: Groups, id: number): boolean {
    if (this.ofJob.length > 0 && !this.jobHolds(this.texts.jobAt(row))) return false;
    return this.others.length === 0 || this.othersHold(groups.table.key(id));
  }

  private jobHolds(job: number): boolean {
    if (job === NO_JOB) return this.ofJob.every(({ matcher }) => matcher.matchesEmpty);
    const known = this.verdictOfJob[job] ?? UNKNOWN;
    if (known !== UNKNOWN) return known === HOLDS;
    const value = this.texts.jobs.key(job);
    const holds = this.ofJob.every((condition) => condition.holdsFor(value, 0, value.length));
    this.verdictOfJob[job] = holds ? HOLDS : FAILS;
    return holds;
  }

  private othersHold(key: Uint8Array): boolean {
    for (const condition of this.others) if (!this.holds(condition, key)) return false;
    return true;
  }

  private holds(condition: Condition, key: Uint8Array): boolean {
    const { walk } = this;
    walk.open(key, 0, key.length);
    this.work.charge(key.length);
    while (walk.step())
      if (isName(key, walk.start, walk.nameEnd, condition.name))
        return condition.holdsFor(key, walk.valueStart, walk.valueEnd);
    return condition.matcher.matchesEmpty;
  }
}

function isName(source: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (source[start + i] !== name[i]) return false;
  return true;
}

/** What every key that is selected has in it, as it is written there; null where no matcher takes one value only. */
export interface RequiredLabels {
  /** The value of the label job. */
  readonly job: string | null;
  /** Another label, name and value. */
  readonly label: string | null;
}

export function requiredLabels(selector: Selector): RequiredLabels {
  const exact = selector.filter(({ operator, text }) => operator === "=" && text.length > 0);
  const job = exact.find(({ name }) => name === JOB);
  const label = exact.find(({ name }) => name !== JOB);
  return {
    job: job === undefined ? null : escapeText(textOf(job)),
    label: label === undefined ? null : renderLabel({ name: label.name, value: textOf(label) }),
  };
}

const textOf = ({ text }: LabelMatcher): string => Buffer.from(text).toString();
