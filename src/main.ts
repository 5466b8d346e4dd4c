import { readdirSync, readFileSync, statSync } from "node:fs";
import { arch, platform } from "node:os";
import type { Server } from "bun";
import { createApp } from "./app.ts";
import { build } from "./build-info.ts";
import { formatListenAddress } from "./config/address.ts";
import { parseCommandLine, type Settings } from "./config/command-line.ts";
import { buildContext, type ProgramInfo, versionInfo } from "./config/program.ts";
import { listen } from "./http/listen.ts";
import { Store } from "./store/store.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createOwnMetrics, ownFamilyTypes } from "./telemetry/own-metrics.ts";

/** Requests in flight get so long when the server is asked to end; then their connections are closed. */
const SHUTDOWN_MS = 5000;

const GO_ARCHITECTURES: Record<string, string> = { x64: "amd64", ia32: "386" };

function programInfo(): ProgramInfo {
  return { ...build, runtimeVersion: Bun.version, platform: `${platform()}/${GO_ARCHITECTURES[arch()] ?? arch()}` };
}

/** Starts the server and gives a promise of the exit status. */
async function run(settings: Settings, program: ProgramInfo): Promise<number> {
  const root = createLog({
    level: settings.logLevel,
    format: settings.logFormat,
    write: (line) => process.stderr.write(line),
    now: Date.now,
  });
  const log = root.for("main.ts");
  log.info("starting pushgateway", { version: versionInfo(program) });
  log.info("Build context", { build_context: buildContext(program) });
  log.debug("path prefix used externally", { path: settings.externalPathPrefix });
  log.debug("path prefix for internal routing", { path: settings.routePrefix });
  const servers: Server<undefined>[] = [];
  const ending = Promise.withResolvers<void>();
  const app = buildApp(settings, program, root, servers, () => {
    log.warn("received termination request via web service, exiting gracefully...");
    ending.resolve();
  });
  for (const address of settings.listenAddresses) {
    try {
      servers.push(listen(app, address));
    } catch (error) {
      log.error("HTTP server stopped", { err: `listen tcp ${formatListenAddress(address)}: ${listenFault(error)}` });
      return 1;
    }
  }
  for (const server of servers) {
    const address = formatListenAddress({ hostname: server.hostname ?? "", port: server.port ?? 0 });
    log.info("Listening on", { address });
    log.info("TLS is disabled.", { http2: false, address });
  }
  awaitSignals(log, ending.resolve);
  await ending.promise;
  await stop(servers);
  log.info("HTTP server stopped");
  return 0;
}

function listenFault(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" ? "bind: address already in use" : String(error);
}

function buildApp(settings: Settings, program: ProgramInfo, log: Log, servers: Server<undefined>[], quit: () => void) {
  const store = new Store(ownFamilyTypes(), settings.consistencyCheck);
  const { version, revision, branch, buildUser, buildDate, runtimeVersion } = program;
  const goversion = `bun${runtimeVersion}`;
  const [goos = "", goarch = ""] = program.platform.split("/");
  const ownMetrics = createOwnMetrics({
    nowMs: () => performance.now(),
    build: { version, revision, branch, goversion, goos, goarch, tags: "unknown" },
    storeStats: () => store.stats,
    readProcFile: (path) => readFileSync(path, "latin1"),
    countOpenFds: () => statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
  });
  return createApp({
    settings,
    log,
    ownMetrics,
    store,
    now: Date.now,
    clock: { nowMs: () => performance.now(), turn: () => new Promise((resolve) => setImmediate(resolve)) },
    startMs: Date.now(),
    version,
    buildInformation: { version, revision, branch, buildUser, buildDate, goVersion: goversion },
    clientAddress: (request) => clientAddress(servers, request),
    quit,
  });
}

function clientAddress(servers: readonly Server<undefined>[], request: Request): string {
  for (const server of servers) {
    const peer = server.requestIP(request);
    if (peer !== null) return formatListenAddress({ hostname: peer.address, port: peer.port });
  }
  return "unknown";
}

/** The first SIGINT or SIGTERM ends the server; further ones change nothing. */
function awaitSignals(log: Log, end: () => void): void {
  let received = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (!received) log.info("received SIGINT/SIGTERM; exiting gracefully...");
      received = true;
      end();
    });
  }
}

/** Takes no more connections and waits for the requests in flight, but not for ever. */
async function stop(servers: readonly Server<undefined>[]): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, SHUTDOWN_MS);
  await Promise.race([Promise.all(servers.map((server) => server.stop())), deadline.promise]);
  clearTimeout(timer);
  for (const server of servers) void server.stop(true);
}

async function main(): Promise<number> {
  const program = programInfo();
  const command = parseCommandLine(process.argv.slice(2), program);
  if (command.kind === "run") return run(command.settings, program);
  (command.kind === "print" ? process.stdout : process.stderr).write(command.text);
  return command.kind === "print" ? 0 : 1;
}

process.exit(await main());
