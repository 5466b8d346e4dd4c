import { NOBODY } from "../table/asides.ts";
import type { Family } from "../table/families.ts";
import type { ChunkPlace } from "../table/page.ts";

/** What was found out about one family of a push while it was checked, used again when it is stored. */
export interface Prepared {
  family: number;
  stored: Family | null;
  chunk: number;
  /** Where the chunk is on its page, and how large it is. */
  place: ChunkPlace;
  /** The records beside its lines. */
  sideBytes: number;
  start: number;
  end: number;
  quoted: boolean;
  lineCount: number;
  side: Uint8Array | null;
  /** The lines are the stored ones, byte for byte. */
  unchanged: boolean;
  /** The series are not those that the chunk had. */
  isRelabelled: boolean;
  /** Where pushes are not checked: the group of which a series is here, too, or NOBODY, or ITSELF. */
  doubles: number;
}

export function emptyPrepared(): Prepared {
  return {
    family: 0,
    stored: null,
    chunk: -1,
    place: { slot: 0, offset: 0, size: 0 },
    sideBytes: 0,
    start: 0,
    end: 0,
    quoted: false,
    lineCount: 0,
    side: null,
    unchanged: false,
    isRelabelled: false,
    doubles: NOBODY,
  };
}
