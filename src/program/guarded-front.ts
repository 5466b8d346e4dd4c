import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ListenAddress } from "../config/address.ts";
import { formatDuration } from "../config/duration.ts";
import type { TlsOptions } from "../config/tls-options.ts";
import { BasicAuth } from "../http/basic-auth.ts";
import { createGuard } from "../http/guard.ts";
import { type Edge, edgeOf, type Listener, listen } from "../http/listen.ts";
import { LiveWebConfig, type WebConfigFiles } from "../http/live-web-config.ts";
import { RateLimiter } from "../http/rate-limiter.ts";
import { TlsServer } from "../http/tls-server.ts";
import { Rejection } from "../model/rejection.ts";
import { readFile } from "./read-file.ts";
import { announceTls, type WebFront, type WebFrontDeps } from "./web-front.ts";

/** How often the web-config file and its certificates are looked at, besides at each request and connection. */
const LOOK_MS = 250;

/** The front of a web-config file. */
export function openGuardedFront(file: string, deps: WebFrontDeps): WebFront | Rejection {
  const live = LiveWebConfig.open(file, filesBeside(file), deps.log.for("live-web-config.ts"));
  return live instanceof Rejection ? live : guardedFront(live, deps);
}

function guardedFront(live: LiveWebConfig, { log, nowMs, every }: WebFrontDeps): WebFront {
  const { start } = live;
  const { rateLimit } = start.config;
  const limiter = rateLimit === null ? null : new RateLimiter(rateLimit, nowMs);
  const auth = new BasicAuth((password, hash) => Bun.password.verify(password, hash, "bcrypt"));
  const guard = createGuard({ config: () => live.config(), auth, limiter });
  const tlsServers: TlsServer[] = [];
  live.onTlsChange((options) => {
    for (const server of tlsServers) server.change(options);
  });
  every(LOOK_MS, () => live.look());
  const http2 = start.tls !== null && start.config.http2;
  const overTls = async (edge: Edge, address: ListenAddress, tls: TlsOptions): Promise<Listener> => {
    const server = new TlsServer(tls, {
      edge,
      options: () => live.tls() ?? tls,
      http2,
      log: log.for("tls-server.ts"),
      nowMs,
    });
    await server.open(address);
    tlsServers.push(server);
    return server;
  };
  return {
    readAgain: () => live.readAgain(),
    listen: async (app, address) => {
      const edge = edgeOf(app, guard);
      return start.tls === null ? listen(edge, address) : overTls(edge, address, start.tls);
    },
    announce: (address) => {
      if (rateLimit !== null)
        log.for("web-front.ts").info("Rate Limiter is enabled.", {
          burst: rateLimit.burst,
          interval: formatDuration(rateLimit.intervalNs),
        });
      announceTls(log.for("web-front.ts"), address, start.tls !== null, http2);
    },
  };
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
