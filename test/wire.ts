import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { WAIT_LIMIT_MS } from "./program.ts";

/** What a server answered, as it stood on the wire: bodies are joined from their chunks but not decompressed. */
export interface Answer {
  readonly status: number;
  /** As in `HTTP/1.1`. */
  readonly version: string;
  /** Names in lower case; of several fields of one name the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface Request {
  readonly method: string;
  /** Sent as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/**
 * One connection to 127.0.0.1 that sends exactly the bytes it is given; fetch and node:http normalise paths and mend
 * bodies. Each read is bounded by `limitMs`.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #limitMs: number;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake = () => {};

  private constructor(socket: Socket, limitMs: number) {
    this.#socket = socket;
    this.#limitMs = limitMs;
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    const closed = () => {
      this.#closed = true;
      this.#wake();
    };
    socket.on("end", closed);
    socket.on("close", closed);
    socket.on("error", closed);
  }

  /**
   * `secure`: over TLS, whatever the server's certificate; "h2" offers HTTP/2. `from` is an address of this machine.
   */
  static open(
    port: number,
    limitMs = WAIT_LIMIT_MS,
    secure: boolean | "h2" = false,
    from = "127.0.0.1",
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const place = { port, host: "127.0.0.1", allowHalfOpen: true, localAddress: from };
      const ALPNProtocols = [secure === "h2" ? "h2" : "http/1.1"];
      const socket = secure ? connectSecurely({ ...place, rejectUnauthorized: false, ALPNProtocols }) : connect(place);
      socket.once("error", reject);
      socket.once(secure ? "secureConnect" : "connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket, limitMs));
      });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether bytes were received that no answer has taken. */
  get hasRest(): boolean {
    return this.#received.length > 0;
  }

  /** What was received and no answer has taken. */
  get received(): Buffer {
    return this.#received;
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Says that no more bytes follow; answers can still be read. */
  end(): void {
    this.#socket.end();
  }

  send(request: Request): void {
    this.write(requestHead(request));
    if (request.body !== undefined) this.write(request.body);
  }

  /** The next answer; `method` is that of its request, since an answer to HEAD has no body. */
  async answer(method = "GET"): Promise<Answer> {
    const { status, version, headers } = await this.#head();
    if (status >= 100 && status < 200) return await this.answer(method);
    return { status, version, headers, body: await this.#body(method, status, headers) };
  }

  /** The status of the next head, which is all of its answer: 100, or one that should have been. */
  async interim(): Promise<number> {
    return (await this.#head()).status;
  }

  /** The next answer's status, or null where the server closes without any. */
  async statusOrClosed(method = "GET"): Promise<number | null> {
    if (!(await this.#more(() => this.#received.length > 0))) return null;
    return (await this.answer(method)).status;
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #head(): Promise<{ status: number; version: string; headers: Map<string, string> }> {
    if (!(await this.#more(() => this.#received.includes("\r\n\r\n")))) throw new Error(this.#broken("a header"));
    const text = this.#take(this.#received.indexOf("\r\n\r\n") + 4).toString("latin1");
    const [first = "", ...fields] = text.trimEnd().split("\r\n");
    const [, version = "", status] = /^(HTTP\/1\.[01]) (\d{3})/.exec(first) ?? [];
    if (status === undefined) throw new Error(`reading a status line: got ${JSON.stringify(first)}`);
    const headers = new Map(fields.map((field) => headerField(field)));
    return { status: Number(status), version, headers };
  }

  async #body(method: string, status: number, headers: Map<string, string>): Promise<Buffer> {
    if (method === "HEAD" || status === 204 || status === 304) return Buffer.alloc(0);
    if (headers.get("transfer-encoding") === "chunked") return await this.#chunks();
    const lengthText = headers.get("content-length");
    if (lengthText !== undefined) return await this.#exactly(Number(lengthText));
    await this.#more(() => false);
    return this.#take(this.#received.length);
  }

  async #chunks(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      if (!(await this.#more(() => this.#received.includes("\r\n")))) throw new Error(this.#broken("a chunk's size"));
      const size = Number.parseInt(this.#take(this.#received.indexOf("\r\n") + 2).toString("latin1"), 16);
      parts.push((await this.#exactly(size + 2)).subarray(0, size));
      if (size === 0) return Buffer.concat(parts);
    }
  }

  async #exactly(sizeBytes: number): Promise<Buffer> {
    if (!(await this.#more(() => this.#received.length >= sizeBytes)))
      throw new Error(this.#broken(`${sizeBytes} bytes`));
    return this.#take(sizeBytes);
  }

  #take(sizeBytes: number): Buffer {
    const taken = this.#received.subarray(0, sizeBytes);
    this.#received = this.#received.subarray(sizeBytes);
    return taken;
  }

  /** Waits until `enough` holds (true) or the server has closed (false). */
  async #more(enough: () => boolean): Promise<boolean> {
    const endMs = performance.now() + this.#limitMs;
    while (!enough()) {
      if (this.#closed) return false;
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) throw new Error(`reading an answer: nothing whole in ${this.#limitMs} ms`);
      await this.#news(leftMs);
    }
    return true;
  }

  #news(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #broken(wanted: string): string {
    const start = this.#received.subarray(0, 200).toString("latin1");
    return `reading an answer: the connection closed before ${wanted}, after ${JSON.stringify(start)}`;
  }
}

function headerField(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function requestHead({ method, path, headers = {}, body }: Request): string {
  const all: Record<string, string> = { Host: "127.0.0.1", ...headers };
  if (body !== undefined) all["Content-Length"] = String(body.length);
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join("")}\r\n`;
}

/** Waits until the server has read what was sent to it on other connections: it reads what comes later behind it. */
export async function untilRead(port: number): Promise<void> {
  const { status } = await ask(port, { method: "GET", path: "/-/healthy" });
  if (status !== 200) throw new Error(`asking whether the server is healthy: got ${status}`);
}

/** One request on a connection of its own. */
export async function ask(port: number, request: Request, limitMs = WAIT_LIMIT_MS): Promise<Answer> {
  using connection = await Connection.open(port, limitMs);
  connection.send(request);
  return await connection.answer(request.method);
}
