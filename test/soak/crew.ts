import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { Line, type Target } from "./line.ts";

/** What a hostile client does with the answers; "plain" speaks no TLS even where the server does. */
export type Reading = "all" | "unread" | "slowly" | "left at once" | "plain";

/** No more connections are held open by the crew. */
const MAX_OPEN = 5_000;
const LEAVE_MS = 8_000;
const SLOW_READ_MS = 500;
const DRIP_MS = 500;
const LIMIT_MS = 60_000;

/** The hostile clients of one act. */
export class Crew {
  private readonly open = new Set<Socket>();
  private readonly made = new Map<string, Uint8Array>();
  private counted = 0;
  private isAsking = false;

  constructor(
    private readonly target: Target,
    private readonly random: () => number,
  ) {}

  /** 0, 1, 2 and so on. */
  count(): number {
    return this.counted++;
  }

  /** A header that lets nobody in. */
  wrongPassword(user: string): string {
    return `Authorization: Basic ${btoa(`${user}:${this.random()}`)}`;
  }

  /** Opens connections, writes to each, and leaves them after a while. */
  crowd(count: number, start: string | Uint8Array, reading: Reading = "all"): void {
    for (let n = 0; n < count; n++) this.add(start, reading);
  }

  /** Crowd that bring a byte now and then. */
  drip(count: number, start: string): void {
    for (let n = 0; n < count; n++) {
      const socket = this.add(start, "all");
      if (socket === null) return;
      const dripping = setInterval(() => socket.write("#"), DRIP_MS);
      socket.on("close", () => clearInterval(dripping));
    }
  }

  /** What is made under a name, the first time. */
  once(name: string, make: () => Uint8Array): Uint8Array {
    const bytes = this.made.get(name) ?? make();
    this.made.set(name, bytes);
    return bytes;
  }

  /** Pushes a body, and perhaps asks for something behind it. */
  push(count: number, path: string, bytes: Uint8Array, fields = "X: y", behind = ""): void {
    const start = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    this.crowd(count, Buffer.concat([Buffer.from(start), bytes, Buffer.from(behind)]));
  }

  /** So many connections that ask for one thing after the other, from the first call on. */
  keepAsking(count: number, request: string | (() => string)): void {
    if (this.isAsking) return;
    this.isAsking = true;
    const next = typeof request === "string" ? () => request : request;
    for (let n = 0; n < count; n++) void this.askOn(next);
  }

  /** The answer's status. */
  async ask(request: Uint8Array): Promise<number> {
    const line = await Line.open(this.target, LIMIT_MS);
    line.send(request);
    const { status } = await line.answer();
    line.close();
    return status;
  }

  /** Crowd of HTTP/2, to which frames are written. */
  http2(count: number, make: () => Uint8Array): void {
    const bytes = this.once("frames", make);
    for (let n = 0; n < count; n++) this.add(bytes, n % 2 === 0 ? "all" : "unread", ["h2"]);
  }

  private async askOn(next: () => string): Promise<never> {
    for (;;) {
      try {
        const line = await Line.open(this.target, LIMIT_MS);
        while (!line.isClosed) {
          line.send(next());
          await line.answer();
        }
      } catch {
        await Bun.sleep(10);
      }
    }
  }

  private add(start: string | Uint8Array, reading: Reading, ALPNProtocols = ["http/1.1"]): Socket | null {
    if (this.open.size >= MAX_OPEN) return null;
    const { port, isSecure, from } = this.target;
    const place = { port, host: "127.0.0.1", localAddress: from };
    const socket =
      isSecure && reading !== "plain"
        ? connectSecurely({ ...place, rejectUnauthorized: false, ALPNProtocols })
        : connect(place);
    this.open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.open.delete(socket));
    socket.once(isSecure && reading !== "plain" ? "secureConnect" : "connect", () =>
      this.begin(socket, start, reading),
    );
    setTimeout(() => this.leave(socket), this.random() * LEAVE_MS).unref();
    return socket;
  }

  private begin(socket: Socket, start: string | Uint8Array, reading: Reading): void {
    if (start.length > 0) socket.write(start);
    if (reading === "left at once") setTimeout(() => this.leave(socket), 5);
    if (reading === "all" || reading === "plain") socket.resume();
    else socket.pause();
    if (reading !== "slowly") return;
    // Now and then what the socket holds is taken.
    const taking = setInterval(() => {
      socket.resume();
      setTimeout(() => socket.pause(), 1);
    }, SLOW_READ_MS);
    socket.on("close", () => clearInterval(taking));
  }

  private leave(socket: Socket): void {
    if (this.random() < 0.5) socket.destroy();
    else socket.resetAndDestroy();
  }
}
