import type { Imported, LeftOut } from "./import-watch.ts";

/** What the importing thread is asked to do, once. */
export interface ImportRequest {
  readonly file: string;
  /** Whether families may not contradict each other (not with `--push.disable-consistency-check`). */
  readonly consistencyCheck: boolean;
  /** One 32-bit number: anything but 0 asks for the end. */
  readonly stop: SharedArrayBuffer;
}

/** What it tells; the last four are the end of it. */
export type ImportReport =
  | { readonly kind: "progress"; readonly groups: number; readonly ofGroups: number | null }
  | { readonly kind: "left out"; readonly what: LeftOut }
  /** A file of the reference is one of ours now, the original kept as `backup`. */
  | { readonly kind: "moved"; readonly imported: Imported; readonly backup: string }
  /** An older file of ours was looked through. */
  | { readonly kind: "rechecked"; readonly imported: Imported }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "stopped" };
