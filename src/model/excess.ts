import type { LimitName, PushLimits } from "./limits.ts";
import { limited, type Rejection } from "./rejection.ts";
import type { LabelPair } from "./view.ts";

/** What of the labels of a push's grouping key is more than it may be, or null. */
export function findKeyExcess(labels: readonly LabelPair[], { maxLabels, maxTextBytes }: PushLimits): Rejection | null {
  if (labels.length > maxLabels) return tooMuch("has", `${maxLabels} labels`, "push.max-labels");
  for (const { name, value } of labels)
    if (Math.max(Buffer.byteLength(name), Buffer.byteLength(value)) > maxTextBytes)
      return tooMuch("holds a name or value of", `${maxTextBytes} bytes`, "push.max-label-length");
  return null;
}

function tooMuch(does: string, limit: string, flag: LimitName): Rejection {
  return limited("too-large", `the grouping key ${does} more than ${limit}`, flag);
}

/** What a push may have a number of. */
export type Counted = "maxSeries" | "maxFamilies" | "maxLabels";

const COUNTED: Record<Counted, readonly [what: string, flag: LimitName]> = {
  maxSeries: ["series", "push.max-series"],
  maxFamilies: ["metric families", "push.max-families"],
  maxLabels: ["labels on one series", "push.max-labels"],
};

/** A push has more of something than it may. */
export function tooMany(limit: Counted, limits: PushLimits): Rejection {
  const [what, flag] = COUNTED[limit];
  return limited("too-large", `the push has more than ${limits[limit]} ${what}`, flag);
}

/** A push has a text that is longer than it may be. */
export function tooLong({ maxTextBytes }: PushLimits): Rejection {
  return limited(
    "too-large",
    `the push holds a name, label value, help text or number of more than ${maxTextBytes} bytes`,
    "push.max-label-length",
  );
}

/** The labels of a series of a push are larger than they may be. */
export function tooLargeLabels({ maxLabelsBytes }: PushLimits): Rejection {
  return limited(
    "too-large",
    `the push has a series with labels of more than ${maxLabelsBytes} bytes`,
    "push.max-labels-size",
  );
}
