/**
 * What a push that came with an idempotency key is known by: digests of 64 bits of that key and of what it brings, in
 * halves of 32 bits with a sign.
 */
export interface PushId {
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly contentLow: number;
  readonly contentHigh: number;
}

/**
 * The ids of pushes of one group, from the oldest on, a row each:
 *
 *     KEY_LOW KEY_HIGH CONTENT_LOW CONTENT_HIGH SECONDS      SECONDS: when it was added, since 1970, without a sign
 */
export type PushIdRows = Int32Array<ArrayBuffer>;

export const PUSH_ID_KEY_LOW = 0;
export const PUSH_ID_KEY_HIGH = 1;
export const PUSH_ID_CONTENT_LOW = 2;
export const PUSH_ID_CONTENT_HIGH = 3;
export const PUSH_ID_SECONDS = 4;
export const PUSH_ID_STRIDE = 5;
export const PUSH_ID_BYTES = 4 * PUSH_ID_STRIDE;

/** Of a group to which none came with a key. */
export const NO_PUSH_IDS: PushIdRows = new Int32Array(0);

/** How many ids of one group are remembered, and for how long. */
export interface PushIdLimits {
  /** 0: none are, and keys are not looked at. */
  readonly maxPerGroup: number;
  readonly windowSeconds: number;
}

export const NO_PUSH_ID_LIMITS: PushIdLimits = { maxPerGroup: Infinity, windowSeconds: Infinity };

/** Nothing was changed, for the push had been added before. */
export const REPEATED = "repeated";
export type Repeated = typeof REPEATED;
