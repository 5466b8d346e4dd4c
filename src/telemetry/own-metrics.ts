import { Writer } from "../bytes/writer.ts";
import { sampleHead, writeSample } from "../exposition/sample-line.ts";
import type { Clock } from "../model/clock.ts";
import { LIMIT_NAMES, type LimitName } from "../model/limits.ts";
import type { MetricType } from "../model/metric-type.ts";
import { REFUSAL_REASONS, type RefusalReason } from "../model/refusals.ts";
import type { RejectionKind } from "../model/rejection.ts";
import type { StoreStats } from "../model/store-stats.ts";
import type { LabelPair } from "../model/view.ts";
import type { AuditState } from "./audit-log.ts";
import type { ClusterMetrics } from "./cluster-metrics.ts";
import { CounterFamily, RequestCounters } from "./counter.ts";
import { OWN_FAMILIES, type OwnFamilyName } from "./own-families.ts";
import type { PrincipalMetrics } from "./principal-metrics.ts";
import { type ProcessDeps, ProcessMetrics } from "./process-metrics.ts";
import { SlidingSummary, type SummaryRange, SummarySeries } from "./summary.ts";

/** The labels of `pushgateway_build_info`. `goversion` names the runtime, as in `bun1.4.5`. */
export interface BuildLabels {
  readonly branch: string;
  readonly goarch: string;
  readonly goos: string;
  readonly goversion: string;
  readonly revision: string;
  readonly tags: string;
  readonly version: string;
}

/** The store's figures that metrics report. */
type ToldStoreStats = Omit<StoreStats, "memoryBytes" | "snapshots" | "lookups">;

/** Health and statistics of persistence. */
export interface PersistenceStats {
  readonly commits: number;
  readonly errors: number;
  readonly commitSeconds: number;
  readonly lastCommitSeconds: number;
  /** What the file takes up; 0 until it is open. */
  readonly fileBytes: number;
  /** So far, from the file. */
  readonly restoredGroups: number;
  readonly waitingGroups: number;
  /** The file is there and in use. */
  readonly up: boolean;
  readonly healthy: boolean;
}

export interface OwnMetricsDeps extends ProcessDeps, Pick<Clock, "nowMs"> {
  readonly build: BuildLabels;
  /** Called once a scrape. */
  readonly storeStats: () => ToldStoreStats;
  /** Called once a scrape; null where nothing is persisted. */
  readonly persistenceStats: () => PersistenceStats | null;
  /** null where this server is alone. */
  readonly cluster: Pick<ClusterMetrics, "families"> | null;
  /** Called once a scrape; null where there is no audit log. */
  readonly audit: () => AuditState | null;
  /** null where nobody is told from others. */
  readonly principals: PrincipalMetrics | null;
  /** Called once a scrape; null where there is no access file. */
  readonly isAccessFileHealthy: () => boolean | null;
}

/**
 * One family about the server itself. `lines` are finished lines as in `model/view.ts` (without `instance` and `job`),
 * sorted by labels; the caller owns them.
 */
export interface OwnFamily extends OwnTexts {
  readonly type: MetricType;
  readonly lines: Uint8Array;
}

/** As text, and as UTF-8. */
interface OwnTexts {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly help: string;
  readonly helpBytes: Uint8Array;
}

export type PushMethodLabel = "put" | "post";

/** From 1 us up to an hour, and from 1 byte up to 1 TiB. */
const DURATION_RANGE: SummaryRange = { lowestExponent: -20, highestExponent: 12 };
const SIZE_RANGE: SummaryRange = { lowestExponent: 0, highestExponent: 40 };

/** Why pushes are refused; no push asks for something, or is one that goes on. */
const REJECTION_KINDS = {
  malformed: true,
  inconsistent: true,
  "too-large": true,
  unavailable: true,
  full: true,
  busy: true,
  "too-slow": true,
  "rate-limit": true,
  "key-reused": true,
} as const satisfies Record<Exclude<RejectionKind, "absent" | "gone" | "changed" | "forbidden" | "unauthorized">, true>;

const ACCESS_FILE_HEAD = sampleHead("pushgateway_access_file_healthy", []);
const REPEATED_PUSHES_HEAD = sampleHead("pushgateway_repeated_pushes_total", []);
const INTERNAL_ERRORS_HEAD = sampleHead("pushgateway_internal_errors_total", []);

/** A limit that was reached, and how long ago for the first and for the last time. */
export interface ReachedLimit {
  readonly limit: LimitName;
  readonly count: number;
  readonly firstAgoMs: number;
  readonly lastAgoMs: number;
}

interface PushSummaries {
  readonly duration: SummarySeries;
  readonly size: SummarySeries;
}

/** What the server counts about itself. All counts start at zero. */
export class OwnMetrics {
  private readonly requests = new RequestCounters();
  private readonly rejections = new CounterFamily("pushgateway_rejected_pushes_total", ["reason"]);
  private readonly limits = new CounterFamily("pushgateway_limit_reached_total", ["limit"]);
  private readonly refusals = new CounterFamily("pushgateway_http_refused_total", ["reason"]);
  private readonly reached = new Map<LimitName, { readonly firstMs: number; readonly lastMs: number }>();
  private readonly forbidden = new CounterFamily("pushgateway_principal_forbidden_total", ["principal"]);
  private internalErrors = 0;
  private repeatedPushes = 0;
  private readonly process: ProcessMetrics;
  private readonly buildHead: string;
  private readonly writer = new Writer();
  private readonly texts = new Map<OwnFamilyName, OwnTexts>();
  private put: PushSummaries | null = null;
  private post: PushSummaries | null = null;

  constructor(private readonly deps: OwnMetricsDeps) {
    this.process = new ProcessMetrics(deps);
    this.buildHead = sampleHead("pushgateway_build_info", buildLabels(deps.build));
    for (const kind of Object.keys(REJECTION_KINDS)) this.rejections.series(kind);
    for (const reason of REFUSAL_REASONS) this.refusals.series(reason);
    for (const limit of LIMIT_NAMES) this.limits.series(limit);
  }

  /**
   * Counts a request that is not a scrape. `handler` is one of a fixed set of names, `code` the reply's status,
   * `method` as in the request.
   */
  countRequest(handler: string, code: number, method: string): void {
    this.requests.count(handler, code, method);
  }

  /** Counts one push, accepted or not. `sizeBytes` is the approximate size of the whole request, headers and all. */
  observePush(method: PushMethodLabel, durationSeconds: number, sizeBytes: number): void {
    const nowMs = this.deps.nowMs();
    const summaries = (method === "put" ? this.put : this.post) ?? this.addSummaries(method, nowMs);
    summaries.duration.summary.observe(durationSeconds, nowMs);
    summaries.size.summary.observe(sizeBytes, nowMs);
  }

  countRejectedPush(reason: RejectionKind): void {
    this.rejections.series(reason).value++;
  }

  /** A push was answered and not added, for it had been. */
  countRepeatedPush(): void {
    this.repeatedPushes++;
  }

  /** A request that was refused for another reason than its content. */
  countRefusal(reason: RefusalReason): void {
    this.refusals.series(reason).value++;
  }

  /** A request that its principal may not make. There are no more series than the access file had names. */
  countForbidden(principal: string): void {
    this.forbidden.series(principal).value++;
  }

  /** A request that failed by a fault of the server's own. */
  countInternalError(): void {
    this.internalErrors++;
  }

  countLimit(limit: LimitName): void {
    const counter = this.limits.series(limit);
    const nowMs = this.deps.nowMs();
    counter.value++;
    this.reached.set(limit, { firstMs: this.reached.get(limit)?.firstMs ?? nowMs, lastMs: nowMs });
  }

  /** What is counted of each principal; null: nobody is told from others. */
  get principals(): PrincipalMetrics | null {
    return this.deps.principals;
  }

  /** The limits that were reached since the start, in the order of their first times. */
  reachedLimits(): ReachedLimit[] {
    const nowMs = this.deps.nowMs();
    return [...this.reached].map(([limit, { firstMs, lastMs }]) => {
      return { limit, count: this.limits.series(limit).value, firstAgoMs: nowMs - firstMs, lastAgoMs: nowMs - lastMs };
    });
  }

  /** Pushes since the start, refused ones as well. */
  get pushes(): number {
    return (this.put?.duration.summary.count ?? 0) + (this.post?.duration.summary.count ?? 0);
  }

  /** A quantile of how long the pushes of the last minutes took, in seconds; null where there was none. */
  pushQuantile(rank: number): number | null {
    const summaries = [this.put, this.post].flatMap((one) => (one === null ? [] : [one.duration.summary]));
    return SlidingSummary.quantile(summaries, rank, this.deps.nowMs());
  }

  /** null where nothing is persisted. */
  persistenceStats(): PersistenceStats | null {
    return this.deps.persistenceStats();
  }

  /** null where there is no audit log. */
  auditState(): AuditState | null {
    return this.deps.audit();
  }

  /** Requests of a handler and a method since the start. */
  requestsOf(handler: string, method: string): number {
    return this.requests.total(handler, method);
  }

  /** What the system says of the process at this moment, by the names of metrics. */
  processFigures(): ReadonlyMap<OwnFamilyName, number> {
    return new Map(this.process.read());
  }

  /** All families that have series at this moment, sorted by name. Reads /proc and the store's figures. */
  gather(): OwnFamily[] {
    const nowMs = this.deps.nowMs();
    const families = [
      ...this.singles(this.process.read()),
      this.single("pushgateway_build_info", this.buildHead, 1),
      ...this.gatherStore(),
      ...this.gatherPersistence(),
      ...this.gatherAudit(),
      ...(this.deps.cluster?.families() ?? []).map(([name, write]) => this.family(name, write)),
      ...(this.principals?.families() ?? []).map(([name, write]) => this.family(name, write)),
      this.family("pushgateway_http_push_duration_seconds", (writer) => {
        this.post?.duration.write(writer, nowMs);
        this.put?.duration.write(writer, nowMs);
      }),
      this.family("pushgateway_http_push_size_bytes", (writer) => {
        this.post?.size.write(writer, nowMs);
        this.put?.size.write(writer, nowMs);
      }),
      ...this.gatherCounters(),
    ];
    return families.filter(({ lines }) => lines.length > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private gatherCounters(): OwnFamily[] {
    const isHealthy = this.deps.isAccessFileHealthy();
    return [
      this.family("pushgateway_access_file_healthy", (writer) => {
        if (isHealthy !== null) writeSample(writer, ACCESS_FILE_HEAD, isHealthy ? 1 : 0);
      }),
      this.family("pushgateway_principal_forbidden_total", (writer) => this.forbidden.write(writer)),
      this.family("pushgateway_http_refused_total", (writer) => this.refusals.write(writer)),
      this.family("pushgateway_http_requests_total", (writer) => this.requests.write(writer)),
      this.single("pushgateway_internal_errors_total", INTERNAL_ERRORS_HEAD, this.internalErrors),
      this.family("pushgateway_limit_reached_total", (writer) => this.limits.write(writer)),
      this.family("pushgateway_rejected_pushes_total", (writer) => this.rejections.write(writer)),
      this.single("pushgateway_repeated_pushes_total", REPEATED_PUSHES_HEAD, this.repeatedPushes),
    ];
  }

  private gatherStore(): OwnFamily[] {
    const stats = this.deps.storeStats();
    return this.singles([
      ["pushgateway_conflicting_families", stats.conflictingFamilies],
      ["pushgateway_groups_expired_total", stats.expiredGroups],
      ["pushgateway_idempotency_keys", stats.pushIds],
      ["pushgateway_idempotency_keys_dropped_total", stats.forgottenPushIds],
      ["pushgateway_store_chunk_bytes", stats.chunkBytes],
      ["pushgateway_store_families", stats.families],
      ["pushgateway_store_groups", stats.groups],
      ["pushgateway_store_held_bytes", stats.heldBytes],
      ["pushgateway_store_page_bytes", stats.pageBytes],
      ["pushgateway_store_series", stats.series],
      ["pushgateway_store_size_bytes", stats.sizeBytes],
    ]);
  }

  private gatherPersistence(): OwnFamily[] {
    const stats = this.deps.persistenceStats();
    if (stats === null) return [];
    return this.singles([
      ["pushgateway_persistence_commit_seconds_total", stats.commitSeconds],
      ["pushgateway_persistence_commits_total", stats.commits],
      ["pushgateway_persistence_errors_total", stats.errors],
      ["pushgateway_persistence_healthy", stats.healthy ? 1 : 0],
      ["pushgateway_persistence_last_commit_timestamp_seconds", stats.lastCommitSeconds],
      ["pushgateway_persistence_up", stats.up ? 1 : 0],
      ["pushgateway_persistence_waiting_groups", stats.waitingGroups],
    ]);
  }

  private gatherAudit(): OwnFamily[] {
    const state = this.deps.audit();
    if (state === null) return [];
    return this.singles([
      ["pushgateway_audit_lines_total", state.lines],
      ["pushgateway_audit_lost_lines_total", state.lostLines],
      ["pushgateway_audit_up", state.status === "written" ? 1 : 0],
      ["pushgateway_audit_waiting_lines", state.waitingLines],
    ]);
  }

  /** Families of one series without labels each. */
  private singles(figures: readonly (readonly [OwnFamilyName, number])[]): OwnFamily[] {
    return figures.map(([name, value]) => this.single(name, sampleHead(name, []), value));
  }

  private single(name: OwnFamilyName, head: string, value: number): OwnFamily {
    return this.family(name, (writer) => writeSample(writer, head, value));
  }

  private family(name: OwnFamilyName, write: (writer: Writer) => void): OwnFamily {
    const writer = this.writer;
    writer.reset();
    write(writer);
    const { type } = OWN_FAMILIES[name];
    return { ...(this.texts.get(name) ?? this.addTexts(name)), type, lines: writer.finish() };
  }

  private addTexts(name: OwnFamilyName): OwnTexts {
    const { help } = OWN_FAMILIES[name];
    const texts = { name, nameBytes: Buffer.from(name), help, helpBytes: Buffer.from(help) };
    this.texts.set(name, texts);
    return texts;
  }

  /** The window of a method begins with its first push; until then the method has no series. */
  private addSummaries(method: PushMethodLabel, nowMs: number): PushSummaries {
    const labels = [{ name: "method", value: method }];
    const summaries = {
      duration: new SummarySeries("pushgateway_http_push_duration_seconds", labels, DURATION_RANGE, nowMs),
      size: new SummarySeries("pushgateway_http_push_size_bytes", labels, SIZE_RANGE, nowMs),
    };
    this[method] = summaries;
    return summaries;
  }
}

/** Sorted by name, whatever order the caller's object has. */
function buildLabels(build: BuildLabels): LabelPair[] {
  const { branch, goarch, goos, goversion, revision, tags, version } = build;
  const sorted = { branch, goarch, goos, goversion, revision, tags, version };
  return Object.entries(sorted).map(([name, value]) => ({ name, value }));
}
