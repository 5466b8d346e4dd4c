import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { type Member, rankOf, STILL_SECONDS } from "./connections.ts";
import type { Pace, Share } from "./pace.ts";
import { sourceOf } from "./source.ts";
import { clientOf, Peer, type PeerCertificate } from "./transport.ts";

/** What a client gets for its first request, and for the rest of a body that nobody wants. */
const FIRST_SECONDS = 12;
const IDLE_SECONDS = 255;
/** What is kept of all bodies that nobody took yet; beyond it nothing more of the connection is read. */
const MAX_KEPT_BYTES = 256 * 1024;

/** A connection of HTTP/2: the requests under way on it. */
export class Http2Connection implements Member {
  private underWay = 0;
  /** No request is to follow those that are under way. */
  isFinishing = false;
  private session: ServerHttp2Session | null = null;
  private movedSecond: number;
  private hasAsked = false;
  /** Streams that are answered and still bring something, with the second since when. */
  private readonly leftOver = new Map<ServerHttp2Stream, number>();
  private keptBytes = 0;
  private isReading = true;
  /** What came in was enough for this turn of its source. */
  private isHeld = false;
  readonly source: string;
  readonly share: Share;
  private readonly other: Peer;

  constructor(
    readonly socket: TLSSocket,
    private readonly second: () => number,
    pace: Pace,
  ) {
    this.movedSecond = second();
    this.other = new Peer(socket);
    this.source = sourceOf(socket.remoteAddress);
    this.share = pace.join(this.source);
    socket.once("close", () => pace.leave(this.share));
  }

  get peer(): PeerCertificate | null {
    return this.other.certificate;
  }

  /** Settled in a later turn of the loop in which its source may go on with something of that cost. */
  turn(costBytes: number): Promise<void> {
    this.holdForTurn();
    return new Promise((resolve) => this.share.inTurn(costBytes, () => setImmediate(resolve)));
  }

  /** Where its source had enough of this turn of the loop, nothing more is read until the next. */
  private holdForTurn(): void {
    if (!this.share.isOver || this.isHeld) return;
    this.isHeld = true;
    this.share.wait({
      goOn: () => {
        this.isHeld = false;
        this.setReading();
      },
    });
    this.setReading();
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

  /** Returns how many requests are under way with this one. */
  requestBegins(): number {
    this.hasAsked = true;
    this.moved();
    return ++this.underWay;
  }

  requestEnds(): void {
    this.underWay--;
    this.moved();
    if (this.isFinishing && this.underWay === 0) this.close();
  }

  /** The client has brought something of a body, or taken something of an answer. */
  moved(): void {
    this.movedSecond = this.second();
  }

  /** Some of a body has come in. */
  received(bytes: number): void {
    this.moved();
    this.share.charge(bytes);
    this.holdForTurn();
  }

  /** Adds to the bytes of bodies that are kept until they are taken; a negative number takes off. */
  keep(bytes: number): void {
    this.keptBytes += bytes;
    this.setReading();
  }

  private setReading(): void {
    const isReading = !this.isHeld && this.keptBytes <= MAX_KEPT_BYTES;
    if (isReading === this.isReading) return;
    this.isReading = isReading;
    setReading(this.socket, isReading);
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
    if (this.second() - this.movedSecond >= (this.hasAsked ? IDLE_SECONDS : FIRST_SECONDS)) this.socket.destroy();
  }

  private close(): void {
    // A client that never closes its side would hold up the end of the server.
    if (this.session === null) this.socket.destroySoon();
    else this.session.close(() => this.socket.destroySoon());
  }
}

/**
 * Stops or goes on reading a socket that a session of HTTP/2 was bound to: that reads past the socket's own `pause`,
 * from the handle below it (docs/workarounds.md, `http2-pause`).
 */
function setReading(socket: TLSSocket, isReading: boolean): void {
  const handle = "_handle" in socket ? socket._handle : null;
  if (typeof handle !== "object" || handle === null) return;
  const name = isReading ? "resume" : "pause";
  const change = Reflect.get(handle, name);
  if (typeof change === "function") Reflect.apply(change, handle, []);
}
