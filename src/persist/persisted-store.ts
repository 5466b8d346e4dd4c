import type { GroupRow, KeptGroups, KeyedGroup } from "../model/kept-group.ts";
import type { GroupFamily } from "../model/view.ts";

/** The segments of one large group, each with its chunks, a family each, and those that are to be written. */
export interface SegmentedGroup {
  /** All segments that have changed since they were taken last, but for the own one. */
  readonly takeChanged: () => number[];
  /** One of them; null: none has. */
  readonly takeOneChanged: () => number | null;
  readonly changed: ReadonlySet<number>;
  readonly noteChanged: (segment: number) => void;
  /** The chunks of a segment; none where there is no such segment any more. */
  readonly chunksOf: (segment: number) => Iterable<number>;
  /** A family of the group, by its chunk: borrowed, valid until something is written. */
  readonly family: (chunk: number) => GroupFamily;
  readonly move: (chunks: readonly number[], segment: number) => void;
  /** A number for a new segment. */
  readonly open: () => number;
  /** A segment that has no chunks any more is none; its number is not used again until it is released. */
  readonly close: (segment: number) => void;
  readonly release: (segments: readonly number[]) => void;
}

/** What writing groups needs of the store that has them. */
export interface WrittenStore {
  /** The group of an id, or null where there is none any more. */
  readonly keyedGroup: (group: number) => KeyedGroup | null;
  /** The same without its families. */
  readonly groupRow: (group: number) => GroupRow | null;
  /** How a group is spread over rows, or null where it is kept whole. */
  readonly segmentsOf: (group: number) => SegmentedGroup | null;
  readonly splitGroup: (group: number) => SegmentedGroup;
}

/** What the persister needs of the store. */
export interface PersistedStore extends WrittenStore {
  /** All ids of groups are below it. */
  readonly groupLimit: number;
  /** The id of a group by its key, or -1. */
  readonly groupOf: (key: Uint8Array) => number;
  /** Whether a large push is being stored in a group: it is not written by halves. */
  readonly isBeingStored: (group: number) => boolean;
  /** Puts kept groups into the store, step by step; false: all are there. */
  readonly restoring: (groups: KeptGroups) => { readonly step: () => boolean; readonly rows: number };
  /** Makes a group what was kept of it, and gives its id, or -1 where nothing was. Nobody is told. */
  readonly putBack: (group: number, kept: KeptGroups) => number;
}
