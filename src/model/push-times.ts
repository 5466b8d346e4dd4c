/** The two families that every group has. */
export const PUSH_TIME = "push_time_seconds";
export const PUSH_FAILURE_TIME = "push_failure_time_seconds";

/** What we say of them. */
export const PUSH_TIME_HELPS = {
  [PUSH_TIME]: "Last Unix time when changing this group in the Pushgateway succeeded.",
  [PUSH_FAILURE_TIME]: "Last Unix time when changing this group in the Pushgateway failed.",
} as const;

export type PushTimeName = keyof typeof PUSH_TIME_HELPS;

export const isPushTimeName = (name: string): boolean => name === PUSH_TIME || name === PUSH_FAILURE_TIME;

/** One of the two push times of a group, as it was somewhere else. */
export interface PushTime {
  /** Since 1970; 0: never. */
  readonly seconds: number;
  /** When that was noted, in milliseconds since 1970. */
  readonly pushedMs: number;
}
