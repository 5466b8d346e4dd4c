import type { RejectionKind } from "./rejection.ts";

/** Why requests are refused: what metrics call it. */
export const REFUSAL_REASONS = [
  // Before their path is looked at.
  "client-certificate",
  "expectation",
  "header-too-large",
  "malformed",
  "tls",
  "too-slow",
  "transfer-encoding",
  "version",
  // Before their handler sees them.
  "forbidden",
  "foreign-origin",
  "not-enabled",
  "password-queue",
  "rate-limit",
  "unauthorized",
  "web-config",
  // By their handler.
  "busy",
  "full",
  "too-large",
  "unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** What a rejected request is counted as; null: it is refused for its content, which pushes count by themselves. */
export const REFUSAL_OF_REJECTION: Readonly<Record<RejectionKind, RefusalReason | null>> = {
  malformed: null,
  inconsistent: null,
  "too-large": "too-large",
  unavailable: "unavailable",
  full: "full",
  busy: "busy",
  "too-slow": "too-slow",
  "rate-limit": "rate-limit",
  absent: null,
  gone: null,
  changed: null,
  "key-reused": null,
  forbidden: "forbidden",
  unauthorized: "unauthorized",
};
