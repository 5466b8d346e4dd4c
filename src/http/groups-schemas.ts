import { Type } from "@sinclair/typebox";
import { CLOSED, FamilyType, METRIC_PROPERTIES, PushedAt, success } from "./schemas.ts";

const GroupSummary = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String()),
    path: Type.String({ description: "As it stands behind /metrics in the URL that is pushed to." }),
    last_push_successful: Type.Boolean(),
    push_time_seconds: Type.Number({ description: "Since 1970; 0: no push has succeeded." }),
    push_failure_time_seconds: Type.Number({ description: "Since 1970; 0: no push has failed." }),
    expires_at: Type.Union([Type.Number(), Type.Null()], {
      description: "When the group goes by itself if nobody pushes to it, in seconds since 1970; null: it does not.",
    }),
    families: Type.Integer(),
    series: Type.Integer(),
    bytes: Type.Integer(),
  },
  CLOSED,
);

const Facets = Type.Object(
  {
    jobs: Type.Array(Type.Object({ value: Type.String(), groups: Type.Integer(), failing: Type.Integer() }, CLOSED), {
      description: "The jobs with the most groups, at most 100; without those whose values are very long.",
    }),
    jobs_total: Type.Integer({ description: "How many jobs there are." }),
    ages: Type.Array(Type.Integer(), {
      description: "By the time since the last successful push: below 1 min, 5 min, 1 h, 6 h, 1 d, and the rest.",
    }),
    failing: Type.Integer(),
  },
  { ...CLOSED, description: "How all groups that match are spread. Only where it was asked for." },
);

export const GroupsResponse = success(
  Type.Object(
    {
      as_of: Type.Number({ description: "When the answer was made, in seconds since 1970." }),
      total: Type.Integer({ description: "Groups in the store." }),
      matched: Type.Integer({ description: "Groups that match, on all pages." }),
      partial: Type.Boolean({ description: "The search was cut, because it cost too much: there may be more." }),
      groups: Type.Array(GroupSummary),
      facets: Type.Optional(Facets),
      cursor: Type.Union([Type.String(), Type.Null()], { description: "For the next page; null: this is the last." }),
    },
    CLOSED,
  ),
);

const GroupMetric = Type.Object(METRIC_PROPERTIES, {
  ...CLOSED,
  description: "Labels are those that the group does not have. Numbers are strings, as the exposition prints them.",
});

const GroupFamily = Type.Object(
  {
    name: Type.String(),
    type: FamilyType,
    help: Type.String(),
    time_stamp: PushedAt,
    series: Type.Integer({ description: "Lines of the exposition." }),
    metrics_total: Type.Integer({ description: "Metrics, of which each has its own labels." }),
    offset: Type.Integer({ description: "Metrics that are passed over." }),
    metrics: Type.Array(GroupMetric, { description: "From `offset` on, as many as `limit` allows." }),
  },
  CLOSED,
);

export const GroupResponse = success(
  Type.Object(
    {
      as_of: Type.Number({ description: "When the answer was made, in seconds since 1970." }),
      group: GroupSummary,
      families: Type.Array(GroupFamily, { description: "By name, the push times among them." }),
    },
    CLOSED,
  ),
);

const RemovalPlan = Type.Object(
  {
    as_of: Type.Number({ description: "When it was found, in seconds since 1970." }),
    matched: Type.Integer({ description: "Groups that would be deleted." }),
    series: Type.Integer(),
    bytes: Type.Integer(),
    pushed_last_hour: Type.Integer({ description: "Of these groups: pushed in the hour before." }),
    sample: Type.Array(GroupSummary, { description: "Five of them at most." }),
  },
  CLOSED,
);
export const RemovalResponse = success(RemovalPlan);
export const RemovedResponse = success(
  Type.Object(
    {
      deleted: Type.Integer(),
      left_alone: Type.Integer({ description: "Groups that match but were pushed since `as_of`." }),
    },
    CLOSED,
  ),
);
export const Conflict = Type.Object(
  {
    status: Type.Literal("error"),
    errorType: Type.Literal("conflict"),
    error: Type.String(),
    data: RemovalPlan,
  },
  CLOSED,
);
