import type { MetricType } from "./metric-type.ts";

/** Runs of some bytes: source[bounds[0], bounds[1]), source[bounds[2], bounds[3]) and so on. */
export interface LineRuns {
  readonly source: Uint8Array;
  readonly bounds: Int32Array;
}

/**
 * A run of finished exposition lines of one family, chunk by chunk, as serialisers borrow it from a snapshot: nobody
 * writes to it while the snapshot is held.
 */
export interface ExposedPage {
  /** The lines are bytes[0, used); they may be put together when they are asked for. */
  readonly bytes: Uint8Array;
  readonly used: number;
  /** Where the lines are, where `bytes` would put them together. */
  readonly runs?: LineRuns;
  /** The chunk ids, `count` of them, in the order of the chunks; -1 is none, of size 0. */
  readonly slots: Int32Array;
  /** The size in bytes of the chunk of a slot. */
  readonly sizeOf: (slot: number) => number;
  readonly count: number;
  /** What lines cannot say, by chunk id: see GroupFamily.side. */
  readonly sides: ReadonlyMap<number, Uint8Array> | null;
  /** The lines as pieces of a deflate stream, with their CRC-32: cached here by the first reader that deflates them. */
  deflated: readonly Uint8Array[] | null;
  crc: number;
}

/** A family to be exposed: our own lines, if it is one of ours, then pages of pushed ones. */
export interface ExposedFamily {
  readonly name: string;
  readonly type: MetricType;
  /** What was said of the type besides, as in type-note.ts. */
  readonly typeNote?: number;
  /** The HELP text without escapes, or null. */
  readonly help: Uint8Array | null;
  /** Some name in the pages is outside the old character set. */
  readonly quoted: boolean;
  readonly ownLines: Uint8Array | null;
  readonly pages: readonly ExposedPage[];
}
