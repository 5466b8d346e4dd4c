import { seededRandom } from "../telemetry/fixtures.ts";

/** Chance that can be had again: the same seed gives the same choices. */
export class Dice {
  private readonly random: () => number;

  constructor(readonly seed: number) {
    this.random = seededRandom(seed);
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error("picking one of no values");
    return values[this.below(values.length)] as T;
  }

  /** Small numbers often, large ones now and then. */
  size(limit: number): number {
    return Math.floor(this.random() ** 4 * limit);
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }

  shuffled<T>(values: readonly T[]): T[] {
    const rest = [...values];
    return Array.from(values, () => rest.splice(this.below(rest.length), 1)[0] as T);
  }
}
