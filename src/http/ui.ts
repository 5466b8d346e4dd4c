import { decodePath } from "../decode/path.ts";
import { groupsPieces, STATUS_PAGE_CSS, statusPageFoot, statusPageHead } from "../serialise/status-page.ts";
import { type Answer, type Exchange, textError } from "../server/exchange.ts";
import type { HttpContext } from "./context.ts";
import { longAnswer } from "./long-answers.ts";
import type { Handlers } from "./routes.ts";

const encoder = new TextEncoder();
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

/** What the status page shows, and is sent with. */
export type UiDeps = Pick<
  HttpContext,
  | "buildInformation"
  | "persistence"
  | "gzip"
  | "longAnswers"
  | "ownMetrics"
  | "scheme"
  | "settings"
  | "startMs"
  | "store"
>;

/** The status page at / and /status, and the style sheet beside it. */
export function uiHandlers(deps: UiDeps): Handlers<"statusPage" | "staticFile"> {
  return {
    statusPage: (exchange) => statusPage(deps, exchange),
    staticFile: (exchange) => staticFile(deps, exchange),
  };
}

function statusPage(deps: UiDeps, exchange: Exchange): Answer {
  deps.ownMetrics.countRequest("status", 200, "GET");
  return longAnswer(deps, exchange, pagePieces(deps, exchange.header("host")), PAGE_HEADERS);
}

/**
 * Where pushes go, by the external URL or else by the host that the page was asked from; without both, from the root
 * on.
 */
function baseUrl({ settings, scheme }: UiDeps, host: string | null): string {
  const { externalUrl, externalPathPrefix } = settings;
  if (externalUrl !== "") return externalUrl.replace(/\/$/, "");
  return host === null || host === "" ? externalPathPrefix : `${scheme}://${host}${externalPathPrefix}`;
}

function* pagePieces(deps: UiDeps, host: string | null): Generator<Uint8Array> {
  const { settings, buildInformation, persistence, startMs, store } = deps;
  const base = baseUrl(deps, host);
  const stylesheet = `${settings.externalPathPrefix || "."}/static/status.css`;
  const info = { buildInformation, flags: settings.flagValues, persistence: persistence.state(), startMs };
  yield encoder.encode(statusPageHead(info, stylesheet));
  yield* groupsPieces(store.groups(), `${base}/metrics`);
  yield encoder.encode(statusPageFoot());
}

function staticFile(deps: UiDeps, exchange: Exchange): Answer {
  const found = decodePath(exchange.path)?.text === `${deps.settings.routePrefix}/static/status.css`;
  deps.ownMetrics.countRequest("static", found ? 200 : 404, "GET");
  if (!found) return textError(404, "404 page not found");
  const headers = { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600" };
  return { status: 200, headers, body: STATUS_PAGE_CSS };
}
