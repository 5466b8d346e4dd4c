import { parseDuration } from "../config/duration.ts";
import { Fault } from "../model/fault.ts";
import { NEVER_EXPIRES, NO_OWN_TTL } from "../model/group-ttl.ts";
import { quoteTokenText } from "../model/quote.ts";
import { Rejection } from "../model/rejection.ts";
import type { Exchange } from "../server/exchange.ts";

const PARAMETER = "ttl";
const HEADER = "pushgateway-ttl";
/** Takes the group's own time away. */
const DEFAULT_WORD = "default";
const EXPECTED = `expected a duration such as 30s, 10m or 1h30m, 0 (never), or ${DEFAULT_WORD}`;
/** Longer queries are read each time. */
const MAX_KNOWN_CHARACTERS = 64;

/** In seconds, as PushRequest has it; or why it cannot be read. */
export type PushedTtl = number | undefined | Rejection;

/** A text with what it says. */
interface KnownTtl {
  readonly text: string;
  readonly ttl: PushedTtl;
}

const NOTHING: KnownTtl = { text: "", ttl: undefined };

/**
 * Reads the time to live that a push has for its group: the parameter `ttl` of its query, or else the header
 * Pushgateway-TTL. What was read last is known: most pushes say the same.
 */
export class PushTtl {
  private query = NOTHING;
  private header = NOTHING;

  of(exchange: Pick<Exchange, "query" | "header">): PushedTtl {
    if (exchange.query !== "") {
      const asked = this.ofQuery(exchange.query);
      if (asked !== undefined) return asked;
    }
    const text = exchange.header(HEADER);
    if (text === null) return undefined;
    if (text !== this.header.text || text === "") this.header = { text, ttl: readTtl(text, "in the header") };
    return this.header.ttl;
  }

  private ofQuery(query: string): PushedTtl {
    if (query === this.query.text) return this.query.ttl;
    const text = new URLSearchParams(query).get(PARAMETER);
    const ttl = text === null ? undefined : readTtl(text, "in the query");
    if (query.length <= MAX_KNOWN_CHARACTERS) this.query = { text: query, ttl };
    return ttl;
  }
}

function readTtl(text: string, place: string): number | Rejection {
  if (text === DEFAULT_WORD) return NO_OWN_TTL;
  const nanoseconds = parseDuration(text);
  if (nanoseconds instanceof Fault || nanoseconds < 0n)
    return new Rejection("malformed", `invalid ttl ${quoteTokenText(text)} ${place}: ${EXPECTED}`);
  return nanoseconds === 0n ? NEVER_EXPIRES : Number(nanoseconds) / 1e9;
}
