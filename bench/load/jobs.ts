import type { BodyName } from "./bodies.ts";

/** Which groups are asked for: of the path, `######` is replaced by first, first + step, ... (count of them). */
export interface GroupRange {
  readonly path: string;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Pushes or deletes over several connections, one request at a time on each. */
export interface RequestJob {
  readonly kind: "requests";
  readonly port: number;
  /** The server's certificate is taken as it is. */
  readonly isTls: boolean;
  readonly method: "PUT" | "POST" | "DELETE";
  /** null for DELETE. */
  readonly body: BodyName | null;
  readonly groups: GroupRange;
  /** More lines of the header, each with its end. */
  readonly fields?: string;
  /** Each group once, or groups drawn at random until the time is up. */
  readonly order: "each once" | "random";
  readonly connections: number;
  /** The number of requests; null: see the others. */
  readonly count: number | null;
  /** No request starts later; null: until each group had one, or `requests` were sent. */
  readonly durationMs: number | null;
  /** All ends by then, answered or not. */
  readonly limitMs: number;
  /** null: as fast as answers come. Otherwise latencies count from when a request was due. */
  readonly ratePerSecond: number | null;
  readonly seed: number;
}

/** GET requests on one connection. */
export interface GetJob {
  readonly kind: "gets";
  readonly port: number;
  readonly path: string;
  readonly gzip: boolean;
  /** More lines of the header, each with its end. */
  readonly fields?: string;
  readonly count: number;
  /** From the start of one to the start of the next, at least; 0: one after the other. */
  readonly everyMs: number;
  /** None starts later. */
  readonly durationMs: number;
  readonly limitMs: number;
}

/** Connections that ask for `path` and then take a little at a time. */
export interface SlowReadersJob {
  readonly kind: "slow readers";
  readonly port: number;
  readonly path: string;
  readonly readers: number;
  readonly durationMs: number;
}

/** Connections that ask for `path` once and then stay open for as long as the load generator runs. */
export interface IdleJob {
  readonly kind: "idle connections";
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly limitMs: number;
}

export type Job = RequestJob | GetJob | SlowReadersJob | IdleJob;

/** How long requests took, in milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface JobResult {
  /** Answered with a 2xx status. */
  readonly answered: number;
  /** Answered with another status. */
  readonly refused: number;
  /** Not answered when the time was up. */
  readonly unanswered: number;
  readonly elapsedMs: number;
  readonly requestBytes: number;
  /** Of the bodies received. */
  readonly responseBytes: number;
  readonly latencies: Latencies;
}

export type LoadMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "failed"; readonly message: string };
