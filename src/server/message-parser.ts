import { HTTPParser } from "node:_http_common";
import { malformed, Refusal } from "./request-line.ts";

/** Of names and values together. */
export const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADER_LINES = 1000;
const MAX_TRAILER_BYTES = 4096;
const USUAL_CHUNK_BYTES = 16;
const MAX_SPARE_BYTES = 2 * MAX_HEADER_BYTES;

/**
 * What llhttp gets in the place of the request line, which is read before. With an upgrade in view it stops where the message
 * does: the bytes of the next one are never its business.
 */
const STAND_IN = Buffer.from("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n");
const STAND_IN_FIELDS = 4;
const NO_FIELDS: readonly string[] = [];

/**
 * Reads the header of one message, and its body if that is in chunks; a body with a length is for whoever reads the message. All
 * of it is llhttp's work, with one leniency: header lines may end in LF alone.
 */
export class MessageParser {
  private readonly llhttp = new HTTPParser();
  private fieldBytes = 0;
  private trailerBytes = 0;
  /** What chunks take up besides their data. */
  private spareBytes = 0;
  /** Names and values in turn, as sent. */
  fields: readonly string[] = NO_FIELDS;
  isHeaderOver = false;
  /** The header and all chunks have been read. */
  isComplete = false;
  /** The chunks that the last `read` has met, each with bytes of its own. */
  chunks: Uint8Array[] = [];

  constructor() {
    const { llhttp } = this;
    llhttp[HTTPParser.kOnHeaders] = (fields) => this.addFields(fields);
    llhttp[HTTPParser.kOnHeadersComplete] = (_major, _minor, fields) => this.endHeader(fields);
    llhttp[HTTPParser.kOnBody] = (bytes) => {
      this.chunks.push(bytes);
    };
    llhttp[HTTPParser.kOnMessageComplete] = () => {
      this.isComplete = true;
    };
  }

  /** To be called before each message. */
  begin(): void {
    this.fields = NO_FIELDS;
    this.fieldBytes = 0;
    this.trailerBytes = 0;
    this.spareBytes = 0;
    this.chunks = [];
    this.isHeaderOver = false;
    this.isComplete = false;
    this.llhttp.initialize(HTTPParser.REQUEST, this, MAX_HEADER_BYTES, HTTPParser.kLenientOptionalCRBeforeLF);
    this.llhttp.execute(STAND_IN);
  }

  /** Reads bytes from `start` on: how many belong to this message, less a body with a length. */
  read(bytes: Uint8Array, start: number): number | Refusal {
    const sizeBytes = bytes.length - start;
    const readBytes = this.llhttp.execute(bytes.subarray(start));
    if (typeof readBytes !== "number") return refusalOf(readBytes.code, readBytes.reason);
    if (this.fields.length > 2 * MAX_HEADER_LINES) return tooLarge();
    if (!this.isHeaderOver) this.fieldBytes += readBytes;
    if (this.fieldBytes > 2 * MAX_HEADER_BYTES) return tooLarge();
    if (this.trailerBytes > MAX_TRAILER_BYTES) return tooLarge();
    if (this.isHeaderOver && this.hasSpareBytes(readBytes))
      return malformed("chunked encoding contains too much non-data");
    if (readBytes < sizeBytes && !this.isComplete) return malformed("malformed chunked encoding");
    return readBytes;
  }

  /** As Go counts: some bytes a chunk are as they should be. */
  private hasSpareBytes(readBytes: number): boolean {
    this.spareBytes += readBytes;
    for (const { length } of this.chunks) this.spareBytes -= length + USUAL_CHUNK_BYTES;
    this.spareBytes = Math.max(0, this.spareBytes);
    return this.spareBytes > MAX_SPARE_BYTES;
  }

  private addFields(fields: readonly string[]): void {
    if (!this.isHeaderOver) this.fields = [...this.fields, ...fields];
    else for (const text of fields) this.trailerBytes += text.length;
  }

  /** 1: llhttp is to read no body. */
  private endHeader(fields: string[] | undefined): number {
    this.isHeaderOver = true;
    if (fields !== undefined) this.fields = fields;
    this.fields = this.fields.slice(STAND_IN_FIELDS);
    for (let i = 0; i < this.fields.length; i += 2)
      if (this.fields[i]?.length === 17 && this.fields[i]?.toLowerCase() === "transfer-encoding") return 0;
    return 1;
  }
}

function refusalOf(code: string, reason: string): Refusal {
  return code === "HPE_HEADER_OVERFLOW" ? tooLarge() : malformed(reason);
}

function tooLarge(): Refusal {
  return new Refusal(431, "header-too-large", `more than ${MAX_HEADER_BYTES} bytes or ${MAX_HEADER_LINES} lines`);
}

/** Parsers that nobody has use of at the moment. */
export class ParserPool {
  private readonly free: MessageParser[] = [];

  constructor(private readonly maxFree = 64) {}

  lend(): MessageParser {
    const parser = this.free.pop() ?? new MessageParser();
    parser.begin();
    return parser;
  }

  giveBack(parser: MessageParser): void {
    if (this.free.length < this.maxFree) this.free.push(parser);
  }
}
