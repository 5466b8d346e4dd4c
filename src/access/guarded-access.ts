import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { TLSSocket } from "node:tls";
import { formatDuration } from "../config/duration.ts";
import { readFile } from "../config/read-file.ts";
import { Fault } from "../model/fault.ts";
import { Http2 } from "../server/http2.ts";
import type { ListenerContext, ListenPlace } from "../server/listener-context.ts";
import { listenPlain } from "../server/plain-listener.ts";
import { listenTls, type TlsListener } from "../server/tls-listener.ts";
import type { TlsOptions } from "../server/tls-options.ts";
import type { Log } from "../telemetry/log.ts";
import { keepAccepted } from "./accepted-file.ts";
import { type Access, type AccessDeps, type AccessSummary, announceTls } from "./access.ts";
import { BasicAuth, userOf } from "./basic-auth.ts";
import { certificateFault } from "./client-certificate.ts";
import { createGuard } from "./guard.ts";
import { LiveWebConfig, type WebConfigFiles } from "./live-web-config.ts";
import { RateLimiter } from "./rate-limiter.ts";

/** How often the web-config file and its certificates are looked at, besides at each request and connection. */
const LOOK_MS = 250;

/** The front of a web-config file. */
export function openGuardedAccess(file: string, deps: AccessDeps): Access | Fault {
  const live = LiveWebConfig.open(file, filesBeside(file), deps.log.for("live-web-config.ts"), deps.audit);
  return live instanceof Fault ? live : guardedAccess(live, deps);
}

function guardedAccess(live: LiveWebConfig, { log, clock, runtimeFolder }: AccessDeps): Access {
  const { nowMs } = clock;
  const { start } = live;
  const { rateLimit } = start.config;
  const limiter =
    rateLimit === null ? null : new RateLimiter(Number(rateLimit.intervalNs) / 1e6, rateLimit.burst, nowMs);
  const auth = new BasicAuth({
    verify: (password, hash) => Bun.password.verify(password, hash, "bcrypt"),
    nowMs,
    ...keepAccepted(runtimeFolder, log.for("accepted-file.ts")),
  });
  const guard = createGuard({ config: () => live.config(), auth, limiter });
  const http2 = start.tls !== null && start.config.http2;
  const listenOverTls = tlsListening(live, http2, log.for("tls-listener.ts"));
  clock.every(LOOK_MS, () => live.look());
  return {
    guard,
    scheme: start.tls === null ? "http" : "https",
    userOf: (exchange) => {
      const config = live.config();
      if (config instanceof Fault || config.users.size === 0) return null;
      return userOf(exchange.header("authorization"));
    },
    summary: () => summaryOfFile(live),
    readAgain: () => live.readAgain(),
    listen: async (context, place) =>
      start.tls === null ? listenPlain(place, context) : listenOverTls(context, place, start.tls),
    announce: (address) => {
      if (rateLimit !== null)
        log.for("access.ts").info("Rate Limiter is enabled.", {
          burst: rateLimit.burst,
          interval: formatDuration(rateLimit.intervalNs),
        });
      announceTls(log.for("access.ts"), address, start.tls !== null, http2);
    },
  };
}

/** How sockets are listened on with TLS: each listener goes on with what the file says later. */
function tlsListening(live: LiveWebConfig, http2: boolean, log: Log) {
  const listeners: TlsListener[] = [];
  live.onTlsChange((options) => {
    for (const listener of listeners) listener.change(options);
  });
  return async (context: ListenerContext, place: ListenPlace, tls: TlsOptions): Promise<TlsListener> => {
    const listener = await listenTls(place, tls, {
      context,
      options: () => live.tls() ?? tls,
      certificateFault: faultOfPeer,
      http2: http2 ? new Http2(context) : null,
      log,
    });
    listeners.push(listener);
    return listener;
  };
}

function summaryOfFile(live: LiveWebConfig): AccessSummary {
  const { start } = live;
  const [config, tls] = [live.config(), live.tls()];
  const isBroken = config instanceof Fault || tls instanceof Fault;
  return {
    webConfig: isBroken ? "broken" : "in use",
    tls: start.tls !== null,
    http2: start.tls !== null && start.config.http2,
    passwords: !(config instanceof Fault) && config.users.size > 0,
    clientCertificates: tls === null || tls instanceof Fault ? "" : tls.clientAuth,
    rateLimit: start.config.rateLimit !== null,
  };
}

function faultOfPeer(socket: TLSSocket, options: TlsOptions): string | null {
  const certificate = socket.getPeerX509Certificate();
  const { authorized: isVerified } = socket;
  const subjectAltName = certificate?.subjectAltName;
  return certificateFault({ isPresent: certificate !== undefined, isVerified, subjectAltName }, options);
}

/** Paths count from the folder of the web-config file. */
function filesBeside(file: string): WebConfigFiles {
  return {
    resolve: (path) => resolve(dirname(file), path),
    read: readFile,
    fingerprint: (path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    },
  };
}
