import { afterAll, describe } from "bun:test";
import { answersAlike } from "../conformance/answers-alike.ts";
import { Servers } from "../conformance/replay.ts";
import { firstAbsentNewer } from "../newer-programs.ts";
import { requirement } from "../program.ts";
import { NatsServers } from "./nats-servers.ts";

const { skip, reason } = requirement(firstAbsentNewer("NATS_SERVER"));
const engines: NatsServers[] = [];

afterAll(() => Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]())));

/** Servers that share a log each, with nobody. */
async function servers(): Promise<Servers> {
  const engine = await NatsServers.start({ count: 1 });
  engines.push(engine);
  const flags = [`--cluster.url=${engine.url}`, "--cluster.replicas=1"];
  return new Servers(null, (n) => [...flags, `--cluster.name=c${n}`]);
}

describe.skipIf(skip)(`recorded conversations with a replica${reason}`, () => answersAlike(servers));
