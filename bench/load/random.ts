/** A seeded source of numbers (mulberry32): the same seed gives the same run. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer from 0 to below `limit`, which is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** A number from 0 to below 1. */
  unit(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** What a job measures: a count, a size, a time, a temperature. Lengths differ from value to value. */
  measurement(): number {
    switch (this.below(4)) {
      case 0:
        return this.below(1_000);
      case 1:
        return this.below(2 ** 32);
      case 2:
        return this.unit() * 1_000;
      default:
        return Math.round(this.unit() * 1e6) / 1e3;
    }
  }
}
