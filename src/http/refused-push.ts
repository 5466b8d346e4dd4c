import type { KeyedPath } from "../decode/path.ts";
import { REFUSED_KINDS, type RefusedKind, type RefusedRequest } from "../model/refused.ts";
import { Rejection, type RejectionKind } from "../model/rejection.ts";
import type { Exchange } from "../server/exchange.ts";
import { refusedRequest } from "../server/refusals.ts";

/** A push that was refused, and what it was answered with. */
export interface RefusedPush {
  readonly exchange: Exchange;
  readonly keyed: KeyedPath | Rejection;
  readonly rejection: Rejection;
  readonly status: number;
  /** Of the body that came in; 0 where none did, or not all of it. */
  readonly bodyBytes: number;
}

/** As it is listed. */
export function describeRefusedPush(push: RefusedPush, userOf: (exchange: Exchange) => string | null): RefusedRequest {
  const { exchange, keyed, rejection, status, bodyBytes } = push;
  const { message: words, line, contradicts } = rejection;
  return {
    ...refusedRequest({ status, words }, exchange),
    kind: kindOf(rejection.kind),
    group: keyed instanceof Rejection ? null : groupOf(keyed),
    user: userOf(exchange) ?? exchange.certificate,
    line,
    contradicts,
    sizeBytes: bodyBytes > 0 ? bodyBytes : exchange.body.announcedBytes,
  };
}

const groupOf = ({ key }: KeyedPath) => ({ block: Buffer.from(key.block).toString(), labels: key.labels });

/** Nothing that a push asks for can be absent or gone. */
const kindOf = (kind: RejectionKind): RefusedKind => REFUSED_KINDS.find((known) => known === kind) ?? "malformed";
