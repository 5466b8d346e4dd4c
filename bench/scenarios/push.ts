import type { Bench, Contender, Scenario } from "../bench.ts";
import { type BodyName, bodies } from "../load/bodies.ts";
import { instances } from "../load/request-source.ts";
import { Server } from "../server.ts";
import { measurePushes, PUSH_SHAPES, warmUp } from "./requests.ts";

/** More groups than this do not get a body of many series: the rest of the store is filled with ten gauges a group. */
const MAX_HEAVY_GROUPS = 10_000;
const HEAVY_SAMPLES = 100;
/** A slow peer warms up as little as it changes. */
const PEER_WARM_UP_GROUPS = 100;

/** Pushes a second into stores of more and more groups, a body at a time. */
export const push: Scenario = {
  id: "push",
  run: async (bench) => {
    for (const { body, groups } of bench.plan.pushes) {
      const wanted = groups.filter((count) => bench.wants(`push/${body}/${count}`));
      if (wanted.length > 0) await pushBody(bench, body, wanted);
    }
  },
};

async function pushBody(bench: Bench, body: BodyName, sizes: readonly number[]): Promise<void> {
  const limit = await Server.start(bench.programs.limit);
  const ours = await Server.start(bench.programs.ours);
  try {
    await warmUp(bench, limit, body, instances(1));
    let filled = 0;
    for (const size of sizes) {
      bench.progress(`push/${body}/${size}: loading`);
      await grow(bench, ours, body, filled, size);
      filled = size;
      await pushSize(bench, { ours, limit }, body, size);
    }
  } finally {
    await ours.drop();
    await limit.drop();
  }
}

/** How many groups of a store of this size get pushes. */
function pushedGroups(body: BodyName, size: number): number {
  return bodies[body].samples > HEAVY_SAMPLES ? Math.min(size, MAX_HEAVY_GROUPS) : size;
}

async function grow(bench: Bench, server: Server, body: BodyName, from: number, to: number): Promise<void> {
  const [start, end] = [pushedGroups(body, from), pushedGroups(body, to)];
  if (end > start) await bench.stands.fill(server, { body, groups: instances(end - start, start) });
  const others = to - Math.max(from, end);
  if (others > 0) await bench.stands.fill(server, { body: "gauges", groups: instances(others, to - others) });
}

async function pushSize(
  bench: Bench,
  { ours, limit }: { ours: Server; limit: Server },
  body: BodyName,
  size: number,
): Promise<void> {
  const id = `push/${body}/${size}`;
  const groups = instances(pushedGroups(body, size));
  const on = (server: Server): Contender => ({
    who: server.program.who,
    measure: (round) => measurePushes(bench, server, body, groups, round),
  });
  await warmUp(bench, ours, body, groups);
  const { server: theirs, note } = await startPeer(bench, body, size);
  try {
    const contenders = [on(ours), theirs === null ? null : on(theirs), on(limit)];
    const rounds = await bench.inTurns(id, bench.plan.rounds, contenders);
    const notes = pushedGroups(body, size) < size ? [`pushes go into ${MAX_HEAVY_GROUPS} of the groups`] : [];
    const title = `${bodies[body].title}, ${size.toLocaleString("en-US")} group${size > 1 ? "s" : ""}`;
    bench.add(id, title, PUSH_SHAPES, rounds, note === null ? notes : [...notes, note]);
  } finally {
    await theirs?.drop();
  }
}

async function startPeer(
  bench: Bench,
  body: BodyName,
  size: number,
): Promise<{ server: Server | null; note: string | null }> {
  const { peer } = bench.programs;
  if (peer === null) return { server: null, note: null };
  if (size > bench.plan.peerPushGroups || (size > 1_000 && bodies[body].samples > HEAVY_SAMPLES))
    return { server: null, note: "theirs left out: too slow at this size for the time there is" };
  bench.progress(`push/${body}/${size}: loading theirs`);
  const groups = instances(size);
  const server = await bench.stands.checked(peer, { body, groups });
  if (server === null) return { server, note: "theirs left out: it could not be loaded in time" };
  if (size <= PEER_WARM_UP_GROUPS) await warmUp(bench, server, body, groups);
  return { server, note: null };
}
