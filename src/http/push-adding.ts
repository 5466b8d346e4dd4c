import type { AddingSettings } from "../config/adding.ts";
import type { KeyedPath } from "../decode/path.ts";
import type { Selector } from "../match/selector.ts";
import type { GaugeRule } from "../model/gauge-rule.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import type { LabelPair } from "../model/view.ts";

const PARAMETER = "aggregate";
const SUM = "sum";
/** The name of a parameter may be escaped. */
const ESCAPE = "%";

/** How a push is added up; undefined: it is not. Or why that cannot be said. */
export type PushedAdding = GaugeRule | undefined | Rejection;

/** Decides whether a push is added to what its group holds: its query asks for it, or its group is selected. */
export class PushAdding {
  /** What was said of paths that are known. */
  private readonly verdicts = new WeakMap<KeyedPath, boolean>();

  constructor(private readonly settings: AddingSettings) {}

  of(query: string, keyed: KeyedPath | Rejection): PushedAdding {
    if (query.includes(PARAMETER) || query.includes(ESCAPE)) {
      const refused = this.readQuery(query);
      if (refused instanceof Rejection) return refused;
      if (refused === SUM) return this.misplacedMode(keyed) ?? this.settings.gauges;
    }
    const misplaced = this.misplacedMode(keyed);
    if (misplaced !== null) return misplaced;
    if (this.settings.selectors.length === 0 || keyed instanceof Rejection) return undefined;
    return this.isSelected(keyed) ? this.settings.gauges : undefined;
  }

  /** Why a path is refused that names the label of series that says how they are added. */
  private misplacedMode(keyed: KeyedPath | Rejection): Rejection | null {
    const { modeLabel } = this.settings;
    if (modeLabel === "" || keyed instanceof Rejection || !keyed.key.has(modeLabel)) return null;
    const words = `${modeLabel} is the label of series that says how they are added`;
    return new Rejection("malformed", `invalid grouping key: ${words}`);
  }

  /** null: it says nothing of adding. */
  private readQuery(query: string): typeof SUM | null | Rejection {
    const values = new URLSearchParams(query).getAll(PARAMETER);
    const other = values.find((value) => value !== SUM);
    if (other !== undefined)
      return new Rejection("malformed", `invalid ${PARAMETER} ${quoteTokenText(other)} in the query: expected ${SUM}`);
    return values.length === 0 ? null : SUM;
  }

  private isSelected(keyed: KeyedPath): boolean {
    const known = this.verdicts.get(keyed);
    if (known !== undefined) return known;
    const { labels } = keyed.key;
    const isSelected = this.settings.selectors.some((selector) => holdsFor(selector, labels));
    this.verdicts.set(keyed, isSelected);
    return isSelected;
  }
}

/** Whether all matchers hold for the labels of a grouping key. */
function holdsFor(selector: Selector, labels: readonly LabelPair[]): boolean {
  return selector.every(({ name, matches }) => {
    const value = labels.find((label) => label.name === name)?.value ?? "";
    return matches(Buffer.from(value));
  });
}
