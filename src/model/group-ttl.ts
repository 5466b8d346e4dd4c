/*
 * A group's time to live is in seconds, from its last successful push on: when it is over the group goes by itself.
 */

/** As the own time of a group: it has none, and that of all groups holds. */
export const NO_OWN_TTL = 0;
/** The group never goes by itself. */
export const NEVER_EXPIRES = -1;
/** The longest time that a duration can say: 2^63 nanoseconds. */
export const LONGEST_TTL_SECONDS = 2 ** 63 / 1e9;

/** What holds for all groups. */
export interface CommonExpiry {
  /** Of groups that have no time of their own. */
  readonly ttlSeconds: number;
  /** Groups whose time is over lose their metrics, and their push times stay. */
  readonly keepsPushTimes: boolean;
}

export const NO_EXPIRY: CommonExpiry = { ttlSeconds: NEVER_EXPIRES, keepsPushTimes: false };
