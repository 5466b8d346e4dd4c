import type { Socket } from "bun";
import { ResponseReader } from "./response-reader.ts";

/** Called when a response is complete: its status and the size of its body. */
export type OnResponse = (connection: Connection, status: number, bodyBytes: number) => void;

/** One keep-alive HTTP/1.1 connection over raw TCP, for requests that are bytes already. One request at a time. */
export class Connection {
  /** When the request under way was due, on performance.now(); the sender sets it. */
  dueMs = 0;
  private rest: Uint8Array | null = null;
  private readonly reader: ResponseReader;

  private constructor(
    readonly socket: Socket<undefined>,
    onResponse: OnResponse,
  ) {
    this.reader = new ResponseReader((status, bodyBytes) => onResponse(this, status, bodyBytes));
  }

  /** `onEnd` is called when the connection ends, on either side. */
  static async open(
    { port, isTls }: { readonly port: number; readonly isTls: boolean },
    onResponse: OnResponse,
    onEnd: (problem: string) => void,
  ): Promise<Connection> {
    let connection: Connection | null = null;
    const shaken = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      ...(isTls && { tls: { rejectUnauthorized: false } }),
      socket: {
        handshake: () => shaken.resolve(),
        data: (_, bytes) => connection?.reader.take(bytes),
        drain: () => connection?.drain(),
        close: () => {
          shaken.reject(new Error("the server closed the connection"));
          onEnd("the server closed the connection");
        },
        error: (_, error) => onEnd(error.message),
      },
    });
    if (isTls) await shaken.promise;
    else shaken.resolve();
    socket.setNoDelay(true);
    connection = new Connection(socket, onResponse);
    return connection;
  }

  /** The bytes are copied if the socket does not take them all at once. */
  send(request: Uint8Array): void {
    const written = this.socket.write(request);
    if (written < request.length) this.rest = request.slice(Math.max(0, written));
  }

  end(): void {
    this.socket.terminate();
  }

  private drain(): void {
    if (this.rest === null) return;
    const rest = this.rest;
    this.rest = null;
    const written = this.socket.write(rest);
    if (written < rest.length) this.rest = rest.subarray(Math.max(0, written));
  }
}
