/** Why requests are refused before a handler sees them: what metrics call it. */
export const REFUSAL_REASONS = [
  "expectation",
  "header-too-large",
  "malformed",
  "tls",
  "too-slow",
  "transfer-encoding",
  "version",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
