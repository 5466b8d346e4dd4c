import type { BatchContent } from "../../../src/cluster/entry.ts";
import type { GroupBytes } from "../../../src/rows/group-row.ts";
import type { ModelAnswer, ModelGroup, ModelOperation } from "./gateway.ts";

/** A request that was carried out in a batch, as the store of its replica saw it. */
export interface Attempt {
  readonly operation: ModelOperation;
  /** Of a push. */
  readonly answer: ModelAnswer;
  /** By the clock of the replica. */
  readonly nowMs: number;
  /** Its failure was noted. */
  readonly isNoted: boolean;
  /** The position of the state that it was carried out in. */
  readonly madeAt: number;
}

/** What became of a request, as its client sees it. */
export interface Seen {
  readonly operation: ModelOperation;
  /** All that was answered before it came stands at or before this position. */
  readonly floor: number;
  readonly sentMs: number;
  /** null: nothing yet. */
  answer: ModelAnswer | "removed" | "unknown" | null;
  /** Where its replica was when it was answered. */
  position: number;
  /** Of the attempt that was answered. */
  madeAt: number;
  /** When its client gave it up; Infinity: it did not. */
  givenUpMs: number;
}

/** A batch of the log that was folded. */
export interface FoldedBatch {
  readonly position: number;
  readonly content: BatchContent;
  readonly isRepetition: boolean;
}

/** All that happened in a run. */
export interface ModelRecord {
  /** Pushes were checked against one another. */
  readonly isChecked: boolean;
  /** What a row says of its group. */
  readonly groupOfRow: (bytes: GroupBytes) => ModelGroup;
  readonly seen: Map<number, Seen>;
  /** By writer and number of the batch. */
  readonly attempts: Map<string, readonly Attempt[]>;
  readonly folded: FoldedBatch[];
  /** The content at each position, as the replica has it that nobody asks for anything; and what it shows. */
  readonly states: Map<number, string>;
  readonly shown: Map<number, string>;
  /** What replicas had and showed when nothing of theirs was on its way. */
  readonly atRest: {
    readonly name: string;
    readonly position: number;
    readonly text: string;
    readonly shown: string;
  }[];
  /** What is wrong, as far as it was seen at once. */
  readonly faults: string[];
}
