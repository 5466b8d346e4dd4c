import type { GroupReach, PrincipalLimits } from "./principal.ts";
import { Rejection, type RejectionKind } from "./rejection.ts";

/** The limits of a principal, as the access file calls them. */
export const QUOTA_LIMITS = ["pushes_per_second", "max_body_size", "groups", "series", "size"] as const;
export type QuotaLimit = (typeof QUOTA_LIMITS)[number];

/** How much a principal may have kept. */
export interface Quota extends Pick<PrincipalLimits, "maxGroups" | "maxSeries" | "maxSizeBytes"> {
  /** The principal's; no other quota has it. */
  readonly name: string;
  /** Which groups count, by whomever they were pushed; null: all. */
  readonly reach: GroupReach | null;
}

/** What the groups that count for a quota hold: series, and in bytes lines, the records beside them and help texts. */
export interface QuotaUsage {
  readonly groups: number;
  readonly series: number;
  readonly sizeBytes: number;
}

/** A push that goes over a limit of its principal. */
export class QuotaRejection extends Rejection {
  constructor(
    kind: RejectionKind,
    words: string,
    readonly quotaLimit: QuotaLimit,
    /** After so many whole seconds it would not; null: that is not known. */
    readonly retrySeconds: number | null = null,
  ) {
    super(kind, `${words} (limits.${quotaLimit} of the access file)`);
  }
}

/** Of a push that comes too soon. */
export function tooOften(name: string, pushesPerSecond: number, waitMs: number): QuotaRejection {
  const words = `principal ${JSON.stringify(name)} may push ${pushesPerSecond} times a second`;
  return new QuotaRejection("rate-limit", words, "pushes_per_second", Math.max(1, Math.ceil(waitMs / 1000)));
}

/** Of a body, as it was sent or as it is parsed. */
export function bodyOverQuota(name: string, maxBytes: number): QuotaRejection {
  const words = `the body is larger than the ${maxBytes} bytes that principal ${JSON.stringify(name)} may push`;
  return new QuotaRejection("too-large", words, "max_body_size");
}

/** Of a push after which more would be kept than its principal may have. */
export function quotaFull(name: string, limit: number, what: "groups" | "series" | "bytes"): QuotaRejection {
  const words = `the quota of principal ${JSON.stringify(name)} is full: it keeps at most ${limit} ${what}`;
  return new QuotaRejection("full", words, what === "bytes" ? "size" : what);
}
