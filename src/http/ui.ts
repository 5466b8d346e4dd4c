import { Elysia } from "elysia";
import { groupsPieces, STATUS_PAGE_CSS, statusPageFoot, statusPageHead } from "../serialise/status-page.ts";
import { pathOf } from "./canonical.ts";
import type { HttpContext } from "./deps.ts";
import { longAnswer, textError } from "./reply.ts";

const encoder = new TextEncoder();
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

/** The status page at / and /status, and the style sheet beside it. */
export function uiRoutes(context: HttpContext) {
  const prefix = context.settings.routePrefix;
  const page = ({ request }: { request: Request }) => statusPage(context, request);
  const routes = new Elysia({ name: "ui", strictPath: true })
    .get(`${prefix}/`, page)
    .get(`${prefix}/status`, page)
    .get(`${prefix}/static/*`, ({ request }) => staticFile(context, request));
  return routes;
}

function statusPage(context: HttpContext, request: Request): Response {
  context.ownMetrics.countRequest("status", 200, "GET");
  return longAnswer(context, request, pagePieces(context), PAGE_HEADERS);
}

function* pagePieces(context: HttpContext): Generator<Uint8Array> {
  const { settings, buildInformation, durability, startMs, store } = context;
  const base = settings.externalUrl === "" ? settings.externalPathPrefix : settings.externalUrl.replace(/\/$/, "");
  const stylesheet = `${settings.externalPathPrefix || "."}/static/status.css`;
  const info = { buildInformation, flags: settings.flagValues, persistence: durability.persistence(), startMs };
  yield encoder.encode(statusPageHead(info, stylesheet));
  yield* groupsPieces(store.groups(), `${base}/metrics`);
  yield encoder.encode(statusPageFoot());
}

function staticFile(context: HttpContext, request: Request): Response {
  const found = pathOf(request.url) === `${context.settings.routePrefix}/static/status.css`;
  context.ownMetrics.countRequest("static", found ? 200 : 404, "GET");
  if (!found) return textError(404, "404 page not found");
  return new Response(STATUS_PAGE_CSS, {
    headers: {
      "content-type": "text/css; charset=utf-8",
      "cache-control": "max-age=3600",
      "x-content-type-options": "nosniff",
    },
  });
}
