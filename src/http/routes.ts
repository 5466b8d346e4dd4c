import type { Settings } from "../config/command-line.ts";
import { HEALTHY_PATH, telemetryRoute } from "../config/prefix.ts";
import type { Handler } from "../server/exchange.ts";

export type Method = "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS";

/** What a route does, by the name under which its handlers and its description are found. */
export type RouteName =
  | "push"
  | "pushWithoutJob"
  | "scrape"
  | "scrapeGroup"
  | "scrapeOwn"
  | "healthy"
  | "ready"
  | "quit"
  | "quitByGet"
  | "page"
  | "staticFile"
  | "apiStatus"
  | "apiMetrics"
  | "apiDocument"
  | "apiGroups"
  | "apiRemoveGroups"
  | "apiGroup"
  | "apiRefused"
  | "apiEvents"
  | "apiRuntime"
  | "apiOptions"
  | "wipe";

/** Some of the routes with their handlers. */
export type Handlers<Names extends RouteName = RouteName> = Readonly<Record<Names, Handler>>;

/** One path, or with `below` everything under it that has another segment, and the methods that it answers to. */
export interface Route {
  readonly name: RouteName;
  readonly methods: readonly Method[];
  /** Decoded and clean, the route prefix included. */
  readonly path: string;
  readonly below: boolean;
  /** What may follow the path, as templates of the OpenAPI document. */
  readonly tails: readonly string[];
}

/** Of a grouping key whose job is given first: alone, or with the first of more labels. */
const KEY_TAILS = ["{job}", "{job}/{label}/{value}"];
/** Of one without a job. */
const LABEL_TAILS = ["{label}/{value}"];

const at = (name: RouteName, path: string, ...methods: Method[]): Route => ({
  name,
  methods,
  path,
  below: false,
  tails: [""],
});

const below = (name: RouteName, path: string, tails: readonly string[], ...methods: Method[]): Route => ({
  name,
  methods,
  path,
  below: true,
  tails,
});

/**
 * Every route of the server, in the order in which an unknown path is compared with them. The router, the fallback
 * (OPTIONS, 405, redirects) and the OpenAPI document are made of this table.
 */
export function routesOf({
  routePrefix: prefix,
  telemetryPath,
  enableAdminApi,
  allowsNoJob,
}: Settings): readonly Route[] {
  return [
    at("healthy", prefix + HEALTHY_PATH, "GET"),
    at("ready", `${prefix}/-/ready`, "GET"),
    at("scrape", telemetryRoute(prefix, telemetryPath), "GET"),
    at("scrapeOwn", `${prefix}/-/metrics`, "GET"),
    below("push", `${prefix}/metrics/job/`, KEY_TAILS, "PUT", "POST", "DELETE"),
    below("push", `${prefix}/metrics/job@base64/`, KEY_TAILS, "PUT", "POST", "DELETE"),
    below("scrapeGroup", `${prefix}/metrics/job/`, KEY_TAILS, "GET"),
    below("scrapeGroup", `${prefix}/metrics/job@base64/`, KEY_TAILS, "GET"),
    ...(allowsNoJob
      ? [
          at("pushWithoutJob", `${prefix}/metrics`, "PUT", "POST"),
          below("pushWithoutJob", `${prefix}/metrics/`, LABEL_TAILS, "PUT", "POST"),
        ]
      : []),
    below("staticFile", `${prefix}/static/`, [], "GET"),
    ...["status", "group", "refused", ""].map((view) => at("page", `${prefix}/${view}`, "GET")),
    at("quit", `${prefix}/-/quit`, "PUT", "POST"),
    // As in the reference, this one stays where it is whatever the route prefix.
    at("quitByGet", "/-/quit", "GET"),
    at("apiStatus", `${prefix}/api/v1/status`, "GET"),
    at("apiMetrics", `${prefix}/api/v1/metrics`, "GET"),
    at("apiDocument", `${prefix}/api/v1/openapi.json`, "GET"),
    at("apiGroups", `${prefix}/api/v1/groups`, "GET"),
    below("apiGroup", `${prefix}/api/v1/groups/job/`, KEY_TAILS, "GET"),
    below("apiGroup", `${prefix}/api/v1/groups/job@base64/`, KEY_TAILS, "GET"),
    at("apiRefused", `${prefix}/api/v1/refused`, "GET"),
    at("apiEvents", `${prefix}/api/v1/events`, "GET"),
    at("apiRuntime", `${prefix}/api/v1/status/runtime`, "GET"),
    ...(enableAdminApi
      ? [at("apiRemoveGroups", `${prefix}/api/v1/groups`, "DELETE"), at("wipe", `${prefix}/api/v1/admin/wipe`, "PUT")]
      : []),
    below("apiOptions", `${prefix}/api/v1/`, [], "OPTIONS"),
  ];
}
