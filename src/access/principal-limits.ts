import { type Static, Type } from "@sinclair/typebox";
import { parseCount, parseSize } from "../config/size.ts";
import { goType } from "../config/strict-yaml.ts";
import { Fault } from "../model/fault.ts";
import { NO_PRINCIPAL_LIMITS, type PrincipalLimits } from "../model/principal.ts";
import { quoteText } from "../model/quote.ts";

/** Pushes a second: once a day at the least. */
const LEAST_RATE = 1 / 86_400;
const MOST_RATE = 1e6;
const RATE = /^\d+(?:\.\d+)?$/;

interface LimitField {
  readonly limit: keyof PrincipalLimits;
  readonly parse: (text: string) => number | Fault;
}

const FIELDS = {
  pushes_per_second: { limit: "pushesPerSecond", parse: parseRate },
  burst: { limit: "burst", parse: parseCount },
  groups: { limit: "maxGroups", parse: parseCount },
  series: { limit: "maxSeries", parse: parseCount },
  size: { limit: "maxSizeBytes", parse: parseSize },
  max_body_size: { limit: "maxBodyBytes", parse: parseSize },
} as const satisfies Record<string, LimitField>;
type FieldName = keyof typeof FIELDS;

const Text = Type.String(goType("string"));

/** `limits` of a principal in the access file. Any scalar is a text here: it is read below. */
export const LimitsSection = Type.Partial(
  Type.Object(
    {
      pushes_per_second: Text,
      burst: Text,
      groups: Text,
      series: Text,
      size: Text,
      max_body_size: Text,
    } satisfies Record<FieldName, typeof Text>,
    goType("limits"),
  ),
);
type Section = Static<typeof LimitsSection>;

/** What is wrong with a field of the section. */
export class LimitFault extends Fault {
  constructor(
    readonly field: FieldName,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The limits of a principal; what is left out has none. Without `burst` it is as many as come in a second, one at the
 * least.
 */
export function readPrincipalLimits(section: Section): PrincipalLimits | LimitFault {
  const limits = { ...NO_PRINCIPAL_LIMITS };
  for (const [field, { limit, parse }] of Object.entries(FIELDS) as [FieldName, LimitField][]) {
    const text = section[field];
    if (text === undefined) continue;
    const value = readLimit(text, parse);
    if (value instanceof Fault) return new LimitFault(field, value.message);
    limits[limit] = value;
  }
  if (limits.pushesPerSecond === Infinity && limits.burst < Infinity)
    return new LimitFault("burst", "a burst without pushes_per_second");
  if (limits.burst === Infinity) limits.burst = Math.max(1, Math.ceil(limits.pushesPerSecond));
  return limits;
}

/** A limit of 0 could be taken for none. */
function readLimit(text: string, parse: LimitField["parse"]): number | Fault {
  const value = parse(text);
  return value === 0 ? new Fault("invalid limit 0: where there is none, it is left out") : value;
}

function parseRate(text: string): number | Fault {
  const rate = Number(text);
  if (RATE.test(text) && rate <= MOST_RATE && (rate === 0 || rate >= LEAST_RATE)) return rate;
  return new Fault(`invalid rate ${quoteText(text)}, expected pushes a second like 50 or 0.5`);
}
