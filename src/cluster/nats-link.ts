import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type Authenticator, connect, type NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";

/** How long a server may take for an answer. */
export const REQUEST_MS = 2000;
/** A server that answers no ping for a second and a half is left: it may be stopped. */
const [PING_MS, MAX_PINGS] = [500, 2];
/** Delay before the next server is tried, and before the first one is tried again. */
const [NEXT_SERVER_MS, NEXT_ROUND_MS] = [50, 500];
/** Oldest release whose JetStream keeps what it has acknowledged, and can hand over many entries at once. */
const OLDEST = [2, 12] as const;

/** How to reach the servers. */
export interface LinkOptions {
  /** `host:port`, at least one. */
  readonly servers: readonly string[];
  /** Of the answers' subjects. */
  readonly inbox: string;
  /** What a connection is made with; read anew for each, so that files may be replaced. */
  readonly secrets: () => Secrets | Fault;
}

/** How a client shows who it is, and knows the servers. */
export interface Secrets {
  readonly authenticator: Authenticator | null;
  /** null: as the server wishes, with the authorities of the system. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | null;
}

/** A connection, for as long as it lasts. */
export interface Session {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  /** The server's name. */
  readonly server: string;
}

export interface LinkEvents {
  readonly connected: (session: Session) => void;
  /** A connection is gone, or could not be made. */
  readonly failed: (reason: string) => void;
}

/**
 * Keeps a connection to one of the servers: when it is gone, the next server is tried, for as long as the link is not
 * stopped. Each connection is a new one, with the files as they are then.
 */
export class NatsLink {
  private current: Session | null = null;
  private waiting = Promise.withResolvers<Session | null>();
  private isStopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: LinkOptions,
    private readonly clock: Pick<Clock, "after">,
    private readonly random: () => number,
    private readonly events: LinkEvents,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** The connection, once there is one; null: the link was stopped. */
  session(): Promise<Session | null> {
    return this.current === null ? this.waiting.promise : Promise.resolve(this.current);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.waiting.resolve(null);
    await this.current?.connection.close();
    await this.running;
  }

  private async run(): Promise<void> {
    const { servers } = this.options;
    const first = Math.floor(this.random() * servers.length);
    for (let n = first; !this.isStopped; n++) {
      const session = await this.dial(servers[n % servers.length] ?? "");
      if (session instanceof Fault) this.events.failed(session.message);
      else await this.use(session);
      if (!this.isStopped) await this.pause((n + 1 - first) % servers.length === 0 ? NEXT_ROUND_MS : NEXT_SERVER_MS);
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  private async use(session: Session): Promise<void> {
    if (this.isStopped) return session.connection.close();
    this.current = session;
    this.waiting.resolve(session);
    this.events.connected(session);
    const error = await session.connection.closed();
    this.current = null;
    if (this.isStopped) return;
    this.waiting = Promise.withResolvers();
    this.events.failed(`the connection to ${session.server} is gone${error ? `: ${error.message}` : ""}`);
  }

  private async dial(server: string): Promise<Session | Fault> {
    const secrets = this.options.secrets();
    if (secrets instanceof Fault) return secrets;
    try {
      const connection = await connect({
        servers: [server],
        name: "pushgateway",
        reconnect: false,
        timeout: REQUEST_MS,
        pingInterval: PING_MS,
        maxPingOut: MAX_PINGS,
        inboxPrefix: this.options.inbox,
        // The operator names the servers: what they say of one another may be no address from here.
        ignoreClusterUpdates: true,
        noAsyncTraces: true,
        ...(secrets.authenticator === null ? {} : { authenticator: secrets.authenticator }),
        ...(secrets.tls === null ? {} : { tls: secrets.tls }),
      });
      return await sessionOf(connection);
    } catch (error) {
      return new Fault(`connecting to ${server}: ${causeOf(error)}`);
    }
  }
}

/** What an error says, with what it was caused by. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function sessionOf(connection: NatsConnection): Promise<Session | Fault> {
  const { version = "", server_name: server = "" } = connection.info ?? {};
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    await connection.close();
    return new Fault(`${server} is nats-server ${version}, expected ${OLDEST.join(".")} or newer`);
  }
  const options = { timeout: REQUEST_MS, checkAPI: false };
  const manager = await jetstreamManager(connection, options);
  return { connection, manager, client: jetstream(connection, options), server };
}
