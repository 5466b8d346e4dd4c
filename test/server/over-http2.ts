import { type ClientHttp2Session, connect } from "node:http2";

/** A request as HTTP/2 has it; strings are characters of a byte each. */
export interface Http2Request {
  readonly fields: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  /** Fields behind the body. */
  readonly trailers: Readonly<Record<string, string>> | null;
  /** There is more to come of the body than is here. */
  readonly isOpen: boolean;
}

/** What came back on a stream. */
export interface Http2Answer {
  /** 100 and the like first. */
  readonly statuses: readonly number[];
  /** `HTTP/2`, status, fields and body, a line each. */
  readonly text: string;
}

/** The requests of a connection of HTTP/1, which must be whole and without faults of framing, as those of HTTP/2. */
export function requestsIn(text: string): Http2Request[] {
  const requests: Http2Request[] = [];
  for (let at = 0; at < text.length; ) {
    const headEnd = text.indexOf("\r\n\r\n", at) + 4;
    const [line = "", ...lines] = text.slice(at, headEnd - 4).split("\r\n");
    const { body, trailers, isOpen, end } = contentAt(text, headEnd, lines);
    requests.push({ fields: fieldsOf(line, lines), body, trailers, isOpen });
    at = end;
  }
  return requests;
}

function fieldsOf(line: string, lines: readonly string[]): Record<string, string | string[]> {
  const path = line.slice(line.indexOf(" ") + 1, line.lastIndexOf(" "));
  const fields: Record<string, string | string[]> = {
    ":method": line.slice(0, line.indexOf(" ")),
    ":scheme": "https",
    ":authority": "gw",
    ":path": path,
  };
  for (const [name, value] of lines.map(fieldIn)) {
    if (name === "host" || name === "transfer-encoding") continue;
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return fields;
}

function fieldIn(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function contentAt(text: string, start: number, lines: readonly string[]) {
  const fields = new Map(lines.map(fieldIn));
  if (fields.get("transfer-encoding") === "chunked") return chunksAt(text, start);
  const length = Number(fields.get("content-length") ?? 0);
  const end = Math.min(text.length, start + length);
  return { body: text.slice(start, end), trailers: null, isOpen: end < start + length, end };
}

function chunksAt(text: string, start: number) {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at) + 2;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) {
      const end = text.indexOf("\r\n\r\n", at) + 4;
      const lines = text.slice(lineEnd, end - 4).split("\r\n");
      const trailers = lines[0] === "" || lineEnd > end - 4 ? null : Object.fromEntries(lines.map(fieldIn));
      return { body, trailers, isOpen: false, end };
    }
    body += text.slice(lineEnd, lineEnd + size);
    at = lineEnd + size + 2;
  }
}

/** Connections of HTTP/2 to 127.0.0.1 that are ended where the scope ends. */
export class Http2Client {
  private constructor(private readonly session: ClientHttp2Session) {}

  static open(port: number): Promise<Http2Client> {
    return new Promise((resolve, reject) => {
      const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
      session.once("error", reject);
      session.once("connect", () => resolve(new Http2Client(session)));
    });
  }

  /** The connection has ended, or takes no more requests. */
  get isOver(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  /** With `waits` the body is not sent before the server has said that it may be. */
  ask(request: Http2Request, waits = false): Promise<Http2Answer> {
    return this.begin(request, waits).answer;
  }

  /** A request, with a way to send the rest of its body. */
  begin({ fields, body, trailers, isOpen }: Http2Request, waits = false) {
    const hasEnded = body === "" && trailers === null && !isOpen;
    const stream = this.session.request({ ...fields }, { endStream: hasEnded, waitForTrailers: trailers !== null });
    const statuses: number[] = [];
    let said = "";
    const sendBody = () => {
      if (body !== "") stream.write(Buffer.from(body, "latin1"));
      if (!hasEnded && !isOpen) stream.end();
    };
    stream.on("headers", (info) => statuses.push(Number(info[":status"])));
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    stream.on("response", (head) => {
      statuses.push(Number(head[":status"]));
      const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
      said += `HTTP/2 ${head[":status"]}\n${lines.join("\n")}\n`;
    });
    stream.setEncoding("latin1");
    stream.on("data", (text: string) => {
      said += text;
    });
    if (waits) stream.on("continue", sendBody);
    else sendBody();
    const answer = new Promise<Http2Answer>((resolve, reject) => {
      stream.on("error", reject);
      stream.on("end", () => resolve({ statuses, text: said }));
    });
    return { answer, finish: (rest: string) => stream.end(Buffer.from(rest, "latin1")) };
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}
