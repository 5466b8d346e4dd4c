import type { ServerHttp2Session } from "node:http2";

/** What this asks of a socket; TLSSocket has it. */
export interface ConnectionSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  destroy(): unknown;
  /** Ends it when all that was written has gone. */
  destroySoon(): void;
}

/** One client's connection: the requests under way on it, and whether it stands still. Times are of a monotonic clock. */
export class TlsConnection {
  /** It is ended when nothing has moved for so long. Infinity: never. */
  idleMs: number;
  /** Of HTTP/2 only. */
  session: ServerHttp2Session | null = null;
  private readonly headerMs: number;
  private underWay = 0;
  private isFinishing = false;
  /** What had moved, and when that was seen. */
  private movedBytes = 0;
  private movedMs: number;
  /** When the client was seen to owe us the rest of a request's header; null: it owes nothing. */
  private owesSinceMs: number | null;
  /** What had been read when the last request was answered. */
  private readBytes = 0;

  /** `headerMs` is what a client gets for its first request, and for the header of each. */
  constructor(
    readonly socket: ConnectionSocket,
    limits: { readonly idleMs: number; readonly headerMs: number },
    nowMs: number,
  ) {
    this.idleMs = limits.idleMs;
    this.headerMs = limits.headerMs;
    this.movedMs = nowMs;
    this.owesSinceMs = nowMs;
  }

  /** Gives how many requests are under way with this one. */
  requestBegins(): number {
    this.owesSinceMs = null;
    return ++this.underWay;
  }

  requestEnds(): void {
    this.underWay--;
    this.readBytes = this.socket.bytesRead;
    if (this.isFinishing && this.underWay === 0) this.close();
  }

  /** Ends the connection when its requests are answered, or at once. */
  finish(force: boolean): void {
    this.isFinishing = true;
    if (force) this.socket.destroy();
    else if (this.underWay === 0) this.close();
    else this.session?.close();
  }

  /** Ends the connection if no request is under way on it. */
  shed(): void {
    if (this.underWay === 0) this.close();
  }

  /** Ends the connection if it has stood still for too long. To be called every second or so. */
  check(nowMs: number): void {
    const { bytesRead, bytesWritten } = this.socket;
    if (bytesRead + bytesWritten !== this.movedBytes) {
      this.movedBytes = bytesRead + bytesWritten;
      this.movedMs = nowMs;
    }
    if (this.underWay === 0 && this.session === null && bytesRead > this.readBytes) this.owesSinceMs ??= nowMs;
    const isSlow = this.owesSinceMs !== null && nowMs - this.owesSinceMs > this.headerMs;
    if (isSlow || nowMs - this.movedMs > this.idleMs) this.socket.destroy();
  }

  private close(): void {
    // A client that never closes its side would hold up the end of the server.
    if (this.session === null) this.socket.destroySoon();
    else this.session.close(() => this.socket.destroySoon());
  }
}
