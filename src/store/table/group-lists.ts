import { mustBe, mustHold } from "../../bytes/broken.ts";
import type { Chunks } from "./chunks.ts";
import type { Groups } from "./groups.ts";
import { LargeGroups } from "./large-groups.ts";

/** Chunks from which on a group has an index. */
const LARGE_GROUP_CHUNKS = 1024;

/**
 * Chunks that are linked from `first` on (-1: none) and in no group's list any more; `list` is what a large group's was
 * called.
 */
interface GoneChunks {
  readonly first: number;
  readonly list: number;
}

/**
 * The chunks of each group: a list that is linked in the chunk rows, the newest first, and an index where it is long.
 */
export class GroupLists {
  private readonly large = new LargeGroups();

  constructor(
    private readonly groups: Groups,
    private readonly chunks: Chunks,
  ) {}

  get sizeBytes(): number {
    return this.large.sizeBytes;
  }

  /** Whether a group has too many chunks to go through its list. */
  isLarge(group: number): boolean {
    return this.large.listOf(group) > 0;
  }

  /** The chunk of a family in a group, or -1. */
  chunkOf(group: number, family: number): number {
    const list = this.large.listOf(group);
    if (list > 0) return this.large.find(list, family);
    const { chunks } = this;
    let chunk = this.groups.firstChunk(group);
    while (chunk >= 0 && chunks.familyId(chunk) !== family) chunk = chunks.next(chunk);
    return chunk;
  }

  /** Puts a chunk at the head of its group's list. */
  add(group: number, chunk: number): void {
    const { chunks, groups } = this;
    const first = groups.firstChunk(group);
    const count = groups.chunkCount(group) + 1;
    chunks.setNext(chunk, first);
    if (first >= 0) chunks.setPrevious(first, chunk);
    groups.setChunks(group, chunk, count);
    const list = this.large.listOf(group);
    if (list > 0) this.large.set(list, this.familyOf(chunk), chunk);
    else if (count >= LARGE_GROUP_CHUNKS) this.enlarge(group);
  }

  /** To be called before and after a chunk becomes one of another family. */
  beforeMove(group: number, chunk: number): void {
    this.forget(this.large.listOf(group), chunk);
  }

  afterMove(group: number, chunk: number): void {
    const list = this.large.listOf(group);
    if (list > 0) this.large.set(list, this.familyOf(chunk), chunk);
  }

  /** A chunk that was in a list is no more; `list` 0 is that of no large group. */
  forget(list: number, chunk: number): void {
    if (list > 0) this.large.remove(list, this.familyOf(chunk));
  }

  /**
   * Leaves a group the chunks in `kept`, in the order in which they were added. Returns the others. Costs what is kept.
   */
  keepOnly(group: number, kept: readonly number[]): GoneChunks {
    const list = this.large.listOf(group);
    for (const chunk of kept) this.unlink(group, chunk);
    const first = this.groups.firstChunk(group);
    this.large.end(group);
    this.groups.setChunks(group, -1, 0);
    for (const chunk of kept) {
      this.forget(list, chunk);
      this.chunks.setPrevious(chunk, -1);
      this.add(group, chunk);
    }
    return { first, list };
  }

  private unlink(group: number, chunk: number): void {
    const { chunks } = this;
    const next = chunks.next(chunk);
    const previous = chunks.previous(chunk);
    if (next >= 0) chunks.setPrevious(next, previous);
    if (previous >= 0) chunks.setNext(previous, next);
    else this.groups.setChunks(group, next, this.groups.chunkCount(group));
  }

  /** Indexes all chunks of a group. */
  private enlarge(group: number): void {
    const { chunks } = this;
    const list = this.large.begin(group);
    let chunk = this.groups.firstChunk(group);
    for (; chunk >= 0; chunk = chunks.next(chunk)) this.large.set(list, this.familyOf(chunk), chunk);
  }

  private familyOf(chunk: number): number {
    return this.chunks.familyId(chunk);
  }

  /** Calls `each` with the chunks of a group; throws where the list and its count, or its index, differ. */
  verifyGroup(group: number, each: (chunk: number) => void): void {
    const { chunks } = this;
    let [before, count] = [-1, 0];
    for (let chunk = this.groups.firstChunk(group); chunk >= 0; chunk = chunks.next(chunk)) {
      mustBe(chunks.group(chunk), group, `group ${group}: the group of chunk ${chunk} in its list`);
      mustBe(chunks.previous(chunk), before, `group ${group}: the chunk before chunk ${chunk}`);
      mustBe(this.chunkOf(group, chunks.familyId(chunk)), chunk, `group ${group}: chunk ${chunk} as it is found`);
      mustHold(++count <= this.groups.chunkCount(group), `group ${group}: more chunks in its list than it has`);
      before = chunk;
      each(chunk);
    }
    mustBe(this.groups.chunkCount(group), count, `group ${group}: chunks in its list`);
  }

  /** Throws unless the index has the chunks of large groups, of which there are so many. */
  verifyIndex(largeChunks: number): void {
    this.large.verify(largeChunks);
  }
}
