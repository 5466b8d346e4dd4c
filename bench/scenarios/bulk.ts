import type { Bench, Contender, Scenario } from "../bench.ts";
import { bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import type { Program } from "../programs.ts";
import { Server } from "../server.ts";
import { CONNECTIONS, UNCHECKED } from "../stands.ts";
import { measurePushes, SAMPLE_SHAPES, warmUp } from "./requests.ts";

const GROUPS = instances(CONNECTIONS);

/** Bodies of 20,000 lines into as many groups as there are connections; the peer also without its check. */
export const bulk: Scenario = {
  id: "bulk",
  run: async (bench) => {
    await bulkAgainst(bench, "bulk/20000", []);
    if (bench.programs.peer !== null) await bulkAgainst(bench, "bulk/20000-unchecked", [UNCHECKED]);
  },
};

async function bulkAgainst(bench: Bench, id: string, peerFlags: readonly string[]): Promise<void> {
  if (!bench.wants(id)) return;
  const { ours, peer, limit } = bench.programs;
  const servers: Server[] = [];
  const start = async (program: Program, flags: readonly string[]): Promise<Contender> => {
    const server = await Server.start(program, flags);
    servers.push(server);
    await warmUp(bench, server, "bulk", GROUPS);
    return { who: program.who, measure: (round) => measurePushes(bench, server, "bulk", GROUPS, round) };
  };
  try {
    const contenders = [
      await start(ours, []),
      peer === null ? null : await start(peer, peerFlags),
      await start(limit, []),
    ];
    const notes = peerFlags.length > 0 ? [`theirs with ${UNCHECKED}; ours checks`] : [];
    bench.add(
      id,
      `${bodies.bulk.title}, ${CONNECTIONS} groups${peerFlags.length > 0 ? ", theirs unchecked" : ""}`,
      SAMPLE_SHAPES,
      await bench.inTurns(id, bench.plan.rounds, contenders),
      notes,
    );
  } finally {
    for (const server of servers) await server.drop();
  }
}
