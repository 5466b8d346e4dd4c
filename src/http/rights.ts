import type { KeyedPath } from "../decode/path.ts";
import { ANONYMOUS, type GroupReach, type Principal, type RightName, STRANGER } from "../model/principal.ts";
import { quoteTokenText, shownToken } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import { forbiddenJson } from "../serialise/forbidden-json.ts";
import type { Answer, Exchange, Handler } from "../server/exchange.ts";
import { Refusal } from "../server/request-line.ts";
import type { HttpContext } from "./context.ts";
import { privateJson, rejected } from "./reply.ts";
import type { Method, Route, RouteRule } from "./routes.ts";

/** What a right lets somebody do. */
const DEEDS: Readonly<Record<RightName, string>> = {
  push: "push",
  delete: "delete groups",
  scrape: "scrape",
  read: "read",
  admin: "administer the server",
};
/** The same with one group. */
const GROUP_DEEDS = { push: "push to the group", delete: "delete the group" } as const;

export type RightsDeps = Pick<HttpContext, "gate" | "ownMetrics" | "principalOf" | "refusals">;

interface KeyVerdict {
  readonly reach: GroupReach;
  readonly isCovered: boolean;
}

/** Whether who asks may do what is asked. What is refused is refused before its body is read. */
export class Rights {
  /** Of the keys of paths that are pushed to again and again. */
  private readonly verdicts = new WeakMap<KeyedPath, KeyVerdict>();

  constructor(private readonly deps: RightsDeps) {}

  /** `handler` behind the rule of its route; the handler itself where everybody may do everything. */
  guarded({ name, rules }: Pick<Route, "name" | "rules">, method: Method, handler: Handler): Handler {
    const rule = rules[method];
    if (this.deps.gate === null || rule === undefined || rule === "open" || rule === "by key") return handler;
    const isJson = name.startsWith("api") || name === "wipe";
    return (exchange) => {
      const refused = this.judge(rule, exchange);
      return refused === null ? handler(exchange) : this.answer(refused, exchange, isJson);
    };
  }

  /** The same of what no route takes: whoever is let in is told so. */
  guardedUnknown(handler: (exchange: Exchange) => Answer): (exchange: Exchange) => Answer {
    if (this.deps.gate === null) return handler;
    return (exchange) => {
      const isStranger = this.deps.principalOf(exchange) === STRANGER;
      if (!isStranger || exchange.method === "OPTIONS") return handler(exchange);
      return this.answer(refusal(STRANGER, "ask anything"), exchange, false);
    };
  }

  /** Why a group may not be pushed to or deleted; null: it may. A path that names no group is refused elsewhere. */
  ofGroup(right: keyof typeof GROUP_DEEDS, exchange: Exchange, keyed: KeyedPath | Rejection): Rejection | null {
    if (this.deps.gate === null) return null;
    const principal = this.deps.principalOf(exchange);
    const reach = principal.reach(right);
    if (reach === null) return null;
    if (keyed instanceof Rejection) return reach === "none" ? refusal(principal, DEEDS[right]) : null;
    if (reach !== "none" && this.covers(reach, keyed)) return null;
    const group = shownToken(Buffer.from(keyed.key.block).toString());
    return refusal(principal, `${GROUP_DEEDS[right]} {${group}}`);
  }

  /** With what who shows nothing is asked for. */
  withChallenge(answer: Answer): Answer {
    const { gate } = this.deps;
    if (gate === null || answer.status !== 401) return answer;
    return { ...answer, headers: { ...answer.headers, "WWW-Authenticate": gate.challenge() } };
  }

  /** Counts and logs what is refused and noted elsewhere. */
  tell(exchange: Exchange, { kind, message }: Rejection): void {
    const { ownMetrics, principalOf, refusals } = this.deps;
    ownMetrics.countForbidden(principalOf(exchange).name);
    // Who shows nothing is no news: probes do so every few seconds.
    if (kind === "forbidden") refusals.log(new Refusal(403, "forbidden", message), exchange);
  }

  private answer(rejection: Rejection, exchange: Exchange, isJson: boolean): Answer {
    this.tell(exchange, rejection);
    const answer = rejected(this.deps.refusals, rejection, exchange);
    return this.withChallenge(isJson ? privateJson(answer.status, forbiddenJson(rejection)) : answer);
  }

  private judge(rule: Exclude<RouteRule, "open" | "by key">, exchange: Exchange): Rejection | null {
    const principal = this.deps.principalOf(exchange);
    if (rule === "health")
      return principal.name !== ANONYMOUS || this.deps.gate?.isHealthOpen() === true
        ? null
        : refusal(principal, "ask for health");
    const reach = principal.reach(rule.right);
    if (reach === null || (reach !== "none" && rule.of === "some")) return null;
    return refusal(principal, DEEDS[rule.right]);
  }

  private covers(reach: GroupReach, keyed: KeyedPath): boolean {
    const known = this.verdicts.get(keyed);
    if (known !== undefined && known.reach === reach) return known.isCovered;
    const isCovered = reach.covers(keyed.key.block);
    this.verdicts.set(keyed, { reach, isCovered });
    return isCovered;
  }
}

/** Who shows nothing may say who he is: that is another status. */
function refusal({ name }: Principal, deed: string): Rejection {
  const subject = name === "" ? "a user who is no principal" : `principal ${quoteTokenText(name)}`;
  return new Rejection(name === ANONYMOUS ? "unauthorized" : "forbidden", `${subject} may not ${deed}`);
}
