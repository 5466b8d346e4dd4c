import type { ServerHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";

/** A connection on which nothing moves is ended after so long; one whose client has begun a request or none yet, after the less. */
export interface ConnectionLimits {
  readonly idleMs: number;
  readonly headerMs: number;
}

/** One client's connection: the requests under way on it, and whether it stands still. Times are of a monotonic clock. */
export class TlsConnection {
  /** Of HTTP/2 only. */
  session: ServerHttp2Session | null = null;
  private underWay = 0;
  private isFinishing = false;
  /** What had moved, and when that was seen. */
  private movedBytes = 0;
  private movedMs: number;
  /** When the client was seen to owe us the rest of a request's header; null: it owes nothing. */
  private owesSinceMs: number | null;
  /** What had been read when the last request was answered. */
  private readBytes = 0;

  constructor(
    readonly socket: TLSSocket,
    nowMs: number,
  ) {
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

  /** Ends the connection if it has stood still for too long. To be called every second or so. */
  check(nowMs: number, limits: ConnectionLimits): void {
    const { bytesRead, bytesWritten } = this.socket;
    if (bytesRead + bytesWritten !== this.movedBytes) {
      this.movedBytes = bytesRead + bytesWritten;
      this.movedMs = nowMs;
    }
    if (this.underWay === 0 && this.session === null && bytesRead > this.readBytes) this.owesSinceMs ??= nowMs;
    const isSlow = this.owesSinceMs !== null && nowMs - this.owesSinceMs > limits.headerMs;
    if (isSlow || nowMs - this.movedMs > limits.idleMs) this.socket.destroy();
  }

  private close(): void {
    // A client that never closes its side would hold up the end of the server.
    if (this.session === null) this.socket.destroySoon();
    else this.session.close(() => this.socket.destroySoon());
  }
}
