import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { RefusalReason } from "../../src/model/refusals.ts";
import type { Member } from "../../src/server/connections.ts";
import type { Answers, Exchange } from "../../src/server/exchange.ts";
import { Failures } from "../../src/server/failures.ts";
import { Http2 } from "../../src/server/http2.ts";
import { ListenerContext } from "../../src/server/listener-context.ts";
import { Refusals } from "../../src/server/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { dataFrame, headersFrame, PREFACE, windowFrame } from "../e2e/http2-frames.ts";

const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const RESET = 3;
const GOAWAY = 7;
const PING = 6;
const WINDOW_UPDATE = 8;
const DEFAULT_WINDOW = 65_535;
const MAX_FRAME_BYTES = 16_384;

/** A server of HTTP/2 on sockets without TLS, its clock in the test's hand. */
export class Http2Stand {
  readonly refused: RefusalReason[] = [];
  readonly logged: string[] = [];
  readonly members = new Set<Member>();
  nowMs = 0;
  /** What is to be done in a later turn of the loop waits while this is false. */
  isTurning = true;
  private readonly waiting: (() => void)[] = [];
  handler: (exchange: Exchange) => Answers = () => ({ status: 200, headers: {}, body: "fine" });

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Http2Stand> {
    // As the listener of TLS.
    const server = createServer({ allowHalfOpen: true });
    const stand = new Http2Stand(server);
    const http2 = stand.http2();
    // What it needs of a TLS socket any socket has.
    server.on("connection", (socket) => {
      const member = http2.serve(socket as TLSSocket);
      stand.members.add(member);
      socket.on("close", () => stand.members.delete(member));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return stand;
  }

  private http2(): Http2 {
    const log = createLog({ level: "debug", format: "logfmt", write: (line) => this.logged.push(line), now: () => 0 });
    const told = { log, now: () => 0 };
    const context = new ListenerContext({
      handler: (exchange) => this.handler(exchange),
      maxConnections: 100,
      giveWay: () => false,
      countLimit: () => {},
      refusals: new Refusals({ ...told, count: (reason) => this.refused.push(reason), note: () => {} }),
      failures: new Failures({ ...told, count: () => {} }),
      log,
      clock: {
        now: () => 0,
        nowMs: () => this.nowMs,
        after: (ms, run) => {
          if (!this.isTurning) this.waiting.push(run);
          else if (ms === 0) setImmediate(run);
          else setTimeout(run, ms);
        },
        every: () => {},
      },
    });
    return new Http2(context);
  }

  /** What waited for a later turn has it. */
  turn(): void {
    this.isTurning = true;
    this.oneTurn();
  }

  /** The same, and what comes of it waits for the turn after. */
  oneTurn(): void {
    for (const run of this.waiting.splice(0)) setImmediate(run);
  }

  /** `speaks`: with the preface of HTTP/2. */
  async client(speaks = true): Promise<FrameClient> {
    const address = this.server.address();
    const socket = connect({ host: "127.0.0.1", port: typeof address === "object" ? (address?.port ?? 0) : 0 });
    await once(socket, "connect");
    if (speaks) socket.write(PREFACE);
    return new FrameClient(socket);
  }

  [Symbol.dispose](): void {
    this.server.close();
  }
}

/** A client of HTTP/2 that sends the frames it is given, and as much of a body as it was given windows for. */
export class FrameClient {
  isClosed = false;
  /** Bytes of bodies that were sent, and that came in answers. */
  sentBytes = 0;
  takenBytes = 0;
  /** Streams that were answered, and reset, and whether the server ends the connection. */
  readonly answered = new Set<number>();
  readonly reset = new Set<number>();
  isAway = false;
  /** Its pings that were answered: all that was sent before them has been read. */
  pongs = 0;
  /** Gives no window for what is answered. */
  isStill = false;
  private received: Buffer = Buffer.alloc(0);
  private window = DEFAULT_WINDOW;
  private readonly bodies = new Map<number, { window: number; left: number }>();

  constructor(private readonly socket: Socket) {
    socket.on("data", (bytes: Buffer) => this.take(bytes));
    socket.on("close", () => (this.isClosed = true));
    socket.on("error", () => {});
  }

  write(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** A request with a body of so many line feeds, as windows allow. */
  ask(stream: number, fields: Readonly<Record<string, string>>, bodyBytes = 0): void {
    this.write(headersFrame(stream, fields, bodyBytes === 0));
    if (bodyBytes === 0) return;
    this.bodies.set(stream, { window: DEFAULT_WINDOW, left: bodyBytes });
    this.sendOn();
  }

  private sendOn(): void {
    for (const [stream, body] of this.bodies)
      while (this.window > 0 && body.window > 0) {
        const sizeBytes = Math.min(MAX_FRAME_BYTES, this.window, body.window, body.left);
        body.left -= sizeBytes;
        body.window -= sizeBytes;
        this.window -= sizeBytes;
        this.sentBytes += sizeBytes;
        this.write(dataFrame(stream, "\n".repeat(sizeBytes), body.left === 0));
        if (body.left > 0) continue;
        this.bodies.delete(stream);
        break;
      }
  }

  private take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    while (this.received.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + this.received.readUIntBE(0, 3);
      if (this.received.length < end) break;
      const [type, stream] = [this.received.readUInt8(3), this.received.readUInt32BE(5)];
      this.frame(type, stream, this.received.subarray(FRAME_HEAD_BYTES, end));
      this.received = this.received.subarray(end);
    }
    this.sendOn();
  }

  private frame(type: number, stream: number, payload: Buffer): void {
    if (type === WINDOW_UPDATE) this.widen(stream, payload.readUInt32BE(0));
    if (type === DATA) this.takeData(stream, payload.length);
    if (type === HEADERS) this.answered.add(stream);
    if (type === RESET) this.reset.add(stream);
    if (type === PING) this.pongs++;
    if (type === GOAWAY) this.isAway = true;
  }

  private widen(stream: number, sizeBytes: number): void {
    const body = this.bodies.get(stream);
    if (stream === 0) this.window += sizeBytes;
    else if (body !== undefined) body.window += sizeBytes;
  }

  private takeData(stream: number, sizeBytes: number): void {
    this.takenBytes += sizeBytes;
    if (this.isStill || sizeBytes === 0) return;
    this.write(windowFrame(0, sizeBytes), windowFrame(stream, sizeBytes));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
