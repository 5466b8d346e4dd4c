import { Broken } from "../bytes/broken.ts";
import type { Principal } from "../model/principal.ts";
import { Body } from "../server/body.ts";
import type { Answer, Exchange } from "../server/exchange.ts";
import type { Address } from "../ui/address.ts";
import { type Answers, type Exposition, type Failure, type Failures, type Slot, sourcesOf } from "../ui/sources.ts";

/**
 * Characters of an answer that are read and drawn at once, within one turn of the loop. What is longer is asked for in
 * smaller parts; the browser then asks for all of it.
 */
const FIRST_CHARACTERS: Readonly<Partial<Record<Slot, number>>> = {
  list: 80_000,
  group: 20_000,
  refused: 60_000,
  exposition: 12_000,
};

/** Answers for who reads it. */
type SourceHandler = (question: Exchange, reader: Principal) => Answer | Promise<Answer>;

/** What the API answers for the paths that a view asks. */
export type SourceHandlers = Readonly<Record<"groups" | "group" | "refused" | "runtime", SourceHandler>>;

/** What a first screen is drawn from. */
export interface FirstScreen {
  readonly answers: Answers;
  readonly failures: Failures;
}

/** Which view, as of when, for whom. */
export interface ViewAsked {
  readonly address: Address;
  readonly reader: Principal;
  readonly nowSeconds: number;
  readonly routePrefix: string;
}

/** What the API answers to the questions that the view would ask it, without asking over the network. */
export async function firstScreen(
  handlers: SourceHandlers,
  exchange: Exchange,
  { address, reader, nowSeconds, routePrefix }: ViewAsked,
): Promise<FirstScreen> {
  const answers: Partial<Record<Slot, unknown>> = {};
  const failures: Partial<Record<Slot, Failure>> = {};
  for (const [name, url] of Object.entries(sourcesOf(address, nowSeconds))) {
    const slot = name as Slot;
    const { failure, data } = await askFirst(handlers, exchange, { slot, url, reader, routePrefix });
    if (failure !== null) failures[slot] = failure;
    else answers[slot] = data;
  }
  return { answers: answers as Answers, failures };
}

/** Parameters for less, and again less, of what a slot holds: the last answer is short whatever was pushed. */
const PARTS: Readonly<Partial<Record<Slot, readonly Readonly<Record<string, string>>[]>>> = {
  list: [{ limit: "10" }, { limit: "1" }],
  group: [
    { limit: "100" },
    { limit: "10" },
    { limit: "5", family_limit: "15", max_characters: "200" },
    { limit: "2", family_limit: "4", max_characters: "200" },
    { limit: "0", family_limit: "1", max_characters: "200" },
  ],
  refused: [{ limit: "40" }, { limit: "10" }, { limit: "1" }],
};

function partOf(url: string, parameters: Readonly<Record<string, string>>): string {
  const [path = "", query = ""] = url.split("?");
  const asked = new URLSearchParams(query);
  for (const [name, value] of Object.entries(parameters)) asked.set(name, value);
  return `${path}?${asked}`;
}

/** What is asked, for what, for whom. */
interface SlotAsked {
  readonly slot: Slot;
  readonly url: string;
  readonly reader: Principal;
  readonly routePrefix: string;
}

interface SlotAnswer {
  readonly failure: Failure | null;
  readonly data: unknown;
}

/** As much as can be drawn at once. */
async function askFirst(handlers: SourceHandlers, exchange: Exchange, asked: SlotAsked): Promise<SlotAnswer> {
  const { slot, url, reader, routePrefix } = asked;
  const isText = slot === "exposition";
  const most = FIRST_CHARACTERS[slot] ?? Number.POSITIVE_INFINITY;
  const parts = [url, ...(PARTS[slot] ?? []).map((parameters) => partOf(url, parameters))];
  for (const [i, part] of parts.entries()) {
    const accept = isText ? "text/plain" : "application/json";
    const question = new Question(exchange, `${routePrefix}/${part}`, accept);
    const answer = await handlerOf(handlers, part)(question, reader);
    const isLast = i === parts.length - 1;
    const { text, isWhole } = await textOfAnswer(answer, isText || !isLast ? most : Number.POSITIVE_INFINITY);
    if (answer.status !== 200) return { failure: { status: answer.status, message: text.trim() }, data: null };
    if (isText) return { failure: null, data: { text, isWhole } };
    if (isWhole) return { failure: null, data: (JSON.parse(text) as { data: unknown }).data };
  }
  throw new Broken("drawing a first screen: the last part is not whole");
}

function handlerOf(handlers: SourceHandlers, url: string): SourceHandler {
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
    readonly asker: Exchange,
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
async function textOfAnswer({ body }: Answer, mostCharacters: number): Promise<Exposition> {
  if (body === null) return { text: "", isWhole: true };
  if (typeof body === "string") return beginningOf(body, mostCharacters);
  if (body instanceof Uint8Array) return beginningOf(Buffer.from(body).toString(), mostCharacters);
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body.pieces) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > mostCharacters) break;
  }
  return beginningOf(text, mostCharacters);
}

function beginningOf(text: string, mostCharacters: number): Exposition {
  return { text: text.slice(0, mostCharacters), isWhole: text.length <= mostCharacters };
}
