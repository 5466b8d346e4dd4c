import { readdirSync, readFileSync, statSync } from "node:fs";
import { type Access, type Gate, plainAccess } from "../access/access.ts";
import type { AccessFault, AccessPlaces } from "../access/guarded-access.ts";
import type { Settings } from "../config/command-line.ts";
import { buildContext, type ProgramInfo, versionInfo } from "../config/program.ts";
import { AuditTrail } from "../http/audit-trail.ts";
import { createContext } from "../http/context.ts";
import type { Events } from "../http/events.ts";
import { createFront, createSurfaces } from "../http/front.ts";
import type { ProgramState } from "../http/program-state.ts";
import { Importing } from "../import/importing.ts";
import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import type { RefusalReason } from "../model/refusals.ts";
import { limitsOf, MEMORY_ONLY, type RunningPersistence, startPersistence } from "../persist/persistence.ts";
import { connectionLimit, readMaxDescriptors } from "../server/connections.ts";
import { Failures } from "../server/failures.ts";
import { ListenerContext } from "../server/listener-context.ts";
import { Refusals } from "../server/refusals.ts";
import { inheritSockets, ServedSockets } from "../server/sockets.ts";
import { Store } from "../store/store.ts";
import { startSupervision } from "../systemd/supervision.ts";
import type { Audit } from "../telemetry/audit.ts";
import { type AuditLog, NO_AUDIT } from "../telemetry/audit-log.ts";
import { createLog, type Log, type LogFields } from "../telemetry/log.ts";
import { ownFamilyTypes } from "../telemetry/own-families.ts";
import { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { PrincipalMetrics } from "../telemetry/principal-metrics.ts";
import { RefusedRequests } from "../telemetry/refused-requests.ts";
import type { Clustering } from "./clustering.ts";
import { collectWhenCalm } from "./garbage.ts";
import type { Runtime } from "./runtime.ts";
import { heedSignals } from "./signals.ts";

/** Polling interval while metrics are being restored. */
const RESTORED_CHECK_MS = 5;

/** What the parts of one server share. */
interface Server {
  readonly settings: Settings;
  readonly program: ProgramInfo;
  readonly runtime: Runtime;
  /** For all parts; each names itself. */
  readonly rootLog: Log;
  readonly log: Log;
  /** null: there is none. */
  readonly audit: Audit | null;
  readonly store: Store;
  /** As clients see it: they also wait until a replica has caught up. */
  readonly persistence: RunningPersistence;
  /** As it is. */
  readonly file: RunningPersistence;
  readonly cluster: Clustering | null;
  readonly ownMetrics: OwnMetrics;
  readonly sockets: ServedSockets;
}

/** What answers requests. */
interface Service {
  readonly listening: ListenerContext;
  readonly events: Events;
}

/** Runs the server to its end. Returns the exit status. */
export async function serve(settings: Settings, program: ProgramInfo, runtime: Runtime): Promise<number> {
  const { logLevel: level, logFormat: format } = settings;
  const rootLog = createLog({ level, format, write: runtime.writeError, now: runtime.clock.now });
  const audit = await openAudit(settings.auditFile, runtime.clock, rootLog.for("audit.ts"));
  const { version } = program;
  audit?.add({ event: "started", version, pid: runtime.pid });
  const status = await serveTold(settings, program, runtime, rootLog, audit);
  audit?.add({ event: "stopped", exit_status: status });
  await audit?.close();
  return status;
}

/** "" is none. */
async function openAudit(name: string, clock: Clock, log: Log): Promise<Audit | null> {
  if (name === "") return null;
  const { Audit } = await import("../telemetry/audit.ts");
  const { AUDIT_STDOUT, AuditFile } = await import("../telemetry/audit-file.ts");
  return new Audit({ sink: name === "-" ? AUDIT_STDOUT : new AuditFile(name), log, clock });
}

async function serveTold(
  settings: Settings,
  program: ProgramInfo,
  runtime: Runtime,
  rootLog: Log,
  audit: Audit | null,
): Promise<number> {
  const log = rootLog.for("serve.ts");
  log.info("starting pushgateway", { version: versionInfo(program) });
  log.info("Build context", { build_context: buildContext(program) });
  log.debug("external URL", { url: settings.externalUrl });
  log.debug("path prefix used externally", { path: settings.externalPathPrefix });
  log.debug("path prefix for internal routing", { path: settings.routePrefix });
  for (const flag of settings.ignoredFlags) log.warn("flag is ignored", { flag });
  const ending = Promise.withResolvers<number>();
  // First of all: process 1 of a container ignores signals that nobody waits for.
  let access: Access | AccessFault | null = null;
  const readAgain = () => {
    audit?.reopen("SIGHUP");
    if (access !== null && !(access instanceof Fault)) access.readAgain();
  };
  heedSignals(runtime, { log, end: ending.resolve, readAgain });
  access = await openAccess(settings, runtime, rootLog, audit ?? NO_AUDIT);
  if (access instanceof Fault) {
    log.error("HTTP server stopped", { err: access.message, file: access.file });
    return 1;
  }
  const store = newStore(settings);
  const giveUp = () => ending.resolve(1);
  const file = openPersistence(settings, store, runtime, rootLog.for("persistence.ts"), giveUp);
  const cluster = await openCluster(settings, store, runtime, rootLog, file, giveUp);
  const persistence = cluster === null ? file : besideLog(file, cluster);
  const parts = { settings, program, runtime, rootLog, log, audit, store, persistence, file, cluster };
  const { gate } = access;
  const sockets = new ServedSockets(access, rootLog.for("sockets.ts"));
  const server = { ...parts, ownMetrics: buildOwnMetrics(parts, gate, await openPrincipals(gate, store)), sockets };
  const service = buildService(server, access, (asker) => {
    log.warn("received termination request via web service, exiting gracefully...", asker);
    ending.resolve(0);
  });
  collectWhenCalm(runtime, runtime.clock);
  return serveUntil(server, service, ending.promise);
}

/** What is counted of each principal; null: nobody is told from others. */
async function openPrincipals(gate: Gate | null, { counting }: Store): Promise<PrincipalMetrics | null> {
  if (gate === null) return null;
  const { PrincipalMetrics } = await import("../telemetry/principal-metrics.ts");
  return new PrincipalMetrics(gate, (name) => counting.of(name));
}

const newStore = (settings: Settings): Store =>
  new Store(ownFamilyTypes(), settings.consistencyCheck, limitsOf(settings), settings.expiry);

/** What joins the server to others; null: it is alone, and nothing of that is loaded. */
async function openCluster(
  settings: Settings,
  store: Store,
  { clock, startLog }: Runtime,
  rootLog: Log,
  persistence: RunningPersistence,
  giveUp: () => void,
): Promise<Clustering | null> {
  const { cluster, consistencyCheck, limits, utf8Names } = settings;
  if (cluster === null) return null;
  const { Clustering, sharedSettings } = await import("./clustering.ts");
  const { ThreadedLog } = await import("../cluster/threaded-log.ts");
  return new Clustering({
    name: cluster.name,
    shared: new ThreadedLog(startLog(), cluster),
    settings: sharedSettings(consistencyCheck, utf8Names),
    timeoutMs: cluster.timeoutMs,
    maxWaitingBytes: limits.maxBufferedBytes,
    store,
    newStore: () => newStore(settings),
    persistence,
    log: rootLog.for("clustering.ts"),
    clock,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    giveUp,
  });
}

/** What is in the log is safe there: nobody waits for the file, and a file that fails keeps nobody from pushing. */
function besideLog(file: RunningPersistence, cluster: Clustering): RunningPersistence {
  return { ...file, notReady: () => file.notReady() ?? cluster.notReady(), fault: () => null, settled: () => null };
}

/** How clients reach the server, and who may do what there, as the web-config file and the access file say. */
async function openAccess(
  places: AccessPlaces,
  runtime: Runtime,
  rootLog: Log,
  audit: AuditLog,
): Promise<Access | AccessFault> {
  if (places.webConfigFile === "" && places.accessFile === "") return plainAccess(rootLog.for("access.ts"));
  // YAML, TLS and HTTP/2 take their time to load: only where they are asked for.
  const { openGuardedAccess } = await import("../access/guarded-access.ts");
  const [runtimeFolder = ""] = (runtime.environment.RUNTIME_DIRECTORY ?? "").split(":");
  return openGuardedAccess(places, { clock: runtime.clock, log: rootLog, runtimeFolder, audit });
}

/** Serves until `ending` has the exit status, and puts everything away. */
async function serveUntil(server: Server, { listening, events }: Service, ending: Promise<number>): Promise<number> {
  const { settings, runtime, log, file, sockets } = server;
  const inherited = settings.systemdSocket
    ? inheritSockets(runtime.environment, runtime.pid, server.rootLog.for("sockets.ts"))
    : [];
  if (inherited === null) return 1;
  const sayStopping = superviseServer(server);
  // Connections wait in a socket that systemd holds; on a port of our own the answer is 503 meanwhile.
  if (inherited.length > 0) await Promise.race([restored(file, runtime), ending]);
  if (!(await sockets.open(listening, inherited.length > 0 ? inherited : settings.listenAddresses))) return 1;
  const status = await ending;
  sayStopping();
  events.close();
  await sockets.stop(listening);
  await server.cluster?.close();
  log.info("HTTP server stopped");
  if (status !== 0 || (await file.close())) return status;
  log.error("changes since the last commit could not be written", { file: settings.persistenceFile });
  return 1;
}

/** Resolves when pushes and scrapes are no longer put off. */
async function restored(persistence: RunningPersistence, { clock: { after } }: Runtime): Promise<void> {
  while (persistence.notReady() !== null) await new Promise<void>((resolve) => after(RESTORED_CHECK_MS, resolve));
}

/** Where there is a file to keep the metrics in, threads of their own import and write it. */
function openPersistence(
  settings: Settings,
  store: Store,
  runtime: Runtime,
  log: Log,
  giveUp: () => void,
): RunningPersistence {
  if (settings.persistenceFile === "") return MEMORY_ONLY;
  const { persistenceFile: file, consistencyCheck } = settings;
  const { startImporter } = runtime;
  const beginImport = (done: () => void) =>
    Importing.begin({ file, consistencyCheck, log, startImporter, done, refused: giveUp });
  return startPersistence({ ...runtime, settings, store, log, beginImport, giveUp });
}

function superviseServer({ runtime, rootLog, store, file, cluster, sockets }: Server): () => void {
  const status = () => {
    const { groups, series } = store.stats;
    const fault = cluster === null ? file.fault() : cluster.fault();
    if (fault !== null) return `Pushes are refused: ${fault}`;
    const state = file.state();
    const memory = state?.status === "memory-only" ? ` from memory only, metrics are not kept: ${state.reason}` : "";
    return `Serving${memory}; groups: ${groups}, series: ${series}`;
  };
  const notReady = () => file.notReady() ?? (sockets.listeners.length === 0 ? "no socket is served yet" : null);
  const { environment, pid, clock } = runtime;
  return startSupervision({ environment, pid, notReady, status, after: clock.after }, rootLog.for("supervision.ts"));
}

const countOpenFds = (): number => statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;

function buildOwnMetrics(
  { program, runtime, store, persistence, cluster, audit }: Omit<Server, "ownMetrics" | "sockets">,
  gate: Gate | null,
  principals: PrincipalMetrics | null,
): OwnMetrics {
  const { version, revision, branch, runtimeVersion } = program;
  const [goos = "", goarch = ""] = program.platform.split("/");
  return new OwnMetrics({
    nowMs: runtime.clock.nowMs,
    build: { version, revision, branch, goversion: `bun${runtimeVersion}`, goos, goarch, tags: "unknown" },
    storeStats: () => store.stats,
    persistenceStats: persistence.stats,
    cluster: cluster?.metrics ?? null,
    audit: () => audit?.state ?? null,
    principals,
    isAccessFileHealthy: () => gate?.isHealthy() ?? null,
    readProcFile: (path) => readFileSync(path, "latin1"),
    countOpenFds,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
  });
}

function buildService(server: Server, access: Access, quit: (asker: LogFields) => void): Service {
  const { program, runtime, rootLog, store, persistence, cluster, ownMetrics } = server;
  const { clock } = runtime;
  const reports = buildReports(server, access);
  const { version, revision, branch, buildUser, buildDate, runtimeVersion } = program;
  const maxConnections = mostConnections(server);
  const context = createContext({
    settings: withinDescriptors(server.settings, maxConnections),
    log: rootLog,
    ownMetrics,
    store,
    persistence,
    cluster,
    clock,
    startMs: clock.now(),
    version,
    scheme: access.scheme,
    buildInformation: { version, revision, branch, buildUser, buildDate, goVersion: `bun${runtimeVersion}` },
    ...reports,
    principals: access.gate,
    gate: access.gate,
    quit,
    program: programState(server, access, maxConnections, () => listening.connections.size),
  });
  const surfaces = createSurfaces(context);
  // What a push, a scrape or a probe does not need is loaded when it is first asked for.
  const loadApp = once(async () => (await import("../http/app.ts")).createApp(context, surfaces));
  const listening = new ListenerContext({
    handler: createFront(context, surfaces, access.guard, loadApp),
    maxConnections,
    giveWay: (source) => context.intake.giveWay(source, "web.max-connections"),
    countLimit: () => ownMetrics.countLimit("web.max-connections"),
    refusals: reports.refusals,
    failures: reports.failures,
    log: rootLog.for("connections.ts"),
    clock,
  });
  return { listening, events: context.events };
}

function programState(
  { runtime, sockets }: Server,
  access: Access,
  maxConnections: number,
  connections: () => number,
): ProgramState {
  const { pid, cpuSeconds, heapBytes } = runtime;
  const listenAddresses = () => sockets.addresses;
  return { pid, cpuSeconds, heapBytes, listenAddresses, access: access.summary, connections, maxConnections };
}

/** Where it is told that requests are refused, and that some failed. */
function buildReports({ runtime, rootLog, ownMetrics, audit }: Server, { principalOf, userOf }: Access) {
  const { now } = runtime.clock;
  const askers = { userOf, principalOf };
  const auditTrail = new AuditTrail({ audit: audit ?? NO_AUDIT, ...askers });
  const refused = new RefusedRequests({ now });
  const refusals = new Refusals({
    log: rootLog.for("refusals.ts"),
    now,
    count: (reason: RefusalReason) => ownMetrics.countRefusal(reason),
    note: (request, asker) => {
      refused.note(request);
      auditTrail.refused(request, asker);
    },
  });
  const count = () => ownMetrics.countInternalError();
  return {
    ...askers,
    auditTrail,
    refused,
    refusals,
    failures: new Failures({ log: rootLog.for("failures.ts"), now, count }),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Connections are kept below their limit, and below the descriptors that there are. */
function mostConnections({ settings }: Server): number {
  const maxDescriptors = readMaxDescriptors(readFileSync("/proc/self/limits", "latin1"));
  return connectionLimit(settings.limits.maxConnections, maxDescriptors, countOpenFds());
}

/** Bodies that are on their way leave half of the connections to others. */
function withinDescriptors(settings: Settings, maxConnections: number): Settings {
  const maxPushesInFlight = Math.min(settings.limits.maxPushesInFlight, Math.ceil(maxConnections / 2));
  return { ...settings, limits: { ...settings.limits, maxPushesInFlight } };
}
