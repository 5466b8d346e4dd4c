import { type TSchema, Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { faultOf } from "../model/settlement.ts";
import { metricsJsonPieces, statusJson } from "../serialise/json.ts";
import { type Answer, type Exchange, emptyAnswer } from "../server/exchange.ts";
import type { HttpContext } from "./deps.ts";
import { longAnswer } from "./long-answers.ts";
import { type Operation, openApiDocument } from "./openapi.ts";
import { accepted, notYet } from "./reply.ts";
import { web } from "./web.ts";

const API_HEADERS = { "Cache-Control": "no-cache, no-store, must-revalidate" };

/** Any page may read the API, as the reference's, unless --web.cors.origin says which: see cross-origin.ts. */
const READABLE_HEADERS = {
  ...API_HEADERS,
  "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
  "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Date",
};

const headersOf = ({ settings }: HttpContext) => (settings.corsOrigin === null ? READABLE_HEADERS : API_HEADERS);

/** Objects say whether they are closed: Elysia closes the others, in place (docs/workarounds.md, `elysia-schemas`). */
const CLOSED = { additionalProperties: false } as const;

const success = <T extends TSchema>(data: T) => Type.Object({ status: Type.Literal("success"), data }, CLOSED);

const TimeStamp = Type.String({ format: "date-time", description: "When the family was pushed." });

const Metric = Type.Object(
  {
    labels: Type.Record(Type.String(), Type.String()),
    value: Type.Optional(Type.String({ description: "Of a counter, gauge or untyped metric." })),
    count: Type.Optional(Type.String()),
    sum: Type.Optional(Type.String()),
    quantiles: Type.Optional(Type.Record(Type.String(), Type.String())),
    buckets: Type.Optional(
      Type.Union([
        Type.Record(Type.String(), Type.String(), { description: "Cumulative counts by upper bound." }),
        Type.Array(Type.Tuple([Type.Integer(), Type.String(), Type.String(), Type.String()]), {
          description: "Of a native histogram: which ends belong to the bucket, lower bound, upper bound, count.",
        }),
      ]),
    ),
  },
  { ...CLOSED, description: "Numbers are strings, as the exposition prints them." },
);

const Family = Type.Object(
  {
    time_stamp: TimeStamp,
    type: Type.Union(
      ["COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM"].map((name) => Type.Literal(name)),
    ),
    help: Type.Optional(Type.String()),
    metrics: Type.Array(Metric),
  },
  CLOSED,
);

const Group = Type.Object(
  { labels: Type.Record(Type.String(), Type.String()), last_push_successful: Type.Boolean() },
  { additionalProperties: Family, description: "Every metric family of the group stands under its name." },
);

const Persistence = Type.Object(
  {
    file: Type.String(),
    status: Type.Union(["restoring", "kept", "failing", "memory-only"].map((status) => Type.Literal(status))),
    reason: Type.String({ description: "Why metrics are not kept; empty where they are." }),
  },
  { ...CLOSED, description: "Only where there is a --persistence.file." },
);

const StatusResponse = success(
  Type.Object(
    {
      flags: Type.Record(Type.String(), Type.String()),
      start_time: Type.String({ format: "date-time" }),
      build_information: Type.Record(Type.String(), Type.String()),
      persistence: Type.Optional(Persistence),
    },
    CLOSED,
  ),
);
const MetricsResponse = success(Type.Array(Group));

const OPERATIONS = {
  status: {
    path: "/status",
    method: "get",
    summary: "Flags, build and start time.",
    response: StatusResponse,
    status: 200,
  },
  metrics: {
    path: "/metrics",
    method: "get",
    summary: "All groups with their metrics.",
    response: MetricsResponse,
    status: 200,
  },
  openapi: {
    path: "/openapi.json",
    method: "get",
    summary: "This document.",
    response: Type.Object({}, { additionalProperties: true }),
    status: 200,
  },
  wipe: { path: "/admin/wipe", method: "put", summary: "Deletes all groups.", response: null, status: 202 },
} as const satisfies Record<string, Operation>;

/**
 * Everything below /api/v1. Answers are written as text at once, in the reference's order of keys and with its escapes;
 * tests hold them against the schemas.
 */
export function apiRoutes(context: HttpContext) {
  const { durability, settings, ownMetrics, refusals, removalLog, store, log } = context;
  const base = `${settings.routePrefix}/api/v1`;
  const document = JSON.stringify(openApiDocument(base, context.version, Object.values(OPERATIONS)));
  const routes = new Elysia({ name: "api", strictPath: true })
    .get(
      base + OPERATIONS.status.path,
      web(() => answer(context, "api/v1/status", statusJson(statusInfo(context)))),
      {
        response: OPERATIONS.status.response,
      },
    )
    .get(
      base + OPERATIONS.metrics.path,
      web((exchange) => metrics(context, exchange)),
      {
        response: OPERATIONS.metrics.response,
      },
    )
    .get(
      base + OPERATIONS.openapi.path,
      web(() => answer(context, "api/v1/openapi", document)),
      {
        response: OPERATIONS.openapi.response,
      },
    )
    .options(
      `${base}/*`,
      web(() => {
        ownMetrics.countRequest("api/v1/options", 200, "OPTIONS");
        return emptyAnswer(200, headersOf(context));
      }),
    );
  if (!settings.enableAdminApi) return routes;
  return routes.put(
    base + OPERATIONS.wipe.path,
    web(async (exchange) => {
      const notReady = durability.notReady();
      if (notReady !== null) return notYet(refusals, notReady);
      log.for("api.ts").debug("start wiping metric store");
      const { groups } = store.stats;
      store.wipe();
      removalLog.wiped(exchange, groups);
      const response = accepted(refusals, faultOf(await durability.settled(), null));
      ownMetrics.countRequest("wipe", response.status, "PUT");
      return response;
    }),
    { parse: "none" },
  );
}

function statusInfo(context: HttpContext) {
  const { buildInformation, durability, settings, startMs } = context;
  return { buildInformation, flags: settings.flagValues, persistence: durability.persistence(), startMs };
}

function answer(context: HttpContext, handler: string, json: string): Answer {
  context.ownMetrics.countRequest(handler, 200, "GET");
  return { status: 200, headers: { "Content-Type": "application/json", ...headersOf(context) }, body: json };
}

function metrics(context: HttpContext, exchange: Exchange): Answer {
  const notReady = context.durability.notReady();
  if (notReady !== null) return notYet(context.refusals, notReady);
  context.ownMetrics.countRequest("api/v1/metrics", 200, "GET");
  const headers = { "Content-Type": "application/json", ...headersOf(context) };
  return longAnswer(context, exchange, metricsJsonPieces(context.store.groups()), headers);
}
