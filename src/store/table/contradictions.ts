import type { MetricType } from "../../model/metric-type.ts";
import type { PushTimeName } from "../../model/push-times.ts";
import type { ChunkContent } from "./chunk-content.ts";
import type { Family } from "./families.ts";
import type { ChunkPlace } from "./page.ts";

/**
 * Decides what a table shows if not everything in it can be shown together. The table reports its changes; what may
 * contradict the rest is put in through `put`.
 */
export interface Contradictions {
  /** Nothing contradicts anything, and every name has one family. */
  readonly isEmpty: boolean;
  /** The memory of what is noted of chunks that are set aside. */
  readonly sizeBytes: number;
  /** More may be shown than is: what has changed is still to be looked at. */
  readonly isUnsettled: boolean;
  /** How much has ever been looked at, and how much is still to be. */
  readonly done: number;
  readonly backlog: number;

  /** The family of a name and a type, or null. */
  familyOf(name: Uint8Array, type: MetricType): Family | null;
  /** The family of a name that is shown, or null. */
  shown(name: Uint8Array): Family | null;
  /** The first family of a name that `fits`, those with chunks set aside among them, or null. */
  eachOf(name: Uint8Array, fits: (family: Family) => boolean): Family | null;
  /** The group of which a chunk holds a series, ITSELF, or NOBODY. */
  doubledBy(chunk: number): number;
  /** The family in which a chunk that was kept is to be restored. */
  familyToRestore(name: Uint8Array, type: MetricType, isAside: boolean): Family;

  /**
   * Puts lines where they belong. `chunk` is the one that the group has of the name, at `place`, or -1; `doubles` the
   * group of which they hold a series, or NOBODY, or ITSELF. `why` describes that.
   */
  put(
    group: number,
    name: Uint8Array,
    chunk: number,
    place: ChunkPlace,
    content: ChunkContent,
    doubles: number,
    why: () => string,
  ): void;

  /**
   * The same for a push time of a group, the one series of which has the labels in `block`; `family` is the one of the
   * name, or null.
   */
  putPushTime(
    group: number,
    name: PushTimeName,
    block: Uint8Array,
    family: Family | null,
    chunk: number,
    place: ChunkPlace,
    content: ChunkContent,
  ): void;

  /** A family has metrics, which it had not before. */
  filled(family: Family, pushedMs: number): void;
  /** A family has no metrics any more. */
  emptied(family: Family): void;
  /** A family is no more. */
  dropped(family: Family): void;
  /** The series of a group in a family are others now, or gone. */
  left(family: Family, group: number, chunk: number): void;
  /** The series of a chunk are others now: chunks that doubled them may not do so any more. */
  relabelled(chunk: number): void;
  /** A chunk was restored: `age` as it was kept, 0 where none was. */
  restored(family: Family, chunk: number, age: number): void;

  /** Goes on for a moment with looking at what has changed; false: all is settled. */
  settleOn(): boolean;
  /** The table is no more. */
  abandon(): void;

  /** Throws where what is set aside and what is counted of it differ, or what is shown contradicts itself. */
  verify(): void;
}
