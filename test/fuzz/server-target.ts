import "./preloaded.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { AnswerHeads } from "../../src/server/answer-head.ts";
import { Connection } from "../../src/server/connection.ts";
import type { ConnectionDeps } from "../../src/server/connection-deps.ts";
import { Pace } from "../../src/server/pace.ts";
import type { Transport } from "../../src/server/transport.ts";
import { createTestApp } from "../app.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { randomHistogram } from "../scrape/random-histogram.ts";
import { CountedPool } from "./connection-target.ts";
import { Dice } from "./dice.ts";
import { hostileMessages, hostileText } from "./hostile-messages.ts";
import type { Target } from "./loop.ts";
import { randomMessages } from "./random-messages.ts";
import { seeds } from "./seeds.ts";

/** So many inputs go to one app: what was taken before decides on what is taken later. */
const INPUTS_AN_APP = 60;
/** An answer that takes more turns of the loop than this will never come. */
const MAX_TURNS = 5_000;

const PATHS = [
  "/metrics/job/j",
  "/metrics/job/j/instance/i",
  "/metrics/job@base64/ag",
  "/metrics/job/j/a/%C3%A9/le/1",
  "/metrics/job/%ff",
  "/metrics/job/j/__x/y",
  "/metrics/job/",
  "/metrics/job/j/x@base64/!",
];
const OPENMETRICS = "application/openmetrics-text; version=1.0.0";
const READS = ["/metrics", "/api/v1/metrics", "/", "/api/v1/status", "/-/healthy", "/nowhere"];
const FLAGS: readonly (readonly string[])[] = [
  [],
  ["--push.disable-consistency-check"],
  ["--push.enable-utf8-names", "--web.enable-admin-api"],
  ["--push.max-buffered-size=100KiB", "--web.max-pushes-in-flight=2", "--web.max-scrapes-in-flight=1"],
  ["--push.max-series=20", "--push.max-families=5", "--push.max-labels=3", "--push.max-label-length=64"],
  ["--store.max-groups=2", "--store.max-series=30", "--store.max-size=64KiB"],
  ["--push.max-body-size=1KiB", "--push.max-decompressed-size=2KiB"],
  ["--push.lenient-text", "--push.timestamps=drop", "--web.enable-openmetrics", "--push.aggregate={}"],
];

/** A socket that has room for what is written, or not, as chance has it. */
class FuzzTransport implements Transport {
  readonly client = "127.0.0.1:1";
  readonly source = "127.0.0.1";
  readonly peer = null;
  readonly written: Uint8Array[] = [];
  isReading = true;
  isOver = false;
  isFull = false;

  constructor(private readonly hasRoom: () => boolean) {}

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes.slice());
    this.isFull = !this.hasRoom();
    return !this.isFull;
  }

  end(): void {
    this.isOver = true;
  }

  close(): void {
    this.isOver = true;
  }

  destroy(): void {
    this.isOver = true;
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
  }

  get text(): string {
    return Buffer.concat(this.written).toString("latin1");
  }
}

/** A client: what it sends, and when it goes away, null: behind its last answer. */
interface Client {
  readonly connection: Connection;
  readonly transport: FuzzTransport;
  readonly pieces: Uint8Array[];
  leavesAfter: number | null;
  readonly requests: number;
}

/** What the input decides on, besides being the body: made from it alone. */
function diceOf(input: Uint8Array): Dice {
  return new Dice(Number(Bun.hash(input) % 1_000_003n));
}

/** Of input that a source may bring in a turn of the loop: little, so that some have to wait. */
const PACE_BYTES = 8 * 1024;

/**
 * Whole exchanges with a whole server, on connections without sockets: bodies of all kinds, in pieces, on all routes
 * that write and some that read, by several clients at once, of which some leave amid a request or its answer. No
 * answer is 500, all come, and when all have gone nothing is held: no upload, no buffer, no long answer, no snapshot,
 * no parser.
 */
export class ServerTarget implements Target {
  readonly name = "server";
  readonly maxBytes = 1 << 14;
  /** Of many requests, with turns of the loop between them. */
  readonly slowMs = 10_000;
  readonly words: readonly Uint8Array[] = [];
  readonly seeds: readonly Uint8Array[] = [...seeds.text().slice(0, 20), ...seeds.protobuf().slice(0, 20)];
  private readonly parsers = new CountedPool(4);
  private inputs = 0;
  private test = createTestApp();

  readonly read = async (input: Uint8Array): Promise<string> => {
    const dice = diceOf(input);
    if (this.inputs++ % INPUTS_AN_APP === 0) this.test = createTestApp(...dice.pick(FLAGS));
    const { test } = this;
    test.logged.length = 0;
    test.settled = settlingOf(dice);
    const clients = Array.from({ length: 1 + dice.size(4) }, (_, n) => this.client(dice, n === 0 ? input : null));
    for (const client of clients) if (dice.chance(0.5)) await this.play(dice, [client]);
    await this.play(dice, clients);
    await this.leave(clients);
    return this.outcome(clients);
  };

  private client(dice: Dice, input: Uint8Array | null): Client {
    const { front, context } = this.test;
    const fullness = dice.pick([0, 0, 0.2, 0.9]);
    const transport = new FuzzTransport(() => !dice.chance(fullness));
    const { refusals, failures } = context;
    const deps: ConnectionDeps = {
      handler: front,
      parsers: this.parsers,
      pace: new Pace(setImmediate, PACE_BYTES),
      heads: new AnswerHeads(() => 0),
      refusals,
      failures,
      second: () => 0,
      later: (run) => void setImmediate(run),
    };
    const requests = Array.from({ length: 1 + dice.size(3) }, (_, n) => requestOf(dice, n === 0 ? input : null));
    const pieces = cut(dice, Buffer.concat(requests));
    const leavesAfter = dice.chance(0.3) ? dice.below(pieces.length + 1) : null;
    return { connection: new Connection(transport, deps), transport, pieces, leavesAfter, requests: requests.length };
  }

  /** Gives the clients their turns until all have sent what they have. */
  private async play(dice: Dice, clients: readonly Client[]): Promise<void> {
    for (let turn = 0; clients.some(({ pieces, transport }) => pieces.length > 0 && !transport.isOver); turn++) {
      if (turn > MAX_TURNS) throw new Error("a client cannot send what it has: nobody reads it");
      const client = dice.pick(clients);
      step(client);
      if (dice.chance(0.2) || !client.transport.isReading) await nextTurn();
      if (dice.chance(0.02)) for (const sweep of this.test.sweeps) sweep();
    }
  }

  private async leave(clients: readonly Client[]): Promise<void> {
    for (const { connection, transport, leavesAfter } of clients) {
      if (leavesAfter !== null) connection.gone();
      else if (!transport.isOver) connection.ended();
    }
    for (let turn = 0; !this.isIdle(clients); turn++) {
      if (turn > MAX_TURNS) throw new Error(`it does not come to rest: ${JSON.stringify(this.held())}`);
      for (const { connection, transport } of clients) drain(connection, transport);
      await nextTurn();
    }
    for (const { connection } of clients) connection.gone();
    await nextTurn();
    const held = this.held();
    if (Object.values(held).some((count) => count !== 0)) throw new Error(`held for nobody: ${JSON.stringify(held)}`);
  }

  private isIdle(clients: readonly Client[]): boolean {
    const { uploads, held, answers } = this.held();
    const isAnswered = ({ connection, transport, leavesAfter }: Client) =>
      leavesAfter !== null || transport.isOver || connection.isStill;
    return uploads + held + answers === 0 && clients.every(isAnswered);
  }

  private held() {
    const { context, store } = this.test;
    context.intake.verify();
    context.longAnswers.verify();
    context.smallPushes.verify();
    const { uploads, held, bufferedBytes } = context.intake.state;
    const { snapshots } = store.stats;
    return {
      uploads,
      held,
      bufferedBytes,
      answers: context.longAnswers.inFlight,
      snapshots,
      parsers: this.parsers.lent,
    };
  }

  private outcome(clients: readonly Client[]): string {
    const failed = this.test.logged.find((line) => line.includes("answering a request failed"));
    if (failed !== undefined || this.test.failed > 0) throw new Error(`a fault of our own: ${failed}`);
    const statuses = clients.flatMap(({ transport }) => transport.text.match(/(?<=HTTP\/1\.1 )\d{3}/g) ?? []);
    if (statuses.includes("500")) throw new Error("answered 500");
    return `${[...new Set(statuses)].sort()} ${Math.min(this.test.store.stats.series, 3)}`;
  }
}

/** A client's next piece, or its end. */
function step(client: Client): void {
  const { connection, transport, pieces } = client;
  if (client.leavesAfter === 0 && !transport.isOver) {
    pieces.length = 0;
    transport.isOver = true;
    return connection.gone();
  }
  drain(connection, transport);
  const piece = transport.isReading && !transport.isOver ? pieces.shift() : undefined;
  if (piece === undefined) return;
  if (client.leavesAfter !== null) client.leavesAfter--;
  connection.data(piece);
}

function drain(connection: Connection, transport: FuzzTransport): void {
  if (!transport.isFull || transport.isOver) return;
  transport.isFull = false;
  connection.drained();
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Answers wait for a commit, or not; now and then it fails. */
function settlingOf(dice: Dice): () => Promise<Rejection | null> | null {
  const kind = dice.below(4);
  if (kind < 2) return () => null;
  const fault = kind === 2 ? null : new Rejection("unavailable", "the change could not be made durable");
  return async () => {
    await nextTurn();
    return fault;
  };
}

const PROTOBUF_MAKERS: readonly ((dice: Dice) => Uint8Array)[] = [
  hostileMessages,
  randomMessages,
  (dice) => randomHistogram(dice, dice.pick(["h", "a"])).body,
];

const ENCODINGS: readonly (readonly [name: string, compress: (bytes: Uint8Array) => Uint8Array])[] = [
  ["gzip", (bytes) => Bun.gzipSync(Buffer.from(bytes))],
  ["zstd", (bytes) => Bun.zstdCompressSync(Buffer.from(bytes))],
];

/** A request as bytes: with `input` a push of it, else one of anything. */
function requestOf(dice: Dice, input: Uint8Array | null): Buffer {
  if (input === null && dice.chance(0.3)) return readOf(dice);
  const isProtobuf = dice.chance(0.5);
  const made = isProtobuf ? dice.pick(PROTOBUF_MAKERS)(dice) : hostileText(dice);
  const plain = padded(dice, input === null || dice.chance(0.5) ? made : input, isProtobuf);
  const [encoding, compress] = dice.chance(0.3) ? dice.pick(ENCODINGS) : [null, null];
  const body = compress === null ? plain : compress(plain);
  const fields = [`${dice.chance(0.5) ? "PUT" : "POST"} ${dice.pick(PATHS)} HTTP/1.1`, "Host: a"];
  if (isProtobuf) fields.push(`Content-Type: ${PROTOBUF_TYPE}`);
  if (encoding !== null) fields.push(`Content-Encoding: ${encoding}`);
  if (dice.chance(0.1)) fields.push("Expect: 100-continue");
  const isChunked = dice.chance(0.3);
  fields.push(isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${fields.join("\r\n")}\r\n\r\n`), isChunked ? chunked(dice, body) : body]);
}

function readOf(dice: Dice): Buffer {
  const encoding = dice.chance(0.3) ? `Accept-Encoding: ${dice.pick(["gzip", "zstd"])}\r\n` : "";
  const accept = dice.chance(0.3) ? `Accept: ${dice.pick([PROTOBUF_TYPE, OPENMETRICS])}\r\n` : "";
  const line = dice.chance(0.3)
    ? `${dice.pick(["DELETE", "PUT"])} ${dice.pick([...PATHS, "/api/v1/admin/wipe"])}`
    : `GET ${dice.pick(READS)}`;
  return Buffer.from(`${line} HTTP/1.1\r\nHost: a\r\n${encoding}${accept}\r\n`);
}

/** Now and then so large that it needs a share of the budget. */
function padded(dice: Dice, body: Uint8Array, isProtobuf: boolean): Uint8Array {
  if (!dice.chance(0.1)) return body;
  const filler = Buffer.alloc(70_000 + dice.below(100_000), " ");
  if (!isProtobuf) return Buffer.concat([body, Buffer.from("\n#"), filler, Buffer.from("\n")]);
  return Buffer.concat([body, Buffer.from([0]), body]);
}

function chunked(dice: Dice, body: Uint8Array): Buffer {
  const chunks = cut(dice, body).map((chunk) =>
    Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]),
  );
  return Buffer.concat([...chunks, Buffer.from("0\r\n\r\n")]);
}

/** The same bytes in some pieces, none of them empty. */
function cut(dice: Dice, bytes: Uint8Array): Uint8Array[] {
  const places = Array.from({ length: dice.size(8) }, () => dice.below(bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...places]
    .map((start, n) => bytes.slice(start, places[n] ?? bytes.length))
    .filter(({ length }) => length > 0);
}
