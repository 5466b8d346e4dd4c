import { type Answer, type HeaderFields, SAID_ALWAYS } from "./exchange.ts";

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "OK",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Request Entity Too Large",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

export const statusText = (status: number): string => STATUS_TEXT[status] ?? `status code ${status}`;

export const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n");

/** How the end of an answer's body is marked, and what happens to the connection. */
export interface AnswerFrame {
  readonly minorVersion: number;
  /** null: in chunks, or by the end of the connection in HTTP/1.0. */
  readonly sizeBytes: number | null;
  readonly keepsAlive: boolean;
}

/** Heads of answers. Those without anything of their own are made once a second. */
export class AnswerHeads {
  private second = -1;
  private date = "";
  private empty = new Map<number, Uint8Array>();

  /** `now` returns milliseconds since 1970. */
  constructor(private readonly now: () => number) {}

  /** Of an answer to HTTP/1.1 that has no body and no headers, on a connection that goes on. */
  emptyAnswer(status: number): Uint8Array {
    this.tick();
    const known = this.empty.get(status);
    if (known !== undefined) return known;
    const head = Buffer.from(
      this.write({ status, headers: {}, body: null }, { minorVersion: 1, sizeBytes: 0, keepsAlive: true }),
    );
    this.empty.set(status, head);
    return head;
  }

  write({ status, headers }: Answer, { minorVersion, sizeBytes, keepsAlive }: AnswerFrame): string {
    this.tick();
    let head = `HTTP/1.${minorVersion > 0 ? 1 : 0} ${status} ${statusText(status)}\r\n${fieldsOf(headers)}Date: ${this.date}\r\n`;
    if (sizeBytes !== null && status !== 204 && status !== 304) head += `Content-Length: ${sizeBytes}\r\n`;
    if (sizeBytes === null && minorVersion > 0) head += "Transfer-Encoding: chunked\r\n";
    if (keepsAlive && minorVersion === 0) head += "Connection: keep-alive\r\n";
    if (!keepsAlive && minorVersion > 0) head += "Connection: close\r\n";
    return `${head}\r\n`;
  }

  private tick(): void {
    const nowMs = this.now();
    const second = Math.floor(nowMs / 1000);
    if (second === this.second) return;
    this.second = second;
    this.date = new Date(nowMs).toUTCString();
    this.empty = new Map();
  }
}

const ALWAYS = Object.entries(SAID_ALWAYS).map(([name, value]) => ({ name, line: `${name}: ${value}\r\n` }));

/** Values are ours, but for what a client may have had put into one: no line end gets out. */
function fieldsOf(headers: HeaderFields): string {
  let text = "";
  for (const { name, line } of ALWAYS) if (headers[name] === undefined) text += line;
  for (const name in headers)
    if (name !== "Connection") text += `${name}: ${headers[name]?.replace(/[\r\n]/g, " ")}\r\n`;
  return text;
}
