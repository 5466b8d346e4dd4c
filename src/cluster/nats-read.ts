import type { Msg } from "@nats-io/transport-node";
import { REQUEST_MS, type Session } from "./nats-link.ts";
import type { LogMessage } from "./tail.ts";

/** Most bytes that one request for many messages brings. */
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024;
const [FOUND, NOT_FOUND] = [0, 404];

/**
 * The messages of a stream from a position on, in order, at most `count`; fewer where the server does not have more, or
 * did not send them in time. Any server that has a copy answers: it may be behind the leader.
 */
export async function readMany(session: Session, stream: string, from: number, count: number): Promise<LogMessage[]> {
  const query = JSON.stringify({ seq: from, batch: count, max_bytes: MAX_BYTES_AT_ONCE });
  const options = { strategy: "sentinel", maxWait: REQUEST_MS } as const;
  const answers = await session.connection.requestMany(`$JS.API.DIRECT.GET.${stream}`, query, options);
  const messages: LogMessage[] = [];
  for await (const answer of answers) {
    if ((answer.headers?.code ?? FOUND) !== FOUND) break;
    messages.push(logMessage(answer));
  }
  return messages;
}

/** The message of a stream at a position; null where the server that answers has none. */
export function readOne(session: Session, stream: string, position: number): Promise<LogMessage | null> {
  return read(session, `$JS.API.DIRECT.GET.${stream}`, JSON.stringify({ seq: position }));
}

/** The last message of a subject; null where the server that answers has none. */
export function readLast(session: Session, stream: string, subject: string): Promise<LogMessage | null> {
  return read(session, `$JS.API.DIRECT.GET.${stream}.${subject}`, "");
}

/** A message as a stream publishes it once more, or as it is asked for. */
export function logMessage({ headers, data }: Msg): LogMessage {
  const stamp = headers?.get("Nats-Time-Stamp") ?? "";
  return {
    position: Number(headers?.get("Nats-Sequence") ?? 0),
    stamp,
    storedMs: Date.parse(stamp),
    data,
  };
}

async function read(session: Session, subject: string, query: string): Promise<LogMessage | null> {
  const answer = await session.connection.request(subject, query, { timeout: REQUEST_MS });
  const code = answer.headers?.code ?? FOUND;
  if (code === FOUND) return logMessage(answer);
  if (code === NOT_FOUND) return null;
  throw new NatsFault(`reading ${subject}: ${code} ${answer.headers?.description ?? ""}`);
}

/** A server's answer that is no answer: asked again. */
export class NatsFault extends Error {
  override readonly name = "NatsFault";
}
