import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";

/** Where a server is, and the address of this machine that clients come from. */
export interface Target {
  readonly port: number;
  readonly isSecure: boolean;
  readonly from: string;
}

/** What came back: its status, and how many bytes its body has. */
export interface Outcome {
  readonly status: number;
  readonly bodyBytes: number;
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** Opens a connection from the target's address; rejects where it is refused, or not there in `limitMs`. */
function openSocket({ port, isSecure, from }: Target, limitMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const place = { port, host: "127.0.0.1", localAddress: from };
    const socket = isSecure ? connectSecurely({ ...place, rejectUnauthorized: false }) : connect(place);
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error("no connection in time"));
    }, limitMs);
    const fail = () => {
      clearTimeout(timer);
      reject(new Error("no connection"));
    };
    socket.once("error", fail).once("close", fail);
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", fail).off("close", fail);
      resolve(socket);
    });
  });
}

/** One connection of an honest client, for one request after the other. Of bodies only the size is looked at. */
export class Line {
  private buffered: Buffer = Buffer.alloc(0);
  private wake = () => {};
  isClosed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly limitMs: number,
  ) {
    socket.on("data", (bytes: Buffer) => {
      this.buffered = this.buffered.length === 0 ? bytes : Buffer.concat([this.buffered, bytes]);
      this.wake();
    });
    const closed = () => {
      this.isClosed = true;
      this.wake();
    };
    socket.on("end", closed).on("close", closed).on("error", closed);
  }

  static async open(target: Target, limitMs: number): Promise<Line> {
    return new Line(await openSocket(target, limitMs), limitMs);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next answer; throws where there is none that is whole. One that says so is the last of its connection. */
  async answer(): Promise<Outcome> {
    const { outcome, isLast } = await this.read(performance.now() + this.limitMs);
    if (isLast) this.isClosed = true;
    return outcome;
  }

  private async read(endMs: number): Promise<{ outcome: Outcome; isLast: boolean }> {
    await this.until(() => this.buffered.includes(HEAD_END), endMs);
    const end = this.buffered.indexOf(HEAD_END);
    const head = this.buffered.subarray(0, end).toString("latin1");
    this.buffered = this.buffered.subarray(end + HEAD_END.length);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    const isLast = /\r\nconnection: close/i.test(head);
    if (length !== undefined) return { outcome: { status, bodyBytes: await this.drop(Number(length), endMs) }, isLast };
    const bodyBytes = /\r\ntransfer-encoding: chunked/i.test(head) ? await this.dropChunks(endMs) : 0;
    return { outcome: { status, bodyBytes }, isLast };
  }

  private async drop(sizeBytes: number, endMs: number): Promise<number> {
    let left = sizeBytes;
    while (left > 0) {
      await this.until(() => this.buffered.length > 0, endMs);
      const taken = Math.min(left, this.buffered.length);
      this.buffered = this.buffered.subarray(taken);
      left -= taken;
    }
    return sizeBytes;
  }

  private async dropChunks(endMs: number): Promise<number> {
    let bytes = 0;
    while (!this.buffered.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) {
      const before = this.buffered.length;
      await this.until(() => this.buffered.length > before, endMs);
      bytes += Math.max(0, this.buffered.length - 16);
      this.buffered = this.buffered.subarray(-16);
    }
    this.buffered = Buffer.alloc(0);
    return bytes;
  }

  private async until(holds: () => boolean, endMs: number): Promise<void> {
    while (!holds()) {
      if (this.isClosed) throw new Error("closed before the answer was whole");
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error("not answered in time");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }
}
