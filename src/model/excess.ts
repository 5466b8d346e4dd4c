import type { GroupingKey } from "./grouping-key.ts";
import type { LimitName, PushLimits } from "./limits.ts";
import { Rejection } from "./rejection.ts";

/** What of a push's grouping key is more than it may be, or null. */
export function findKeyExcess({ labels }: GroupingKey, { maxLabels, maxTextBytes }: PushLimits): Rejection | null {
  if (labels.length > maxLabels) return tooMuch("has", `${maxLabels} labels`, "push.max-labels");
  for (const { name, value } of labels)
    if (Math.max(Buffer.byteLength(name), Buffer.byteLength(value)) > maxTextBytes)
      return tooMuch("holds a name or value of", `${maxTextBytes} bytes`, "push.max-label-length");
  return null;
}

function tooMuch(does: string, limit: string, flag: LimitName): Rejection {
  return new Rejection("too-large", `the grouping key ${does} more than ${limit} (--${flag})`, flag);
}
