import type { AnswerHeads } from "./answer-head.ts";
import type { Answer, Stream } from "./exchange.ts";

/** Where an answer is written to. */
export interface AnswerPort {
  write(bytes: Uint8Array): boolean;
  /** Settled when there is room again: false, the connection is gone. */
  room(): Promise<boolean>;
}

/** What of the request decides how its answer is sent. */
export interface AnswerContext {
  readonly method: string;
  readonly minorVersion: number;
  readonly keepsAlive: boolean;
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");
const CHUNK_END = "\r\n";

/** Whether the end of an answer can be marked, so that the connection can go on behind it. */
export function endsByItself({ body }: Answer, minorVersion: number): boolean {
  return minorVersion > 0 || body === null || !isStream(body) || body.sizeBytes !== null;
}

/** Sends an answer of HTTP/1. false: it is cut, and so has the connection to be. */
export function writeAnswer(
  port: AnswerPort,
  heads: AnswerHeads,
  answer: Answer,
  { method, minorVersion, keepsAlive }: AnswerContext,
): boolean | Promise<boolean> {
  const { body } = answer;
  if (body !== null && isStream(body)) {
    const { sizeBytes } = body;
    const head = () => Buffer.from(heads.write(answer, { minorVersion, sizeBytes, keepsAlive }));
    if (method !== "HEAD") return writeStream(port, head, body, minorVersion);
    void body.pieces[Symbol.asyncIterator]().return?.();
    return written(port, head());
  }
  if (body === null && minorVersion === 1 && keepsAlive && isBare(answer))
    return written(port, heads.emptyAnswer(answer.status));
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const head = Buffer.from(heads.write(answer, { minorVersion, sizeBytes: bytes?.length ?? 0, keepsAlive }));
  return written(port, bytes === null || method === "HEAD" ? head : Buffer.concat([head, bytes]));
}

export function isStream(body: string | Uint8Array | Stream): body is Stream {
  return typeof body === "object" && "pieces" in body;
}

function isBare({ headers }: Answer): boolean {
  for (const _ in headers) return false;
  return true;
}

function written(port: AnswerPort, bytes: Uint8Array): boolean | Promise<boolean> {
  return port.write(bytes) || port.room();
}

/** Each piece when there is room for it; whatever fails, `pieces` comes to its end. */
async function writeStream(
  port: AnswerPort,
  head: () => Uint8Array,
  body: Stream,
  minorVersion: number,
): Promise<boolean> {
  const isChunked = body.sizeBytes === null && minorVersion > 0;
  let before: Uint8Array | null = null;
  for await (const piece of body.pieces) {
    before ??= head();
    if (piece.length === 0) continue;
    if (isChunked) before = Buffer.concat([before, Buffer.from(`${piece.length.toString(16)}\r\n`)]);
    if (before.length > 0 && !port.write(before) && !(await port.room())) return false;
    if (!port.write(piece) && !(await port.room())) return false;
    before = isChunked ? Buffer.from(CHUNK_END) : NOTHING;
  }
  before ??= head();
  const last = isChunked ? Buffer.concat([before, LAST_CHUNK]) : before;
  return last.length === 0 || port.write(last) || (await port.room());
}

const NOTHING: Uint8Array = new Uint8Array(0);
