import { formatListenAddress } from "../config/address.ts";
import { Rejection } from "../model/rejection.ts";
import type { Door } from "../server/door.ts";
import type { Listener } from "../server/listener.ts";
import { type InheritedSocket, takeSockets } from "../systemd/inherited-socket.ts";
import { inheritedDescriptors } from "../systemd/listen-fds.ts";
import type { Log } from "../telemetry/log.ts";
import type { Outside } from "./outside.ts";
import { listenAt } from "./places.ts";
import type { WebFront } from "./web-front.ts";

/** Requests in flight get so long when the server is asked to end; then their connections are closed. */
const SHUTDOWN_MS = 5000;

/**
 * The sockets that systemd has opened for us, or null: there are none that can be served. The reason has been logged.
 */
export function inheritSockets({ environment, pid }: Outside, log: Log): InheritedSocket[] | null {
  log.info("Listening on systemd activated listeners instead of port listeners.");
  const sockets = takeSockets(inheritedDescriptors(environment, pid));
  if (!(sockets instanceof Rejection)) return sockets;
  log.error("HTTP server stopped", { err: sockets.message });
  return null;
}

/** The sockets that are served: opened once, stopped once. */
export class ServedSockets {
  /** One for each socket, in the order of the addresses. */
  readonly listeners: Listener[] = [];

  constructor(
    private readonly front: WebFront,
    private readonly log: Log,
  ) {}

  /** Serves on all places; false where one cannot be listened on: the reason has been logged. */
  async open(door: Door, places: readonly (string | InheritedSocket)[]): Promise<boolean> {
    for (const place of places) {
      const listener = await this.openOne(door, place);
      if (listener instanceof Rejection) {
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

  private async openOne(door: Door, place: string | InheritedSocket): Promise<Listener | Rejection> {
    if (typeof place === "string") return listenAt(place, (address) => this.front.listen(door, address));
    try {
      return await this.front.listen(door, { fd: place.descriptor });
    } catch (error) {
      return new Rejection("unavailable", `listening on an inherited socket: ${error}`);
    }
  }

  private announce({ address: bound }: Listener, place: string | InheritedSocket | undefined): void {
    const own = bound === null ? "unknown" : formatListenAddress(bound);
    const address = typeof place === "object" ? place.address : own;
    this.log.info("Listening on", { address });
    this.front.announce(address);
  }

  /** Takes no more connections and waits for the requests in flight, but not for ever. */
  async stop({ crowd }: Door): Promise<void> {
    for (const listener of this.listeners) listener.stop();
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, SHUTDOWN_MS);
    await crowd.stop(deadline.promise);
    clearTimeout(timer);
  }
}
