import type { Fault } from "../model/fault.ts";
import type { GroupBytes } from "../rows/group-row.ts";
import type { SeedStep } from "./entry.ts";
import type { Revision } from "./revision.ts";

/** Something to be done to the group of a key, or, by a wipe, to all. It waits as the bytes that came. */
export interface ReplicaRequest {
  /** An expiry is of a group that is to go unless it changes; nobody waits for it. */
  readonly kind: "push" | "delete" | "wipe" | "expire";
  /** The label block of the group's key; empty for a wipe. */
  readonly key: Uint8Array;
  /** The memory that it takes up while it waits. */
  readonly sizeBytes: number;
  /** It may take more than a turn to be applied: it has a batch of its own. */
  readonly isSlow: boolean;
  /** Of a push with which the log is seeded: its batch says so, whatever it changes. */
  readonly seed?: SeedStep;
}

/**
 * What the store made of a push.
 *
 * - `stored`: all of it is in the store.
 * - `refused`: nothing of it, because of what the store holds, or for its idempotency key is known there; at most its
 *   group's last failure is noted.
 * - `hopeless`: nothing, whatever the store holds (its bytes cannot be parsed), or the store cannot now (503).
 * - `put off`: `mayChange` said that it is not to be now, and nothing was changed.
 */
export interface Applied<Answer> {
  readonly outcome: "stored" | "refused" | "hopeless" | "put off";
  /** Handed on as it is where it becomes final. */
  readonly answer: Answer;
}

/**
 * The store of a replica. A group's row is its bytes as src/rows/group-row.ts writes them. Whatever changes by these
 * calls or by anything else of this replica goes through the replica: nobody else changes the store.
 */
export interface StorePort<Request, Answer> {
  /**
   * Parses, checks and stores a push, in this turn or in many. Before a group is changed, `Replica.mayChange` is to be
   * asked, once; where it says false nothing is changed. The push time is the greater one of the own clock and the
   * group's last. `isTentative`: it may be done again, so where it is refused no failure is noted, and nothing changed.
   */
  apply(request: Request, isTentative: boolean): Applied<Answer> | Promise<Applied<Answer>>;
  /** The row of the group of a key, in bytes of its own; null: there is none. */
  row(key: Uint8Array): Uint8Array | null;
  /** About how many bytes that row has; 0: there is none. */
  rowBytes(key: Uint8Array): number;
  /** Whether the group of an expiry is still to go, now that its turn has come: it may have been pushed to. */
  isDue(request: Request): boolean;
  /**
   * Makes each of these groups what its row says, whatever it was, in this turn or in many; or why one is not a row.
   * The bytes are lent until it is done. Until then nothing else is asked of the store.
   */
  put(groups: readonly GroupBytes[]): Fault | null | Promise<Fault | null>;
  /** The group goes, if there is one. */
  remove(key: Uint8Array): void;
  wipe(): void;
}

/**
 * What becomes of a request. `removed` is how many groups a deletion or a wipe took away at its place in the log.
 * `unknown`: it stands or falls with a batch whose fate this replica could not see, for it was cut off: 503.
 */
export type RequestVerdict<Answer> =
  | { readonly kind: "applied"; readonly answer: Answer }
  | { readonly kind: "removed"; readonly groups: number }
  | { readonly kind: "unknown" };

/** What a batch of the log came to. */
export interface Folding {
  readonly position: number;
  /** Own: this replica wrote it. */
  readonly isOwn: boolean;
  /** It had been folded before, and changes nothing. */
  readonly isRepetition: boolean;
  readonly isWipe: boolean;
  /** Groups that were put, that were removed (not by the wipe), that expired, and puts and expiries that were void. */
  readonly put: number;
  readonly removed: number;
  readonly expired: number;
  readonly void: number;
}

/** What a replica has and is told by. It reads no clock and does no I/O. */
export interface ReplicaDeps<Request extends ReplicaRequest, Answer> {
  readonly store: StorePort<Request, Answer>;
  /**
   * Appends a batch to the log, again and again until it is there, whatever happens in between; it is never withdrawn.
   * It is over when it comes back by `Replica.entry`. There is one at a time.
   */
  readonly append: (entry: Uint8Array<ArrayBuffer>, id: Revision) => void;
  /** Called once for each request that was not given up. */
  readonly answer: (request: Request, verdict: RequestVerdict<Answer>) => void;
  /** Runs something at the end of this turn of the loop. */
  readonly soon: (run: () => void) => void;
  /** Runs something after some milliseconds. */
  readonly after: (ms: number, run: () => void) => void;
  /** Milliseconds of a clock that does not go back. */
  readonly nowMs: () => number;
  /** Called for each batch of the log, in order. */
  readonly folded: (folding: Folding) => void;
  /** The replica has met what it cannot read, and folds no more: scrapes go on, nothing else. */
  readonly stopped: (fault: Fault) => void;
}
