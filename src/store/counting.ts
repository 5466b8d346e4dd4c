import type { Quota, QuotaUsage } from "../model/quota.ts";
import type { Table } from "./table/table.ts";
import { Usage } from "./table/usage.ts";

/** Counts what a store holds for each quota. */
export class Counting {
  private quotas: readonly Quota[] = [];

  constructor(private readonly table: () => Table) {}

  /** What counts for each of these is counted from now on; what is there is, step by step. */
  setQuotas(quotas: readonly Quota[]): void {
    this.quotas = quotas;
    this.begin();
  }

  /** The table is another one. */
  begin(): void {
    const { groups } = this.table();
    groups.usage = this.quotas.length === 0 ? null : new Usage(groups, this.quotas);
  }

  /** What counts for the quota of a name; null: there is none, or not all is counted yet. */
  of(name: string): QuotaUsage | null {
    const { usage } = this.table().groups;
    return usage?.isWhole ? usage.of(name) : null;
  }

  /** Groups are not counted yet: pushes that could go over their quota wait. */
  get isUnderWay(): boolean {
    return this.table().groups.usage?.isWhole === false;
  }

  /** Goes on for a moment; false: it is done. */
  step(): boolean {
    return this.table().groups.usage?.step() ?? false;
  }
}
