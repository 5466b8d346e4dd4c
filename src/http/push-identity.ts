import type { AddingSettings } from "../config/adding.ts";
import { readIdempotencyKey } from "../decode/idempotency-key.ts";
import type { PushId } from "../model/push-id.ts";
import { Rejection } from "../model/rejection.ts";
import type { Exchange } from "../server/exchange.ts";
import type { PushedAdding } from "./push-adding.ts";
import type { StreamClock } from "./stream.ts";
import type { WrittenPush } from "./writes.ts";

const HEADER = "idempotency-key";
/** What is digested in one go: a fifth of a millisecond. */
const SLICE_BYTES = 4 << 20;

/** The idempotency key of a push; undefined: it has none, or is not one that is added. Or why it cannot be read. */
export type PushedKey = string | undefined | Rejection;

/**
 * A push that replaces is the same if it is repeated: its key is not looked at. Where labels of series may say that
 * they are added, any push may be one that is.
 */
export function pushedKey(
  exchange: Pick<Exchange, "header">,
  adding: PushedAdding,
  { modeLabel, takesKeys }: Pick<AddingSettings, "modeLabel" | "takesKeys">,
): PushedKey {
  if ((adding === undefined && modeLabel === "") || adding instanceof Rejection || !takesKeys) return undefined;
  const text = exchange.header(HEADER);
  return text === null ? undefined : readIdempotencyKey(text);
}

/** What a push with a key is known by: bodies are told apart as they are parsed, whatever encoding they came in. */
export function pushIdOf(
  key: string,
  { format, ttl }: Pick<WrittenPush, "format" | "ttl">,
  body: Uint8Array,
  clock: Pick<StreamClock, "turn">,
): PushId | Promise<PushId> {
  const seed = Bun.hash.xxHash3(`${format} ${ttl}`);
  if (body.length > SLICE_BYTES) return digestInSlices(seed, body, clock).then((digest) => idOf(key, digest));
  return idOf(key, Bun.hash.xxHash3(body, seed));
}

async function digestInSlices(seed: bigint, body: Uint8Array, clock: Pick<StreamClock, "turn">): Promise<bigint> {
  let digest = seed;
  for (let at = 0; at < body.length; at += SLICE_BYTES) {
    digest = Bun.hash.xxHash3(body.subarray(at, at + SLICE_BYTES), digest);
    await clock.turn();
  }
  return digest;
}

function idOf(key: string, content: bigint): PushId {
  const digest = Bun.hash.xxHash3(key);
  return {
    keyLow: lowHalf(digest),
    keyHigh: highHalf(digest),
    contentLow: lowHalf(content),
    contentHigh: highHalf(content),
  };
}

const lowHalf = (digest: bigint): number => Number(BigInt.asIntN(32, digest));
const highHalf = (digest: bigint): number => Number(BigInt.asIntN(32, digest >> 32n));
