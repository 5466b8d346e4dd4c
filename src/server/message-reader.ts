import { Broken } from "../bytes/broken.ts";
import { ASTERISK, CR, LINE_FEED } from "../bytes/characters.ts";
import { type Framing, readFraming } from "./framing.ts";
import { type ExchangePort, Http1Exchange } from "./http1-exchange.ts";
import { MAX_HEADER_BYTES, type MessageParser, type ParserPool } from "./message-parser.ts";
import { malformed, Refusal, type RequestLine, readRequestLine, targetOf } from "./request-line.ts";

/** Line ends that some clients send behind a body, passed over before a request line (RFC 9112, section 2.2). */
const MAX_STRAY_BYTES = 4;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Reads the requests of one connection, one after the other, from bytes that come in any pieces. */
export class MessageReader {
  /** A part of a request line. */
  private held = NOTHING;
  private line: RequestLine | null = null;
  private parser: MessageParser | null = null;
  private strayBytes = MAX_STRAY_BYTES;
  /** Behind a POST CR and LF are passed over in any order, as Go does. */
  private isBehindPost = false;
  /** The request whose header was read; its body may still be on its way. */
  exchange: Http1Exchange | null = null;
  /** What is to come of a body with a length. */
  leftBytes = 0;

  constructor(
    private readonly port: ExchangePort,
    private readonly parsers: ParserPool,
  ) {}

  /** Nothing is here of a request. */
  get isEmpty(): boolean {
    return this.exchange === null && this.line === null && this.held.length === 0;
  }

  /** What its request line says of a request whose header is not whole; null: neither is that line. */
  get asked(): { readonly method: string; readonly path: Uint8Array } | null {
    if (this.line === null) return null;
    const { method, target } = this.line;
    return { method, path: targetOf(target)?.path ?? target };
  }

  /** Reads from `start` on, no further than to the end of this request's header or body: where it stopped. */
  read(bytes: Uint8Array, start: number): number | Refusal {
    if (this.exchange !== null) return this.readBody(this.exchange, bytes, start);
    if (this.line === null) return this.readLine(bytes, start);
    return this.readHeader(this.line, bytes, start);
  }

  /** Makes ready for the next request. */
  next(): void {
    this.strayBytes = MAX_STRAY_BYTES;
    this.isBehindPost = this.exchange?.method === "POST";
    this.exchange = null;
    this.line = null;
    this.freeParser();
  }

  /** Nothing more comes. */
  cut(): void {
    this.exchange?.body.finish("unexpected EOF");
    this.freeParser();
  }

  private readLine(bytes: Uint8Array, from: number): number | Refusal {
    const start = this.isBehindPost && this.held.length === 0 ? this.passStray(bytes, from) : from;
    if (start === bytes.length) return start;
    const end = bytes.indexOf(LINE_FEED, start);
    if (this.held.length + (end < 0 ? bytes.length : end) - start > MAX_HEADER_BYTES)
      return new Refusal(431, "header-too-large", `a request line of more than ${MAX_HEADER_BYTES} bytes`);
    if (end < 0) {
      this.held = Buffer.concat([this.held, bytes.subarray(start)]);
      return bytes.length;
    }
    if (this.isStray(bytes, start, end)) return end + 1;
    const line = this.wholeLine(bytes, start, end);
    if (line instanceof Refusal) return line;
    this.line = line;
    this.parser = this.parsers.lend();
    return end + 1 < bytes.length ? this.readHeader(line, bytes, end + 1) : end + 1;
  }

  private passStray(bytes: Uint8Array, start: number): number {
    let at = start;
    while (this.strayBytes > 0 && (bytes[at] === CR || bytes[at] === LINE_FEED)) {
      this.strayBytes--;
      at++;
    }
    return at;
  }

  /** Whether the line is a line end that is passed over. */
  private isStray(bytes: Uint8Array, start: number, end: number): boolean {
    const sizeBytes = this.held.length + end - start;
    const first = this.held.length > 0 ? this.held[0] : bytes[start];
    if (sizeBytes > 1 || (sizeBytes === 1 && first !== CR) || sizeBytes >= this.strayBytes) return false;
    this.strayBytes -= sizeBytes + 1;
    this.held = NOTHING;
    return true;
  }

  private wholeLine(bytes: Uint8Array, start: number, end: number): RequestLine | Refusal {
    if (this.held.length === 0) return readRequestLine(bytes, start, end);
    const whole = Buffer.concat([this.held, bytes.subarray(start, end)]);
    this.held = NOTHING;
    return readRequestLine(whole, 0, whole.length);
  }

  private readHeader(line: RequestLine, bytes: Uint8Array, start: number): number | Refusal {
    const { parser } = this;
    if (parser === null) throw new Broken("reading a header: expected a parser");
    const readBytes = parser.readHeader(bytes, start);
    if (readBytes instanceof Refusal) return readBytes;
    if (!parser.isOver) return bytes.length;
    const framing = readFraming(parser.fields, line);
    if (framing instanceof Refusal) return framing;
    const exchange = this.exchangeOf(line, parser.fields, framing);
    if (exchange instanceof Refusal) return exchange;
    this.exchange = exchange;
    if (framing.bodyBytes === null) parser.beginChunks();
    else this.freeParser();
    this.leftBytes = framing.bodyBytes ?? 0;
    return this.readBody(exchange, bytes, start + readBytes);
  }

  private exchangeOf(line: RequestLine, fields: readonly string[], framing: Framing): Http1Exchange | Refusal {
    const place = targetOf(line.target);
    if (place !== null) return new Http1Exchange(line, place, fields, framing, this.port);
    const isAsterisk = line.target.length === 1 && line.target[0] === ASTERISK;
    if (isAsterisk) return new Http1Exchange(line, { path: line.target, query: "" }, fields, framing, this.port);
    return malformed("the target is neither a path nor a URL");
  }

  private readBody(exchange: Http1Exchange, bytes: Uint8Array, start: number): number | Refusal {
    const { body } = exchange;
    if (body.announcedBytes === null) return this.readChunks(exchange, bytes, start);
    const end = Math.min(bytes.length, start + this.leftBytes);
    if (end > start) body.add(bytes.subarray(start, end));
    this.leftBytes -= end - start;
    if (this.leftBytes === 0) body.finish(null);
    return end;
  }

  private readChunks({ body }: Http1Exchange, bytes: Uint8Array, start: number): number | Refusal {
    const { parser } = this;
    if (parser === null) throw new Broken("reading chunks: expected a parser");
    if (start === bytes.length) return start;
    const readBytes = parser.readChunks(bytes, start);
    const { chunks } = parser;
    if (chunks.length > 0) parser.chunks = [];
    for (const chunk of chunks) body.add(chunk);
    if (readBytes instanceof Refusal) return readBytes;
    if (parser.isOver) {
      body.finish(null);
      this.freeParser();
    }
    return start + readBytes;
  }

  private freeParser(): void {
    if (this.parser !== null) this.parsers.giveBack(this.parser);
    this.parser = null;
  }
}
