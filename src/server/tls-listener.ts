import { writeSync } from "node:fs";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { Fault } from "../model/fault.ts";
import type { Log } from "../telemetry/log.ts";
import { Connection } from "./connection.ts";
import type { Member } from "./connections.ts";
import type { Http2 } from "./http2.ts";
import type { Listener } from "./listener.ts";
import type { ListenerContext, ListenPlace } from "./listener-context.ts";
import { Refusal } from "./request-line.ts";
import { sourceOf } from "./source.ts";
import type { TlsOptions } from "./tls-options.ts";
import { clientOf, Peer, type PeerCertificate, type Transport } from "./transport.ts";

/** What a client gets for its handshake. */
const HANDSHAKE_MS = 12_000;
/** What Go says to a client that speaks plain HTTP, version and all. */
const NOT_TLS =
  "HTTP/1.0 400 Bad Request\r\nX-Content-Type-Options: nosniff\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

export interface TlsListenerDeps {
  readonly context: ListenerContext;
  /** The options of this moment; a fault: no new connection is served. */
  readonly options: () => TlsOptions | Fault;
  /** Why a client's certificate, or the lack of one, ends the connection; null: it may go on. */
  readonly certificateFault: (socket: TLSSocket, options: TlsOptions) => string | null;
  /** null: HTTP/1 only. */
  readonly http2: Http2 | null;
  readonly log: Log;
}

/** Serves TLS; its certificate and what it asks of clients can be changed. */
export interface TlsListener extends Listener {
  /**
   * For the connections from now on; sessions of earlier ones cannot be resumed. Where other certificates are asked of
   * clients, the connections that are there end behind the request under way.
   */
  change(options: TlsOptions): void;
}

/** A TLS socket of node's. */
class TlsTransport implements Transport {
  readonly source: string;
  private readonly other: Peer;

  constructor(private readonly socket: TLSSocket) {
    this.source = sourceOf(socket.remoteAddress);
    this.other = new Peer(socket);
  }

  get client(): string {
    return clientOf(this.socket);
  }

  get peer(): PeerCertificate | null {
    return this.other.certificate;
  }

  /** What the socket has not sent yet it keeps as it is, room or not: so it gets a copy. */
  write(bytes: Uint8Array): boolean {
    return this.socket.write(bytes.slice());
  }

  end(): void {
    this.socket.end();
  }

  close(): void {
    this.socket.end(() => this.socket.destroy());
  }

  destroy(): void {
    this.socket.destroy();
  }

  setReading(isReading: boolean): void {
    if (isReading) this.socket.resume();
    else this.socket.pause();
  }
}

/** A client that has not finished its handshake; node:tls limits its time. */
class Handshake implements Member {
  readonly source: string;
  readonly isStill = true;
  readonly rank = 0;

  constructor(private readonly socket: TLSSocket) {
    this.source = sourceOf(socket.remoteAddress);
  }

  finish(): void {
    this.socket.destroy();
  }

  check(): void {}
}

/**
 * Serves HTTPS on an address, or on a listening socket that is there already; rejects where that cannot be had. It
 * uses node:tls: each connection is asked for its certificate before a byte of HTTP is read, and certificates change
 * without a connection being lost (docs/workarounds.md, `node-tls`).
 */
export async function listenTls(place: ListenPlace, first: TlsOptions, deps: TlsListenerDeps): Promise<TlsListener> {
  let current = first;
  const server = createServer({
    ...current.context,
    requestCert: current.clientAuth !== "NoClientCert",
    // Decided by `certificateFault`, by the configuration's own rules.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS,
    allowHalfOpen: true,
    // The last is what curl --http1.0 asks for, and nothing else.
    ALPNProtocols: [...(deps.http2 === null ? [] : ["h2"]), "http/1.1", "http/1.0"],
  });
  const members = serveHandshakes(server, () => current, deps);
  await listening(server, place);
  server.on("error", (error) => deps.log.error("TLS listener", { err: error }));
  const bound = server.address();
  return {
    address: bound === null || typeof bound === "string" ? null : { hostname: bound.address, port: bound.port },
    stop: () => void server.close(),
    change: (options) => {
      const isAskedOtherwise = clientRules(options) !== clientRules(current);
      current = options;
      // There is no other way to change what new clients are asked for: docs/workarounds.md, `request-cert`.
      Object.assign(server, { _requestCert: options.clientAuth !== "NoClientCert" });
      server.setSecureContext(options.context);
      // Clients that were let in by other rules must connect again, after the request under way.
      if (isAskedOtherwise) for (const member of members) member.finish(false);
    },
  };
}

/** What is asked of clients, as a text to compare. */
function clientRules({ clientAuth, allowedSans, context }: TlsOptions): string {
  return JSON.stringify([clientAuth, allowedSans, context.ca ?? null]);
}

function listening(server: Server, place: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen("fd" in place ? place : { host: place.hostname, port: place.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Returns the connections that are being served, at any time. */
function serveHandshakes(server: Server, current: () => TlsOptions, deps: TlsListenerDeps): ReadonlySet<Member> {
  const { context, log } = deps;
  const members = new Set<Member>();
  const handshakes = new Map<TLSSocket, Handshake>();
  const over = (socket: TLSSocket) => {
    const handshake = handshakes.get(socket);
    if (handshake !== undefined) context.connections.leave(handshake);
    handshakes.delete(socket);
  };
  const refuse = (socket: TLSSocket, fault: string) => {
    log.debug("TLS handshake error", { client: clientOf(socket), err: fault });
    socket.destroy();
  };
  const refuseCertificate = (socket: TLSSocket, fault: string) => {
    context.shared.refusals.add(new Refusal(400, "client-certificate", fault), { client: clientOf(socket) });
    socket.destroy();
  };
  server.on("connection", (socket: TLSSocket) => {
    if (deps.options() instanceof Fault) return void socket.destroy();
    const handshake = new Handshake(socket);
    handshakes.set(socket, handshake);
    context.connections.join(handshake);
    socket.on("close", () => over(socket));
  });
  server.on("tlsClientError", (error: Error & { code?: string }, socket: TLSSocket) => {
    // A client that hangs up, or was dropped because there are too many, was not refused.
    if (error.code === "ECONNRESET") return refuse(socket, error.message);
    if (error.code === "ERR_SSL_HTTP_REQUEST") sayNotTls(socket);
    context.shared.refusals.add(handshakeRefusal(error), { client: clientOf(socket) });
    socket.destroy();
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    over(socket);
    const fault = deps.certificateFault(socket, current());
    if (fault !== null) return refuseCertificate(socket, fault);
    const isHttp2 = socket.alpnProtocol === "h2" && deps.http2 !== null;
    const member = isHttp2 ? deps.http2.serve(socket) : serveHttp1(socket, context);
    members.add(member);
    socket.on("close", () => members.delete(member));
  });
  return members;
}

function serveHttp1(socket: TLSSocket, { shared, connections }: ListenerContext): Member {
  const connection = new Connection(new TlsTransport(socket), shared);
  connections.join(connection);
  socket.on("data", (bytes: Uint8Array) => connection.data(bytes));
  socket.on("drain", () => connection.drained());
  socket.on("end", () => connection.ended());
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    connections.leave(connection);
    connection.gone();
  });
  return connection;
}

function handshakeRefusal({ code, message }: Error & { code?: string }): Refusal {
  if (code === "ERR_SSL_HTTP_REQUEST") return new Refusal(400, "tls", "client sent an HTTP request to an HTTPS server");
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return new Refusal(408, "too-slow", message);
  return new Refusal(400, "tls", message);
}

/**
 * Writes past the TLS that never began; the descriptor is open until this turn of the loop ends. See
 * docs/workarounds.md, `plain-on-tls`.
 */
function sayNotTls(socket: TLSSocket): void {
  const handle = "_handle" in socket ? socket._handle : null;
  if (typeof handle !== "object" || handle === null || !("fd" in handle) || typeof handle.fd !== "number") return;
  try {
    writeSync(handle.fd, NOT_TLS);
  } catch {
    // The client has gone already.
  }
}
