/*
 * How much a request may cost. Work is counted, not timed: a unit is a byte that is read, and what costs more counts as
 * several. Loops over what was sent or is stored charge it, and the work of a request has a bound that grows with its
 * size.
 */

/** Milliseconds of work before others get a turn of the loop. */
export const TURN_MS = 2;
/** About the most units between two readings of the clock. */
export const STEP_UNITS = 64 * 1024;

/** What a push of a small body may cost in one turn: two or three milliseconds. */
export const SMALL_PUSH_UNITS = 2 * 1024 * 1024;

/** In place of a result: there is more to do. */
export const MORE = "more";

/** A look-up in a table, besides the bytes that are hashed; one row of a list. */
export const LOOKUP_UNITS = 128;
export const ROW_UNITS = 8;
/** A metric that is looked at: its values, its labels. */
export const METRIC_UNITS = 64;
/** A family that is found or made, and moved about on its page. */
export const FAMILY_UNITS = 1024;

/** How often lines are gone through at most: written, held against what was stored, checked, searched for. */
const PASSES = 4;

/** What any search may cost, and what each byte of it adds: about 10 ms, and half a microsecond. */
const LEAST_UNITS = 8 * 1024 * 1024;
const UNITS_A_BYTE = 256;

/**
 * What a push may always be rendered to, what it may be for each byte of its body, and the most that it may ever be.
 */
const LEAST_LINES_BYTES = 16 * 1024 * 1024;
const LINES_BYTES_A_BYTE = 64;
const MOST_LINES_BYTES = 256 * 1024 * 1024;

/**
 * What a push may be rendered to, by the size of its body: every line repeats names and labels that the body need not
 * repeat, so lines without a limit would grow with the square of the body.
 */
export function mostLinesBytes(bodyBytes: number): number {
  return Math.min(LEAST_LINES_BYTES + LINES_BYTES_A_BYTE * bodyBytes, MOST_LINES_BYTES);
}

/** What a push of `sentBytes`, path and body, may cost in all: its lines are read a few times, and searched for. */
export function mostUnits(sentBytes: number): number {
  return LEAST_UNITS + UNITS_A_BYTE * sentBytes + PASSES * mostLinesBytes(sentBytes);
}

/** The work of one request after the other. */
export class Work {
  private units = 0;
  private searched = 0;
  private most = LEAST_UNITS;
  private turnEnd = Infinity;

  /** A request of this size begins: its path and its body, decompressed. */
  begin(sentBytes: number): void {
    this.units = 0;
    this.searched = 0;
    this.most = LEAST_UNITS + UNITS_A_BYTE * sentBytes;
    this.turnEnd = Infinity;
  }

  /** Of the request that has begun, so much is to be done now; without this all of it is. */
  beginTurn(units: number): void {
    this.turnEnd = this.units + units;
  }

  /** How much may still be done now. */
  get turnUnits(): number {
    return Math.max(1, this.turnEnd - this.units);
  }

  /** The rest of the request waits for another turn. */
  get isTurnOver(): boolean {
    return this.units >= this.turnEnd;
  }

  charge(units: number): void {
    this.units += units;
  }

  /** Charges what is looked for in what is stored: alone of this more may be asked for than is sent. */
  chargeSearch(units: number): void {
    this.units += units;
    this.searched += units;
  }

  /** What was charged since `begin`. */
  get spent(): number {
    return this.units;
  }

  /** More was searched for than a request of its size may ask for: it is to be refused, or to be cut. */
  get isSpent(): boolean {
    return this.searched > this.most;
  }
}
