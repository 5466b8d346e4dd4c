export const UNCHECKED = "--push.disable-consistency-check";

/**
 * Pushes that contradict each other, as path and body: taken with UNCHECKED, and left out of the exposition in part.
 */
export const PUSHES = [
  ["/job/j", "# HELP a Help.\n# TYPE a gauge\na 1\n"],
  ["/job/k", "# HELP a Help.\n# TYPE a counter\na 2\n# HELP good Help.\n# TYPE good gauge\ngood 1\n"],
  ["/job/j/instance@base64/=", "# HELP b Help.\n# TYPE b gauge\nb 1\nb 2\n"],
] as const;
