import { expect, test } from "bun:test";
import type { ShownGroup } from "../../src/model/view.ts";
import type { Snapshot } from "../../src/store/table/snapshot.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { keyOf, TextStore } from "./stored.ts";
import { verifyStore } from "./verify.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

const STEPS = 1_500;
const MAX_READERS = 6;
/** What the figure may be off by: objects beside arrays, which are counted but not seen here. */
const SHARE = 0.2;
const NOISE_BYTES = 16_384;

/** A reader that has begun: what it can see at this moment, and its end. */
interface Reader {
  readonly arrays: () => Iterable<Uint8Array>;
  readonly end: () => void;
}

/** Reads and changes a store at random, and adds up what only readers hold. */
class Held {
  private readonly random = seededRandom(seed);
  private readonly stored = new TextStore();
  private readers: Reader[] = [];

  step(): void {
    const kind = this.random();
    if (kind < 0.05 && this.readers.length < MAX_READERS)
      this.readers.push(this.random() < 0.5 ? this.scrape() : this.walk());
    else if (kind < 0.09 && this.readers.length > 0) this.readers.splice(this.below(this.readers.length), 1)[0]?.end();
    else if (kind < 0.2) this.stored.store.delete(keyOf({ job: `j${this.below(8)}` }));
    else this.push();
  }

  /** What the store says that readers hold, and what they can see that is not the store's any more. */
  figures(): { readonly said: number; readonly seen: number } {
    const current = new Set([...this.arraysOf(this.stored.store.snapshot(), true)].map(({ buffer }) => buffer));
    const seen = new Set(this.readers.flatMap(({ arrays }) => [...arrays()]).map(({ buffer }) => buffer));
    let bytes = 0;
    for (const buffer of seen) if (!current.has(buffer)) bytes += buffer.byteLength;
    return { said: this.stored.store.stats.heldBytes, seen: bytes };
  }

  verify(): void {
    verifyStore(this.stored.store);
  }

  end(): number {
    for (const reader of this.readers) reader.end();
    return this.stored.store.stats.heldBytes;
  }

  private *arraysOf(snapshot: Snapshot, isOver = false): Generator<Uint8Array> {
    if (isOver) snapshot.release();
    for (const { pages, help } of snapshot.families) {
      for (const { bytes } of pages) yield bytes;
      if (help !== null) yield help;
    }
  }

  private scrape(): Reader {
    const snapshot = this.stored.store.snapshot();
    return { arrays: () => this.arraysOf(snapshot), end: () => snapshot.release() };
  }

  /** A reader that has come to some group. */
  private walk(): Reader {
    const reading = this.stored.store.groups();
    let group: ShownGroup | null = null;
    for (let left = 1 + this.below(8); left > 0; ) {
      const { value, done } = reading.next();
      group = done === true ? null : value;
      if (done === true) break;
      if (value !== null) left--;
    }
    const shown = group;
    return {
      arrays: function* () {
        for (const family of shown?.families ?? []) if (family !== null) yield family.lines;
      },
      end: () => void reading.return(undefined),
    };
  }

  private push(): void {
    const [job, size] = [this.below(8), this.random() < 0.2 ? 400 : 20];
    const families = Array.from({ length: 3 }, () => `f${this.below(12)}`);
    const lines = [...new Set(families)].map((name) => this.family(name, size));
    expect(this.stored.push({ job: `j${job}` }, lines.join(""), this.random() < 0.3)).toBeNull();
  }

  private family(name: string, size: number): string {
    const value = this.below(1_000_000);
    return Array.from({ length: size }, (_, i) => `${name}{i="${i}"} ${value}\n`).join("");
  }

  private below(count: number): number {
    return Math.floor(this.random() * count);
  }
}

test(`memory that only readers hold is what they can see and the store has not any more (MODEL_SEED=${seed})`, () => {
  const held = new Held();
  let most = 0;
  for (let step = 0; step < STEPS; step++) {
    held.step();
    if (step % 10 > 0) continue;
    held.verify();
    const { said, seen } = held.figures();
    most = Math.max(most, seen);
    const isRight = Math.abs(said - seen) <= SHARE * Math.max(said, seen) + NOISE_BYTES;
    expect({ step, said, seen, isRight }).toEqual({ step, said, seen, isRight: true });
  }
  expect(most).toBeGreaterThan(200_000);
  expect(held.end()).toBe(0);
}, 60_000);
