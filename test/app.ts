import { plainAccess } from "../src/access/access.ts";
import { createApp } from "../src/http/app.ts";
import { AuditTrail } from "../src/http/audit-trail.ts";
import { createContext, type HttpContext } from "../src/http/context.ts";

import { createFront, createSurfaces } from "../src/http/front.ts";
import type { StreamClock } from "../src/http/stream.ts";
import { type App, exchangeOf, responseOf } from "../src/http/web.ts";
import type { Clock } from "../src/model/clock.ts";
import type { Persistence } from "../src/model/persistence.ts";
import { EVERYBODY, type Principal, type Principals } from "../src/model/principal.ts";
import type { Clustering } from "../src/program/clustering.ts";
import type { Handler } from "../src/server/exchange.ts";
import { Failures } from "../src/server/failures.ts";
import { Refusals } from "../src/server/refusals.ts";
import { Store } from "../src/store/store.ts";
import type { AuditEntry, AuditLog } from "../src/telemetry/audit-log.ts";
import { createLog } from "../src/telemetry/log.ts";
import { ownFamilyTypes } from "../src/telemetry/own-families.ts";
import { OwnMetrics } from "../src/telemetry/own-metrics.ts";
import { PrincipalMetrics } from "../src/telemetry/principal-metrics.ts";
import { RefusedRequests } from "../src/telemetry/refused-requests.ts";
import { settingsOf } from "./program-info.ts";

/** The app without a socket. Its clock stands still unless a test moves it. */
export interface TestApp {
  readonly app: App;
  readonly store: Store;
  readonly logged: string[];
  /** What long answers take turns by. */
  clock: StreamClock;
  /** Milliseconds since 1970. */
  nowMs: number;
  quits: number;
  /** What the audit log was told. */
  readonly audited: AuditEntry[];
  /** In whose name requests are made. */
  principal: Principal;
  /** Whether everybody is told how the server does. */
  isHealthOpen: boolean;
  /** Why what was kept is not restored yet, or null. */
  notReady: string | null;
  /** Waits until what was changed is durable. */
  settled: Persistence["settled"];
  /** Requests that failed by a fault of our own. */
  failed: number;
  /** What is to be done every so often, which a test does itself. */
  readonly sweeps: (() => void)[];
  /** What the app stands on, for what looks inside. */
  readonly context: HttpContext;
  readonly front: Handler;
}

/** What joins an app to others is made of these. */
export interface JoinedParts extends Pick<HttpContext, "settings" | "log" | "clock" | "persistence" | "store"> {
  readonly newStore: () => Store;
}

/** An app with the given flags. */
export const createTestApp = (...flags: string[]): TestApp => createJoinedApp(flags, () => null);

/** One that shares a log with others. */
export function createJoinedApp(
  flags: readonly string[],
  join: (parts: JoinedParts) => Clustering | null,
  principals: Principals | null = null,
): TestApp {
  const settings = settingsOf(...flags);
  const newStore = () => new Store(ownFamilyTypes(), settings.consistencyCheck, settings.limits.store, settings.expiry);
  const store = newStore();
  const logged: string[] = [];
  const clock: StreamClock = {
    nowMs: () => performance.now(),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
  };
  const settled: Persistence["settled"] = () => null;
  const sweeps: (() => void)[] = [];
  const test = {
    store,
    logged,
    clock,
    nowMs: Date.UTC(2026, 10, 21),
    quits: 0,
    audited: [] as AuditEntry[],
    principal: EVERYBODY,
    isHealthOpen: false,
    notReady: null,
    settled,
    failed: 0,
    sweeps,
  };
  const log = createLog({
    level: "debug",
    format: "logfmt",
    write: (line) => logged.push(line),
    now: () => test.nowMs,
  });
  const build = {
    version: "2.0.0",
    revision: "r",
    branch: "b",
    goversion: "bun1",
    goos: "linux",
    goarch: "amd64",
    tags: "",
  };
  const clockOfTest: Clock = {
    now: () => test.nowMs,
    nowMs: () => test.clock.nowMs(),
    turn: () => test.clock.turn(),
    after: (ms, run) => void setTimeout(run, ms),
    every: (_, run) => void sweeps.push(run),
  };
  const persistence: Persistence = {
    notReady: () => test.notReady,
    beforeReady: () => {},
    fault: () => null,
    settled: (key) => test.settled(key),
    state: () => null,
  };
  const cluster = join({ settings, log, clock: clockOfTest, persistence, store, newStore });
  const ownMetrics = new OwnMetrics({
    nowMs: () => test.nowMs,
    build,
    storeStats: () => store.stats,
    persistenceStats: () => null,
    cluster: cluster?.metrics ?? null,
    audit: () => null,
    principals: principals && new PrincipalMetrics(principals, (name) => store.counting.of(name)),
    isAccessFileHealthy: () => null,
    readProcFile: (path) => {
      throw new Error(`there is no ${path} in tests`);
    },
    countOpenFds: () => 7,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
  });
  const failed = () => {
    test.failed++;
    ownMetrics.countInternalError();
  };
  const failures = new Failures({ count: failed, log, now: () => test.nowMs });
  const refused = new RefusedRequests({ now: () => test.nowMs });
  const askers = { userOf: () => null, principalOf: () => test.principal };
  const audit: AuditLog = { isKept: true, add: (entry) => void test.audited.push(entry) };
  const auditTrail = new AuditTrail({ audit, ...askers });
  const context = createContext({
    settings,
    log,
    ownMetrics,
    store,
    cluster,
    persistence: { ...persistence, notReady: () => persistence.notReady() ?? cluster?.notReady() ?? null },
    clock: clockOfTest,
    startMs: test.nowMs,
    version: "2.0.0",
    scheme: "http",
    buildInformation: { version: "2.0.0" },
    refusals: new Refusals({
      count: (reason) => ownMetrics.countRefusal(reason),
      note: (request, asker) => {
        refused.note(request);
        auditTrail.refused(request, asker);
      },
      log,
      now: () => test.nowMs,
    }),
    refused,
    failures,
    ...askers,
    gate: {
      list: () => [test.principal],
      watch: () => {},
      isHealthOpen: () => test.isHealthOpen,
      challenge: () => "Basic",
      isHealthy: () => true,
    },
    auditTrail,
    principals,
    program: {
      pid: 7,
      cpuSeconds: () => test.nowMs / 10_000,
      heapBytes: () => 1_000_000,
      listenAddresses: () => ["127.0.0.1:9091"],
      access: plainAccess(log).summary,
      connections: () => 3,
      maxConnections: 10_000,
    },
    quit: () => {
      test.quits++;
    },
  });
  const surfaces = createSurfaces(context);
  let loaded: App | null = null;
  const front = createFront(context, surfaces, null, async () => {
    loaded ??= createApp(context, surfaces);
    return loaded;
  });
  const app: App = async (request) => {
    const exchange = exchangeOf(request);
    try {
      return responseOf(await front(exchange));
    } catch (fault) {
      // As the connection does.
      return responseOf(failures.answer(exchange, fault));
    }
  };
  return Object.assign(test, { app, context, front });
}

/** Sends one request; the path is what stands behind the host. */
export async function ask(app: App, method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return app(new Request(`http://localhost${path}`, { method, ...init }));
}

export async function push(app: App, path: string, body: string | Uint8Array, method = "POST"): Promise<Response> {
  return ask(app, method, `/metrics${path}`, { body: body as string });
}

export async function scrape(app: App, headers: Record<string, string> = {}, query = ""): Promise<string> {
  const response = await ask(app, "GET", `/metrics${query}`, { headers });
  return response.text();
}
