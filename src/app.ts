import { Elysia } from "elysia";
import { DecodeLane } from "./decode/lane.ts";
import { apiRoutes } from "./http/api.ts";
import { BodyIntake } from "./http/body-intake.ts";
import { guardOrigins } from "./http/cross-origin.ts";
import type { App, AppDeps, HttpContext } from "./http/deps.ts";
import { createFallback } from "./http/fallback.ts";
import { lifecycleRoutes } from "./http/lifecycle.ts";
import { IDLE_SECONDS } from "./http/listen.ts";
import { LongAnswers } from "./http/long-answers.ts";
import { pushRoutes } from "./http/push.ts";
import { textError } from "./http/reply.ts";
import { scrapeRoutes } from "./http/scrape.ts";
import { StoreReports } from "./http/store-reports.ts";
import { StoreTurns } from "./http/store-turns.ts";
import { uiRoutes } from "./http/ui.ts";
import { PushColumns } from "./model/columns.ts";
import { ProtobufParser } from "./parse/protobuf.ts";
import { TextParser } from "./parse/text.ts";
import { GzipStitcher } from "./serialise/gzip.ts";

function createContext(deps: AppDeps): HttpContext {
  const { clock, every, ownMetrics, settings, setIdleSeconds } = deps;
  const { limits, utf8Names } = settings;
  const columns = new PushColumns(limits.push);
  const reports = new StoreReports(deps.log.for("store.ts"), deps.now);
  deps.store.reportTo(reports);
  return {
    ...deps,
    columns,
    reports,
    textParser: new TextParser(columns, utf8Names),
    protobufParser: new ProtobufParser(columns),
    gzip: new GzipStitcher(),
    intake: new BodyIntake({ limits, nowMs: clock.nowMs, every, setIdleSeconds, idleSeconds: IDLE_SECONDS }),
    decoding: new DecodeLane(),
    storeTurns: new StoreTurns(deps.store, clock),
    longAnswers: new LongAnswers({
      clock,
      maxInFlight: limits.maxScrapesInFlight,
      countLimit: () => ownMetrics.countLimit("web.max-scrapes-in-flight"),
      setIdleSeconds,
    }),
  };
}

/** Mounts all surfaces. It never listens; whoever calls it sees to the requests' paths (http/listen.ts). */
export function createApp(deps: AppDeps): App {
  const context = createContext(deps);
  const fallback = createFallback(deps.settings, (request) => app.fetch(request));
  const app = new Elysia({ name: "pushgateway", normalize: false, strictPath: true })
    .onError(({ code, error, request }) => {
      if (code === "NOT_FOUND") return fallback(request);
      deps.log.for("app.ts").error("answering a request failed", { url: request.url, err: String(error) });
      return textError(500, "internal error");
    })
    .use(pushRoutes(context, fallback))
    .use(scrapeRoutes(context))
    .use(apiRoutes(context))
    .use(lifecycleRoutes(context))
    .use(uiRoutes(context));
  // A GET route would answer HEAD as well; the reference does not.
  const answer: App = (request) => (request.method === "HEAD" ? fallback(request) : app.fetch(request));
  return guardOrigins(deps.settings, answer);
}
