import type { OwnBatch, OwnPut } from "./own-batch.ts";

/** In what state of the store a push is judged. */
export interface Judged {
  /** It holds all that was acknowledged before the push came. */
  readonly isFresh: boolean;
  /** Something that grows stands before the push in its batch, and may come to nothing. */
  readonly isBehindGrowth: boolean;
}

/** What a replica decides when it writes. Others need not decide alike, but what they read must be right. */
export interface WriterRules {
  /** Whether a refusal is what one Pushgateway would answer. */
  readonly isFinal: (judged: Judged) => boolean;
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
  // What else stands before it only takes reasons away: it would be refused without that, too.
  isFinal: ({ isFresh, isBehindGrowth }) => isFresh && !isBehindGrowth,
  isDoneAgain: (isGivenUp) => !isGivenUp,
  // What it was before would be lost: with the growth the change before would be taken back, though it may be valid.
  mayPutAgain: (put, grows) => put.grows || !grows,
  // In a batch removals come before puts.
  mayRemove: (batch, key) => (key === null ? batch.puts.length === 0 : batch.putOf(key) === null),
  isTakenBack: (put) => put.grows && !put.isLost,
  // The push before it may be on its way to here.
  isAppended: () => true,
};
