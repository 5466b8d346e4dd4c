import "./preloaded.ts";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { createServer, type Server } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Member } from "../../src/server/connections.ts";
import { Http2 } from "../../src/server/http2.ts";
import { ListenerContext } from "../../src/server/listener-context.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createTestApp, type TestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { Dice } from "./dice.ts";
import { hostileMessages, hostileText } from "./hostile-messages.ts";
import type { Target } from "./loop.ts";
import { seeds } from "./seeds.ts";

const INPUTS_AN_APP = 60;
const MAX_TURNS = 20_000;
const PATHS = ["/metrics/job/j", "/metrics/job/j/instance/i", "/metrics/job/%ff", "/metrics/job/"];
const READS = ["/metrics", "/api/v1/metrics", "/", "/nowhere", "*"];

/** A server of HTTP/2 without TLS, for this target alone, and a client's connection to it. */
interface Stand {
  readonly test: TestApp;
  /** All connections that there were. */
  readonly members: ReadonlySet<Member>;
  readonly server: Server;
  session: ClientHttp2Session;
}

/**
 * As `ServerTarget`, over HTTP/2: several requests at once on one connection, in pieces, of which some are reset amid
 * their body or their answer, or with the connection. No answer is 500, and when all have gone nothing is held.
 */
export class Http2Target implements Target {
  readonly name = "server-http2";
  readonly maxBytes = 1 << 14;
  /** Of many requests, with turns of the loop between them. */
  readonly slowMs = 10_000;
  readonly words: readonly Uint8Array[] = [];
  readonly seeds: readonly Uint8Array[] = [...seeds.text().slice(0, 10), ...seeds.protobuf().slice(0, 10)];
  private inputs = 0;
  private stand: Promise<Stand> | null = null;

  readonly read = async (input: Uint8Array): Promise<string> => {
    const dice = new Dice(Number(Bun.hash(input) % 1_000_003n));
    if (this.inputs++ % INPUTS_AN_APP === 0) {
      if (this.stand !== null) await close(await this.stand);
      this.stand = open(dice.pick([[], ["--push.max-buffered-size=100KiB", "--web.max-pushes-in-flight=2"]]));
    }
    if (this.stand === null) throw new Error("there is no server");
    const stand = await this.stand;
    if (stand.session.destroyed) stand.session = connect(urlOf(stand.server)).on("error", () => {});
    const asked = Array.from({ length: 1 + dice.size(6) }, (_, n) => ask(stand.session, dice, n === 0 ? input : null));
    if (dice.chance(0.1)) {
      await nextTurn();
      stand.session.destroy();
    }
    const statuses = await Promise.all(asked);
    await atRest(stand);
    if (stand.test.failed > 0 || statuses.includes(500))
      throw new Error(`a fault of our own: ${stand.test.logged.filter((line) => line.includes("level=error"))}`);
    stand.test.logged.length = 0;
    return `${[...new Set(statuses)].sort()}`;
  };
}

const urlOf = (server: Server): string => {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
};

async function open(flags: readonly string[]): Promise<Stand> {
  const test = createTestApp(...flags);
  const { refusals, failures } = test.context;
  const context = new ListenerContext({
    handler: test.front,
    maxConnections: 100,
    giveWay: () => false,
    countLimit: () => {},
    refusals,
    failures,
    log: createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 }),
    // It stands still: nobody is taken for one who does.
    clock: {
      now: () => 0,
      nowMs: () => 0,
      after: (ms, run) => void (ms === 0 ? setImmediate(run) : setTimeout(run, ms)),
      every: () => {},
    },
  });
  const members = new Set<Member>();
  const join = context.connections.join.bind(context.connections);
  context.connections.join = (member) => {
    members.add(member);
    join(member);
  };
  const http2 = new Http2(context);
  // What it needs of a TLS socket any socket has.
  const server = createServer((socket) => http2.serve(socket as TLSSocket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(urlOf(server)).on("error", () => {});
  return { test, members, server, session };
}

async function close({ session, server }: Stand): Promise<void> {
  session.destroy();
  server.close();
  await once(server, "close");
}

/** The status of the answer; 0: there was none, or it was not waited for. */
function ask(session: ClientHttp2Session, dice: Dice, input: Uint8Array | null): Promise<number> {
  return new Promise((resolve) => {
    const isPush = input !== null || dice.chance(0.7);
    const isProtobuf = dice.chance(0.5);
    const made = isProtobuf ? hostileMessages(dice) : hostileText(dice);
    const body = isPush ? padded(dice, input === null || dice.chance(0.5) ? made : input) : Buffer.alloc(0);
    const stream = session.request(
      {
        ":method": isPush ? dice.pick(["PUT", "POST"]) : dice.pick(["GET", "GET", "DELETE", "OPTIONS"]),
        ":path": dice.pick(isPush ? PATHS : [...READS, ...PATHS]),
        ...(isProtobuf ? { "content-type": PROTOBUF_TYPE } : {}),
        ...(isPush && dice.chance(0.5) ? { "content-length": body.length } : {}),
      },
      { endStream: !isPush },
    );
    let status = 0;
    stream.on("response", (fields) => {
      status = Number(fields[":status"]);
    });
    for (const event of ["error", "close", "aborted"]) stream.on(event, () => resolve(status));
    stream.resume();
    void send(stream, dice, body, isPush);
  });
}

async function send(stream: ClientHttp2Stream, dice: Dice, body: Uint8Array, isPush: boolean): Promise<void> {
  const pieces = dice.below(4);
  const resetAt = dice.chance(0.3) ? dice.below(pieces + 2) : -1;
  for (let n = 0; n <= pieces && isPush; n++) {
    if (n === resetAt) return reset(stream, dice);
    if (dice.chance(0.5)) await nextTurn();
    if (stream.destroyed) return;
    const [start, end] = [n, n + 1].map((part) => Math.floor((part * body.length) / (pieces + 1)));
    stream.write(body.subarray(start, end));
  }
  if (isPush) stream.end();
  if (resetAt > pieces) reset(stream, dice);
}

function reset(stream: ClientHttp2Stream, dice: Dice): void {
  if (dice.chance(0.5)) stream.close(dice.pick([0, 1, 2, 7, 8]));
  else stream.destroy();
}

function padded(dice: Dice, body: Uint8Array): Uint8Array {
  return dice.chance(0.1) ? Buffer.concat([body, Buffer.alloc(70_000 + dice.below(100_000), "\n")]) : body;
}

async function atRest({ test, members }: Stand): Promise<void> {
  const held = () => {
    test.context.intake.verify();
    test.context.longAnswers.verify();
    test.context.smallPushes.verify();
    const { uploads, held: bodies, bufferedBytes } = test.context.intake.state;
    const { snapshots } = test.store.stats;
    const busy = [...members].filter(({ isStill }) => !isStill).length;
    return { uploads, bodies, bufferedBytes, answers: test.context.longAnswers.inFlight, snapshots, busy };
  };
  for (let turn = 0; Object.values(held()).some((count) => count !== 0); turn++) {
    if (turn > MAX_TURNS) throw new Error(`held for nobody: ${JSON.stringify(held())}`);
    await nextTurn();
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
