import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer, type Server as NodeTlsServer, type TLSSocket } from "node:tls";
import type { ListenAddress } from "../config/address.ts";
import type { TlsOptions } from "../config/tls-options.ts";
import { Rejection } from "../model/rejection.ts";
import type { Log } from "../telemetry/log.ts";
import { certificateFault } from "./client-certificate.ts";
import { type Edge, IDLE_SECONDS, type Listener } from "./listen.ts";
import { answerExchange, type NodeRequest, type NodeResponse } from "./node-exchange.ts";
import { TlsConnection } from "./tls-connection.ts";

/** What a client gets for its handshake. */
const HANDSHAKE_MS = 12_000;
/** What it gets for the header of a request, and to say or take anything at all: as `Bun.serve` has it. */
const LIMITS = { headerMs: 12_000, idleMs: IDLE_SECONDS * 1000 };
/** How often connections are looked at. */
const SWEEP_MS = 1000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Requests at once on one HTTP/2 connection; Go's default. */
const MAX_STREAMS = 250;
/** A client with more requests under way is not reading its answers: its connection is closed. */
const MAX_UNDER_WAY = 2 * MAX_STREAMS;

export interface TlsServerDeps {
  readonly edge: Edge;
  /** The options of this moment; a rejection: no new connection is served. */
  readonly options: () => TlsOptions | Rejection;
  readonly http2: boolean;
  readonly log: Log;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
}

/**
 * HTTPS on one address. It stands on node:tls, for `Bun.serve` tells nothing of a client's certificate and cannot change its
 * own without a new socket, at which connections are lost. Each connection is asked for its certificate before a byte of HTTP
 * is read. The interface is the part of Bun's Server that main uses.
 */
export class TlsServer implements Listener {
  private readonly tls: NodeTlsServer;
  private readonly connections = new Map<TLSSocket, TlsConnection>();
  private readonly peers = new WeakMap<Request, { address: string; port: number }>();
  private readonly requests = new WeakMap<Request, TlsConnection>();
  private readonly sweeper: ReturnType<typeof setInterval>;
  private readonly http1: HttpServer;
  private readonly http2: Http2Server;
  private readonly sessions = new WeakMap<Http2Session, TlsConnection>();
  /** The connection that is being handed to HTTP/2. */
  private opening: TlsConnection | null = null;
  private emptied: () => void = () => {};
  private isStopping = false;

  constructor(
    private current: TlsOptions,
    private readonly deps: TlsServerDeps,
  ) {
    this.tls = createTlsServer({
      ...current.context,
      requestCert: current.clientAuth !== "NoClientCert",
      // Decided in `begin`, by the configuration's own rules.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
      ALPNProtocols: deps.http2 ? ["h2", "http/1.1"] : ["http/1.1"],
    });
    this.http1 = createHttpServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) =>
      this.serve(this.connections.get(incoming.socket as TLSSocket), incoming, outgoing),
    );
    // Timed by `LIMITS`; what is set here would only be promised in headers.
    this.http1.keepAliveTimeout = 0;
    this.http2 = this.http2Server();
    this.tls.on("connection", (socket: TLSSocket) => {
      if (this.isStopping || deps.options() instanceof Rejection) socket.destroy();
    });
    this.tls.on("tlsClientError", (error: Error, socket: TLSSocket) => this.refuse(socket, error.message));
    this.tls.on("secureConnection", (socket: TLSSocket) => this.begin(socket));
    this.sweeper = setInterval(() => {
      for (const connection of this.connections.values()) connection.check(deps.nowMs());
    }, SWEEP_MS);
  }

  /** Resolves when it listens, and throws where it cannot. */
  async open(address: ListenAddress): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.tls.once("error", ready.reject);
    this.tls.listen({ host: address.hostname, port: address.port }, ready.resolve);
    try {
      await ready.promise;
    } catch (error) {
      clearInterval(this.sweeper);
      throw error;
    }
    this.tls.off("error", ready.reject).on("error", (error) => this.deps.log.error("TLS listener", { err: error }));
  }

  get hostname(): string | undefined {
    return this.bound?.address;
  }

  get port(): number | undefined {
    return this.bound?.port;
  }

  /** Where a request comes from, null if it did not come by here. */
  requestIP(request: Request): { address: string; port: number } | null {
    return this.peers.get(request) ?? null;
  }

  setIdleSeconds(request: Request, seconds: number): void {
    const connection = this.requests.get(request);
    if (connection !== undefined) connection.idleMs = seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
  }

  shedIdle(): void {
    for (const connection of this.connections.values()) connection.shed();
  }

  endRetired(): void {
    // Handshakes and headers that take too long are ended by `check`.
  }

  /** For the connections from now on; sessions of earlier ones cannot be resumed. */
  change(options: TlsOptions): void {
    this.current = options;
    // node:tls has no other way to change what is asked of new clients.
    Object.assign(this.tls, { _requestCert: options.clientAuth !== "NoClientCert" });
    this.tls.setSecureContext(options.context);
  }

  /** Takes no more connections; resolves when the requests under way are answered. `force` ends them instead. */
  async stop(force = false): Promise<void> {
    if (!this.isStopping) this.tls.close();
    this.isStopping = true;
    clearInterval(this.sweeper);
    for (const connection of this.connections.values()) connection.finish(force);
    if (this.connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.emptied = resolve;
    });
  }

  private get bound(): AddressInfo | null {
    const address = this.tls.address();
    return typeof address === "string" ? null : address;
  }

  private http2Server(): Http2Server {
    const server = createHttp2Server({ settings: { maxConcurrentStreams: MAX_STREAMS } });
    server.on("session", (session) => {
      if (this.opening === null) return session.destroy();
      this.opening.session = session;
      this.sessions.set(session, this.opening);
    });
    server.on("request", (incoming, outgoing) => {
      const { session } = incoming.stream;
      this.serve(session === undefined ? undefined : this.sessions.get(session), incoming, outgoing);
    });
    server.on("sessionError", (error) => this.deps.log.debug("HTTP/2 session ended", { err: error }));
    return server;
  }

  /** After the handshake, before the first byte of HTTP: whether this client may speak at all. */
  private begin(socket: TLSSocket): void {
    const presented = {
      isPresent: socket.getPeerX509Certificate() !== undefined,
      isVerified: socket.authorized,
      subjectAltName: socket.getPeerX509Certificate()?.subjectAltName,
    };
    const fault = this.isStopping ? "the server is stopping" : certificateFault(presented, this.current);
    if (fault !== null) return this.refuse(socket, fault);
    const connection = new TlsConnection(socket, LIMITS, this.deps.nowMs());
    this.connections.set(socket, connection);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.connections.delete(socket);
      if (this.connections.size === 0) this.emptied();
    });
    this.opening = connection;
    (socket.alpnProtocol === "h2" ? this.http2 : this.http1).emit("connection", socket);
    this.opening = null;
  }

  private refuse(socket: TLSSocket, fault: string): void {
    this.deps.log.debug("TLS handshake error", { client: String(socket.remoteAddress), err: fault });
    socket.destroy();
  }

  private serve(connection: TlsConnection | undefined, incoming: NodeRequest, outgoing: NodeResponse): void {
    if (connection === undefined) return void incoming.destroy();
    const { remoteAddress = "", remotePort = 0 } = connection.socket;
    // Streams that are reset, and requests that are sent before the answers are read, cost their work all the same.
    if (connection.requestBegins() > MAX_UNDER_WAY) return void connection.socket.destroy();
    const closed = new Promise<void>((resolve) => outgoing.once("close", resolve));
    const seen = (request: Request) => {
      this.peers.set(request, { address: remoteAddress, port: remotePort });
      this.requests.set(request, connection);
    };
    const answered = () => answerExchange(this.deps.edge, incoming, outgoing, seen);
    // A client can reset a stream in the breath it opens it with; seen a turn later, such a stream costs nothing.
    const ended =
      connection.session === null ? answered() : nextTurn().then(() => (incoming.aborted ? undefined : answered()));
    ended
      .catch((error) => {
        this.deps.log.error("answering a request failed", { url: String(incoming.url), err: String(error) });
        outgoing.destroy();
      })
      .then(() => closed)
      .then(() => connection.requestEnds());
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
