import { readdirSync, readFileSync, statSync } from "node:fs";
import { arch, platform } from "node:os";
import { createApp } from "./app.ts";
import { build } from "./build-info.ts";
import { formatListenAddress, type ListenAddress } from "./config/address.ts";
import { parseCommandLine, type Settings } from "./config/command-line.ts";
import { parseExportLine } from "./config/export-line.ts";
import { ownHealthUrl, parseHealthcheckLine } from "./config/healthcheck-line.ts";
import { buildContext, type ProgramInfo, versionInfo } from "./config/program.ts";
import { type Keeping, keepStore, MEMORY_ONLY } from "./durability.ts";
import { exportFile } from "./export.ts";
import { moveFromGob } from "./gob-move.ts";
import { checkOwnServer, checkUrl } from "./healthcheck.ts";
import { limitConnections, readMaxDescriptors } from "./http/connection-limit.ts";
import type { App } from "./http/deps.ts";
import { listenOn, takeSockets } from "./http/inherited.ts";
import type { Listener } from "./http/listen.ts";
import { Rejection } from "./model/rejection.ts";
import { Store } from "./store/store.ts";
import { supervise } from "./supervision.ts";
import type { InheritedSocket } from "./systemd/inherited-socket.ts";
import { openLibc } from "./systemd/libc.ts";
import { inheritedDescriptors } from "./systemd/listen-fds.ts";
import { openNotify } from "./systemd/notify.ts";
import { createLog, type Log } from "./telemetry/log.ts";
import { createOwnMetrics, type OwnMetrics, ownFamilyTypes } from "./telemetry/own-metrics.ts";
import { openWebFront, type WebFront } from "./web-listen.ts";

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
  const servers: Listener[] = [];
  const ending = Promise.withResolvers<number>();
  // First of all: process 1 of a container ignores signals that nobody waits for.
  awaitSignals(log, () => ending.resolve(0));
  const front = await openWebFront(settings.webConfigFile, { log, nowMs: () => performance.now() });
  if (front instanceof Rejection) {
    log.error("HTTP server stopped", { file: settings.webConfigFile, err: front.message });
    return 1;
  }
  if (!adoptFile(settings.persistenceFile, log)) return 1;
  const store = new Store(ownFamilyTypes(), settings.consistencyCheck, settings.limits.store);
  const keeping = startKeeping(settings, store, log, () => ending.resolve(1));
  const ownMetrics = buildOwnMetrics(program, store, keeping);
  const app = buildApp(settings, program, root, servers, ownMetrics, store, keeping, () => {
    log.warn("received termination request via web service, exiting gracefully...");
    ending.resolve(0);
  });
  const inherited = settings.systemdSocket ? inheritSockets(log) : [];
  if (inherited === null) return 1;
  const sayStopping = startSupervision(store, keeping, servers, log);
  // Connections wait in a socket that systemd holds; on a port of our own the answer is 503 meanwhile.
  if (inherited.length > 0) await Promise.race([restored(keeping), ending.promise]);
  if (!(await openServers(front, app, settings, inherited, servers, log))) return 1;
  limitConnections(servers, {
    maxConnections: settings.limits.maxConnections,
    maxDescriptors: readMaxDescriptors(readFileSync("/proc/self/limits", "latin1")),
    countOpenFds,
    every,
    countLimit: () => ownMetrics.countLimit("web.max-connections"),
    log,
  });
  const status = await ending.promise;
  sayStopping();
  for (const socket of inherited) socket.close();
  await stop(servers);
  log.info("HTTP server stopped");
  if (status !== 0 || (await keeping.close())) return status;
  log.error("changes since the last commit could not be written", { file: settings.persistenceFile });
  return 1;
}

/** Resolves when pushes and scrapes are no longer put off. */
async function restored(keeping: Keeping): Promise<void> {
  while (keeping.notReady() !== null) await Bun.sleep(5);
}

/** The sockets that systemd has opened for us, or null: there are none that can be served. */
function inheritSockets(log: Log): InheritedSocket[] | null {
  log.info("Listening on systemd activated listeners instead of port listeners.");
  const sockets = takeSockets(inheritedDescriptors(process.env, process.pid));
  if (!(sockets instanceof Rejection)) return sockets;
  log.error("HTTP server stopped", { err: sockets.message });
  return null;
}

/** Adds a server for each inherited socket, or else for each address, to `servers`; false where one cannot listen. */
async function openServers(
  front: WebFront,
  app: App,
  settings: Settings,
  inherited: readonly InheritedSocket[],
  servers: Listener[],
  log: Log,
): Promise<boolean> {
  const places = inherited.length > 0 ? inherited : settings.listenAddresses;
  for (const place of places) {
    try {
      const serve = (address: ListenAddress) => front.listen(app, address);
      servers.push(await ("port" in place ? serve(place) : listenOn(place, serve)));
    } catch (error) {
      const where = "port" in place ? `listen tcp ${formatListenAddress(place)}` : "listening on an inherited socket";
      log.error("HTTP server stopped", { err: `${where}: ${listenFault(error)}` });
      return false;
    }
  }
  for (const [i, server] of servers.entries()) {
    const bound = formatListenAddress({ hostname: server.hostname ?? "", port: server.port ?? 0 });
    const address = inherited[i]?.address ?? bound;
    log.info("Listening on", { address });
    front.announce(address);
  }
  return true;
}

/** Where a service manager has started us, it is told how we do. Gives the function that tells that we stop. */
function startSupervision(store: Store, keeping: Keeping, servers: readonly Listener[], log: Log): () => void {
  const address = process.env.NOTIFY_SOCKET;
  if (!address) return () => {};
  const libc = openLibc();
  const notify = libc instanceof Rejection ? libc : openNotify(libc, address);
  if (notify instanceof Rejection) {
    log.warn("the service manager cannot be notified", { err: notify.message });
    return () => {};
  }
  const status = () => {
    const { groups, series } = store.stats;
    const fault = keeping.fault();
    return fault === null ? `Serving; groups: ${groups}, series: ${series}` : `Pushes are refused: ${fault}`;
  };
  const { env, pid } = process;
  const notReady = () => keeping.notReady() ?? (servers.length === 0 ? "no socket is served yet" : null);
  return supervise({ notify, environment: env, pid, notReady, status, after });
}

/** A persistence file of the Go Pushgateway is turned into one of ours. False: it is one, but cannot be read. */
function adoptFile(file: string, log: Log): boolean {
  try {
    const moved = file === "" ? null : moveFromGob(file);
    if (moved instanceof Rejection) throw new Error(moved.message);
    if (moved !== null) log.info("persistence file of the Go Pushgateway imported", { file, ...moved });
    return true;
  } catch (error) {
    log.error("the persistence file cannot be used", { file, err: error instanceof Error ? error : String(error) });
    return false;
  }
}

/** Where there is a file to keep the metrics in, a thread of its own writes it. */
function startKeeping(settings: Settings, store: Store, log: Log, giveUp: () => void): Keeping {
  if (settings.persistenceFile === "") return MEMORY_ONLY;
  const worker = new Worker(new URL("./persist/worker.ts", import.meta.url));
  return keepStore(
    { settings, store, log, now: Date.now, nowMs: () => performance.now(), turn: nextTurn, after, giveUp },
    worker,
  );
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs something later; 0 is the end of this turn of the loop. */
function after(ms: number, run: () => void): void {
  if (ms === 0) setImmediate(run);
  else setTimeout(run, ms);
}

function every(ms: number, run: () => void): void {
  setInterval(run, ms).unref();
}

const countOpenFds = (): number => statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;

function listenFault(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" ? "bind: address already in use" : String(error);
}

function buildOwnMetrics(program: ProgramInfo, store: Store, keeping: Keeping): OwnMetrics {
  const { version, revision, branch, runtimeVersion } = program;
  const [goos = "", goarch = ""] = program.platform.split("/");
  return createOwnMetrics({
    nowMs: () => performance.now(),
    build: { version, revision, branch, goversion: `bun${runtimeVersion}`, goos, goarch, tags: "unknown" },
    storeStats: () => store.stats,
    persistenceStats: keeping.stats,
    readProcFile: (path) => readFileSync(path, "latin1"),
    countOpenFds,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
  });
}

function buildApp(
  settings: Settings,
  program: ProgramInfo,
  log: Log,
  servers: readonly Listener[],
  ownMetrics: OwnMetrics,
  store: Store,
  keeping: Keeping,
  quit: () => void,
) {
  const { version, revision, branch, buildUser, buildDate, runtimeVersion } = program;
  return createApp({
    settings,
    log,
    ownMetrics,
    store,
    durability: keeping,
    now: Date.now,
    clock: { nowMs: () => performance.now(), turn: nextTurn },
    startMs: Date.now(),
    version,
    buildInformation: { version, revision, branch, buildUser, buildDate, goVersion: `bun${runtimeVersion}` },
    clientAddress: (request) => clientAddress(servers, request),
    setIdleSeconds: (request, seconds) => {
      for (const server of servers) server.setIdleSeconds(request, seconds);
    },
    every,
    quit,
  });
}

function clientAddress(servers: readonly Listener[], request: Request): string {
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
async function stop(servers: readonly Listener[]): Promise<void> {
  const deadline = Promise.withResolvers<void>();
  const timer = setTimeout(deadline.resolve, SHUTDOWN_MS);
  await Promise.race([Promise.all(servers.map((server) => server.stop())), deadline.promise]);
  clearTimeout(timer);
  for (const server of servers) void server.stop(true);
}

/** Writes a persistence file to stdout in another form. */
async function runExport(argv: readonly string[]): Promise<number> {
  const line = parseExportLine(argv);
  if (line.kind === "fail") {
    process.stderr.write(line.text);
    return 1;
  }
  try {
    const out = Bun.stdout.writer();
    for (const piece of exportFile(line.file, line.format)) {
      out.write(piece);
      await out.flush();
    }
    await out.end();
    return 0;
  } catch (error) {
    process.stderr.write(
      `pushgateway: error: exporting ${line.file}: ${error instanceof Error ? error.message : error}\n`,
    );
    return 1;
  }
}

/** Asks a server whether it is healthy: the one that is named, or the one that this container was started for. */
async function runHealthcheck(argv: readonly string[], program: ProgramInfo): Promise<number> {
  const line = parseHealthcheckLine(argv);
  if (line.kind === "fail") {
    process.stderr.write(line.text);
    return 1;
  }
  const { url, insecure } = line;
  const health = await (url === null ? checkOwnServer(ownHealthUrl(firstProcess(), program)) : checkUrl(url, insecure));
  if (health.healthy) process.stdout.write(`${health.message}\n`);
  else process.stderr.write(`pushgateway: error: ${health.message}\n`);
  return health.healthy ? 0 : 1;
}

/** The command line of process 1, which in a container is the server. */
function firstProcess(): string[] {
  try {
    return readFileSync("/proc/1/cmdline", "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

async function main(): Promise<number> {
  const program = programInfo();
  if (process.argv[2] === "healthcheck") return runHealthcheck(process.argv.slice(3), program);
  if (process.argv[2] === "export") return runExport(process.argv.slice(3));
  const command = parseCommandLine(process.argv.slice(2), program);
  if (command.kind === "run") return run(command.settings, program);
  (command.kind === "print" ? process.stdout : process.stderr).write(command.text);
  return command.kind === "print" ? 0 : 1;
}

process.exit(await main());
