import { Body } from "../server/body.ts";
import type { Answer, Exchange, Handler } from "../server/exchange.ts";
import type { Address } from "../ui/address.ts";
import {
  type Answers,
  EXPOSITION_CHARACTERS,
  type Failure,
  type Failures,
  type Slot,
  sourcesOf,
} from "../ui/sources.ts";

/** What the API answers for the paths that a view asks. */
export type SourceHandlers = Readonly<Record<"groups" | "group" | "refused" | "runtime", Handler>>;

/** What a first screen is drawn from. */
export interface FirstScreen {
  readonly answers: Answers;
  readonly failures: Failures;
}

/** Which view, as of when. */
export interface ViewAsked {
  readonly address: Address;
  readonly nowSeconds: number;
  readonly routePrefix: string;
}

/** What the API answers to the questions that the view would ask it, without asking over the network. */
export async function firstScreen(
  handlers: SourceHandlers,
  exchange: Exchange,
  { address, nowSeconds, routePrefix }: ViewAsked,
): Promise<FirstScreen> {
  const answers: Partial<Record<Slot, unknown>> = {};
  const failures: Partial<Record<Slot, Failure>> = {};
  for (const [name, url] of Object.entries(sourcesOf(address, nowSeconds))) {
    const slot = name as Slot;
    const isText = slot === "exposition";
    const answer = await handlerOf(
      handlers,
      url,
    )(new Question(exchange, `${routePrefix}/${url}`, isText ? "text/plain" : "application/json"));
    const text = await textOfAnswer(answer, isText ? EXPOSITION_CHARACTERS : Number.POSITIVE_INFINITY);
    if (answer.status !== 200) failures[slot] = { status: answer.status, message: text.trim() };
    else answers[slot] = isText ? text : (JSON.parse(text) as { data: unknown }).data;
  }
  return { answers: answers as Answers, failures };
}

function handlerOf(handlers: SourceHandlers, url: string): Handler {
  const path = url.replace(/^api\/v1\//, "");
  if (path.startsWith("groups/")) return handlers.group;
  if (path.startsWith("groups")) return handlers.groups;
  return path.startsWith("refused") ? handlers.refused : handlers.runtime;
}

/** A question of a view to the API, asked for the client that wants the view. */
class Question implements Exchange {
  readonly method = "GET";
  readonly path: Uint8Array;
  readonly query: string;
  readonly fields: readonly string[];
  readonly body = new Body(0, { wanted: () => {} });

  constructor(
    private readonly asker: Exchange,
    url: string,
    accept: string,
  ) {
    const question = url.indexOf("?");
    this.path = Buffer.from(question < 0 ? url : url.slice(0, question));
    this.query = question < 0 ? "" : url.slice(question);
    this.fields = ["accept", accept];
  }

  header(name: string): string | null {
    return name === "accept" ? (this.fields[1] ?? null) : null;
  }

  get client(): string {
    return this.asker.client;
  }

  get source(): string {
    return this.asker.source;
  }

  get isGone(): boolean {
    return this.asker.isGone;
  }

  get certificate(): string | null {
    return this.asker.certificate;
  }

  get drains(): number {
    return this.asker.drains;
  }

  get isBlocked(): boolean {
    return this.asker.isBlocked;
  }

  cut(): void {
    this.asker.cut();
  }
}

/** Not more of it than `mostCharacters`. */
async function textOfAnswer({ body }: Answer, mostCharacters: number): Promise<string> {
  if (body === null) return "";
  if (typeof body === "string") return body.slice(0, mostCharacters);
  if (body instanceof Uint8Array) return Buffer.from(body).toString().slice(0, mostCharacters);
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body.pieces) {
    text += decoder.decode(piece, { stream: true });
    if (text.length >= mostCharacters) break;
  }
  return text.slice(0, mostCharacters);
}
