import { Type } from "@sinclair/typebox";
import { ClusterStatus } from "./cluster-status.ts";
import { CLOSED, FamilyType, METRIC_PROPERTIES, PushedAt, success } from "./schemas.ts";

const Metric = Type.Object(METRIC_PROPERTIES, {
  ...CLOSED,
  description: "Numbers are strings, as the exposition prints them.",
});

const Family = Type.Object(
  { time_stamp: PushedAt, type: FamilyType, help: Type.Optional(Type.String()), metrics: Type.Array(Metric) },
  CLOSED,
);

const Group = Type.Object(
  { labels: Type.Record(Type.String(), Type.String()), last_push_successful: Type.Boolean() },
  { additionalProperties: Family, description: "Every metric family of the group stands under its name." },
);

const Persistence = Type.Object(
  {
    file: Type.String(),
    status: Type.Union(["restoring", "kept", "failing", "memory-only"].map((status) => Type.Literal(status))),
    reason: Type.String({ description: "Why metrics are not kept; empty where they are." }),
  },
  { ...CLOSED, description: "Only where there is a --persistence.file." },
);

const Extent = Type.Union([Type.Literal("all"), Type.Literal("some"), Type.Literal("none")]);

const Asker = Type.Object(
  {
    name: Type.String({ description: "Empty: a user who is no principal." }),
    rights: Type.Object({ push: Extent, delete: Extent, scrape: Extent, read: Extent, admin: Extent }, CLOSED),
  },
  { ...CLOSED, description: "Who asks, and of which groups that may be done. Only where there is an access file." },
);

export const StatusResponse = success(
  Type.Object(
    {
      flags: Type.Record(Type.String(), Type.String()),
      start_time: Type.String({ format: "date-time" }),
      build_information: Type.Record(Type.String(), Type.String()),
      persistence: Type.Optional(Persistence),
      cluster: Type.Optional(ClusterStatus),
      principal: Type.Optional(Asker),
    },
    CLOSED,
  ),
);
export const MetricsResponse = success(Type.Array(Group));
