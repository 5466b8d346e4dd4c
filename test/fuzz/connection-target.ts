import { AnswerHeads } from "../../src/server/answer-head.ts";
import { Connection } from "../../src/server/connection.ts";
import type { ConnectionDeps } from "../../src/server/connection-deps.ts";
import type { Answer, Answers, Exchange } from "../../src/server/exchange.ts";
import { Failures } from "../../src/server/failures.ts";
import { type MessageParser, ParserPool } from "../../src/server/message-parser.ts";
import { Pace } from "../../src/server/pace.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeTransport } from "../server/fake-transport.ts";
import { RawTraffic } from "../server/raw-traffic.ts";
import { SMALL_CORPUS } from "../server/small-corpus.ts";
import { Dice } from "./dice.ts";
import type { Target } from "./loop.ts";
import { encoded } from "./seeds.ts";

const WORDS = encoded([
  "Content-Length: 4\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Expect: 100-continue\r\n",
  "Connection: close\r\n",
  "\r\n\r\n",
  "\n",
  "0\r\n\r\n",
  "HTTP/1.0",
  "PUT /a HTTP/1.1\r\nHost: x\r\n",
]);
const SEEDS = 60;
/**
 * Turns of the microtask queue in which every answer is given, and more for each byte: requests come one behind the
 * other.
 */
const TURNS = 60;
/** Inputs up to here are cut at every byte. */
const SMALL_BYTES = 300;

/** What can be seen of one connection. */
interface Run {
  /** Each request as its handler saw it. */
  readonly exchanges: string[];
  /** What was sent, less what may depend on when bytes come: "100 Continue", and when the end is announced. */
  readonly sent: string;
}

export class CountedPool extends ParserPool {
  lent = 0;

  override lend(): MessageParser {
    this.lent++;
    return super.lend();
  }

  override giveBack(parser: MessageParser): void {
    this.lent--;
    super.giveBack(parser);
  }
}

const empty = (status: number): Answer => ({ status, headers: {}, body: null });

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const text of ["one", "two"]) yield Buffer.from(text);
}

/** Answers at once, later, in pieces; with the body, a part of it, or without. */
function answer(exchange: Exchange, seen: string[]): Answers {
  const { method, path, query, fields, body } = exchange;
  const n = seen.push(`${method} ${Buffer.from(path).toString("latin1")} ${query} ${fields.join("|")}`) - 1;
  if (method === "OPTIONS") return { status: 200, headers: {}, body: { sizeBytes: null, pieces: pieces() } };
  if (method === "HEAD") return { status: 200, headers: {}, body: { sizeBytes: 6, pieces: pieces() } };
  if (method === "DELETE") return Promise.resolve(empty(202));
  if (method !== "POST" && method !== "PUT") return { status: 405, headers: {}, body: "no\n" };
  const whole = method === "PUT" ? body.takeWhole(1000) : null;
  if (whole !== null) {
    seen[n] += ` ${Buffer.from(whole).toString("latin1")}`;
    return empty(200);
  }
  return new Promise((resolve) => {
    const taken: Uint8Array[] = [];
    const end = (fault: string | null) => {
      seen[n] += fault === null ? ` ${Buffer.concat(taken).toString("latin1")}` : " cut";
      resolve(empty(fault === null ? 200 : 400));
    };
    body.receive({ piece: (bytes) => void taken.push(bytes), end });
  });
}

/** Gives connections their bytes in pieces, and says how that went. */
class ConnectionTarget implements Target {
  readonly name = "connection";
  readonly words = WORDS;
  readonly maxBytes = 1 << 12;
  readonly seeds: Uint8Array[];
  private readonly parsers = new CountedPool(4);
  private failed = 0;

  constructor() {
    const traffic = new RawTraffic(new Dice(7));
    const texts = Array.from({ length: SEEDS }, (_, n) => traffic.next(n).text);
    this.seeds = [...SMALL_CORPUS.map(({ text }) => text), ...texts].map((text) => Buffer.from(text, "latin1"));
  }

  async read(input: Uint8Array): Promise<string> {
    const whole = await this.run([input]);
    for (const cuts of cutsOf(input)) {
      const split = await this.run(cuts);
      const [ours, theirs] = [JSON.stringify(whole), JSON.stringify(split)];
      if (ours !== theirs) throw new Error(`in one piece ${ours}, in ${cuts.length} pieces ${theirs}`);
    }
    const ended = JSON.stringify(await this.run([input], true));
    if (ended !== JSON.stringify(whole)) throw new Error(`ended later ${JSON.stringify(whole)}, at once ${ended}`);
    const statuses = whole.sent.match(/HTTP\/1\.[01] \d{3}/g) ?? [];
    return `${whole.exchanges.map((seen) => seen.split(" ")[0])} ${statuses}`.slice(0, 200);
  }

  /** With `endsAtOnce` its client says no more before anything is answered. */
  private async run(given: readonly Uint8Array[], endsAtOnce = false): Promise<Run> {
    const transport = new FakeTransport();
    const exchanges: string[] = [];
    const connection = new Connection(transport, this.deps(exchanges));
    for (const piece of given) {
      if (!transport.isReading) await turns(transport, 0);
      if (!transport.isReading) throw new Error("it reads no more, and nothing is under way");
      connection.data(piece);
    }
    const bytes = given.reduce((sum, { length }) => sum + length, 0);
    if (!endsAtOnce) await turns(transport, bytes);
    if (!transport.isOver) connection.ended();
    await turns(transport, bytes);
    if (!transport.isOver) throw new Error("it stays open behind its client's end");
    connection.gone();
    if (this.failed > 0) throw new Error(`${this.failed} failures of our own`);
    if (this.parsers.lent !== 0) throw new Error(`${this.parsers.lent} parsers were not given back`);
    return {
      exchanges,
      sent: transport.text.replaceAll(/HTTP\/1\.1 100 Continue\r\n\r\n|Connection: [a-z-]+\r\n/g, ""),
    };
  }

  private deps(exchanges: string[]): ConnectionDeps {
    const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
    return {
      handler: (exchange) => answer(exchange, exchanges),
      parsers: this.parsers,
      pace: new Pace(queueMicrotask, PACE_BYTES),
      heads: new AnswerHeads(() => 0),
      refusals: new Refusals({ count: () => {}, note: () => {}, log, now: () => 0 }),
      failures: new Failures({ count: () => this.failed++, log, now: () => 0 }),
      second: () => 0,
      later: (run) => run(),
    };
  }
}

/** So little that most inputs take several turns of their source. */
const PACE_BYTES = 2100;

async function turns(transport: FakeTransport, bytes: number): Promise<void> {
  for (let turn = 0; turn < TURNS || (turn < TURNS + bytes && !transport.isOver); turn++) await null;
}

/** Ways to cut an input, the same for the same input: a few pieces, and a byte each. */
function cutsOf(input: Uint8Array): Uint8Array[][] {
  const dice = new Dice(Number(Bun.hash(input) % 1_000_003n));
  const places = Array.from({ length: 1 + dice.below(5) }, () => dice.below(input.length + 1)).sort((a, b) => a - b);
  const few = [0, ...places].map((start, n) => input.slice(start, places[n] ?? input.length));
  const ways = [few.filter(({ length }) => length > 0)];
  if (input.length <= SMALL_BYTES) ways.push(Array.from(input, (_, n) => input.slice(n, n + 1)));
  return ways;
}

export const connectionTarget = (): Target => new ConnectionTarget();
