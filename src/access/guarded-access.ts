import { dirname, resolve } from "node:path";
import type { TLSSocket } from "node:tls";
import { formatDuration } from "../config/duration.ts";
import { Fault } from "../model/fault.ts";
import { EVERYBODY } from "../model/principal.ts";
import { TokenBucket } from "../model/token-bucket.ts";
import { Http2 } from "../server/http2.ts";
import type { ListenerContext, ListenPlace } from "../server/listener-context.ts";
import { listenPlain } from "../server/plain-listener.ts";
import { listenTls, type TlsListener } from "../server/tls-listener.ts";
import type { TlsOptions } from "../server/tls-options.ts";
import type { Log } from "../telemetry/log.ts";
import { keepAccepted } from "./accepted-file.ts";
import { type Access, type AccessDeps, type AccessSummary, announceTls, type Gate } from "./access.ts";
import type { AccessFile } from "./access-file.ts";
import { BasicAuth, userOf } from "./basic-auth.ts";
import { certificateFault } from "./client-certificate.ts";
import { challengeOf, createGuard } from "./guard.ts";
import { Identities } from "./identities.ts";
import { LiveAccessFile } from "./live-access-file.ts";
import { LiveWebConfig, type WebConfigFiles } from "./live-web-config.ts";
import { SYSTEM_FILES } from "./watched-files.ts";

/** How often the files are looked at, the web-config file besides at each request and connection. */
const LOOK_MS = 250;

/** Where they are; "" is none. */
export interface AccessPlaces {
  readonly webConfigFile: string;
  readonly accessFile: string;
}

/** A fault of one of the files. */
export class AccessFault extends Fault {
  constructor(
    readonly file: string,
    message: string,
  ) {
    super(message);
  }
}

/** The front of a web-config file, an access file or both. */
export function openGuardedAccess({ webConfigFile, accessFile }: AccessPlaces, deps: AccessDeps): Access | AccessFault {
  const { audit, log } = deps;
  const files = webConfigFile === "" ? NO_FILES : filesBeside(webConfigFile);
  const live = LiveWebConfig.open(webConfigFile, files, log.for("live-web-config.ts"), audit);
  if (live instanceof Fault) return new AccessFault(webConfigFile, live.message);
  if (accessFile === "") return guardedAccess(live, null, deps);
  const fileLog = log.for("live-access-file.ts");
  const rules = LiveAccessFile.open(accessFile, SYSTEM_FILES, fileLog, audit);
  if (rules instanceof Fault) return new AccessFault(accessFile, rules.message);
  const warn = (file: AccessFile) => warnOfAbsentUsers(live, file, accessFile, fileLog);
  warn(rules.current);
  rules.onChange(warn);
  return guardedAccess(live, rules, deps);
}

function guardedAccess(live: LiveWebConfig, rules: LiveAccessFile | null, deps: AccessDeps): Access {
  const { log, clock, runtimeFolder } = deps;
  const { nowMs } = clock;
  const { start } = live;
  const { rateLimit } = start.config;
  const limiter =
    rateLimit === null ? null : new TokenBucket(Number(rateLimit.intervalNs) / 1e6, rateLimit.burst, nowMs);
  const auth = new BasicAuth({
    verify: (password, hash) => Bun.password.verify(password, hash, "bcrypt"),
    nowMs,
    ...keepAccepted(runtimeFolder, log.for("accepted-file.ts")),
  });
  const identities = rules === null ? null : identitiesOf(rules);
  const guard = createGuard({ config: () => live.config(), auth, limiter, identities });
  const http2 = start.tls !== null && start.config.http2;
  const listenOverTls = tlsListening(live, http2, log.for("tls-listener.ts"));
  for (const watched of [live, rules]) if (watched !== null) clock.every(LOOK_MS, () => watched.look());
  return {
    guard,
    scheme: start.tls === null ? "http" : "https",
    userOf: (exchange) => {
      const config = live.config();
      if (config instanceof Fault || config.users.size === 0) return null;
      return userOf(exchange.header("authorization"));
    },
    principalOf: (exchange) => identities?.principalOf(exchange) ?? EVERYBODY,
    gate: rules === null ? null : gateOf(live, rules),
    summary: () => summaryOfFiles(live, rules),
    readAgain: () => {
      live.readAgain();
      rules?.readAgain();
    },
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

/** Says which users nobody can log in as. */
function warnOfAbsentUsers(live: LiveWebConfig, { users }: AccessFile, file: string, log: Log): void {
  const config = live.config();
  if (config instanceof Fault) return;
  for (const [user, { name }] of users)
    if (!config.users.has(user))
      log.warn("a user of the access file is not in the web-config file", { file, user, principal: name });
}

function identitiesOf(rules: LiveAccessFile): Identities {
  const identities = new Identities(rules.current);
  rules.onChange((file) => identities.use(file));
  return identities;
}

function gateOf(live: LiveWebConfig, rules: LiveAccessFile): Gate {
  return {
    list: () => {
      const { principals, anonymous } = rules.current;
      return anonymous === null ? principals : [...principals, anonymous];
    },
    watch: (changed) => rules.onChange(changed),
    isHealthOpen: () => rules.current.isHealthOpen,
    challenge: () => challengeOf(live.config()),
    isHealthy: () => rules.isHealthy,
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

function summaryOfFiles(live: LiveWebConfig, rules: LiveAccessFile | null): AccessSummary {
  const { start } = live;
  const [config, tls] = [live.config(), live.tls()];
  const isBroken = config instanceof Fault || tls instanceof Fault;
  return {
    webConfig: live.isNone ? "none" : isBroken ? "broken" : "in use",
    tls: start.tls !== null,
    http2: start.tls !== null && start.config.http2,
    passwords: !(config instanceof Fault) && config.users.size > 0,
    clientCertificates: tls === null || tls instanceof Fault ? "" : tls.clientAuth,
    rateLimit: start.config.rateLimit !== null,
    accessFile: rules === null ? "none" : rules.isHealthy ? "in use" : "broken",
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
  return { ...SYSTEM_FILES, resolve: (path) => resolve(dirname(file), path) };
}

/** A web-config file that is not there says nothing, always. */
const NO_FILES: WebConfigFiles = { read: () => new Uint8Array(0), fingerprint: () => "", resolve: (path) => path };
