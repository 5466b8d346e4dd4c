import { type Static, Type } from "@sinclair/typebox";
import { QUOTA_LIMITS } from "../model/quota.ts";
import type { PrincipalFigures } from "../telemetry/principal-metrics.ts";
import { CLOSED } from "./schemas.ts";

/** Principals that are told of. */
const MOST_PRINCIPALS = 20;

const counted = () => Type.Union([Type.Integer(), Type.Null()], { description: "null: it is being counted." });
const limit = () => Type.Union([Type.Number(), Type.Null()], { description: "null: there is no limit." });

/** What a principal pushed, and what is kept of it, beside its limits. */
export const QuotaStatus = Type.Object(
  {
    principal: Type.String(),
    pushes_total: Type.Integer({ description: "Since the start, accepted or not." }),
    refused_pushes: Type.Record(Type.Union(QUOTA_LIMITS.map((name) => Type.Literal(name))), Type.Integer(), {
      description: "Those that went over one of its limits, by the limit.",
    }),
    max_pushes_per_second: limit(),
    max_body_bytes: limit(),
    groups: counted(),
    max_groups: limit(),
    series: counted(),
    max_series: limit(),
    size_bytes: counted(),
    max_size_bytes: limit(),
  },
  CLOSED,
);

/** Those who are nearest to a limit first; of who does not see all, only its own. */
export function quotaStatus(all: readonly PrincipalFigures[], onlyOf: string | null): Static<typeof QuotaStatus>[] {
  const shown = onlyOf === null ? all : all.filter(({ principal }) => principal.name === onlyOf);
  return shown
    .toSorted((a, b) => fullness(b) - fullness(a))
    .slice(0, MOST_PRINCIPALS)
    .map(tellQuota);
}

/** The largest share of a limit that is used up. */
function fullness({ principal: { limits }, usage }: PrincipalFigures): number {
  if (usage === null) return 0;
  const { groups, series, sizeBytes } = usage;
  return Math.max(groups / limits.maxGroups, series / limits.maxSeries, sizeBytes / limits.maxSizeBytes);
}

function tellQuota({ principal, usage, pushes, refused }: PrincipalFigures): Static<typeof QuotaStatus> {
  const { limits, name } = principal;
  return {
    principal: name,
    pushes_total: pushes,
    refused_pushes: { ...refused },
    max_pushes_per_second: orNull(limits.pushesPerSecond),
    max_body_bytes: orNull(limits.maxBodyBytes),
    groups: usage?.groups ?? null,
    max_groups: orNull(limits.maxGroups),
    series: usage?.series ?? null,
    max_series: orNull(limits.maxSeries),
    size_bytes: usage?.sizeBytes ?? null,
    max_size_bytes: orNull(limits.maxSizeBytes),
  };
}

const orNull = (limited: number): number | null => (limited === Infinity ? null : limited);
