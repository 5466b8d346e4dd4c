import type { KeptGroups } from "../model/kept-group.ts";

/** What the main thread asks of the writing thread. */
export type Request =
  | { readonly kind: "open"; readonly file: string }
  | { readonly kind: "commit"; readonly number: number; readonly batch: Uint8Array<ArrayBuffer> }
  | { readonly kind: "close" };

/** What the writing thread tells. */
export type Report =
  | { readonly kind: "kept"; readonly groups: KeptGroups }
  | { readonly kind: "opened"; readonly groups: number }
  | { readonly kind: "unusable"; readonly reason: string }
  | { readonly kind: "committed"; readonly number: number; readonly durationSeconds: number }
  | { readonly kind: "failed"; readonly number: number; readonly reason: string }
  | { readonly kind: "unclean"; readonly reason: string }
  | { readonly kind: "closed" };
