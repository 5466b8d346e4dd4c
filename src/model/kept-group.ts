import type { PushIdRows } from "./push-id.ts";
import type { GroupView, LabelPair } from "./view.ts";

/** The segment of every chunk at first: it is kept in the row of its group. */
export const OWN_SEGMENT = 0;

/** What is kept of a group besides its families. */
export interface GroupRow {
  /** The label block of its key. */
  readonly key: Uint8Array;
  /** The same labels, unescaped, sorted by name. */
  readonly labels: readonly LabelPair[];
  readonly succeededSeconds: number;
  readonly failedSeconds: number;
  /** Its own time to live, as in group-ttl.ts. */
  readonly ttlSeconds: number;
  /** Of the pushes to it that came with an idempotency key. */
  readonly pushIds: PushIdRows;
}

/** A group as the store lends it, with what keeping it needs besides. */
export interface KeyedGroup extends GroupRow {
  readonly view: GroupView;
}

/**
 * Many groups as they were kept outside of memory, in columns, so that one thread can make them and another take them
 * without a copy. All texts are in `bytes`; AT and SIZE are offsets into it.
 *
 *     groups    KEY_AT KEY_SIZE FAMILIES SEGMENT PUSH_IDS              a row each, its families one after the other in `families`
 *     families  HEAD METRICS LINES AT SIZE SIDE_AT SIDE_SIZE           a row each; SIDE_SIZE -1: there is none
 *               SEGMENT 0 is a group, any other number one more segment (segments.ts) of a group that came before
 *               PUSH_IDS is how many of the ids in `pushIds`, where those of the groups are one after the other
 *     heads     TYPE FLAGS NAME_AT NAME_SIZE HELP_AT HELP_SIZE         what the families of many groups say alike; HELP_SIZE -1: none
 */
export interface KeptGroups {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly groups: Int32Array<ArrayBuffer>;
  /**
   * Seconds of the last push that succeeded, of the last that failed, and of the own time to live: three a group; of
   * further segments they say nothing.
   */
  readonly times: Float64Array<ArrayBuffer>;
  /** None of further segments. */
  readonly pushIds: PushIdRows;
  readonly families: Int32Array<ArrayBuffer>;
  /** Milliseconds since 1970, one a family. */
  readonly pushedMs: Float64Array<ArrayBuffer>;
  readonly heads: Int32Array<ArrayBuffer>;
}

export const KEPT_KEY_AT = 0;
export const KEPT_KEY_SIZE = 1;
export const KEPT_FAMILIES = 2;
export const KEPT_SEGMENT = 3;
export const KEPT_PUSH_IDS = 4;
export const KEPT_GROUP_STRIDE = 5;

export const KEPT_SUCCEEDED = 0;
export const KEPT_FAILED = 1;
export const KEPT_TTL = 2;
export const KEPT_TIMES_STRIDE = 3;

export const KEPT_HEAD = 0;
export const KEPT_METRICS = 1;
export const KEPT_LINES = 2;
export const KEPT_AT = 3;
export const KEPT_SIZE = 4;
export const KEPT_SIDE_AT = 5;
export const KEPT_SIDE_SIZE = 6;
export const KEPT_FAMILY_STRIDE = 7;

export const HEAD_TYPE = 0;
export const HEAD_FLAGS = 1;
export const HEAD_NAME_AT = 2;
export const HEAD_NAME_SIZE = 3;
export const HEAD_HELP_AT = 4;
export const HEAD_HELP_SIZE = 5;
export const HEAD_STRIDE = 6;

/** Flags of a head; 2 is one of earlier versions. Some name in the lines is in quotes. */
export const HEAD_QUOTED = 1;
/** In a row only: there is a help text. */
export const HEAD_HAS_HELP = 4;
/** The chunk is set aside; there is an age (GroupFamily), a double right before the help. */
export const HEAD_ASIDE = 8;
export const HEAD_HAS_AGE = 16;
export const HEAD_AGE_BYTES = 8;
/** The type was not given, and that is all its note says. */
export const HEAD_TYPELESS = 32;
/** There is another type note than NO_NOTE: 32 bits right behind the name. */
export const HEAD_HAS_NOTE = 64;
export const HEAD_NOTE_BYTES = 4;
