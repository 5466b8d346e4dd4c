import type { Server } from "bun";
import type { ListenAddress } from "../config/address.ts";
import type { Listener } from "./listen.ts";

/**
 * Plain HTTP on one address. Bun shows no connections, but a server that stops listening closes those that wait for a next
 * request, and one that is told so again with force, all others. So a new server in the place of the old one is what closes
 * idle connections, however many, within milliseconds.
 */
export class PlainServer implements Listener {
  private server: Server<undefined>;
  private isOpen = true;
  private isStopping = false;
  /** Servers that do not listen any more and may have connections left. */
  private retired: Server<undefined>[] = [];
  private afterReopening: (() => boolean) | null = null;

  /** Throws what `serve` throws where the address cannot be had. */
  constructor(
    private readonly serve: (address: ListenAddress) => Server<undefined>,
    private readonly address: ListenAddress,
  ) {
    this.server = serve(address);
  }

  get hostname(): string | undefined {
    return this.server.hostname;
  }

  get port(): number | undefined {
    return this.server.port;
  }

  requestIP(request: Request): { readonly address: string; readonly port: number } | null {
    return this.server.requestIP(request);
  }

  setIdleSeconds(request: Request, seconds: number): void {
    this.server.timeout(request, seconds);
  }

  async stop(force = false): Promise<void> {
    this.isStopping = true;
    await Promise.all([this.server, ...this.retired].map((server) => server.stop(force)));
  }

  /** The connections that never sent a request are closed by the next calls of `endRetired`. */
  shedIdle(): void {
    if (!this.isOpen || this.isStopping) return;
    void this.server.stop();
    this.retired.push(this.server);
    this.isOpen = false;
    this.reopen();
  }

  endRetired(): void {
    this.retired = this.retired.filter((server) => {
      if (server.pendingRequests > 0) return true;
      void server.stop(true);
      return false;
    });
    if (!this.isOpen && !this.isStopping) this.reopen();
  }

  /** A place other than the address is listened on: `adopt` sees to that each time, false where it failed. */
  whenReopened(adopt: () => boolean): void {
    this.afterReopening = adopt;
  }

  private reopen(): void {
    const { hostname, port } = this.address;
    try {
      const again = this.afterReopening === null ? (this.server.port ?? port) : port;
      this.server = this.serve({ hostname, port: again });
      this.isOpen = this.afterReopening?.() ?? true;
      if (!this.isOpen) void this.server.stop(true);
    } catch {
      // Somebody else has the address, or no descriptor is free: `endRetired` tries again.
    }
  }
}
