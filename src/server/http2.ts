import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { isStream } from "./answer-writer.ts";
import { Body } from "./body.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import type { Connections, Member } from "./connections.ts";
import { type Answer, type Exchange, SAID_ALWAYS } from "./exchange.ts";
import { fieldOf, readExpectation } from "./framing.ts";
import { Http2Connection } from "./http2-connection.ts";
import { Http2Faults } from "./http2-faults.ts";
import type { ListenerContext } from "./listener-context.ts";
import { headerFault, MAX_HEADER_LINES } from "./message-parser.ts";
import { requestCost } from "./pace.ts";
import { refusalAnswer } from "./refusals.ts";
import { malformed, Refusal, type Target, targetFault, targetOf } from "./request-line.ts";
import type { PeerCertificate } from "./transport.ts";

/** Requests at once on one connection; Go's default. */
const MAX_STREAMS = 250;
/** A client with more requests under way is not reading its answers: its connection is closed. */
const MAX_UNDER_WAY = 2 * MAX_STREAMS;
/**
 * Fields of a header that the runtime hands on, those that are no header lines of ours included; beyond it, it ends the
 * stream.
 */
const MAX_FIELDS = MAX_HEADER_LINES + 8;

/** A stream that a client has opened with a request. */
interface OpenStream {
  readonly incoming: Http2ServerRequest;
  readonly outgoing: Http2ServerResponse;
  readonly connection: Http2Connection;
  /** Whether anything may follow the header, as seen when it came: trailers end a stream as well. */
  readonly hasBody: boolean;
}

/** A request of HTTP/2. */
class Http2Exchange implements Exchange {
  readonly method: string;
  readonly path: Uint8Array;
  readonly query: string;
  readonly body: Body;
  drains = 0;
  isBlocked = false;
  /** What of the body waits for somebody to take it. */
  private keptBytes = 0;
  /** All of the body has come. */
  private isWhole = false;

  constructor(
    private readonly stream: OpenStream,
    { path, query }: Target,
    readonly fields: readonly string[],
    private readonly expectsContinue: boolean,
  ) {
    const { incoming, hasBody } = stream;
    this.method = incoming.method;
    this.path = path;
    this.query = query;
    const length = this.header("content-length");
    const announced = length === null || !/^\d+$/.test(length) ? null : Number(length);
    this.body = new Body(hasBody ? announced : 0, this);
    if (hasBody) this.receive(incoming);
    else this.body.finish(null);
  }

  private receive(incoming: Http2ServerRequest): void {
    const { connection } = this.stream;
    incoming.on("data", (bytes: Uint8Array) => {
      this.body.add(bytes);
      if (!this.body.isTaken) this.keep(bytes.length);
      connection.received(bytes.length);
    });
    incoming.on("end", () => {
      this.isWhole = true;
      connection.share.inTurn(this.body.receivedBytes, () => this.body.finish(null));
    });
    for (const event of ["error", "aborted", "close"]) incoming.on(event, () => this.brokeOff());
  }

  private brokeOff(): void {
    if (!this.isWhole) this.body.finish("unexpected EOF");
  }

  get client(): string {
    return this.stream.connection.client;
  }

  get source(): string {
    return this.stream.connection.source;
  }

  get isGone(): boolean {
    return this.stream.incoming.stream.destroyed;
  }

  get certificate(): string | null {
    return this.peer?.name ?? null;
  }

  get peer(): PeerCertificate | null {
    return this.stream.connection.peer;
  }

  private keep(bytes: number): void {
    this.keptBytes += bytes;
    this.stream.connection.keep(bytes);
  }

  /** For the body: it is wanted. */
  wanted(): void {
    if (this.expectsContinue) this.stream.outgoing.writeContinue();
  }

  /** For the body: nothing of it is kept any more. */
  emptied(): void {
    this.keep(-this.keptBytes);
  }

  /** The client takes what is long. */
  moved(): void {
    this.stream.connection.moved();
  }

  header(name: string): string | null {
    return fieldOf(this.fields, name);
  }

  cut(): void {
    breakOff(this.stream.incoming.stream);
  }
}

/** HTTP/2 on TLS sockets whose handshake chose it. */
export class Http2 {
  private readonly deps: ConnectionDeps;
  private readonly connections: Connections;
  private readonly server: Http2Server;
  private readonly bySession = new WeakMap<object, Http2Connection>();
  private readonly faults: Http2Faults;
  /** The connection that is being handed over: docs/workarounds.md, `http2-hand-over`. */
  private opening: Http2Connection | null = null;

  constructor({ shared, connections }: ListenerContext) {
    this.deps = shared;
    this.connections = connections;
    this.faults = new Http2Faults(shared.refusals, (session) => this.bySession.get(session));
    this.server = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS }, maxHeaderListPairs: MAX_FIELDS });
    this.server.on("session", (session) => {
      if (this.opening === null) return session.destroy();
      this.opening.begin(session);
      this.bySession.set(session, this.opening);
    });
    // An expectation is read here, in any case: node:http2 knows one spelling, and would ask for bodies that nobody
    // wants (docs/workarounds.md, `http2-expect`).
    for (const event of ["request", "checkContinue", "checkExpectation"])
      this.server.on(event, (incoming, outgoing) => void this.answer(incoming, outgoing));
    this.server.on("sessionError", (error, session) => this.faults.sessionEnds(error, session));
  }

  serve(socket: TLSSocket): Member {
    const connection = new Http2Connection(socket, this.deps.second, this.deps.pace);
    this.connections.join(connection);
    socket.on("error", () => socket.destroy());
    // Where a client ends its side the connection is over, as for Go; sockets of ours may be half open.
    socket.on("end", () => socket.destroy());
    this.faults.begin();
    socket.on("close", () => {
      this.faults.end();
      this.connections.leave(connection);
    });
    this.opening = connection;
    this.server.emit("connection", socket);
    this.opening = null;
    return connection;
  }

  private async answer(incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> {
    const { session } = incoming.stream;
    this.faults.announced(incoming.stream);
    const connection = session === undefined ? undefined : this.bySession.get(session);
    if (connection === undefined) return void incoming.destroy();
    // Streams that are reset, and requests that are sent before the answers are read, cost their work all the same.
    if (connection.requestBegins() > MAX_UNDER_WAY) return this.tooMany(connection);
    const hasBody = !incoming.stream.endAfterHeaders;
    const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
    // A client can reset a stream in the breath it opens it with; seen a turn later, such a stream costs nothing.
    await connection.turn(requestCost(incoming.method));
    if (!incoming.aborted) await this.answerOpen({ incoming, outgoing, connection, hasBody });
    await closed;
    connection.requestEnds();
  }

  private tooMany(connection: Http2Connection): void {
    const words = `more than ${MAX_UNDER_WAY} requests under way on a connection`;
    this.deps.refusals.add(new Refusal(503, "busy", words), connection);
    connection.socket.destroy();
  }

  /** Never rejects: a fault of ours is answered where it can be, and ends the stream where not. */
  private async answerOpen(stream: OpenStream): Promise<void> {
    const { incoming, outgoing, connection } = stream;
    const { method } = incoming;
    try {
      const exchange = exchangeOf(stream);
      if (exchange instanceof Refusal) await send(this.refused(exchange, stream), outgoing, method, null);
      else {
        const answer = await this.answerTo(exchange);
        // Nobody takes it any more; were it kept, the connection might not be read, and the answer never taken.
        exchange.body.drop();
        await send(answer, outgoing, method, exchange);
        if (!exchange.body.isOver) connection.dropRest(incoming.stream);
      }
      incoming.resume();
    } catch (fault) {
      const { client } = connection;
      // What ends because its client has gone is no fault of ours.
      if (!isGone(outgoing))
        this.deps.failures.note({ method, path: Buffer.from(String(incoming.url)), client }, fault);
      breakOff(outgoing.stream);
    }
  }

  private async answerTo(exchange: Http2Exchange): Promise<Answer> {
    try {
      return await this.deps.handler(exchange);
    } catch (fault) {
      return this.deps.failures.answer(exchange, fault);
    }
  }

  private refused(refusal: Refusal, { incoming, connection: { client } }: OpenStream): Answer {
    const { method, url } = incoming;
    this.deps.refusals.add(refusal, { client, method, path: Buffer.from(url.replace(/\?.*/s, ""), "latin1") });
    return refusalAnswer(refusal);
  }
}

function exchangeOf(stream: OpenStream): Http2Exchange | Refusal {
  const { url, method, headers, rawHeaders } = stream.incoming;
  const target = Buffer.from(url, "latin1");
  const fields: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    if (!rawHeaders[i]?.startsWith(":")) fields.push(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  const authority = headers[":authority"];
  if (typeof authority === "string" && fieldOf(fields, "host") === null) fields.push("host", authority);
  const fault = headerFault(target, fields) ?? targetFault(target, 0, target.length);
  const place = method === "OPTIONS" && url === "*" ? { path: target, query: "" } : targetOf(target);
  if (fault !== null || place === null) return fault ?? malformed("the target is no path");
  const expectsContinue = readExpectation(fields);
  if (expectsContinue instanceof Refusal) return expectsContinue;
  return new Http2Exchange(stream, place, fields, expectsContinue);
}

/** `exchange` learns how the client takes what is long. */
async function send(
  answer: Answer,
  outgoing: Http2ServerResponse,
  method: string,
  exchange: Http2Exchange | null,
): Promise<void> {
  const { status, headers, body } = answer;
  const head: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...SAID_ALWAYS, ...headers }))
    if (name !== "Connection") head[name.toLowerCase()] = value;
  if (body !== null && isStream(body)) {
    if (body.sizeBytes !== null) head["content-length"] = String(body.sizeBytes);
    for await (const piece of body.pieces) {
      if (isGone(outgoing)) break;
      if (!outgoing.headersSent) outgoing.writeHead(status, head);
      // The piece is borrowed until the next is asked for, and may be kept here for longer.
      if (piece.length > 0 && !outgoing.write(piece.slice())) await roomIn(outgoing, exchange);
      exchange?.moved();
    }
    if (!outgoing.headersSent && !isGone(outgoing)) outgoing.writeHead(status, head);
    return void outgoing.end();
  }
  const bytes = body === null ? null : Buffer.from(body);
  head["content-length"] = String(bytes?.length ?? 0);
  outgoing.writeHead(status, head);
  if (bytes === null || method === "HEAD") outgoing.end();
  else outgoing.end(bytes);
}

/** Ends a stream so that nobody takes what was sent for all. */
function breakOff(stream: ServerHttp2Stream | undefined): void {
  stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  stream?.destroy();
}

function isGone(outgoing: Http2ServerResponse): boolean {
  return outgoing.stream?.destroyed !== false;
}

function roomIn(outgoing: Http2ServerResponse, exchange: Http2Exchange | null): Promise<void> {
  if (exchange !== null) exchange.isBlocked = true;
  return new Promise((resolve) => {
    const settle = () => {
      outgoing.off("drain", settle).off("close", settle);
      if (exchange !== null) {
        exchange.isBlocked = false;
        exchange.drains++;
      }
      resolve();
    };
    outgoing.on("drain", settle).on("close", settle);
  });
}
