import { mustBe } from "../../bytes/broken.ts";
import { Int32Column } from "../../bytes/columns.ts";
import type { Quota, QuotaUsage } from "../../model/quota.ts";

/** Of each group, bits: that it is counted, and then one for each quota that it counts for. */
const COUNTED = 1;
const WORD_BITS = 32;

/** So often a key is held against a reach in a step. */
const KEYS_A_STEP = 1024;

/** The groups that are counted. */
interface CountedGroups {
  readonly table: { readonly limit: number; has(group: number): boolean; key(group: number): Uint8Array };
  seriesCount(group: number): number;
  heldBytes(group: number): number;
}

/** What counts for one quota. */
interface UsageCount {
  groups: number;
  series: number;
  sizeBytes: number;
}

const newCount = (): UsageCount => ({ groups: 0, series: 0, sizeBytes: 0 });

/**
 * What the groups hold that count for each quota. It is told of every change of them; groups that were there before are
 * counted step by step.
 */
export class Usage {
  private readonly counts: readonly UsageCount[];
  private readonly places: ReadonlyMap<string, number>;
  private readonly wordsAGroup: number;
  private readonly bits = new Int32Column();
  /** Of the groups that were there at first, below `limit`, those below it are counted. */
  private next = 0;
  private readonly limit: number;

  constructor(
    private readonly groups: CountedGroups,
    readonly quotas: readonly Quota[],
  ) {
    this.counts = quotas.map(newCount);
    this.places = new Map(quotas.map(({ name }, place) => [name, place]));
    this.wordsAGroup = Math.ceil((quotas.length + 1) / WORD_BITS);
    this.limit = groups.table.limit;
    this.bits.ensure(this.limit * this.wordsAGroup);
  }

  get sizeBytes(): number {
    return this.bits.sizeBytes;
  }

  /** All groups are counted. */
  get isWhole(): boolean {
    return this.next >= this.limit;
  }

  /** Goes on counting for a moment; false: it is done. */
  step(): boolean {
    const { table } = this.groups;
    const end = Math.min(this.limit, this.next + Math.ceil(KEYS_A_STEP / (this.quotas.length + 1)));
    for (let group = this.next; group < end; group++)
      if (table.has(group) && (this.bits.at(group * this.wordsAGroup) & COUNTED) === 0)
        this.enter(group, table.key(group));
    this.next = end;
    return !this.isWhole;
  }

  finish(): void {
    while (this.step());
  }

  /** What counts for the quota of a name, as far as it is counted; null: there is none. */
  of(name: string): QuotaUsage | null {
    return this.counts[this.places.get(name) ?? -1] ?? null;
  }

  /** A group has come, which holds nothing yet. */
  added(group: number, key: Uint8Array): void {
    this.bits.ensure((group + 1) * this.wordsAGroup);
    this.enter(group, key);
  }

  private enter(group: number, key: Uint8Array): void {
    const { bits, groups, quotas, wordsAGroup } = this;
    const at = group * wordsAGroup;
    bits.rows.fill(0, at, at + wordsAGroup);
    for (let bit = 0; bit <= quotas.length; bit++) {
      const isSet = bit === 0 || isFor(quotas[bit - 1], key);
      if (isSet) bits.rows[at + (bit >>> 5)] = bits.at(at + (bit >>> 5)) | (1 << (bit & 31));
    }
    this.change(group, 1, groups.seriesCount(group), groups.heldBytes(group));
  }

  /** A group is about to go. */
  removed(group: number): void {
    const { bits, groups, wordsAGroup } = this;
    this.change(group, -1, -groups.seriesCount(group), -groups.heldBytes(group));
    const at = group * wordsAGroup;
    bits.rows.fill(0, at, at + wordsAGroup);
  }

  /** All groups are below a limit. */
  trim(limit: number): void {
    this.bits.trim(limit * this.wordsAGroup);
  }

  /** A group holds so much more, or less. */
  held(group: number, series: number, sizeBytes: number): void {
    this.change(group, 0, series, sizeBytes);
  }

  private change(group: number, groups: number, series: number, sizeBytes: number): void {
    const { bits, counts, wordsAGroup } = this;
    const at = group * wordsAGroup;
    for (let word = 0; word < wordsAGroup; word++) {
      let left = bits.at(at + word);
      if (word === 0) left &= ~COUNTED;
      while (left !== 0) {
        const bit = WORD_BITS - 1 - Math.clz32(left);
        left &= ~(1 << bit);
        const count = counts[word * WORD_BITS + bit - 1] as UsageCount;
        count.groups += groups;
        count.series += series;
        count.sizeBytes += sizeBytes;
      }
    }
  }

  /** Throws where counts and groups differ. Costs as much as there are groups. */
  verify(): void {
    if (!this.isWhole) return;
    const { groups } = this;
    for (const [place, quota] of this.quotas.entries()) {
      const found = newCount();
      for (let group = 0; group < groups.table.limit; group++) {
        if (!groups.table.has(group) || !isFor(quota, groups.table.key(group))) continue;
        found.groups++;
        found.series += groups.seriesCount(group);
        found.sizeBytes += groups.heldBytes(group);
      }
      const what = `what counts for ${quota.name}`;
      mustBe(this.counts[place]?.groups ?? 0, found.groups, `${what}: groups`);
      mustBe(this.counts[place]?.series ?? 0, found.series, `${what}: series`);
      mustBe(this.counts[place]?.sizeBytes ?? 0, found.sizeBytes, `${what}: bytes`);
    }
  }
}

/** Whether a group of a key counts for a quota. */
export function isFor(quota: Quota | undefined, key: Uint8Array): boolean {
  return quota !== undefined && (quota.reach === null || quota.reach.covers(key));
}
