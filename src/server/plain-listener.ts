import type { Socket } from "bun";
import type { ListenAddress } from "../config/address.ts";
import { Connection } from "./connection.ts";
import type { ConnectionDeps } from "./connection-deps.ts";
import type { Listener } from "./listener.ts";
import type { ListenerContext, ListenPlace } from "./listener-context.ts";
import { sourceOf } from "./source.ts";
import { clientText, type Transport } from "./transport.ts";

/** A socket of Bun's and its connection. */
class PlainTransport implements Transport {
  readonly peer = null;
  readonly connection: Connection;
  readonly source: string;
  /** What the socket did not take yet. */
  private pending: Uint8Array | null = null;
  private isEnded = false;
  private isClosing = false;
  private isReading = true;

  constructor(
    private readonly socket: Socket<PlainTransport>,
    deps: ConnectionDeps,
  ) {
    this.source = sourceOf(socket.remoteAddress);
    this.connection = new Connection(this, deps);
  }

  get client(): string {
    return clientText(this.socket.remoteAddress, this.socket.remotePort);
  }

  write(bytes: Uint8Array): boolean {
    if (this.pending !== null) {
      this.pending = Buffer.concat([this.pending, bytes]);
      return false;
    }
    const written = Math.max(0, this.socket.write(bytes));
    if (written === bytes.length) return true;
    this.pending = bytes.subarray(written);
    return false;
  }

  end(): void {
    this.isEnded = true;
    if (this.pending === null) this.socket.shutdown();
  }

  close(): void {
    this.isClosing = true;
    if (this.pending === null) this.socket.end();
  }

  destroy(): void {
    this.socket.terminate();
  }

  setReading(isReading: boolean): void {
    if (isReading === this.isReading) return;
    this.isReading = isReading;
    if (isReading) this.socket.resume();
    else this.socket.pause();
  }

  /** The socket takes more. */
  drain(): void {
    const { pending } = this;
    if (pending === null) return;
    this.pending = null;
    if (!this.write(pending)) return;
    this.connection.drained();
    if (this.isClosing) this.socket.end();
    else if (this.isEnded) this.socket.shutdown();
  }
}

/**
 * Serves plain HTTP on an address, or on a listening socket that is there already. Throws if that cannot be had. Why
 * not Bun.serve: docs/workarounds.md, `own-http`.
 */
export function listenPlain(place: ListenPlace, { shared, connections }: ListenerContext): Listener {
  const server = Bun.listen<PlainTransport>({
    ...addressOf(place),
    allowHalfOpen: true,
    socket: {
      open: (socket) => {
        const transport = new PlainTransport(socket, shared);
        socket.data = transport;
        connections.join(transport.connection);
      },
      data: ({ data }, bytes) => data.connection.data(bytes),
      drain: ({ data }) => data.drain(),
      end: ({ data }) => data.connection.ended(),
      close: ({ data }) => {
        connections.leave(data.connection);
        data.connection.gone();
      },
      error: (socket) => socket.terminate(),
    },
  });
  return {
    address: "fd" in place ? null : { hostname: server.hostname, port: server.port },
    stop: () => server.stop(),
  };
}

/** Bun accepts a descriptor instead of an address; its types do not (docs/workarounds.md, `listen-fd`). */
function addressOf(place: ListenPlace): ListenAddress {
  return place as ListenAddress;
}
