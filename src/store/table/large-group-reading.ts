import type { LabelPair, ShownFamily, ShownGroup } from "../../model/view.ts";
import type { Family } from "./families.ts";
import type { FamilyBlock } from "./family-order.ts";
import { PAGE_BYTES, type Page } from "./page.ts";
import type { Table } from "./table.ts";

/** Families without the group that are skipped before a turn of the loop may be taken. */
const FAMILIES_A_TURN = 256;

/**
 * A group of very many families, for readers that take turns: each family as it is when its turn comes. Nothing is kept
 * of the group, so a slow reader costs neither memory nor time of changes.
 */
export class LargeGroupReading implements ShownGroup {
  readonly lastPushSuccessful: boolean;
  /** The families of the store of the moment when it began. */
  private readonly blocks: readonly FamilyBlock[];
  private readonly key: Uint8Array;
  /** The page of the family that is shown, where its lines are not copied. */
  private read: readonly Page[] = [];

  constructor(
    private readonly table: Table,
    private readonly group: number,
    readonly labels: readonly LabelPair[],
  ) {
    const { groups, order } = table;
    this.lastPushSuccessful = !groups.isFailing(group);
    this.key = groups.table.key(group).slice();
    this.blocks = order.read();
  }

  get families(): Iterable<ShownFamily | null> {
    return this.inOrder();
  }

  private *inOrder(): Generator<ShownFamily | null> {
    let passed = 0;
    for (const { families } of this.blocks)
      for (const family of families) {
        const chunk = this.chunkOf(family);
        if (chunk >= 0) {
          yield this.shown(family, chunk);
          this.release();
        } else if (++passed % FAMILIES_A_TURN === 0) yield null;
      }
  }

  find(name: string): ShownFamily | null {
    const nameBytes = Buffer.from(name);
    const { contradictions } = this.table;
    const plain = this.table.findFamily(nameBytes, 0, nameBytes.length);
    const has = (family: Family) => this.chunkOf(family) >= 0;
    const family = contradictions === null ? plain : contradictions.eachOf(nameBytes, has);
    const chunk = family === null ? -1 : this.chunkOf(family);
    return family === null || chunk < 0 ? null : this.shown(family, chunk);
  }

  release(): void {
    if (this.read.length > 0) this.table.pages.endReading(this.read);
    this.read = [];
  }

  /** The chunk of a family, or -1: the group may be gone meanwhile, and another one in its place. */
  private chunkOf(family: Family): number {
    const { table, group, key } = this;
    const keys = table.groups.table;
    const isThere = table.isCurrent(family) && keys.has(group) && keys.isKey(group, key, 0, key.length);
    return isThere ? table.chunkOf(group, family.id) : -1;
  }

  private shown({ name, id }: Family, chunk: number): ShownFamily {
    const { table } = this;
    const { chunks } = table;
    return {
      name,
      id,
      type: table.typeOf(chunk),
      help: table.helpText(table.helpIdOf(chunk)),
      quoted: table.isQuoted(chunk),
      pushedMs: chunks.pushedMs(chunk),
      metricCount: chunks.metricCount(chunk),
      lineCount: chunks.lineCount(chunk),
      lines: this.linesOf(chunk),
      side: table.pageOf(chunk).sides?.get(chunk) ?? null,
    };
  }

  /** What is small is copied; of what is not, the page is held until the next family is asked for. */
  private linesOf(chunk: number): Uint8Array {
    const lines = this.table.linesOf(chunk);
    if (lines.length <= PAGE_BYTES) return lines.slice();
    this.release();
    this.read = [this.table.pageOf(chunk)];
    this.table.pages.beginReading(this.read);
    return lines;
  }
}
