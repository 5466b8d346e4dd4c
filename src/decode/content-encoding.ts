import { constants } from "node:buffer";
import { createGunzip, gunzipSync } from "node:zlib";
import { Broken } from "../bytes/broken.ts";
import { Rejection } from "../model/rejection.ts";
import { DecodeQueue } from "./queue.ts";
import { type Decoded, decodeSnappy } from "./snappy.ts";
import { decodeByThread, THREAD_CHUNK_BYTES } from "./thread.ts";
import { tooLarge } from "./too-large.ts";
import { decodeZstd, isZstd } from "./zstd.ts";

/** Bodies up to this size, compressed and not, are inflated at once: a thread costs five times a small body's work. */
const IMMEDIATE_BODY_BYTES = 64 * 1024;
const IMMEDIATE_CONTENT_BYTES = 1024 * 1024;
/** The fixed part of a member's header (RFC 1952, section 2.3). */
const GZIP_HEADER_BYTES = 10;

/**
 * The content of a request's body. "gzip", "snappy" (framed) and "zstd", in any case, are decoded; any other value,
 * null and "deflate" among them, leaves the body as it is, as the reference does; "zstd" too where the body is none.
 *
 * Never more than `maxSizeBytes`, at least 1, are decoded: past that, and for a larger plain body, the answer is a
 * "too-large" Rejection. Any fault of the encoding is a "malformed" one in Go's words. A plain body is returned as it
 * came; decoded bytes are the caller's own. Large bodies are answered by a promise, one after the other in their
 * `queue`, and must not change until then.
 */
export function decodeBody(
  body: Uint8Array,
  contentEncoding: string | null,
  maxSizeBytes: number,
  queue = new DecodeQueue(),
): Decoded | Promise<Decoded> {
  if (contentEncoding !== null) {
    const encoding = contentEncoding.toLowerCase();
    if (encoding === "gzip") return decodeGzip(body, Math.min(maxSizeBytes, constants.MAX_LENGTH), queue);
    if (encoding === "snappy") return decodeSnappy(body, maxSizeBytes, queue);
    if (encoding === "zstd" && isZstd(body)) return decodeZstd(body, maxSizeBytes, queue);
  }
  return body.length > maxSizeBytes ? tooLarge("", maxSizeBytes) : body;
}

function decodeGzip(body: Uint8Array, maxSizeBytes: number, queue: DecodeQueue): Decoded | Promise<Decoded> {
  if (body.length < GZIP_HEADER_BYTES) return malformed(body.length === 0 ? "EOF" : "unexpected EOF");
  if (body.length > IMMEDIATE_BODY_BYTES) return queue.decode(() => inflateOnThread(body, maxSizeBytes));
  if (maxSizeBytes <= IMMEDIATE_CONTENT_BYTES) return inflateNow(body, maxSizeBytes);
  const content = inflateNow(body, IMMEDIATE_CONTENT_BYTES);
  const cutShort = content instanceof Rejection && content.kind === "too-large";
  return cutShort ? queue.decode(() => inflateOnThread(body, maxSizeBytes)) : content;
}

function inflateNow(body: Uint8Array, maxSizeBytes: number): Decoded {
  try {
    return contentOf(body, gunzipSync(body, { maxOutputLength: maxSizeBytes, info: true }));
  } catch (fault) {
    return rejectionOf(fault, body, maxSizeBytes);
  }
}

async function inflateOnThread(body: Uint8Array, maxSizeBytes: number): Promise<Decoded> {
  const inflating = createGunzip({ chunkSize: THREAD_CHUNK_BYTES });
  try {
    const content = await decodeByThread(inflating, body, maxSizeBytes);
    if (content === null) return tooLarge("gzip ", maxSizeBytes);
    return restFault(body.length - inflating.bytesWritten) ?? content;
  } catch (fault) {
    return rejectionOf(fault, body, maxSizeBytes);
  }
}

/** What zlib answers with `info`: the content, and how far its engine read. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function isInflated(answer: object): answer is Inflated {
  if (!("buffer" in answer && "engine" in answer && answer.buffer instanceof Uint8Array)) return false;
  const engine = answer.engine;
  return typeof engine === "object" && engine !== null && "bytesWritten" in engine;
}

/**
 * The content as a plain Uint8Array (a Buffer's `slice` would not copy). zlib passes over zeros that follow the last
 * member, the reference takes them for a broken header.
 */
function contentOf(body: Uint8Array, answer: object): Decoded {
  if (!isInflated(answer)) throw new Broken("inflating a gzip body: expected zlib to answer with its engine");
  const { buffer, byteOffset, length } = answer.buffer;
  return restFault(body.length - answer.engine.bytesWritten) ?? new Uint8Array(buffer, byteOffset, length);
}

/** What is wrong with bytes that follow the last member, or null where there are none. */
function restFault(restBytes: number): Rejection | null {
  if (restBytes === 0) return null;
  return malformed(restBytes < GZIP_HEADER_BYTES ? "unexpected EOF" : "gzip: invalid header");
}

/** zlib's fault in Go's words; throws again what is not the body's fault. */
function rejectionOf(fault: unknown, body: Uint8Array, maxSizeBytes: number): Rejection {
  if (!(fault instanceof Error && "code" in fault)) throw fault;
  if (fault.code === "ERR_BUFFER_TOO_LARGE") return tooLarge("gzip ", maxSizeBytes);
  if (fault.code === "Z_BUF_ERROR") return malformed("unexpected EOF");
  if (fault.code === "Z_DATA_ERROR") return malformed(goWords(fault.message, body.length));
  throw fault;
}

/** zlib does not say where the data went wrong: the offset is the body's end. */
function goWords(zlibMessage: string, bodyBytes: number): string {
  switch (zlibMessage) {
    case "incorrect header check":
    case "unknown compression method":
    case "unknown header flags set":
    case "header crc mismatch":
      return "gzip: invalid header";
    case "incorrect data check":
    case "incorrect length check":
      return "gzip: invalid checksum";
    default:
      return `flate: corrupt input before offset ${bodyBytes}`;
  }
}

function malformed(message: string): Rejection {
  return new Rejection("malformed", message);
}
