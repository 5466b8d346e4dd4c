import type { GroupReach } from "../model/principal.ts";
import { Rejection } from "../model/rejection.ts";
import { refusedListPieces } from "../serialise/refused-json.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import { refusedSeen } from "../telemetry/refused-seen.ts";
import type { HttpContext } from "./context.ts";
import { longAnswer } from "./long-answers.ts";
import { readParameters } from "./query-parameters.ts";
import { groupsOf } from "./reach.ts";
import { RefusedParameters } from "./refused-schemas.ts";
import { PRIVATE_JSON_HEADERS, rejected } from "./reply.ts";
import type { Handlers } from "./routes.ts";

const HANDLER = "api/v1/refused";
const MAX_LISTED = 200;

export type RefusedDeps = Pick<
  HttpContext,
  "clock" | "gzip" | "longAnswers" | "ownMetrics" | "principalOf" | "refusals" | "refused"
>;

/** /api/v1/refused. No page of another origin may read it: it has addresses and labels of clients. */
export function refusedHandlers(deps: RefusedDeps): Handlers<"apiRefused"> {
  return {
    apiRefused: (exchange) => {
      const answer = listRefused(deps, exchange, groupsOf(deps.principalOf(exchange), "read"));
      deps.ownMetrics.countRequest(HANDLER, answer.status, "GET");
      return answer;
    },
  };
}

/** GET /api/v1/refused: what was refused lately, as far as who may see the groups of the reach may see it. */
export function listRefused(deps: RefusedDeps, exchange: Exchange, reach: GroupReach | null): Answer {
  const { clock, refusals } = deps;
  const parameters = readParameters(RefusedParameters, exchange.query);
  if (parameters instanceof Rejection) return rejected(refusals, parameters, exchange);
  const { kind = null, limit = MAX_LISTED } = parameters;
  const seen = refusedSeen(deps.refused, reach);
  const { total, kinds } = seen;
  const entries = seen.list(kind, limit);
  const pieces = refusedListPieces({ asOfSeconds: clock.now() / 1000, total, kinds, entries });
  return longAnswer(deps, exchange, pieces, PRIVATE_JSON_HEADERS);
}
