import { Body } from "../server/body.ts";
import { type Answer, canonicalName, type Exchange, type Handler, SAID_ALWAYS } from "../server/exchange.ts";
import { fieldOf } from "../server/framing.ts";
import { pathOf } from "./canonical.ts";
import { begun } from "./stream.ts";

/** The server as a function from a request of the web to its answer. */
export type App = (request: Request) => Response | Promise<Response>;

/** A host without meaning: the server's name is in the Host header. */
const NO_HOST = "http://localhost";

/**
 * The request of an exchange, for the router: it needs the method and the path, handlers take all else from the
 * exchange (docs/workarounds.md, `elysia-request`).
 */
class ExchangeRequest extends Request {
  constructor(
    readonly exchange: Exchange,
    path: string,
  ) {
    super(NO_HOST + path, { method: exchange.method });
  }
}

/** A request of the web as an exchange: its client is unknown, and its connection cannot be cut. */
class WebExchange implements Exchange {
  readonly method: string;
  readonly path: Uint8Array;
  readonly query: string;
  readonly fields: readonly string[];
  readonly body: Body;
  readonly client = "unknown";
  readonly source = "unknown";
  readonly isGone = false;
  readonly certificate = null;
  readonly drains = 0;
  readonly isBlocked = false;

  constructor(request: Request) {
    const { url, method } = request;
    const question = url.indexOf("?");
    this.method = method;
    this.path = Buffer.from(pathOf(url));
    this.query = question < 0 ? "" : url.slice(question);
    this.fields = [...request.headers].flat();
    const length = this.header("content-length");
    this.body = new Body(length === null ? null : Number(length), { wanted: () => void this.bring(request) });
  }

  header(name: string): string | null {
    return fieldOf(this.fields, name);
  }

  cut(): void {}

  private async bring(request: Request): Promise<void> {
    try {
      if (request.body !== null) for await (const piece of request.body) this.body.add(piece);
      this.body.finish(null);
    } catch {
      this.body.finish("unexpected EOF");
    }
  }
}

/** The request for an exchange, of which nobody will read the body; `path` is escaped. */
export function requestOf(exchange: Exchange, path: string): Request {
  return new ExchangeRequest(exchange, path);
}

export function exchangeOf(request: Request): Exchange {
  return request instanceof ExchangeRequest ? request.exchange : new WebExchange(request);
}

export function responseOf({ status, headers: own, body }: Answer): Response {
  const headers = { ...SAID_ALWAYS, ...own };
  if (body === null || typeof body === "string") return new Response(body, { status, headers });
  const content = "pieces" in body ? begun(copiesOf(body.pieces[Symbol.asyncIterator]())) : body;
  return new Response(content as unknown as ReadableStream, { status, headers });
}

/** A web stream may ask for the next piece before it has handed on this one. */
async function* copiesOf(pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield NOTHING;
    for (let piece = await pieces.next(); !piece.done; piece = await pieces.next()) yield piece.value.slice();
  } finally {
    await pieces.return?.();
  }
}

const NOTHING = new Uint8Array(0);

/** What a route of the web app answers with a handler. */
export function web(handler: Handler): (context: { request: Request }) => Promise<Response> {
  return async ({ request }) => responseOf(await handler(exchangeOf(request)));
}

export async function answerOf(response: Response): Promise<Answer> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) headers[canonicalName(name)] = value;
  return { status: response.status, headers, body: await contentOf(response) };
}

/** One piece as it is, more as a stream. */
async function contentOf({ body }: Response): Promise<Answer["body"]> {
  if (body === null) return null;
  const pieces = body.getReader();
  const first = await pieces.read();
  if (first.done) return null;
  const second = await pieces.read();
  return second.done ? first.value : { sizeBytes: null, pieces: rest(first.value, second.value, pieces) };
}

async function* rest(
  first: Uint8Array,
  second: Uint8Array,
  pieces: Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">,
): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    yield second;
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) yield piece.value;
  } finally {
    void pieces.cancel();
  }
}
