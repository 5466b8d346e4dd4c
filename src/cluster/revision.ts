/**
 * A batch of the log, by what its writer calls it: the writer, 64 random bits a process, in two halves, and the number
 * that the writer gave it. As one of a group it is its last valid put; of all, the last that let something grow.
 */
export interface Revision {
  /** 32 bits each, not negative. */
  readonly writerHigh: number;
  readonly writerLow: number;
  /** 1, 2, ..; a safe integer. 0: there is none. */
  readonly number: number;
}

/** That of a group that is not there. */
export const NO_REVISION: Revision = { writerHigh: 0, writerLow: 0, number: 0 };

export const isSameRevision = (one: Revision, other: Revision): boolean =>
  one.number === other.number && isSameWriter(one, other);

export const isSameWriter = (one: Revision, other: Revision): boolean =>
  one.writerLow === other.writerLow && one.writerHigh === other.writerHigh;

/** The writer as the log has it: 16 hexadecimal digits. */
export const writerText = ({ writerHigh, writerLow }: Revision): string =>
  [writerHigh, writerLow].map((half) => half.toString(16).padStart(8, "0")).join("");
