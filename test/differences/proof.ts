/** One request to the app and what it is answered. */
export interface ProofStep {
  /** Method and path, as in `POST /metrics/job/j`. */
  readonly ask: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  /** What the answer's body must contain, and what it must not. */
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
  /** Fields that the answer must have, by their names in lower case. */
  readonly answers?: Readonly<Record<string, string>>;
}

/** Requests to the app in one process, in order; `logged` is what its log must hold at the end. */
export interface AppProof {
  readonly flags?: readonly string[];
  readonly steps: readonly ProofStep[];
  readonly logged?: readonly string[];
}

/**
 * Bytes to the program's socket, each on a connection of its own, and the status of the answer; null: closed without
 * any.
 */
export interface WireProof {
  readonly flags?: readonly string[];
  readonly wire: readonly { readonly bytes: string; readonly status: number | null }[];
}

/**
 * A start that ends by itself. Before it the files are made in an empty folder, whose name stands for `$F` in flags and
 * files. `says` is what stderr must contain.
 */
export interface StartProof {
  readonly flags: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly says: string;
}

/** A test that is elsewhere: its file, and words of its title. */
export interface ElsewhereProof {
  readonly file: string;
  readonly title: string;
}

/**
 * What proves one row of docs/differences.md. `row` are words in the first cell of that row and of no other. The
 * reference's side was tried by hand on Pushgateway 1.11.2; ours is held here.
 */
export interface Proof {
  readonly row: string;
  readonly by: readonly (AppProof | WireProof | StartProof | ElsewhereProof)[];
}
