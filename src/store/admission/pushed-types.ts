import { KeyTable } from "../../bytes/key-table.ts";
import type { MetricType } from "../../model/metric-type.ts";

/** The types of the families of a push, each name once. */
export class PushedTypes {
  private readonly names = new KeyTable();
  private readonly types: MetricType[] = [];

  clear(): void {
    if (!this.isEmpty) this.names.clear();
  }

  get isEmpty(): boolean {
    return this.names.count === 0;
  }

  add(name: Uint8Array, type: MetricType): void {
    this.types[this.names.add(name, 0, name.length)] = type;
  }

  of(name: Uint8Array): MetricType | undefined {
    return this.types[this.names.find(name, 0, name.length)];
  }
}
