import { KeyTable } from "../bytes/key-table.ts";
import { Writer } from "../bytes/writer.ts";
import type { PushColumns } from "../model/columns.ts";

/** Tells whether the states of each metric of a stateset are together: those whose other labels are alike. */
export class StateGroups {
  private readonly keys = new KeyTable();
  private readonly key = new Writer(256);
  private current = -1;
  /** Keys that were looked up or added since a push began. */
  lookups = 0;

  /** A family begins. */
  begin(): void {
    if (this.keys.count > 0) this.keys.clear();
    this.current = -1;
  }

  /** Whether a state belongs to a metric that others came after. `state` is among its label rows, from `first` on. */
  isApart(columns: PushColumns, first: number, state: number): boolean {
    const { key, keys } = this;
    this.writeKey(columns, first, state);
    if (this.current >= 0 && keys.isKey(this.current, key.bytes, 0, key.length)) return false;
    this.lookups += 2;
    const known = keys.find(key.bytes, 0, key.length);
    if (known >= 0) return true;
    this.current = keys.add(key.bytes, 0, key.length);
    return false;
  }

  /** The labels but the state, in one order, each as names and values are told apart: no name has a quote. */
  private writeKey(columns: PushColumns, first: number, state: number): void {
    const { key } = this;
    const { labels } = columns;
    const texts: string[] = [];
    for (let row = first; row < labels.count; row++) {
      if (row === state) continue;
      const name = columns.latin1(labels.nameAt(row), labels.nameSize(row));
      texts.push(`${name}\0${columns.latin1(labels.valueAt(row), labels.valueSize(row))}"`);
    }
    key.reset();
    for (const text of texts.sort()) key.text(text);
  }
}
