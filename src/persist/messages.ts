import type { KeptGroups } from "../model/kept-group.ts";
import type { Place } from "./place.ts";
import type { LeftOutRow } from "./reading.ts";

/** What the main thread asks of the writing thread. */
export type WriterRequest =
  /** `mustBeNew`: what is there already is not ours. */
  | { readonly kind: "open"; readonly file: string; readonly mustBeNew: boolean }
  | { readonly kind: "commit"; readonly number: number; readonly batch: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close" };

/** A group whose rows could not be written. */
export interface RefusedGroup {
  /** Its place among the groups of its batch. */
  readonly index: number;
  readonly key: Uint8Array;
  readonly reason: string;
  /** What the file has of it: nothing, or what it was before. */
  readonly before: KeptGroups;
}

/** What the writing thread reports. */
export type Report =
  | { readonly kind: "kept"; readonly groups: KeptGroups }
  /** A row that is not one of ours; only some are reported. */
  | { readonly kind: "left out"; readonly row: LeftOutRow }
  /** How many groups there are, and how many rows that are not ours were put into the table `left_out`. */
  | { readonly kind: "opened"; readonly groups: number; readonly leftOut: number; readonly fileBytes: number }
  | { readonly kind: "unusable"; readonly reason: string }
  /** There is no file of ours and none can be made at the moment. */
  | { readonly kind: "unmade"; readonly reason: string; readonly place: Place }
  /** All of the batch but the groups that are refused. */
  | {
      readonly kind: "committed";
      readonly number: number;
      readonly durationSeconds: number;
      /** What the file takes up by now, its log with it. */
      readonly fileBytes: number;
      readonly refused: readonly RefusedGroup[];
    }
  | { readonly kind: "failed"; readonly number: number; readonly reason: string }
  | { readonly kind: "unclean"; readonly reason: string }
  | { readonly kind: "closed" };
