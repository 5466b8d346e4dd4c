/** A server of what keeps the shared log. */
export interface LogCopy {
  readonly server: string;
  /** It has all that the leader has. */
  readonly isCurrent: boolean;
}

/** How this replica does, and the log that it shares with others: for the API, the page and metrics. */
export interface ClusterState {
  readonly name: string;
  /**
   * joining: since the start it has not caught up with the others. lost: the log does not answer. stopped: it has met
   * what it cannot read.
   */
  readonly status: "joining" | "joined" | "lost" | "stopped";
  /** Why pushes are not taken; "" where they are. */
  readonly reason: string;
  /** Place in the log up to which this replica has all, and where the log ends, as far as is known. */
  readonly position: number;
  readonly head: number;
  /** How long ago it had all; 0 where it has. */
  readonly lagSeconds: number;
  /** Changes that wait for their place in the log. */
  readonly waiting: number;
  readonly logSizeBytes: number;
  /** How far the own clock is ahead of the log's. */
  readonly clockSkewSeconds: number;
  /** The newest one that was stored or loaded by this replica; null: none was. */
  readonly snapshot: { readonly storedSeconds: number; readonly sizeBytes: number } | null;
  /** The server that this replica is connected to; null: none yet. */
  readonly server: string | null;
  /** The one that leads the log; null: none, or it is not known. */
  readonly leader: string | null;
  readonly copies: readonly LogCopy[];
}
