import { EVERYBODY } from "../model/principal.ts";
import { metricsJsonPieces, statusJson } from "../serialise/json.ts";
import { type Answer, type Exchange, emptyAnswer } from "../server/exchange.ts";
import { clusterStatus } from "./cluster-status.ts";
import type { HttpContext } from "./context.ts";
import { longAnswer } from "./long-answers.ts";
import { openApiDocument } from "./openapi.ts";
import { groupsOf } from "./reach.ts";
import { API_HEADERS, accepted, notYet } from "./reply.ts";
import { type Handlers, routesOf } from "./routes.ts";

/** Any page may read the API, as the reference's, unless --web.cors.origin says which: see cross-origin.ts. */
const READABLE_HEADERS = {
  ...API_HEADERS,
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
  "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Date",
};

const headersOf = ({ settings }: ApiDeps) => (settings.corsOrigin === null ? READABLE_HEADERS : API_HEADERS);

/** What the API needs to answer with. */
export type ApiDeps = Pick<
  HttpContext,
  | "buildInformation"
  | "cluster"
  | "persistence"
  | "gzip"
  | "log"
  | "longAnswers"
  | "ownMetrics"
  | "principalOf"
  | "refusals"
  | "removalLog"
  | "settings"
  | "startMs"
  | "store"
  | "version"
  | "writes"
>;

/**
 * Everything below /api/v1. Answers are written as text at once, in the reference's order of keys and with its escapes;
 * tests hold them against the schemas of the OpenAPI document.
 */
export function apiHandlers(
  deps: ApiDeps,
): Handlers<"apiStatus" | "apiMetrics" | "apiDocument" | "apiOptions" | "wipe"> {
  const { ownMetrics, settings, version } = deps;
  const document = JSON.stringify(openApiDocument(settings.routePrefix, version, routesOf(settings)));
  return {
    apiStatus: (exchange) => answer(deps, "api/v1/status", statusJson(statusInfo(deps, exchange))),
    apiMetrics: (exchange) => metrics(deps, exchange),
    apiDocument: () => answer(deps, "api/v1/openapi", document),
    apiOptions: () => {
      ownMetrics.countRequest("api/v1/options", 200, "OPTIONS");
      return emptyAnswer(200, headersOf(deps));
    },
    wipe: (exchange) => wipe(deps, exchange),
  };
}

async function wipe(deps: ApiDeps, exchange: Exchange): Promise<Answer> {
  const { persistence, log, ownMetrics, refusals, removalLog, writes } = deps;
  const notReady = persistence.notReady();
  if (notReady !== null) return notYet(refusals, notReady, exchange);
  log.for("api.ts").debug("start wiping metric store");
  const { groups, fault } = await writes.wipe(exchange);
  const response = accepted(refusals, fault, exchange);
  removalLog.wiped(exchange, groups, response.status);
  ownMetrics.countRequest("wipe", response.status, "PUT");
  return response;
}

/** How what is pushed is kept, and shared, is told to who may see all of it. */
function statusInfo(deps: ApiDeps, exchange: Exchange) {
  const { buildInformation, persistence, settings, startMs } = deps;
  const reader = deps.principalOf(exchange);
  const principal = reader === EVERYBODY ? null : reader;
  const server = { buildInformation, flags: settings.flagValues, principal, startMs };
  const seesAll = groupsOf(reader, "read") === null;
  if (!seesAll) return { ...server, cluster: null, persistence: null };
  const cluster = deps.cluster && clusterStatus(deps.cluster.state());
  return { ...server, cluster, persistence: persistence.state() };
}

function answer(deps: ApiDeps, handler: string, json: string): Answer {
  deps.ownMetrics.countRequest(handler, 200, "GET");
  return { status: 200, headers: { "Content-Type": "application/json", ...headersOf(deps) }, body: json };
}

function metrics(deps: ApiDeps, exchange: Exchange): Answer {
  const notReady = deps.persistence.notReady();
  if (notReady !== null) return notYet(deps.refusals, notReady, exchange);
  deps.ownMetrics.countRequest("api/v1/metrics", 200, "GET");
  const headers = { "Content-Type": "application/json", ...headersOf(deps) };
  const reach = groupsOf(deps.principalOf(exchange), "read");
  return longAnswer(deps, exchange, metricsJsonPieces(deps.store.groups(reach)), headers);
}
