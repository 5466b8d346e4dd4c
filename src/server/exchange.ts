import type { Principal } from "../model/principal.ts";
import type { Body } from "./body.ts";
import type { PeerCertificate } from "./transport.ts";

/** Whom a connection was last known as by a token. */
export interface ShownToken {
  /** The value of the Authorization header that it was shown in. */
  readonly header: string;
  readonly principal: Principal;
  /** The access file that has it: another one may not. */
  readonly file: object;
}

/** What is kept with a connection from one request to the next. */
export interface ConnectionNotes {
  shownToken: ShownToken | null;
}

/** One request, and what can be done about its connection. HTTP/1, HTTP/2 and tests make the same. */
export interface Exchange {
  /** As sent: any token. */
  readonly method: string;
  /** The path as it was sent, not decoded: it starts with a slash. */
  readonly path: Uint8Array;
  /** What follows the path, from its question mark on; "" if there is none. */
  readonly query: string;
  readonly body: Body;
  /** Names and values of the header in turn, as sent. */
  readonly fields: readonly string[];
  /** The value of a header, of several fields all joined by ", "; null if there is none. `name` is in lower case. */
  header(name: string): string | null;
  /** Where the request comes from, as `address:port`; an address alone where a trusted proxy has told it. */
  readonly client: string;
  /** What clients share their room by: its address, or the network of that. */
  readonly source: string;
  /** What its connection shares its room by, where a proxy in between makes that another source. */
  readonly connectionSource?: string;
  /** Its connection is gone: nobody waits for the answer. */
  readonly isGone: boolean;
  /** The subject of the verified certificate that the client showed, as in `CN=a, O=b`; null if there is none. */
  readonly certificate: string | null;
  /** That certificate; null or absent: there is none. */
  readonly peer?: PeerCertificate | null;
  /** Of its connection, which one client has for itself as far as is known; absent: nothing is kept. */
  readonly notes?: ConnectionNotes;
  /** The request that this one is a part of: what it asks is asked in that one's name. */
  readonly asker?: Exchange;
  /** In whose name it is made, from when the guard has let it in. */
  principal?: Principal;
  /** How often the client has made room for more of the answer when there was none. */
  readonly drains: number;
  /** There is no room at the moment. */
  readonly isBlocked: boolean;
  /** Ends the connection, or the stream of it, whatever has been sent. */
  cut(): void;
}

export type HeaderFields = Readonly<Record<string, string>>;

/** What is sent in pieces, each when the client has taken the one before. */
export interface Stream {
  /** Of all pieces together; null where it is not known. */
  readonly sizeBytes: number | null;
  /** A piece stays as it is until the next one is asked for. A piece that cannot be made ends the connection. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** What is answered. Date, Content-Length, `SAID_ALWAYS` and the like are added when it is sent. */
export interface Answer {
  readonly status: number;
  /** Names in the form of `Content-Type`. `Connection: close` ends the connection behind the answer. */
  readonly headers: HeaderFields;
  readonly body: string | Uint8Array | Stream | null;
}

export type Answers = Answer | Promise<Answer>;

/** The server as a function from a request to its answer. */
export type Handler = (exchange: Exchange) => Answers;

const NO_HEADERS: HeaderFields = {};

/**
 * What every answer says, whatever it is: browsers take it for what its Content-Type calls it, and for nothing else.
 */
export const SAID_ALWAYS: HeaderFields = { "X-Content-Type-Options": "nosniff" };

/** What a request asks for, as it was sent. */
export const pathText = ({ path, query }: Exchange): string => Buffer.from(path).toString() + query;

/** An answer without a body. */
export function emptyAnswer(status: number, headers: HeaderFields = NO_HEADERS): Answer {
  return { status, headers, body: null };
}

/** An error in plain text, as Go's http.Error sends it. */
export function textError(status: number, message: string, headers: HeaderFields = NO_HEADERS): Answer {
  return { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers }, body: `${message}\n` };
}

/** A header's name as Go writes it: `Content-Type`. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** The answer with these headers as well; `isOver` says whether they replace those that are there. */
export function withHeaders(answer: Answers, headers: HeaderFields, isOver: boolean): Answers {
  if (answer instanceof Promise) return answer.then((settled) => withHeaders(settled, headers, isOver));
  const all = isOver ? { ...answer.headers, ...headers } : { ...headers, ...answer.headers };
  return { ...answer, headers: all };
}
