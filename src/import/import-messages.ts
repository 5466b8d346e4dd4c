import type { Imported, ImportStep, LeftOut } from "./import-watch.ts";

/** What the importing thread is asked to do, once. */
export interface ImportRequest {
  readonly file: string;
  /** Whether families may not contradict each other (not with `--push.disable-consistency-check`). */
  readonly consistencyCheck: boolean;
  /** One 32-bit number: anything but 0 asks for the end. */
  readonly stop: SharedArrayBuffer;
}

/** What it reports; each of the last three is the end. */
export type ImportReport =
  | {
      readonly kind: "progress";
      readonly step: ImportStep;
      readonly groups: number;
      readonly ofGroups: number | null;
    }
  | { readonly kind: "left out"; readonly what: LeftOut }
  /** The file can be opened now. `unnamed`: how much of what was left out was not reported. */
  | {
      readonly kind: "done";
      /** null: it was one of ours that need not be looked through. */
      readonly imported: Imported | null;
      readonly unnamed: number;
      /** Where what was left out still is. */
      readonly original: string;
    }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "stopped" };
