import { sameBytes } from "../bytes/hash.ts";
import { unescapeBytes } from "../exposition/escape.ts";
import { writeName } from "../exposition/grouping-key.ts";
import { LabelWalk } from "../exposition/label-block.ts";
import type { LabelMatcher } from "../match/matcher.ts";
import type { Selector } from "../match/selector.ts";
import type { GroupReach, Reach } from "../model/principal.ts";

interface NamedMatcher {
  /** As keys have it. */
  readonly name: Uint8Array;
  readonly matcher: LabelMatcher;
}

/** The groups that one of some selectors is for. */
class SelectorReach implements GroupReach {
  private readonly alternatives: readonly (readonly NamedMatcher[])[];
  private readonly walk = new LabelWalk();

  constructor(selectors: readonly Selector[]) {
    this.alternatives = selectors.map((selector) =>
      selector.map((matcher) => ({ name: Buffer.from(writeName(matcher.name)), matcher })),
    );
  }

  covers(keyBlock: Uint8Array): boolean {
    for (const conditions of this.alternatives) if (this.allHold(conditions, keyBlock)) return true;
    return false;
  }

  private allHold(conditions: readonly NamedMatcher[], key: Uint8Array): boolean {
    for (const condition of conditions) if (!this.holds(condition, key)) return false;
    return true;
  }

  /** A label that is not there has the empty value. */
  private holds({ name, matcher }: NamedMatcher, key: Uint8Array): boolean {
    const { walk } = this;
    walk.open(key, 0, key.length);
    while (walk.step())
      if (walk.nameEnd - walk.start === name.length && sameBytes(key, walk.start, name, 0, name.length))
        return matcher.matches(unescapeBytes(key.subarray(walk.valueStart, walk.valueEnd)));
    return matcher.matchesEmpty;
  }
}

/** The groups of the selectors together: none is for no group, `{}` for all. */
export function reachOf(selectors: readonly Selector[]): Reach {
  if (selectors.length === 0) return "none";
  return selectors.some((selector) => selector.length === 0) ? null : new SelectorReach(selectors);
}
