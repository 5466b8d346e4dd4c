import type { OwnBatch, OwnPut } from "./own-batch.ts";

/** What is known of a push that was refused when its batch has come back. */
export interface DoubtfulRefusal {
  /** It was found in a state that holds all that was acknowledged before the push came. */
  readonly isFresh: boolean;
  /** Something of its batch was void. */
  readonly hasVoid: boolean;
  /** Something that grew or went stands before it in its batch, and others' batches stand before that. */
  readonly isOfNoState: boolean;
}

/** What a replica decides when it writes. Others need not decide alike, but what they read must be right. */
export interface WriterRules {
  /** Whether a refusal is what one Pushgateway would have answered. */
  readonly isFinal: (refusal: DoubtfulRefusal) => boolean;
  /** Whether a request that came to nothing is done again. */
  readonly isDoneAgain: (isGivenUp: boolean) => boolean;
  /** Whether a group may change, in a batch that has put it already. */
  readonly mayPutAgain: (put: OwnPut, grows: boolean) => boolean;
  /** Whether a group, or with null every group, may be removed in a batch. */
  readonly mayRemove: (batch: OwnBatch<unknown, unknown>, key: Uint8Array | null) => boolean;
  /** Whether a group is made again what it was before a put that is void. */
  readonly isTakenBack: (put: OwnPut) => boolean;
  /** Whether a removal is appended; `isHere`: the own store has the group. */
  readonly isAppended: (isHere: boolean) => boolean;
}

export const WRITER_RULES: WriterRules = {
  isFinal: ({ isFresh, hasVoid, isOfNoState }) => isFresh && !hasVoid && !isOfNoState,
  isDoneAgain: (isGivenUp) => !isGivenUp,
  // What it was before would be lost: with the growth the change before would be taken back, though it may be valid.
  mayPutAgain: (put, grows) => put.grows || !grows,
  // In a batch removals come before puts.
  mayRemove: (batch, key) => (key === null ? batch.puts.length === 0 : batch.putOf(key) === null),
  isTakenBack: (put) => put.grows && !put.isLost,
  // The push before it may be on its way to here.
  isAppended: () => true,
};
