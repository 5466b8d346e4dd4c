/** A count of observations: whole where its histogram counts in whole numbers, else a fraction. */
export type Count = bigint | number;

/** The value of a counter, an untyped metric or a gauge. Messages that stand beside it are kept as bytes. */
export interface SingleValue {
  value: number;
  /** An Exemplar message. */
  exemplar: Uint8Array | null;
  /** A Timestamp message. */
  created: Uint8Array | null;
}

/** What of a summary can be added. */
export interface SummaryValue {
  count: bigint;
  sum: number;
  created: Uint8Array | null;
}

export interface HistogramValue {
  count: Count;
  sum: number;
  buckets: ClassicBucket[];
  /** null: it has classic buckets alone. */
  native: NativePart | null;
  /** Exemplar messages of the native part. */
  exemplars: Uint8Array[];
  created: Uint8Array | null;
}

export interface ClassicBucket {
  readonly bound: number;
  /** Of all observations up to the bound. */
  readonly count: Count;
  readonly exemplar: Uint8Array | null;
}

/** The buckets of a native histogram that are not empty, by their index. */
export interface NativePart {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: Count;
  readonly positive: NativeBuckets;
  readonly negative: NativeBuckets;
}

export type NativeBuckets = ReadonlyMap<number, Count>;
