import type { Settings } from "../config/command-line.ts";
import { HEALTHY_PATH, telemetryRoute } from "../config/prefix.ts";
import type { RightName } from "../model/principal.ts";
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

/**
 * Who may use a route.
 * - open: everybody who reaches the server; it holds nothing of anybody
 * - health: who is let in, or everybody where the access file says so
 * - by key: who may push to the group of the path, or delete it; its handler asks
 * - else who has the right, of some groups or of all
 */
export type RouteRule = "open" | "health" | "by key" | { readonly right: RightName; readonly of: "some" | "all" };

/** The methods of a route, each with its rule. */
export type RouteRules = Readonly<Partial<Record<Method, RouteRule>>>;

/** One path, or with `below` everything under it that has another segment, and the methods that it answers to. */
export interface Route {
  readonly name: RouteName;
  readonly methods: readonly Method[];
  readonly rules: RouteRules;
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

const SCRAPE: RouteRules = { GET: { right: "scrape", of: "some" } };
const READ: RouteRules = { GET: { right: "read", of: "some" } };
const HEALTH: RouteRules = { GET: "health" };
const OPEN: RouteRules = { GET: "open" };
const PUSH: RouteRules = { PUT: "by key", POST: "by key" };
const PUSH_OR_DELETE: RouteRules = { ...PUSH, DELETE: "by key" };
const WHOLE_SERVER: RouteRule = { right: "admin", of: "all" };

const at = (name: RouteName, path: string, rules: RouteRules): Route => ({
  name,
  methods: methodsOf(rules),
  rules,
  path,
  below: false,
  tails: [""],
});

const below = (name: RouteName, path: string, tails: readonly string[], rules: RouteRules): Route => ({
  name,
  methods: methodsOf(rules),
  rules,
  path,
  below: true,
  tails,
});

const METHODS: readonly Method[] = ["GET", "PUT", "POST", "DELETE", "OPTIONS"];

const methodsOf = (rules: RouteRules): readonly Method[] => METHODS.filter((method) => rules[method] !== undefined);

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
    at("healthy", prefix + HEALTHY_PATH, HEALTH),
    at("ready", `${prefix}/-/ready`, HEALTH),
    at("scrape", telemetryRoute(prefix, telemetryPath), SCRAPE),
    at("scrapeOwn", `${prefix}/-/metrics`, SCRAPE),
    below("push", `${prefix}/metrics/job/`, KEY_TAILS, PUSH_OR_DELETE),
    below("push", `${prefix}/metrics/job@base64/`, KEY_TAILS, PUSH_OR_DELETE),
    below("scrapeGroup", `${prefix}/metrics/job/`, KEY_TAILS, SCRAPE),
    below("scrapeGroup", `${prefix}/metrics/job@base64/`, KEY_TAILS, SCRAPE),
    ...(allowsNoJob
      ? [
          at("pushWithoutJob", `${prefix}/metrics`, PUSH),
          below("pushWithoutJob", `${prefix}/metrics/`, LABEL_TAILS, PUSH),
        ]
      : []),
    below("staticFile", `${prefix}/static/`, [], OPEN),
    ...["status", "group", "refused", ""].map((view) => at("page", `${prefix}/${view}`, READ)),
    at("quit", `${prefix}/-/quit`, { PUT: WHOLE_SERVER, POST: WHOLE_SERVER }),
    // As in the reference, this one stays where it is whatever the route prefix.
    at("quitByGet", "/-/quit", { GET: WHOLE_SERVER }),
    at("apiStatus", `${prefix}/api/v1/status`, READ),
    at("apiMetrics", `${prefix}/api/v1/metrics`, READ),
    at("apiDocument", `${prefix}/api/v1/openapi.json`, OPEN),
    at("apiGroups", `${prefix}/api/v1/groups`, READ),
    below("apiGroup", `${prefix}/api/v1/groups/job/`, KEY_TAILS, READ),
    below("apiGroup", `${prefix}/api/v1/groups/job@base64/`, KEY_TAILS, READ),
    at("apiRefused", `${prefix}/api/v1/refused`, READ),
    at("apiEvents", `${prefix}/api/v1/events`, READ),
    at("apiRuntime", `${prefix}/api/v1/status/runtime`, READ),
    ...(enableAdminApi
      ? [
          at("apiRemoveGroups", `${prefix}/api/v1/groups`, { DELETE: { right: "admin", of: "some" } }),
          at("wipe", `${prefix}/api/v1/admin/wipe`, { PUT: WHOLE_SERVER }),
        ]
      : []),
    below("apiOptions", `${prefix}/api/v1/`, [], { OPTIONS: "open" }),
  ];
}
