/** Notified where chunks of large groups come and go: see segments.ts. */
export interface SegmentWatch {
  /** About the memory that it takes up. */
  readonly sizeBytes: number;
  inserted(group: number, chunk: number): void;
  /** A chunk that was inserted is of another segment than its group's own. */
  restored(group: number, chunk: number, segment: number): void;
  changed(group: number, segment: number): void;
  keptOnly(group: number, kept: readonly number[]): void;
  removed(group: number): void;
  readonly familyRemoved: (family: number) => void;
  /** Throws where the segments and what is counted of them differ. */
  verify(): void;
}
