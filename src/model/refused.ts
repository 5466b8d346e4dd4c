import { REFUSAL_REASONS } from "./refusals.ts";
import type { FaultyLine } from "./rejection.ts";
import type { AddressedGroup } from "./view.ts";

/** Why what is listed was refused: what metrics call it, of pushes and of all other requests. */
export const REFUSED_KINDS = [...REFUSAL_REASONS, "inconsistent", "key-reused"] as const;
export type RefusedKind = (typeof REFUSED_KINDS)[number];

/** A request that was refused. */
export interface RefusedRequest {
  readonly kind: RefusedKind;
  readonly status: number;
  /** What the client was told. */
  readonly reason: string;
  /** "" where the request could not be read as far as that. */
  readonly method: string;
  /** As sent, without its query; "" where it is not known. */
  readonly path: string;
  /** null where it is no push, or where its path names no group. */
  readonly group: AddressedGroup | null;
  /** Its address; "unknown" where it has none. */
  readonly client: string;
  /** Whose password or certificate was accepted with it; null where none was. */
  readonly user: string | null;
  readonly userAgent: string | null;
  readonly line: FaultyLine | null;
  /** A group whose metrics those pushed contradict; null where they do not, or it is not known. */
  readonly contradicts: AddressedGroup | null;
  /** Of its body as sent; null where that is not known. */
  readonly sizeBytes: number | null;
}

/** Requests that were refused alike: the last of them, and when they were. */
export interface RefusedEntry {
  readonly request: RefusedRequest;
  readonly count: number;
  /** In milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}
