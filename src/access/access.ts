import type { Clock } from "../model/clock.ts";
import { EVERYBODY, type Principal, type Principals } from "../model/principal.ts";
import type { Exchange } from "../server/exchange.ts";
import { listenPlain } from "../server/plain-listener.ts";
import type { SocketServer } from "../server/sockets.ts";
import type { AuditLog } from "../telemetry/audit-log.ts";
import type { Log } from "../telemetry/log.ts";
import type { Guard } from "./guard.ts";

/** How clients are let in: whether something is asked for, and not what. */
export interface AccessSummary {
  /** broken: while the file has a fault. */
  readonly webConfig: "none" | "in use" | "broken";
  readonly tls: boolean;
  readonly http2: boolean;
  readonly passwords: boolean;
  /** In the words of the web-config file; "" without TLS. */
  readonly clientCertificates: string;
  readonly rateLimit: boolean;
  /** broken: while the last good one is used in place of what is in the file. */
  readonly accessFile: "none" | "in use" | "broken";
}

/** What the routes have to know of who may do what. */
export interface Gate extends Principals {
  /** Whether everybody is told how the server does. */
  readonly isHealthOpen: () => boolean;
  /** What who shows nothing is asked for: a challenge of WWW-Authenticate. */
  readonly challenge: () => string;
  /** Whether the file as it is now is in use. */
  readonly isHealthy: () => boolean;
}

/** How the server meets its clients: by plain HTTP or TLS, behind a guard or not. */
export interface Access extends SocketServer {
  /** null: everybody who reaches the server may ask. */
  readonly guard: Guard | null;
  readonly scheme: "http" | "https";
  /** Whose password a request brought that the guard let in; null where none is asked for. */
  readonly userOf: (exchange: Exchange) => string | null;
  /** In whose name a request is made that the guard let in. */
  readonly principalOf: (exchange: Exchange) => Principal;
  /** null: there is no access file, and nobody is told from others. */
  readonly gate: Gate | null;
  /** At this moment. */
  readonly summary: () => AccessSummary;
  /** Reads the web-config file with its certificates, and the access file, now, changed or not. */
  readonly readAgain: () => void;
}

export interface AccessDeps {
  /** For all parts; each names itself. */
  readonly log: Log;
  /** The folder that the service manager keeps for us until the machine ends; "" if there is none. */
  readonly runtimeFolder: string;
  readonly clock: Pick<Clock, "nowMs" | "every">;
  /** Is told of each file that is taken, or not. */
  readonly audit: AuditLog;
}

const UNGUARDED: AccessSummary = {
  webConfig: "none",
  tls: false,
  http2: false,
  passwords: false,
  clientCertificates: "",
  rateLimit: false,
  accessFile: "none",
};

/** The front without a web-config file and an access file. */
export function plainAccess(log: Log): Access {
  return {
    guard: null,
    scheme: "http",
    userOf: () => null,
    principalOf: () => EVERYBODY,
    gate: null,
    summary: () => UNGUARDED,
    listen: async (context, place) => listenPlain(place, context),
    announce: (address) => announceTls(log, address, false, false),
    readAgain: () => log.info("there is no web-config file and no access file to read again"),
  };
}

/** The lines of the reference, one for each address. */
export function announceTls(log: Log, address: string, isEnabled: boolean, http2: boolean): void {
  log.info(isEnabled ? "TLS is enabled." : "TLS is disabled.", { http2, address });
}
