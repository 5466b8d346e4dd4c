import { formatListenAddress, type ListenAddress } from "../config/address.ts";
import type { App } from "../http/deps.ts";
import { listenOn, takeSockets } from "../http/inherited.ts";
import type { Listener } from "../http/listen.ts";
import { Rejection } from "../model/rejection.ts";
import type { InheritedSocket } from "../systemd/inherited-socket.ts";
import { inheritedDescriptors } from "../systemd/listen-fds.ts";
import type { Log } from "../telemetry/log.ts";
import type { Outside } from "./outside.ts";
import { listenAt, plainIp } from "./places.ts";
import type { WebFront } from "./web-front.ts";

/** Requests in flight get so long when the server is asked to end; then their connections are closed. */
const SHUTDOWN_MS = 5000;

/** The sockets that systemd has opened for us, or null: there are none that can be served. The reason has been logged. */
export function inheritSockets({ environment, pid }: Outside, log: Log): InheritedSocket[] | null {
  log.info("Listening on systemd activated listeners instead of port listeners.");
  const sockets = takeSockets(inheritedDescriptors(environment, pid));
  if (!(sockets instanceof Rejection)) return sockets;
  log.error("HTTP server stopped", { err: sockets.message });
  return null;
}

/** The sockets that an app is served on: opened once, stopped once. */
export class ServedSockets {
  /** One for each socket, in the order of the addresses. */
  readonly listeners: Listener[] = [];

  constructor(
    private readonly front: WebFront,
    private readonly log: Log,
  ) {}

  /** Serves on all places; false where one cannot be listened on: the reason has been logged. */
  async open(app: App, places: readonly (string | InheritedSocket)[]): Promise<boolean> {
    for (const place of places) {
      const listener = await this.openOne(app, place);
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

  private async openOne(app: App, place: string | InheritedSocket): Promise<Listener | Rejection> {
    const serve = (address: ListenAddress) => this.front.listen(app, address);
    if (typeof place === "string") return listenAt(place, serve);
    try {
      return await listenOn(place, serve);
    } catch (error) {
      return new Rejection("unavailable", `listening on an inherited socket: ${error}`);
    }
  }

  private announce(listener: Listener, place: string | InheritedSocket | undefined): void {
    const bound = formatListenAddress({ hostname: listener.hostname ?? "", port: listener.port ?? 0 });
    const address = typeof place === "object" ? place.address : bound;
    this.log.info("Listening on", { address });
    this.front.announce(address);
  }

  /** Where a request comes from, as `address:port`. */
  clientAddress(request: Request): string {
    for (const listener of this.listeners) {
      const peer = listener.requestIP(request);
      if (peer !== null) return formatListenAddress({ hostname: plainIp(peer.address), port: peer.port });
    }
    return "unknown";
  }

  setIdleSeconds(request: Request, seconds: number): void {
    for (const listener of this.listeners) listener.setIdleSeconds(request, seconds);
  }

  /** Takes no more connections and waits for the requests in flight, but not for ever. */
  async stop(): Promise<void> {
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, SHUTDOWN_MS);
    await Promise.race([Promise.all(this.listeners.map((listener) => listener.stop())), deadline.promise]);
    clearTimeout(timer);
    for (const listener of this.listeners) void listener.stop(true);
  }
}
