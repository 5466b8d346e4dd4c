import type { Clock } from "../model/clock.ts";
import type { KeptGroups } from "../model/kept-group.ts";
import type { WrittenStore } from "./group-writer.ts";
import type { Report, Request } from "./messages.ts";
import type { Place } from "./place.ts";
import type { LeftOutRow } from "./reading.ts";

/** The writing thread as the durable copy sees it. */
export interface Writing {
  readonly send: (request: Request, transfer?: ArrayBuffer[]) => void;
  /** Called once, before anything is sent. */
  readonly listen: (receive: (report: Report) => void) => void;
}

/** What the durable copy needs of the store. */
export interface CopiedStore extends WrittenStore {
  /** All ids of groups are below it. */
  readonly groupLimit: number;
  /** Puts kept groups into the store, step by step; false: all are there. */
  readonly restoring: (groups: KeptGroups) => { readonly step: () => boolean; readonly rows: number };
}

/** What happens now and then; all optional to look at. */
export interface CopyEvents {
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
  readonly failed: (reason: string) => void;
  /** The rows of a group cannot be written; called once for each reason until they can. */
  readonly refused: (key: Uint8Array, reason: string) => void;
}

export interface CopyOptions extends Pick<Clock, "nowMs" | "after" | "turn"> {
  readonly file: string;
  /**
   * null: every turn of the loop is handed over at its end, and pushes wait for the commit. Else: written at least so
   * often.
   */
  readonly intervalMs: number | null;
  /** Where no file can be made nothing is taken. */
  readonly required: boolean;
}
