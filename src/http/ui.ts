import { Elysia } from "elysia";
import { decodePath } from "../decode/path.ts";
import { groupsPieces, STATUS_PAGE_CSS, statusPageFoot, statusPageHead } from "../serialise/status-page.ts";
import { type Answer, type Exchange, textError } from "../server/exchange.ts";
import type { HttpContext } from "./deps.ts";
import { longAnswer } from "./long-answers.ts";
import { web } from "./web.ts";

const encoder = new TextEncoder();
const PAGE_HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

/** The status page at / and /status, and the style sheet beside it. */
export function uiRoutes(context: HttpContext) {
  const prefix = context.settings.routePrefix;
  const page = web((exchange) => statusPage(context, exchange));
  return new Elysia({ name: "ui", strictPath: true })
    .get(`${prefix}/`, page)
    .get(`${prefix}/status`, page)
    .get(
      `${prefix}/static/*`,
      web((exchange) => staticFile(context, exchange)),
    );
}

function statusPage(context: HttpContext, exchange: Exchange): Answer {
  context.ownMetrics.countRequest("status", 200, "GET");
  return longAnswer(context, exchange, pagePieces(context, exchange.header("host")), PAGE_HEADERS);
}

/**
 * Where pushes go, by the external URL or else by the host that the page was asked from; without both, from the root
 * on.
 */
function baseUrl({ settings, scheme }: HttpContext, host: string | null): string {
  const { externalUrl, externalPathPrefix } = settings;
  if (externalUrl !== "") return externalUrl.replace(/\/$/, "");
  return host === null || host === "" ? externalPathPrefix : `${scheme}://${host}${externalPathPrefix}`;
}

function* pagePieces(context: HttpContext, host: string | null): Generator<Uint8Array> {
  const { settings, buildInformation, durability, startMs, store } = context;
  const base = baseUrl(context, host);
  const stylesheet = `${settings.externalPathPrefix || "."}/static/status.css`;
  const info = { buildInformation, flags: settings.flagValues, persistence: durability.persistence(), startMs };
  yield encoder.encode(statusPageHead(info, stylesheet));
  yield* groupsPieces(store.groups(), `${base}/metrics`);
  yield encoder.encode(statusPageFoot());
}

function staticFile(context: HttpContext, exchange: Exchange): Answer {
  const found = decodePath(exchange.path)?.text === `${context.settings.routePrefix}/static/status.css`;
  context.ownMetrics.countRequest("static", found ? 200 : 404, "GET");
  if (!found) return textError(404, "404 page not found");
  const headers = { "Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600" };
  return { status: 200, headers, body: STATUS_PAGE_CSS };
}
