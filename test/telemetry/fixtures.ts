import { ClusterMetrics } from "../../src/telemetry/cluster-metrics.ts";
import { type OwnFamily, OwnMetrics, type OwnMetricsDeps } from "../../src/telemetry/own-metrics.ts";
import { PrincipalMetrics } from "../../src/telemetry/principal-metrics.ts";

/** What the files below /proc of a made-up process say. The command's name is chosen to mislead. */
export const PROC_FILES: Readonly<Record<string, string>> = {
  "/proc/self/stat":
    "4711 (push) 9 gw (x)) S 1 4711 4711 0 -1 4194560 5100 0 0 0 250 75 3 4 20 0 9 0 123456 6714929152 15738 18446744073709551615 1 1 0\n",
  "/proc/stat": "cpu  1 2 3 4\nintr 5 btime 9\nbtime 1795226000\nprocesses 77\n",
  "/proc/self/limits": [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max open files            20000                524288               files     ",
    "Max address space         unlimited            unlimited            bytes     ",
    "",
  ].join("\n"),
  "/proc/self/net/netstat": [
    "TcpExt: SyncookiesSent InOctets",
    "TcpExt: 1 2",
    "IpExt: InNoRoutes InOctets OutOctets InMcastOctets",
    "IpExt: 0 3489637869 999999 5",
    "",
  ].join("\n"),
};

/** A reader of `files` that throws on any other path, as reading a missing file does. */
export function procReader(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`reading ${path}: ENOENT`);
    return text;
  };
}

/** Metrics whose surroundings are all fixed, but for what is given. */
export function fixedMetrics(given: Partial<OwnMetricsDeps> = {}): OwnMetrics {
  return new OwnMetrics({
    nowMs: () => 0,
    readProcFile: procReader(PROC_FILES),
    countOpenFds: () => 11,
    pageSizeBytes: 4096,
    clockTicksPerSecond: 100,
    build: {
      version: "2.0.0",
      tags: "unknown",
      revision: "abc",
      goversion: "bun1.4.5",
      goos: "linux",
      goarch: "amd64",
      branch: "main",
    },
    cluster: null,
    isAccessFileHealthy: () => true,
    audit: () => ({ file: "audit.log", status: "written", reason: "", lines: 4, lostLines: 1, waitingLines: 2 }),
    principals: null,
    persistenceStats: () => ({
      commits: 5,
      errors: 1,
      commitSeconds: 0.25,
      lastCommitSeconds: 1795219200,
      fileBytes: 4096,
      restoredGroups: 3,
      waitingGroups: 2,
      up: true,
      healthy: true,
    }),
    storeStats: () => ({
      groups: 3,
      expiredGroups: 5,
      families: 7,
      series: 40,
      chunkBytes: 3210,
      pageBytes: 1048576,
      sizeBytes: 2097152,
      heldBytes: 4096,
      conflictingFamilies: 0,
      pushIds: 4,
      forgottenPushIds: 6,
    }),
    ...given,
  });
}

/** What a replica counts whose surroundings are fixed. */
export function fixedCluster(): ClusterMetrics {
  const state = {
    name: "c",
    status: "joined",
    reason: "",
    position: 7,
    head: 8,
    lagSeconds: 0.5,
    waiting: 2,
    logSizeBytes: 1000,
    clockSkewSeconds: -0.25,
    snapshot: { storedSeconds: 1795219200, sizeBytes: 4096 },
    server: "one",
    leader: "two",
    copies: [{ server: "two", isCurrent: true }],
  } as const;
  return new ClusterMetrics(
    () => state,
    () => 0,
    () => 3,
  );
}

/** What is counted of a principal with all kinds of limits. */
export function fixedPrincipals(): PrincipalMetrics {
  const limits = {
    pushesPerSecond: 50,
    burst: 100,
    maxGroups: 10,
    maxSeries: 1000,
    maxSizeBytes: 1_000_000,
    maxBodyBytes: 4096,
  };
  const principal = { name: "team", limits, reach: () => null };
  const usage = { groups: 3, series: 30, sizeBytes: 4000 };
  return new PrincipalMetrics({ list: () => [principal] }, () => usage);
}

/** Something of everything, so that every family has series. */
export function exercise(metrics: OwnMetrics): void {
  metrics.countRequest("push", 200, "PUT");
  metrics.observePush("put", 0.0002, 134);
  metrics.observePush("post", 0.0004, 1500);
  metrics.countRejectedPush("malformed");
  metrics.countRefusal("malformed");
  metrics.countForbidden("batch");
}

/** The lines of one family; empty where `gather` left it out. */
export function linesOf(families: readonly OwnFamily[], name: string): string {
  return new TextDecoder().decode(families.find((family) => family.name === name)?.lines);
}

/** Whole numbers below a limit, the same ones for the same seed. */
export function seededBelow(seed: number): (limit: number) => number {
  const random = seededRandom(seed);
  return (limit) => Math.floor(random() * limit);
}

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
