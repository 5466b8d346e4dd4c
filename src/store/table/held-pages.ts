import { Broken, mustBe, mustHold } from "../../bytes/broken.ts";

/**
 * How much memory only readers hold: pages that were replaced or dropped while a reading that had begun before may
 * still need them. Readings are known by their epochs, the older the smaller. What several hold is the oldest one's;
 * when that one ends, it becomes the next one's, if that has begun before the page was retired.
 */
export class HeldPages {
  /** By the epoch of a reading, the oldest first: what it holds, by the newest reading that holds it too. */
  private readonly readings = new Map<number, Map<number, number>>();
  /** Of all readings together. */
  sizeBytes = 0;

  /** The epoch of the newest reading; 0 if there is none. */
  newest = 0;

  /** How many readings there are. */
  get count(): number {
    return this.readings.size;
  }

  begin(epoch: number): void {
    this.readings.set(epoch, new Map());
    this.newest = epoch;
  }

  /** A page that was one of the store for the readings behind `epoch`, up to `last`, is not one any more. */
  retire(epoch: number, last: number, sizeBytes: number): void {
    let oldest: Map<number, number> | null = null;
    let newest = -1;
    for (const [reading, held] of this.readings) {
      if (reading <= epoch || reading > last) continue;
      oldest ??= held;
      newest = reading;
    }
    if (oldest === null) return;
    oldest.set(newest, (oldest.get(newest) ?? 0) + sizeBytes);
    this.sizeBytes += sizeBytes;
  }

  end(epoch: number): void {
    const ended = this.readings.get(epoch);
    if (ended === undefined) throw new Broken(`there is no reading of epoch ${epoch}`);
    this.readings.delete(epoch);
    const before = this.before(epoch);
    if (epoch === this.newest) this.newest = before ?? 0;
    for (const held of this.readings.values()) {
      // What was held up to the one that ends is held up to the one before it.
      const sizeBytes = held.get(epoch);
      if (sizeBytes === undefined || before === null) continue;
      held.delete(epoch);
      held.set(before, (held.get(before) ?? 0) + sizeBytes);
    }
    for (const [newest, sizeBytes] of ended) this.handOn(epoch, newest, sizeBytes);
  }

  /** The newest reading older than an epoch, or null. */
  private before(epoch: number): number | null {
    let newest: number | null = null;
    for (const reading of this.readings.keys()) if (reading < epoch) newest = reading;
    return newest;
  }

  /** Passes what an ended reading held to the next one that holds it. */
  private handOn(ended: number, newest: number, sizeBytes: number): void {
    for (const [reading, held] of this.readings) {
      if (reading < ended) continue;
      if (reading > newest) break;
      held.set(newest, (held.get(newest) ?? 0) + sizeBytes);
      return;
    }
    this.sizeBytes -= sizeBytes;
  }

  /** Throws where the readings hold something else than is counted. */
  verify(): void {
    let [sizeBytes, newest] = [0, 0];
    for (const [epoch, held] of this.readings) {
      mustHold(epoch > newest, `readings: that of epoch ${epoch} is behind that of ${newest}`);
      newest = epoch;
      for (const [last, bytes] of held) {
        mustHold(last >= epoch && this.readings.has(last), `readings: ${epoch} holds pages up to ${last}`);
        sizeBytes += bytes;
      }
    }
    mustBe(this.sizeBytes, sizeBytes, "readings: bytes that they hold");
    mustBe(this.newest, newest, "readings: the newest epoch");
  }
}
