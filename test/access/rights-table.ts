import { type Method, type RouteName, routesOf } from "../../src/http/routes.ts";
import { RIGHTS, type RightName } from "../../src/model/principal.ts";
import { settingsOf } from "../program-info.ts";

/** Flags with which every route is there. */
export const ALL_ROUTES = ["--web.enable-admin-api", "--push.allow-no-job", "--web.route-prefix=/pre"];

/** What is asked of who asks: nothing, to be let in, a right for some group, for all, or for the group of the path. */
type Needed = "nothing" | "health" | readonly [RightName, "some" | "all" | "group"];

/**
 * What each route asks, by its name and method, written down here once more: a new route without a line is no program.
 */
const NEEDED: Readonly<Record<RouteName, Needed | Readonly<Partial<Record<Method, Needed>>>>> = {
  push: { PUT: ["push", "group"], POST: ["push", "group"], DELETE: ["delete", "group"] },
  pushWithoutJob: ["push", "group"],
  scrape: ["scrape", "some"],
  scrapeGroup: ["scrape", "some"],
  scrapeOwn: ["scrape", "some"],
  healthy: "health",
  ready: "health",
  quit: ["admin", "all"],
  quitByGet: ["admin", "all"],
  page: ["read", "some"],
  staticFile: "nothing",
  apiStatus: ["read", "some"],
  apiMetrics: ["read", "some"],
  apiDocument: "nothing",
  apiGroups: ["read", "some"],
  apiRemoveGroups: ["admin", "some"],
  apiGroup: ["read", "some"],
  apiRefused: ["read", "some"],
  apiEvents: ["read", "some"],
  apiRuntime: ["read", "some"],
  apiOptions: "nothing",
  wipe: ["admin", "all"],
};

/** Somebody who asks, and what he may do; `header` is what he shows. */
export interface Asker {
  readonly name: string;
  readonly rights: Readonly<Partial<Record<RightName, "all" | "team a">>>;
}

/** Of each right one for all groups and one for some, one with none and one with all. */
export const ASKERS: readonly Asker[] = [
  ...RIGHTS.flatMap((right) => [
    { name: `${right}-all`, rights: { [right]: "all" as const } },
    { name: `${right}-team`, rights: { [right]: "team a" as const } },
  ]),
  { name: "everything", rights: { push: "all", delete: "all", scrape: "all", read: "all", admin: "all" } },
  { name: "nothing", rights: {} },
];

export const tokenOf = (name: string) => `${name}-t0ken`;

/** The access file of the askers, each with a token; `more` are further lines. */
export function accessFileOf(more = ""): string {
  const selectors = { all: "{}", "team a": '{team="a"}' };
  const principals = ASKERS.map(({ name, rights }) => {
    const hash = new Bun.CryptoHasher("sha256").update(tokenOf(name)).digest("hex");
    const lists = Object.entries(rights).map(([right, reach]) => `${right}: ['${selectors[reach]}']`);
    return `- name: ${name}\n  tokens: [${hash}]\n  rights: {${lists.join(", ")}}\n`;
  });
  return `principals:\n${principals.join("")}${more}`;
}

/** A request to a route. */
export interface RouteCase {
  readonly name: RouteName;
  readonly method: Method;
  readonly path: string;
  /** Whether the path names a group of team a; null: it names none. */
  readonly isOfTeam: boolean | null;
}

/** Of every route of the table, with every method: ways to write its path. */
export function routeCases(): RouteCase[] {
  return routesOf(settingsOf(...ALL_ROUTES)).flatMap(({ name, methods, path, below }) =>
    methods.flatMap((method) =>
      pathsOf(name, path, below).map(([written, isOfTeam]) => ({ name, method, path: written, isOfTeam })),
    ),
  );
}

type Written = readonly [path: string, isOfTeam: boolean | null];

function pathsOf(name: RouteName, path: string, below: boolean): Written[] {
  if (name === "pushWithoutJob")
    return below
      ? [
          [`${path}team/a`, true],
          [`${path}x/y`, false],
        ]
      : [[path, false]];
  if (name === "staticFile" || name === "apiOptions") return [[`${path}x`, null]];
  if (!below) return [[path, null]];
  const job = path.endsWith("@base64/") ? "ag" : "j";
  return [
    [`${path}${job}/team/a`, true],
    [`${path}${job}/team@base64/YQ`, true],
    [`${path}${job}/t%65am/%61`, true],
    [`${path}${job}/team/b`, false],
    [`${path}${job}`, false],
    [`${path}${job}/x/a%2Fteam%2Fa`, true],
    [`${path}${job}/te%61m/b/instance/team%3D%22a%22`, false],
  ];
}

/** What a request is to be answered: as if nobody were asked who he is, or not at all. */
export function isAllowed({ rights }: Asker, { name, method, isOfTeam }: RouteCase): boolean {
  const rule = NEEDED[name];
  const needed = isNeeded(rule) ? rule : rule[method];
  if (needed === undefined) throw new Error(`${name} ${method} has no line`);
  if (needed === "nothing" || needed === "health") return true;
  const [right, of] = needed;
  const reach = rights[right];
  if (reach === undefined) return false;
  return reach === "all" || of === "some" || (of === "group" && isOfTeam === true);
}

const isNeeded = (rule: (typeof NEEDED)[RouteName]): rule is Needed => typeof rule === "string" || Array.isArray(rule);

/** What says that somebody may not do it. */
export const FORBIDDEN = /(?:principal \\?"[a-z-]+\\?"|a user who is no principal) may not/;
