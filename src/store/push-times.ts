/** The two families that every group has. */
export const PUSH_TIME = {
  name: "push_time_seconds",
  help: "Last Unix time when changing this group in the Pushgateway succeeded.",
} as const;

export const PUSH_FAILURE_TIME = {
  name: "push_failure_time_seconds",
  help: "Last Unix time when changing this group in the Pushgateway failed.",
} as const;
