import type { Settings } from "../config/command-line.ts";
import type { DecodeLane } from "../decode/lane.ts";
import type { PushColumns } from "../model/columns.ts";
import type { Durability } from "../model/durability.ts";
import type { KnownForms } from "../parse/known-forms.ts";
import type { ProtobufParser } from "../parse/protobuf.ts";
import type { TextParser } from "../parse/text.ts";
import type { GzipStitcher } from "../serialise/gzip.ts";
import type { Exchange } from "../server/exchange.ts";
import type { Failures } from "../server/failures.ts";
import type { Refusals } from "../server/refusals.ts";
import type { Store } from "../store/store.ts";
import type { Log, LogFields } from "../telemetry/log.ts";
import type { OwnMetrics } from "../telemetry/own-metrics.ts";
import type { BodyIntake } from "./body-intake.ts";
import type { HeldMemory } from "./held-memory.ts";
import type { LargeTexts } from "./large-texts.ts";
import type { LongAnswers } from "./long-answers.ts";
import type { RemovalLog } from "./removal-log.ts";
import type { StoreReports } from "./store-reports.ts";
import type { StoreTurns } from "./store-turns.ts";
import type { StreamClock } from "./stream.ts";

/** The server as a function from a request of the web to its answer. */
export type App = (request: Request) => Response | Promise<Response>;

/** What main hands to the app: everything that is of the outside world. */
export interface AppDeps {
  readonly settings: Settings;
  readonly log: Log;
  readonly ownMetrics: OwnMetrics;
  readonly store: Store;
  readonly durability: Durability;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly clock: StreamClock;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  /** Of this program. */
  readonly version: string;
  /** Of the URLs that clients use, unless a proxy stands before it. */
  readonly scheme: "http" | "https";
  /** As the status API shows them. */
  readonly buildInformation: Readonly<Record<string, string>>;
  readonly refusals: Refusals;
  readonly failures: Failures;
  /** Whose password a request brought that was let in; null where none is asked for. */
  readonly userOf: (exchange: Exchange) => string | null;
  /** Runs something every so often, for good. */
  readonly every: (ms: number, run: () => void) => void;
  /** Asks for the end of the server, in the name of whoever asked. */
  readonly quit: (asker: LogFields) => void;
}

/** What the surfaces share: the outside world and the tools that serve one request after the other. */
export interface HttpContext extends AppDeps {
  readonly columns: PushColumns;
  readonly textParser: TextParser;
  readonly knownForms: KnownForms;
  readonly largeTexts: LargeTexts;
  readonly protobufParser: ProtobufParser;
  readonly gzip: GzipStitcher;
  readonly intake: BodyIntake;
  readonly decoding: DecodeLane;
  readonly longAnswers: LongAnswers;
  readonly heldMemory: HeldMemory;
  readonly reports: StoreReports;
  readonly removalLog: RemovalLog;
  readonly storeTurns: StoreTurns;
}
