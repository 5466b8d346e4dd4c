import { HTTPParser } from "node:_http_common";
import { CR, LINE_FEED } from "../bytes/characters.ts";
import { malformed, Refusal } from "./request-line.ts";

/** Of names and values together. */
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_HEADER_LINES = 1000;
const MAX_TRAILER_BYTES = 4096;
/** What a chunk may take up besides its data, and how much more all may together. */
const USUAL_CHUNK_BYTES = 16;
const MAX_SPARE_BYTES = 16 * 1024;

/**
 * What llhttp gets instead of the request line, which is read before. With an upgrade in view it stops at the end of
 * the header and does not touch the bytes behind it.
 */
const STAND_IN = Buffer.from("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n");
const STAND_IN_FIELDS = 4;
/** The same before chunks. Without an upgrade in view all their faults are reported, and nothing may follow them. */
const CHUNKS_STAND_IN = Buffer.from("POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
/** The end of the last chunk's line, or of the last trailer, and the empty line. */
const LAST_LINE_ENDS = 4;
/** What llhttp calls a header that is too large. */
const OVERFLOW = "HPE_HEADER_OVERFLOW";
const NO_FIELDS: readonly string[] = [];

/**
 * Reads the header of one message, and its body if that is in chunks; a body with a length is for the caller. llhttp
 * does all of it, with one leniency: header lines may end in LF alone. In chunks there is none.
 */
export class MessageParser {
  private readonly llhttp = new HTTPParser();
  private phase: "header" | "chunks" = "header";
  private fieldBytes = 0;
  private trailerBytes = 0;
  /** What chunks take up besides their data, the usual left out. */
  private spareBytes = 0;
  /** CR and LF that the chunks read so far end in. */
  private lineEnds = 0;
  private isPhaseOver = false;
  /** Names and values in turn, as sent. */
  fields: readonly string[] = NO_FIELDS;
  /** The data of the chunks that the last `readChunks` has met, each with bytes of its own. */
  chunks: Uint8Array[] = [];

  constructor() {
    const { llhttp } = this;
    llhttp[HTTPParser.kOnHeaders] = (fields) => this.addFields(fields);
    llhttp[HTTPParser.kOnHeadersComplete] = (_major, _minor, fields) => this.endHeader(fields);
    llhttp[HTTPParser.kOnBody] = (bytes) => {
      this.chunks.push(bytes);
    };
    llhttp[HTTPParser.kOnMessageComplete] = () => {
      this.isPhaseOver = true;
    };
  }

  /** Whether the header, or all chunks, have been read. */
  get isOver(): boolean {
    return this.isPhaseOver;
  }

  /** To be called before each message. */
  begin(): void {
    this.phase = "header";
    this.fields = NO_FIELDS;
    this.fieldBytes = 0;
    this.start(STAND_IN, HTTPParser.kLenientOptionalCRBeforeLF);
  }

  /** To be called behind a header that says there are chunks. */
  beginChunks(): void {
    this.phase = "chunks";
    this.chunks = [];
    this.trailerBytes = 0;
    this.spareBytes = 0;
    this.lineEnds = 0;
    this.start(CHUNKS_STAND_IN, 0);
  }

  /** Reads bytes from `start` on, no further than the header goes: how many. */
  readHeader(bytes: Uint8Array, start: number): number | Refusal {
    const readBytes = this.llhttp.execute(start === 0 ? bytes : bytes.subarray(start));
    if (typeof readBytes !== "number") return readBytes.code === OVERFLOW ? tooLarge() : malformed(readBytes.reason);
    this.fieldBytes += readBytes;
    const isLarge = this.fields.length > 2 * MAX_HEADER_LINES || this.fieldBytes > 2 * MAX_HEADER_BYTES;
    return isLarge ? tooLarge() : readBytes;
  }

  /** Reads bytes from `start` on, no further than the chunks and their trailer go: how many. */
  readChunks(bytes: Uint8Array, start: number): number | Refusal {
    const outcome = this.llhttp.execute(start === 0 ? bytes : bytes.subarray(start));
    // Whatever follows the end is a fault to llhttp, which has then gone past the line ends, and one byte more.
    if (typeof outcome !== "number" && !this.isPhaseOver)
      return outcome.code === OVERFLOW ? longTrailer() : malformed(outcome.reason);
    const reached = typeof outcome === "number" ? outcome : outcome.bytesParsed - 1;
    const readBytes = reached - this.strayLineEnds(bytes, start, start + reached);
    this.spareBytes += readBytes;
    for (const { length } of this.chunks) this.spareBytes -= length + USUAL_CHUNK_BYTES;
    this.spareBytes = Math.max(0, this.spareBytes);
    if (this.spareBytes > MAX_SPARE_BYTES) return malformed("chunked encoding contains too much non-data");
    return this.trailerBytes > MAX_TRAILER_BYTES ? longTrailer() : readBytes;
  }

  /** Of the CR and LF before `end` those that belong to no chunk. */
  private strayLineEnds(bytes: Uint8Array, start: number, end: number): number {
    let first = end;
    while (first > start && (bytes[first - 1] === CR || bytes[first - 1] === LINE_FEED)) first--;
    this.lineEnds = end - first + (first === start ? this.lineEnds : 0);
    return this.isPhaseOver ? this.lineEnds - LAST_LINE_ENDS : 0;
  }

  private start(standIn: Uint8Array, flags: number): void {
    this.llhttp.initialize(HTTPParser.REQUEST, this, MAX_HEADER_BYTES, flags);
    this.isPhaseOver = false;
    this.llhttp.execute(standIn);
  }

  private addFields(fields: readonly string[]): void {
    if (this.phase === "header") this.fields = [...this.fields, ...fields];
    else for (const text of fields) this.trailerBytes += text.length;
  }

  /** 1: llhttp is to read no body. */
  private endHeader(fields: string[] | undefined): number {
    if (this.phase === "chunks") return 0;
    if (fields !== undefined) this.fields = fields;
    this.fields = this.fields.slice(STAND_IN_FIELDS);
    return 1;
  }
}

function longTrailer(): Refusal {
  return malformed("http: suspiciously long trailer after chunked body");
}

/** What is wrong with the size of a header that somebody else has read, or null. */
export function headerFault(target: Uint8Array, fields: readonly string[]): Refusal | null {
  let sizeBytes = 0;
  for (const text of fields) sizeBytes += text.length;
  const isLarge = sizeBytes > MAX_HEADER_BYTES || fields.length > 2 * MAX_HEADER_LINES;
  return isLarge || target.length > MAX_HEADER_BYTES ? tooLarge() : null;
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
