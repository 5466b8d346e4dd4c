import { KeyTable } from "../../bytes/key-table.ts";
import type { MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME } from "../../model/push-times.ts";

/** What the lines of composite families are named by, besides their family's name. */
const SUFFIXES = ["_count", "_sum", "_bucket"].map((suffix) => Buffer.from(suffix));
const FAILURE_TIME = Buffer.from(PUSH_FAILURE_TIME);

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

  private has(name: Uint8Array): boolean {
    return this.names.find(name, 0, name.length) >= 0;
  }

  /** Whether the push has series of a push time of some group. */
  get hasPushTime(): boolean {
    return this.has(FAILURE_TIME);
  }

  /** Whether the push has a family of the name, or one whose lines may be named like its lines. */
  mayConcern(name: Uint8Array): boolean {
    if (this.has(name)) return true;
    return SUFFIXES.some((suffix) => {
      if (this.has(Buffer.concat([name, suffix]))) return true;
      const stemBytes = name.length - suffix.length;
      return stemBytes > 0 && suffix.equals(name.subarray(stemBytes)) && this.has(name.subarray(0, stemBytes));
    });
  }
}
