import type { Static } from "@sinclair/typebox";
import { SETTING_FLAGS } from "../config/flags.ts";
import { defaultTexts } from "../config/values.ts";
import type { GroupReach, Principal } from "../model/principal.ts";
import type { Answer, Answers } from "../server/exchange.ts";
import { SeenStore } from "../store/search/seen-figures.ts";
import { clusterStatus } from "./cluster-status.ts";
import type { HttpContext } from "./context.ts";
import { MAX_STREAMS } from "./event-streams.ts";
import { quotaStatus } from "./quota-status.ts";
import { groupsOf } from "./reach.ts";
import { privateJson } from "./reply.ts";
import type { Handlers } from "./routes.ts";
import type { RuntimeStatus } from "./runtime-schemas.ts";
import { toEnd } from "./store-turns.ts";

const HANDLER = "api/v1/status/runtime";

type Told = Static<typeof RuntimeStatus>;

export type RuntimeDeps = Pick<
  HttpContext,
  | "activity"
  | "buildInformation"
  | "clock"
  | "cluster"
  | "events"
  | "intake"
  | "longAnswers"
  | "ownMetrics"
  | "persistence"
  | "principalOf"
  | "program"
  | "refused"
  | "settings"
  | "startMs"
  | "store"
>;

/** /api/v1/status/runtime. No page of another origin may read it: it has addresses of clients. */
export function runtimeHandlers(deps: RuntimeDeps): Handlers<"apiRuntime"> {
  return {
    apiRuntime: (exchange): Answers => {
      deps.ownMetrics.countRequest(HANDLER, 200, "GET");
      return tellRuntime(deps, deps.principalOf(exchange));
    },
  };
}

/** GET /api/v1/status/runtime: what the server is doing, as far as the reader may know it. */
export function tellRuntime(deps: RuntimeDeps, reader: Principal): Answers {
  const reach = groupsOf(reader, "read");
  return reach === null ? answerOf(runtimeStatus(deps)) : seenStatus(deps, reach, reader.name).then(answerOf);
}

const answerOf = (data: Told): Answer => privateJson(200, JSON.stringify({ status: "success", data }));

/** What the server is doing at this moment. */
function runtimeStatus(deps: RuntimeDeps): Told {
  const { clock, ownMetrics } = deps;
  const nowMs = clock.now();
  return {
    ...serverOf(deps, nowMs),
    store: storeOf(deps),
    pushes: pushesOf(deps),
    scrapes: scrapesOf(deps, nowMs),
    persistence: persistenceOf(deps),
    cluster: deps.cluster && clusterStatus(deps.cluster.state()),
    audit: auditOf(deps),
    quotas: quotasOf(deps, null),
    process: processOf(deps),
    limits_reached: ownMetrics.reachedLimits().map(({ limit: name, count, firstAgoMs, lastAgoMs }) => {
      const at = (agoMs: number) => (nowMs - agoMs) / 1000;
      return { limit: name, count, first_seconds: at(firstAgoMs), last_seconds: at(lastAgoMs) };
    }),
  };
}

/** The same without what is of all groups together, or grows with what others do. */
async function seenStatus(deps: RuntimeDeps, reach: GroupReach, reader: string): Promise<Told> {
  const { clock, store } = deps;
  const figures = await toEnd(clock, new SeenStore(reach).look(store.searched));
  const { groups, series, sizeBytes } = figures;
  return {
    ...serverOf(deps, clock.now()),
    store: { ...NOT_TOLD, groups, series, size_bytes: sizeBytes },
    pushes: null,
    scrapes: null,
    persistence: null,
    cluster: null,
    audit: null,
    quotas: quotasOf(deps, reader),
    process: null,
    limits_reached: [],
  };
}

const NOT_TOLD = {
  max_groups: null,
  max_series: null,
  families: null,
  max_families: null,
  max_size_bytes: null,
  held_bytes: null,
  conflicting_families: null,
  expired_groups_total: null,
};

function quotasOf({ ownMetrics }: RuntimeDeps, onlyOf: string | null): Told["quotas"] {
  return ownMetrics.principals && quotaStatus(ownMetrics.principals.figures(), onlyOf);
}

/** What it is, and how it was started. */
function serverOf(deps: RuntimeDeps, nowMs: number) {
  const { buildInformation, persistence, program, settings, startMs } = deps;
  return {
    as_of: nowMs / 1000,
    start_seconds: startMs / 1000,
    uptime_seconds: (nowMs - startMs) / 1000,
    not_ready: persistence.notReady() ?? deps.cluster?.fault() ?? null,
    build: { ...buildInformation },
    listen_addresses: [...program.listenAddresses()],
    access: accessOf(deps),
    flags: flagsOf(settings.flagValues),
  };
}

function accessOf({ program, settings }: RuntimeDeps): Told["access"] {
  const { webConfig, clientCertificates, rateLimit, accessFile, tls, http2, passwords } = program.access();
  return {
    web_config: webConfig,
    tls,
    http2,
    passwords,
    client_certificates: clientCertificates,
    rate_limit: rateLimit,
    access_file: accessFile,
    trusted_proxies: settings.trustedProxies !== null,
  };
}

function storeOf({ settings, store }: RuntimeDeps): Told["store"] {
  const { groups, series, families, sizeBytes, heldBytes, conflictingFamilies, expiredGroups } = store.stats;
  const { maxGroups, maxSeries, maxFamilies, maxSizeBytes } = settings.limits.store;
  return {
    groups,
    max_groups: orNull(maxGroups),
    series,
    max_series: orNull(maxSeries),
    families,
    max_families: orNull(maxFamilies),
    size_bytes: sizeBytes,
    max_size_bytes: orNull(maxSizeBytes),
    held_bytes: heldBytes,
    conflicting_families: conflictingFamilies,
    expired_groups_total: expiredGroups,
  };
}

function pushesOf({ activity, intake, ownMetrics, refused, settings }: RuntimeDeps): Told["pushes"] {
  return {
    total: ownMetrics.pushes,
    last_seconds: secondsOf(activity.lastPushMs),
    per_second: activity.rate("pushes"),
    last_minute: [...activity.steps("pushes")],
    p50_seconds: ownMetrics.pushQuantile(0.5),
    p99_seconds: ownMetrics.pushQuantile(0.99),
    in_flight: intake.state.uploads,
    max_in_flight: orNull(settings.limits.maxPushesInFlight),
    refused_total: refused.total,
    refused_per_second: activity.rate("refused"),
  };
}

function scrapesOf({ activity, longAnswers, settings }: RuntimeDeps, nowMs: number): Told["scrapes"] {
  const { lastScrape } = activity;
  return {
    total: activity.scrapeTotal,
    last_seconds: secondsOf(lastScrape?.startMs ?? null),
    last_duration_seconds: secondsOf(lastScrape?.tookMs ?? null),
    last_durations_seconds: activity.scrapeTimes.map((ms) => ms / 1000),
    clients: activity.scrapers(nowMs).map(({ client, lastMs, intervalMs }) => {
      return { client, last_seconds: lastMs / 1000, interval_seconds: secondsOf(intervalMs) };
    }),
    in_flight: longAnswers.inFlight,
    max_in_flight: orNull(settings.limits.maxScrapesInFlight),
  };
}

function persistenceOf({ activity, ownMetrics, persistence }: RuntimeDeps): Told["persistence"] {
  const state = persistence.state();
  const stats = ownMetrics.persistenceStats();
  if (state === null || stats === null) return null;
  const [commitSeconds, commits] = [activity.rate("commitSeconds"), activity.rate("commits")];
  return {
    ...state,
    since_seconds: secondsOf(activity.since(state.status)),
    commits_total: stats.commits,
    errors_total: stats.errors,
    last_commit_seconds: stats.commits === 0 ? null : stats.lastCommitSeconds,
    commit_seconds: commitSeconds === null || commits === null || commits === 0 ? null : commitSeconds / commits,
    last_commits_seconds: [...activity.commitTimes],
    waiting_groups: stats.waitingGroups,
    file_bytes: stats.fileBytes,
    restored_groups: stats.restoredGroups,
  };
}

function auditOf({ ownMetrics }: RuntimeDeps): Told["audit"] {
  const state = ownMetrics.auditState();
  if (state === null) return null;
  const { file, status, reason, lines, lostLines, waitingLines } = state;
  return { file, status, reason, lines_total: lines, lost_lines_total: lostLines, waiting_lines: waitingLines };
}

function processOf({ activity, events, ownMetrics, program }: RuntimeDeps): Told["process"] {
  const figures = ownMetrics.processFigures();
  const maxFds = figures.get("process_max_fds") ?? null;
  return {
    pid: program.pid,
    cpu_ratio: activity.rate("cpuSeconds"),
    loop_delay_seconds: secondsOf(activity.longestDelayMs),
    resident_bytes: figures.get("process_resident_memory_bytes") ?? null,
    heap_bytes: program.heapBytes(),
    connections: program.connections(),
    max_connections: program.maxConnections,
    open_fds: figures.get("process_open_fds") ?? null,
    max_fds: maxFds !== null && maxFds <= Number.MAX_SAFE_INTEGER ? maxFds : null,
    viewers: events.viewers,
    max_viewers: MAX_STREAMS,
  };
}

/** The settings as they are in force, and as they would be if they were not given. */
function flagsOf(values: Readonly<Record<string, string>>): Told["flags"] {
  const flags = SETTING_FLAGS.map((flag) => {
    return [flag.name, { value: values[flag.name] ?? "", default: defaultTexts(flag).join(",") }] as const;
  });
  return Object.fromEntries(flags);
}

const orNull = (limited: number): number | null => (limited === Infinity ? null : limited);
const secondsOf = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
