import type { MetricType } from "../model/metric-type.ts";
import { NO_HELP } from "./families.ts";
import type { Page } from "./pages.ts";
import type { Table } from "./table.ts";

/** A family as it was at one moment. */
export interface FamilySnapshot {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly type: MetricType;
  /** The HELP text without escapes, or null. */
  readonly help: Uint8Array | null;
  /** Some name in it needs quotes. */
  readonly quoted: boolean;
  /** It has at least one series, and is shown. */
  readonly filled: boolean;
  /** Never written again while the snapshot is held. */
  readonly pages: readonly Page[];
}

/** Everything that was stored at one moment, families sorted by name. It costs the references, not a copy. */
export class Snapshot {
  readonly families: readonly FamilySnapshot[];
  private held = true;

  constructor(private readonly table: Table) {
    table.pages.hold();
    this.families = table.sortedFamilies().map((family) => ({
      name: family.name,
      nameBytes: family.nameBytes,
      type: family.type,
      help: family.help === NO_HELP ? null : table.helps.text(family.help).slice(),
      quoted: family.quotedCount > 0,
      filled: family.isShown && family.filledCount > 0,
      pages: family.isShown ? family.pages.slice() : [],
    }));
  }

  /** Lets the pages go. Every snapshot must be released, once or more, whatever becomes of its reader. */
  release(): void {
    if (!this.held) return;
    this.held = false;
    this.table.pages.release();
  }
}
