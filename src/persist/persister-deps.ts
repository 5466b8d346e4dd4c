import type { Clock } from "../model/clock.ts";
import type { Report, WriterRequest } from "./messages.ts";
import type { Place } from "./place.ts";
import type { LeftOutRow } from "./reading.ts";

/** The writing thread as the persister sees it. */
export interface Writing {
  readonly send: (request: WriterRequest, transfer?: ArrayBuffer[]) => void;
  /** Called once, before anything is sent. */
  readonly listen: (receive: (report: Report) => void) => void;
}

/** What happens now and then; all optional to look at. */
export interface PersisterEvents {
  readonly restoring: (groups: number) => void;
  /** `leftOut`: rows that were not ours. */
  readonly restored: (groups: number, leftOut: number) => void;
  /** One of them; only some are reported. */
  readonly leftOut: (row: LeftOutRow) => void;
  readonly unusable: (reason: string) => void;
  /** Each time that no file can be made, or not everything be written to the one that was. */
  readonly notKept: (reason: string, place: Place) => void;
  /** After that: everything has been written. */
  readonly kept: () => void;
  readonly committed: (durationSeconds: number, groups: number) => void;
  /** What the file takes up by now: when it is opened, and after each commit. */
  readonly sized: (fileBytes: number) => void;
  readonly failed: (reason: string) => void;
  /** The rows of a group could not be written: it is again what the file has of it. */
  readonly refused: (key: Uint8Array, reason: string) => void;
}

export interface PersisterOptions extends Pick<Clock, "nowMs" | "after" | "turn"> {
  readonly file: string;
  /**
   * null: every turn of the loop is handed over at its end, and pushes wait for the commit. Else: written at least so
   * often.
   */
  readonly intervalMs: number | null;
  /** Where no file can be made nothing is taken. */
  readonly required: boolean;
  /** Is done when all is restored, before anything is taken. */
  readonly beforeReady: () => Promise<void>;
}
