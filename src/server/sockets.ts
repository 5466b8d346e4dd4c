import { formatListenAddress } from "../config/address.ts";
import { Fault } from "../model/fault.ts";
import { type InheritedSocket, takeSockets } from "../systemd/inherited-socket.ts";
import { type Environment, inheritedDescriptors } from "../systemd/listen-fds.ts";
import type { Log } from "../telemetry/log.ts";
import { listenAt } from "./listen.ts";
import type { Listener } from "./listener.ts";
import type { ListenerContext, ListenPlace } from "./listener-context.ts";

/** Time for requests in flight when the server is asked to end; then their connections are closed. */
const SHUTDOWN_MS = 5000;

/**
 * The sockets that systemd has opened for us, or null: there are none that can be served. The reason has been logged.
 */
export function inheritSockets(environment: Environment, pid: number, log: Log): InheritedSocket[] | null {
  log.info("Listening on systemd activated listeners instead of port listeners.");
  const sockets = takeSockets(inheritedDescriptors(environment, pid));
  if (!(sockets instanceof Fault)) return sockets;
  log.error("HTTP server stopped", { err: sockets.message });
  return null;
}

/** What serves a socket. */
export interface SocketServer {
  /** Starts to serve. Rejects where the place cannot be had. */
  readonly listen: (context: ListenerContext, place: ListenPlace) => Promise<Listener>;
  /** Logs that an address is being served, and how. */
  readonly announce: (address: string) => void;
}

/** The sockets that are served: opened once, stopped once. */
export class ServedSockets {
  /** One for each socket, in the order of the addresses. */
  readonly listeners: Listener[] = [];
  /** Where each listens, as it was logged. */
  readonly addresses: string[] = [];

  constructor(
    private readonly server: SocketServer,
    private readonly log: Log,
  ) {}

  /** Serves on all places; false where one cannot be listened on: the reason has been logged. */
  async open(context: ListenerContext, places: readonly (string | InheritedSocket)[]): Promise<boolean> {
    for (const place of places) {
      const listener = await this.openOne(context, place);
      if (listener instanceof Fault) {
        this.log.error("HTTP server stopped", { err: listener.message });
        return false;
      }
      this.listeners.push(listener);
    }
    this.listeners.forEach((listener, i) => {
      this.announce(listener, places[i]);
    });
    return true;
  }

  private async openOne(context: ListenerContext, place: string | InheritedSocket): Promise<Listener | Fault> {
    if (typeof place === "string") return listenAt(place, (address) => this.server.listen(context, address));
    try {
      return await this.server.listen(context, { fd: place.descriptor });
    } catch (error) {
      return new Fault(`listening on an inherited socket: ${error}`);
    }
  }

  private announce({ address: bound }: Listener, place: string | InheritedSocket | undefined): void {
    const own = bound === null ? "unknown" : formatListenAddress(bound);
    const address = typeof place === "object" ? place.address : own;
    this.addresses.push(address);
    this.log.info("Listening on", { address });
    this.server.announce(address);
  }

  /** Takes no more connections and waits for the requests in flight, but not for ever. */
  async stop({ connections }: ListenerContext): Promise<void> {
    for (const listener of this.listeners) listener.stop();
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, SHUTDOWN_MS);
    await connections.stop(deadline.promise);
    clearTimeout(timer);
  }
}
