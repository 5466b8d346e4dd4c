import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { decodePath } from "../decode/path.ts";
import { type Edge, MAX_REQUEST_BYTES, PLAIN_HOST } from "./listen.ts";
import { textError } from "./reply.ts";

const NOTHING = new Uint8Array(0);

export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** What the answers of node:http and node:http2 have in common. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly closed: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** false: the client is slow, `drain` tells when there is room again. */
  write(piece: Uint8Array): boolean;
  end(): unknown;
  end(piece: Uint8Array): unknown;
  destroy(): unknown;
  once(event: "close", listener: () => void): this;
  on(event: "drain" | "close", listener: () => void): this;
  off(event: "drain" | "close", listener: () => void): this;
}

/**
 * Answers a request of node:http or node:http2 as `Bun.serve` would, by way of the same edge. Bodies flow both ways as fast as
 * they are taken. `seen` gets the request before it is answered.
 */
export async function answerExchange(
  edge: Edge,
  incoming: NodeRequest,
  outgoing: NodeResponse,
  seen: (request: Request) => void,
): Promise<void> {
  await send(await answer(edge, incoming, seen), outgoing);
}

function answer(edge: Edge, incoming: NodeRequest, seen: (request: Request) => void): Response | Promise<Response> {
  const target = originForm(incoming.url ?? "");
  const headers = headersOf(incoming);
  if (target === null || headers === null) return textError(400, "400 Bad Request");
  const { method = "GET" } = incoming;
  const body = hasBody(incoming, method) ? bodyOf(incoming) : null;
  const request = new Request(PLAIN_HOST + target, { method, headers, body });
  seen(request);
  // A method that Request does not know has become GET.
  if (request.method !== method) return edge.guarded(request, () => textError(405, "Method Not Allowed"));
  if (Number(headers.get("content-length")) > MAX_REQUEST_BYTES)
    return edge.guarded(request, () => new Response(null, { status: 413, headers: { connection: "close" } }));
  if (request.url === PLAIN_HOST + target) return edge.plain(request);
  const path = decodePath(Buffer.from(pathOfTarget(target), "latin1").toString());
  if (path === null) return edge.guarded(request, () => textError(400, "400 Bad Request"));
  return edge.rewritten(request, path.text);
}

/** Path and query of a request target: of a whole URL as well, null of `*` and the like. */
function originForm(target: string): string | null {
  if (target.startsWith("/")) return target;
  const authority = /^https?:\/\/[^/?#]*/i.exec(target);
  if (authority === null) return null;
  const rest = target.slice(authority[0].length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function pathOfTarget(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/** The headers as sent, without those of HTTP/2 that are part of the request line; null where they are not valid. */
function headersOf({ headers: sent, rawHeaders }: NodeRequest): Headers | null {
  try {
    const headers = new Headers();
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? "";
      if (!name.startsWith(":")) headers.append(name, rawHeaders[i + 1] ?? "");
    }
    const authority = sent[":authority"];
    if (typeof authority === "string" && !headers.has("host")) headers.set("host", authority);
    return headers;
  } catch {
    return null;
  }
}

function hasBody(incoming: NodeRequest, method: string): boolean {
  if (method === "GET" || method === "HEAD") return false;
  if ("stream" in incoming) return !incoming.stream.endAfterHeaders;
  const { headers } = incoming;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** The body as it is asked for, and an error where it ends early or becomes too large. */
function bodyOf(incoming: NodeRequest): ReadableStream<Uint8Array> {
  let sizeBytes = 0;
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (words: string) => {
          if (!isOver) controller.error(new Error(words));
          isOver = true;
        };
        incoming.pause();
        incoming.on("data", (chunk: Uint8Array) => {
          sizeBytes += chunk.length;
          if (isOver) return;
          if (sizeBytes > MAX_REQUEST_BYTES) return fail("request body too large");
          controller.enqueue(chunk);
          if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
        });
        incoming.on("end", () => {
          if (!isOver) controller.close();
          isOver = true;
        });
        incoming.on("error", () => fail("unexpected EOF"));
        incoming.on("aborted", () => fail("unexpected EOF"));
        incoming.on("close", () => fail("unexpected EOF"));
      },
      pull() {
        incoming.resume();
      },
      cancel() {
        isOver = true;
        incoming.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Sends an answer: with its length if it is one piece, else in pieces, each when the client has taken the one before. */
async function send(response: Response, outgoing: NodeResponse): Promise<void> {
  const head = Object.fromEntries(response.headers);
  if ("stream" in outgoing) delete head.connection;
  if (response.body === null) {
    if (response.status !== 204 && response.status !== 304) head["content-length"] = "0";
    outgoing.writeHead(response.status, head);
    outgoing.end();
    return;
  }
  const pieces = response.body.getReader();
  const first = await pieces.read();
  const second = first.done ? first : await pieces.read();
  if (second.done) {
    const only: Uint8Array = first.value ?? NOTHING;
    if (response.status !== 204 && response.status !== 304) head["content-length"] = String(only.length);
    outgoing.writeHead(response.status, head);
    outgoing.end(only);
    return;
  }
  outgoing.writeHead(response.status, head);
  if (first.value !== undefined) await taken(outgoing, first.value);
  let piece: { done: boolean; value?: Uint8Array } = second;
  while (piece.value !== undefined) {
    if (!(await taken(outgoing, piece.value))) return pieces.cancel();
    piece = await pieces.read();
  }
  outgoing.end();
}

/** Whether the client takes this piece; settled when it has room for another. */
function taken(outgoing: NodeResponse, piece: Uint8Array): boolean | Promise<boolean> {
  if (outgoing.destroyed || outgoing.closed) return false;
  if (outgoing.write(piece)) return true;
  return new Promise((resolve) => {
    const settle = (isTaken: boolean) => {
      outgoing.off("drain", drained).off("close", closed);
      resolve(isTaken);
    };
    const drained = () => settle(true);
    const closed = () => settle(false);
    outgoing.on("drain", drained).on("close", closed);
  });
}
