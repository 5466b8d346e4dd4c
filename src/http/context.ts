import { DecodeLane } from "../decode/lane.ts";
import { PushColumns } from "../model/columns.ts";
import { KnownForms } from "../parse/known-forms.ts";
import { ProtobufParser } from "../parse/protobuf.ts";
import { TextParser } from "../parse/text.ts";
import { GzipStitcher } from "../serialise/gzip.ts";
import { BodyIntake } from "./body-intake.ts";
import type { AppDeps, HttpContext } from "./deps.ts";
import { HeldMemory } from "./held-memory.ts";
import { LargeTexts } from "./large-texts.ts";
import { LongAnswers } from "./long-answers.ts";
import { RemovalLog } from "./removal-log.ts";
import { StoreReports } from "./store-reports.ts";
import { StoreTurns } from "./store-turns.ts";

export function createContext(deps: AppDeps): HttpContext {
  const { clock, every, ownMetrics, settings } = deps;
  const { limits, utf8Names } = settings;
  const columns = new PushColumns(limits.push);
  const reports = new StoreReports(deps.log.for("store.ts"), deps.now);
  deps.store.reportTo(reports);
  const longAnswers = new LongAnswers({
    clock,
    refusals: deps.refusals,
    maxInFlight: limits.maxScrapesInFlight,
    countLimit: () => ownMetrics.countLimit("web.max-scrapes-in-flight"),
  });
  return {
    ...deps,
    columns,
    reports,
    removalLog: new RemovalLog({ log: deps.log.for("removal-log.ts"), now: deps.now, userOf: deps.userOf }),
    textParser: new TextParser(columns, utf8Names),
    knownForms: new KnownForms(),
    largeTexts: new LargeTexts(limits.push, utf8Names, clock),
    protobufParser: new ProtobufParser(columns),
    gzip: new GzipStitcher(),
    intake: new BodyIntake({ limits, nowMs: clock.nowMs, every }),
    decoding: new DecodeLane(),
    storeTurns: new StoreTurns(deps.store, clock),
    longAnswers,
    heldMemory: new HeldMemory({
      store: deps.store,
      longAnswers,
      maxBytes: limits.maxHeldBytes,
      countLimit: () => ownMetrics.countLimit("web.max-held-size"),
    }),
  };
}
