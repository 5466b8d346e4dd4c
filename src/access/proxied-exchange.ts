import { clientAddress } from "../config/address.ts";
import type { Networks } from "../config/networks.ts";
import type { Exchange, Handler } from "../server/exchange.ts";
import { sourceOf } from "../server/source.ts";
import type { PeerCertificate } from "../server/transport.ts";
import { hopsOfForwarded, hopsOfForwardedFor } from "./forwarded.ts";

/** A request that a trusted proxy handed on, as one of its client. */
class ProxiedExchange implements Exchange {
  readonly source: string;

  constructor(
    private readonly own: Exchange,
    readonly client: string,
  ) {
    this.source = sourceOf(client);
  }

  get connectionSource(): string {
    return this.own.source;
  }

  get method(): string {
    return this.own.method;
  }

  get path(): Uint8Array {
    return this.own.path;
  }

  get query(): string {
    return this.own.query;
  }

  get body(): Exchange["body"] {
    return this.own.body;
  }

  get fields(): readonly string[] {
    return this.own.fields;
  }

  get isGone(): boolean {
    return this.own.isGone;
  }

  get certificate(): string | null {
    return this.own.certificate;
  }

  get peer(): PeerCertificate | null {
    return this.own.peer ?? null;
  }

  get drains(): number {
    return this.own.drains;
  }

  get isBlocked(): boolean {
    return this.own.isBlocked;
  }

  header(name: string): string | null {
    return this.own.header(name);
  }

  cut(): void {
    this.own.cut();
  }
}

/** `next` with requests that trusted proxies hand on as those of the clients that they have them from. */
export function behindProxies(trusted: Networks, next: Handler): Handler {
  return (exchange) => {
    const client = clientBehind(trusted, exchange);
    return next(client === null ? exchange : new ProxiedExchange(exchange, client));
  };
}

/**
 * The address that the nearest hop had which is no trusted proxy; null where it is the other end of the connection.
 * Proxies add to one header and hand on all others as they are: where both are there and say different things, a client
 * may have written either, and it is known by its proxy alone.
 */
export function clientBehind(trusted: Networks, exchange: Pick<Exchange, "client" | "header">): string | null {
  const peer = clientAddress(exchange.client);
  if (!trusted.has(peer)) return null;
  const forwardedFor = exchange.header("x-forwarded-for");
  const forwarded = exchange.header("forwarded");
  const first = forwardedFor === null ? null : farthest(trusted, hopsOfForwardedFor(forwardedFor));
  const second = forwarded === null ? null : farthest(trusted, hopsOfForwarded(forwarded));
  if (forwardedFor !== null && forwarded !== null) return first === second ? first : null;
  return first ?? second;
}

/** The last address up to the first hop that is not trusted, or to what is no address; null if there is none. */
function farthest(trusted: Networks, hops: Iterable<string | null>): string | null {
  let last: string | null = null;
  for (const hop of hops) {
    if (hop === null) break;
    last = hop;
    if (!trusted.has(hop)) break;
  }
  return last;
}
