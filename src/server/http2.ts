import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { isStream } from "./answer-writer.ts";
import { Body } from "./body.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import { type Crowd, type Member, rankOf, STILL_SECONDS } from "./crowd.ts";
import type { Door } from "./door.ts";
import { type Answer, type Exchange, SAID_ALWAYS } from "./exchange.ts";
import { fieldOf, readExpectation } from "./framing.ts";
import { headerFault, MAX_HEADER_LINES } from "./message-parser.ts";
import { type Pace, REQUEST_BYTES, type Share } from "./pace.ts";
import { refusalAnswer } from "./refusals.ts";
import { malformed, type Place, placeOf, Refusal, targetFault } from "./request-line.ts";
import { sourceOf } from "./source.ts";
import { certificateOf, clientOf } from "./transport.ts";

/** Requests at once on one connection; Go's default. */
const MAX_STREAMS = 250;
/** A client with more requests under way is not reading its answers: its connection is closed. */
const MAX_UNDER_WAY = 2 * MAX_STREAMS;
/**
 * Fields of a header that the runtime hands on, those that are no header lines of ours included; beyond it, it ends the
 * stream.
 */
const MAX_FIELDS = MAX_HEADER_LINES + 8;
/** What a client gets for its first request, and for the rest of a body that nobody wants. */
const FIRST_SECONDS = 12;
const IDLE_SECONDS = 255;

/** A connection of HTTP/2: the requests under way on it. */
class Http2Connection implements Member {
  private underWay = 0;
  private isFinishing = false;
  private session: ServerHttp2Session | null = null;
  private movedSecond: number;
  private movedBytes = 0;
  private hasAsked = false;
  /** Streams that are answered and still bring something, with the second since when. */
  private readonly leftOver = new Map<ServerHttp2Stream, number>();
  readonly source: string;
  readonly share: Share;

  constructor(
    readonly socket: TLSSocket,
    private readonly second: () => number,
    pace: Pace,
  ) {
    this.movedSecond = second();
    this.source = sourceOf(socket.remoteAddress);
    this.share = pace.join(this.source);
    socket.once("close", () => pace.leave(this.share));
  }

  /** Settled in a turn of the loop in which its source may go on. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      if (this.share.isOver) this.share.wait({ goOn: resolve });
      else setImmediate(resolve);
    });
  }

  get client(): string {
    return clientOf(this.socket);
  }

  get isStill(): boolean {
    return this.underWay === 0 || this.second() - this.movedSecond >= STILL_SECONDS;
  }

  get rank(): number {
    return rankOf(this.underWay > 0 ? "under way" : this.hasAsked ? "asked" : "silent", this.movedSecond);
  }

  begin(session: ServerHttp2Session): void {
    this.session = session;
  }

  /** Gives how many requests are under way with this one. */
  requestBegins(): number {
    this.hasAsked = true;
    this.movedSecond = this.second();
    return ++this.underWay;
  }

  requestEnds(): void {
    this.underWay--;
    this.movedSecond = this.second();
    if (this.isFinishing && this.underWay === 0) this.close();
  }

  finish(isForced: boolean): void {
    this.isFinishing = true;
    if (isForced) this.socket.destroy();
    else if (this.underWay === 0) this.close();
    else this.session?.close();
  }

  /** The stream is answered; what it still brings is dropped, for a while. */
  dropRest(stream: ServerHttp2Stream): void {
    this.leftOver.set(stream, this.second());
    stream.once("close", () => this.leftOver.delete(stream));
  }

  /** Between requests only a request counts as a move: pings cost nothing and say nothing. */
  check(): void {
    for (const [stream, second] of this.leftOver)
      if (this.second() - second >= FIRST_SECONDS) stream.close(constants.NGHTTP2_NO_ERROR);
    const movedBytes = this.socket.bytesRead + this.socket.bytesWritten;
    if (this.underWay > 0 && movedBytes !== this.movedBytes) this.movedSecond = this.second();
    this.movedBytes = movedBytes;
    if (this.second() - this.movedSecond >= (this.hasAsked ? IDLE_SECONDS : FIRST_SECONDS)) this.socket.destroy();
  }

  private close(): void {
    // A client that never closes its side would hold up the end of the server.
    if (this.session === null) this.socket.destroySoon();
    else this.session.close(() => this.socket.destroySoon());
  }
}

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

  constructor(
    private readonly stream: OpenStream,
    { path, query }: Place,
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
    incoming.pause();
    incoming.on("data", (bytes: Uint8Array) => {
      this.stream.connection.share.charge(bytes.length);
      this.body.add(bytes);
    });
    incoming.on("end", () => this.body.finish(null));
    for (const event of ["error", "aborted", "close"]) incoming.on(event, () => this.body.finish("unexpected EOF"));
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
    return certificateOf(this.stream.connection.socket);
  }

  /** For the body: it is wanted. */
  wanted(): void {
    const { incoming, outgoing } = this.stream;
    if (this.expectsContinue) outgoing.writeContinue();
    incoming.resume();
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
  private readonly crowd: Crowd;
  private readonly server: Http2Server;
  private readonly connections = new WeakMap<object, Http2Connection>();
  /** The connection that is being handed over: docs/workarounds.md, `http2-hand-over`. */
  private opening: Http2Connection | null = null;

  constructor({ connection, crowd }: Door) {
    this.deps = connection;
    this.crowd = crowd;
    this.server = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS }, maxHeaderListPairs: MAX_FIELDS });
    this.server.on("session", (session) => {
      if (this.opening === null) return session.destroy();
      this.opening.begin(session);
      this.connections.set(session, this.opening);
    });
    // An expectation is read here, in any case: node:http2 knows one spelling, and would ask for bodies that nobody
    // wants (docs/workarounds.md, `http2-expect`).
    for (const event of ["request", "checkContinue", "checkExpectation"])
      this.server.on(event, (incoming, outgoing) => void this.answer(incoming, outgoing));
    this.server.on("sessionError", () => {});
  }

  serve(socket: TLSSocket): Member {
    const connection = new Http2Connection(socket, this.deps.second, this.deps.pace);
    this.crowd.join(connection);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.crowd.leave(connection));
    this.opening = connection;
    this.server.emit("connection", socket);
    this.opening = null;
    return connection;
  }

  private async answer(incoming: Http2ServerRequest, outgoing: Http2ServerResponse): Promise<void> {
    const { session } = incoming.stream;
    const connection = session === undefined ? undefined : this.connections.get(session);
    if (connection === undefined) return void incoming.destroy();
    // Streams that are reset, and requests that are sent before the answers are read, cost their work all the same.
    if (connection.requestBegins() > MAX_UNDER_WAY) return this.tooMany(connection);
    const hasBody = !incoming.stream.endAfterHeaders;
    const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
    // A client can reset a stream in the breath it opens it with; seen a turn later, such a stream costs nothing.
    connection.share.charge(REQUEST_BYTES);
    await connection.turn();
    if (!incoming.aborted) await this.answerOpen({ incoming, outgoing, connection, hasBody });
    await closed;
    connection.requestEnds();
  }

  private tooMany({ socket, client }: Http2Connection): void {
    const words = `more than ${MAX_UNDER_WAY} requests under way on a connection`;
    this.deps.refusals.add(new Refusal(503, "busy", words), client);
    socket.destroy();
  }

  /** Never rejects: a fault of ours is answered where it can be, and ends the stream where not. */
  private async answerOpen(stream: OpenStream): Promise<void> {
    const { incoming, outgoing, connection } = stream;
    const { method } = incoming;
    try {
      const exchange = exchangeOf(stream);
      if (exchange instanceof Refusal) await send(this.refused(exchange, connection), outgoing, method, null);
      else {
        await send(await this.answerTo(exchange), outgoing, method, exchange);
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

  private refused(refusal: Refusal, connection: Http2Connection): Answer {
    this.deps.refusals.add(refusal, connection.client);
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
  const place = method === "OPTIONS" && url === "*" ? { path: target, query: "" } : placeOf(target);
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
