import type { LimitName } from "./limits.ts";
import type { AddressedGroup } from "./view.ts";

/**
 * Why a request is refused. The status of each kind is decided in one place, `http/reply.ts`.
 * - too-large: more than one push may carry
 * - full: more than the store may hold
 * - busy: others have to be served first
 * - too-slow: the body did not come in time
 * - rate-limit: too soon after those before it
 * - absent: there is nothing of what is asked for
 * - gone: what is asked to go on was ended
 * - key-reused: the idempotency key was that of another push
 * - changed: what is to be deleted was pushed to since it was looked at
 * - forbidden: who asks may not do it
 * - unauthorized: nobody may do it who does not say who he is
 */
export type RejectionKind =
  | "malformed"
  | "inconsistent"
  | "too-large"
  | "unavailable"
  | "full"
  | "busy"
  | "too-slow"
  | "rate-limit"
  | "absent"
  | "gone"
  | "changed"
  | "key-reused"
  | "forbidden"
  | "unauthorized";

/** A line of a body that cannot be read. */
export interface FaultyLine {
  /** From 1 on. */
  readonly number: number;
  /** How it begins. */
  readonly text: string;
}

/**
 * An expected failure that a client is told of: returned, never thrown. `message` is the text of the answer. What is
 * wrong with flags, files or the system is a Fault.
 */
export class Rejection {
  constructor(
    readonly kind: RejectionKind,
    readonly message: string,
    /** The limit that was reached, or null where it was none. */
    readonly limit: LimitName | null = null,
    /** What the message says of this request alone, for the log. */
    readonly detail = message,
    /** Where in the body it is; null where that is not known. */
    readonly line: FaultyLine | null = null,
    /** A group whose metrics are contradicted; null where none is, or it is not known. */
    readonly contradicts: AddressedGroup | null = null,
  ) {}
}

/** A limit was reached, whose flag the message names. */
export function limited(kind: RejectionKind, words: string, limit: LimitName): Rejection {
  return new Rejection(kind, `${words} (--${limit})`, limit);
}
