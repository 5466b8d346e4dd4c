import { type Static, Type } from "@sinclair/typebox";
import type { ClusterState } from "../model/cluster-state.ts";
import { CLOSED } from "./schemas.ts";

const STATES = ["joining", "joined", "lost", "stopped"] as const;

/** How a replica does, as the API has it. */
export const ClusterStatus = Type.Object(
  {
    name: Type.String(),
    status: Type.Union(
      STATES.map((status) => Type.Literal(status)),
      {
        description:
          "joining: since it started, or was cut off, it has not caught up with the others. lost: the shared log does not answer. stopped: it has met what it cannot read.",
      },
    ),
    reason: Type.String({ description: "Why pushes should go elsewhere; empty where they need not." }),
    position: Type.Integer({ description: "Up to where it has the shared log." }),
    head: Type.Integer({ description: "Where that ends, as far as is known." }),
    lag_seconds: Type.Number({ description: "How long ago it had all of it; 0 where it has." }),
    waiting: Type.Integer({ description: "Changes that wait for a batch." }),
    log_size_bytes: Type.Number(),
    clock_skew_seconds: Type.Number({ description: "How far its clock is ahead of the log's." }),
    snapshot: Type.Union([
      Type.Object({ stored_seconds: Type.Number(), size_bytes: Type.Number() }, CLOSED),
      Type.Null(),
    ]),
    server: Type.Union([Type.String(), Type.Null()], { description: "The server of the log that it is connected to." }),
    leader: Type.Union([Type.String(), Type.Null()], { description: "The one that leads the log." }),
    copies: Type.Array(Type.Object({ server: Type.String(), current: Type.Boolean() }, CLOSED), {
      description: "The servers that keep it, and whether each has all of it.",
    }),
  },
  { ...CLOSED, description: "How this replica and the log that it shares do." },
);

export function clusterStatus(state: ClusterState): Static<typeof ClusterStatus> {
  const { snapshot, copies } = state;
  return {
    name: state.name,
    status: state.status,
    reason: state.reason,
    position: state.position,
    head: state.head,
    lag_seconds: state.lagSeconds,
    waiting: state.waiting,
    log_size_bytes: state.logSizeBytes,
    clock_skew_seconds: state.clockSkewSeconds,
    snapshot: snapshot && { stored_seconds: snapshot.storedSeconds, size_bytes: snapshot.sizeBytes },
    server: state.server,
    leader: state.leader,
    copies: copies.map(({ server, isCurrent }) => ({ server, current: isCurrent })),
  };
}
