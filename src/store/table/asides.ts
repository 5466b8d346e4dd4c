import { mustBe, mustHold } from "../../bytes/broken.ts";

/** What all families of chunks that are set aside have in common. */
export interface AsidesNotes<Home> {
  /** The memory of what is noted. */
  sizeBytes: number;
  /** A chunk may be free by now: it must be removed or added anew. */
  release(asides: Asides<Home>, chunk: number): void;
  /** Chunks may be, those that still are there. Costs the same however many; they are given away. */
  releaseAll(asides: Asides<Home>, chunks: ReadonlySet<number>): void;
}

/** A push that doubles nobody's series; and one that holds a series twice itself. */
export const NOBODY = -1;
export const ITSELF = -2;
/** Of a restored chunk: which group it doubles must be found out. */
export const UNKNOWN = -3;

/** What is noted of a chunk, and of a group that some wait for: measured. */
const CHUNK_BYTES = 190;
const WAITED_FOR_BYTES = 350;

const NO_CHUNKS: ReadonlySet<number> = new Set();

/**
 * The chunks of one name and type that hold series which another group has already, or one series twice: they are in a
 * family of their own, which is never shown. Each waits for the group that it doubles: when that one's series change,
 * it is checked again. `age` is when it was set aside.
 */
export class Asides<Home> {
  private readonly ages = new Map<number, number>();
  private readonly doubled = new Map<number, number>();
  /** The chunks that wait for a group. */
  private readonly waiting = new Map<number, Set<number>>();
  constructor(
    /** Where the chunks are. */
    readonly family: Home,
    private readonly notes: AsidesNotes<Home>,
  ) {}

  has(chunk: number): boolean {
    return this.ages.has(chunk);
  }

  ageOf(chunk: number): number {
    return this.ages.get(chunk) ?? 0;
  }

  doubledBy(chunk: number): number {
    return this.doubled.get(chunk) ?? NOBODY;
  }

  /** Notes that a chunk doubles a series of `group`; of one that is in already, the age stays. */
  add(chunk: number, group: number, age: number): void {
    if (!this.ages.has(chunk)) this.notes.sizeBytes += CHUNK_BYTES;
    this.ages.set(chunk, this.ages.get(chunk) ?? age);
    this.leave(chunk);
    this.doubled.set(chunk, group);
    if (group === ITSELF) return;
    if (group === UNKNOWN) return this.notes.release(this, chunk);
    const waiting = this.waiting.get(group);
    if (waiting !== undefined) return void waiting.add(chunk);
    this.waiting.set(group, new Set([chunk]));
    this.notes.sizeBytes += WAITED_FOR_BYTES;
  }

  remove(chunk: number): void {
    this.leave(chunk);
    this.doubled.delete(chunk);
    if (this.ages.delete(chunk)) this.notes.sizeBytes -= CHUNK_BYTES;
  }

  private leave(chunk: number): void {
    const group = this.doubled.get(chunk) ?? NOBODY;
    const waiting = this.waiting.get(group);
    if (waiting?.delete(chunk) && waiting.size === 0) this.endWaiting(group);
  }

  private endWaiting(group: number): void {
    if (this.waiting.delete(group)) this.notes.sizeBytes -= WAITED_FOR_BYTES;
  }

  /**
   * The series of a group have changed or are gone: chunks that wait for it must be checked again. Costs the same
   * however many wait.
   */
  release(group: number): void {
    const waiting = this.waiting.get(group) ?? NO_CHUNKS;
    if (waiting.size === 0) return;
    this.endWaiting(group);
    this.notes.releaseAll(this, waiting);
  }

  /** Throws where what waits and what it waits for differ; returns what is counted of it. */
  verify(): number {
    const what = "chunks that are set aside";
    let waited = 0;
    for (const [group, chunks] of this.waiting) {
      mustHold(chunks.size > 0, `${what}: none waits for group ${group}`);
      for (const chunk of chunks)
        mustBe(this.doubledBy(chunk), group, `${what}: the group that chunk ${chunk} doubles`);
      waited++;
    }
    for (const chunk of this.doubled.keys()) mustHold(this.ages.has(chunk), `${what}: chunk ${chunk} has no age`);
    return this.ages.size * CHUNK_BYTES + waited * WAITED_FOR_BYTES;
  }
}
