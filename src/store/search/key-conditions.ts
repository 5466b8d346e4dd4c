import { KeyTable } from "../../bytes/key-table.ts";
import { renderLabel, writeName } from "../../exposition/grouping-key.ts";
import { LabelWalk, unescapeLabel } from "../../exposition/label-block.ts";
import type { LabelMatcher } from "../../match/matcher.ts";
import type { Selector } from "../../match/selector.ts";
import { LOOKUP_UNITS, type Work } from "../../model/work.ts";

/** Verdicts on the values of a label that are remembered. */
const MAX_VERDICTS = 10_000;

/** A condition on a key, with what it said of each value before. */
class Condition {
  readonly name: Uint8Array;
  private readonly known = new KeyTable();
  private verdicts: boolean[] = [];

  constructor(
    readonly matcher: LabelMatcher,
    private readonly work: Work,
  ) {
    this.name = Buffer.from(writeName(matcher.name));
  }

  /** Of the value source[start, end) as keys have it. */
  holdsFor(source: Uint8Array, start: number, end: number): boolean {
    const { known, verdicts, work } = this;
    const id = known.find(source, start, end);
    work.charge(LOOKUP_UNITS + end - start);
    if (id >= 0) return verdicts[id] as boolean;
    work.charge(LOOKUP_UNITS + (end - start) * this.matcher.unitsAByte);
    const verdict = this.matcher.matches(unescapeLabel(source.subarray(start, end)));
    if (known.count >= MAX_VERDICTS) {
      known.clear();
      this.verdicts = [];
    }
    this.verdicts[known.add(source, start, end)] = verdict;
    return verdict;
  }
}

/** Whether the keys of groups are selected by one selector. */
export class KeyConditions {
  private readonly conditions: readonly Condition[];
  private readonly walk = new LabelWalk();

  constructor(
    selector: Selector,
    private readonly work: Work,
  ) {
    this.conditions = selector.map((matcher) => new Condition(matcher, work));
  }

  /** `key` as it names a group: labels as they are written. */
  holdFor(key: Uint8Array): boolean {
    for (const condition of this.conditions) if (!this.holds(condition, key)) return false;
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

/**
 * What every key that is selected has in it, as it is written there: the label of a matcher that takes one value only.
 * Null where no matcher does.
 */
export function requiredLabel(selector: Selector): string | null {
  for (const { name, operator, text } of selector)
    if (operator === "=" && text.length > 0) return renderLabel({ name, value: Buffer.from(text).toString() });
  return null;
}
