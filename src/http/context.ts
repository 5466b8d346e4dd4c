import type { Gate } from "../access/access.ts";
import type { Settings } from "../config/command-line.ts";
import { DecodeQueue } from "../decode/queue.ts";
import type { Clock } from "../model/clock.ts";
import type { Persistence } from "../model/persistence.ts";
import type { Principal, Principals } from "../model/principal.ts";
import { GzipStitcher } from "../serialise/gzip.ts";
import type { Exchange } from "../server/exchange.ts";
import type { Failures } from "../server/failures.ts";
import type { Refusals } from "../server/refusals.ts";
import type { Store } from "../store/store.ts";
import { Activity } from "../telemetry/activity.ts";
import type { Log, LogFields } from "../telemetry/log.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { RefusedRequests } from "../telemetry/refused-requests.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { BodyIntake } from "./body-intake.ts";
import type { Cluster } from "./cluster.ts";
import { CursorSeal } from "./cursor-seal.ts";
import { Events } from "./events.ts";
import { GroupExpiry } from "./group-expiry.ts";
import { HeldMemory } from "./held-memory.ts";
import { LargePushes } from "./large-pushes.ts";
import { LocalWrites } from "./local-writes.ts";
import { LongAnswers } from "./long-answers.ts";
import type { ProgramState } from "./program-state.ts";
import { startPulse } from "./pulse.ts";
import { PushApplying } from "./push-applying.ts";
import { PushIdExpiry } from "./push-id-expiry.ts";
import { Quotas } from "./quotas.ts";
import { RemovalLog } from "./removal-log.ts";
import { SmallPushes } from "./small-pushes.ts";
import { StoreReports } from "./store-reports.ts";
import { StoreTurns } from "./store-turns.ts";
import type { Writes } from "./writes.ts";

/** What the program hands to the surfaces. */
export interface AppDeps {
  readonly settings: Settings;
  readonly log: Log;
  readonly ownMetrics: OwnMetrics;
  readonly store: Store;
  readonly persistence: Persistence;
  /** What joins this server to others that hold the same; null: it is alone. */
  readonly cluster: Cluster | null;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  /** Of this program. */
  readonly version: string;
  /** Of the URLs that clients use, unless there is a proxy. */
  readonly scheme: "http" | "https";
  /** As the status API shows them. */
  readonly buildInformation: Readonly<Record<string, string>>;
  readonly refusals: Refusals;
  /** What was refused lately. */
  readonly refused: RefusedRequests;
  readonly failures: Failures;
  readonly auditTrail: AuditTrail;
  /** Whose password a request brought that was let in; null where none is asked for. */
  readonly userOf: (exchange: Exchange) => string | null;
  /** In whose name a request that was let in is made. */
  readonly principalOf: (exchange: Exchange) => Principal;
  /** Who may push how much; null: nobody is told from others. */
  readonly principals: Principals | null;
  /** Who may do what; null: everybody who is let in may do everything. */
  readonly gate: Gate | null;
  /** Asks for the end of the server; the argument is logged. */
  readonly quit: (asker: LogFields) => void;
  readonly clock: Clock;
  readonly program: ProgramState;
}

/** What the surfaces share: the outside world and the tools that serve one request after the other. */
export interface HttpContext extends AppDeps {
  readonly activity: Activity;
  readonly cursorSeal: CursorSeal;
  readonly events: Events;
  readonly smallPushes: SmallPushes;
  readonly largePushes: LargePushes;
  readonly gzip: GzipStitcher;
  readonly intake: BodyIntake;
  readonly decoding: DecodeQueue;
  readonly longAnswers: LongAnswers;
  readonly heldMemory: HeldMemory;
  readonly reports: StoreReports;
  readonly removalLog: RemovalLog;
  readonly storeTurns: StoreTurns;
  /** null: there are none. */
  readonly quotas: Quotas | null;
  readonly writes: Writes;
}

/** The tools of the surfaces, made for the program's parts. */
export function createContext(deps: AppDeps): HttpContext {
  const { clock, ownMetrics, settings } = deps;
  const { adding, limits, utf8Names } = settings;
  const parsing = { limits: limits.push, utf8Names, modeLabel: adding.modeLabel };
  const storeTurns = new StoreTurns(deps.store, clock);
  const reports = new StoreReports(deps.log.for("store-reports.ts"), deps.auditTrail, clock.now);
  deps.store.reportTo(reports);
  const longAnswers = new LongAnswers({
    clock,
    refusals: deps.refusals,
    maxInFlight: limits.maxScrapesInFlight,
    countLimit: () => ownMetrics.countLimit("web.max-scrapes-in-flight"),
  });
  const activity = new Activity();
  const events = new Events({ ...deps, activity });
  startPulse({ ...deps, activity, events });
  const heldMemory = new HeldMemory({
    store: deps.store,
    longAnswers,
    maxBytes: limits.maxHeldBytes,
    countLimit: () => ownMetrics.countLimit("web.max-held-size"),
  });
  const tools = {
    ...deps,
    activity,
    cursorSeal: new CursorSeal(),
    events,
    reports,
    removalLog: new RemovalLog({ ...deps, log: deps.log.for("removal-log.ts"), now: clock.now }),
    smallPushes: new SmallPushes(parsing),
    largePushes: new LargePushes(parsing, clock, deps.store, storeTurns),
    gzip: new GzipStitcher(),
    intake: new BodyIntake({ limits, clock }),
    decoding: new DecodeQueue(),
    storeTurns,
    quotas: deps.principals && new Quotas({ ...deps, principals: deps.principals, storeTurns }),
    longAnswers,
    heldMemory,
  };
  const applying = new PushApplying(tools);
  const writes = deps.cluster?.takeOver({ ...tools, applying }) ?? new LocalWrites({ ...tools, applying });
  const context = { ...tools, writes };
  startExpiry(context);
  return context;
}

/** Has go what is over its time. */
function startExpiry(context: HttpContext): void {
  new GroupExpiry(context);
  new PushIdExpiry(context.store, context.clock);
}
