import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Http2Connection } from "./http2-connection.ts";
import type { Refusals } from "./refusals.ts";
import { malformed } from "./request-line.ts";

/**
 * The runtime reports each stream that ends here, and nowhere else those that it kept from the application
 * (docs/workarounds.md, `http2-faults`).
 */
const STREAM_ENDS = "http2.server.stream.close";

/** How a stream ends that the client resets, that the server refuses or breaks off, or whose connection ended. */
const ENDS_WITHOUT_FAULT: readonly number[] = [
  constants.NGHTTP2_NO_ERROR,
  constants.NGHTTP2_INTERNAL_ERROR,
  constants.NGHTTP2_REFUSED_STREAM,
  constants.NGHTTP2_CANCEL,
];

/**
 * Counts and logs what breaks the rules of HTTP/2 itself (RFC 9113): the runtime ends such a stream, or the connection,
 * before an application sees a request or amid its body.
 */
export class Http2Faults {
  /** Streams whose request was handed on. */
  private readonly requested = new WeakSet<object>();
  private connections = 0;
  private readonly listener = (message: unknown): void => {
    const { stream } = message as { readonly stream: ServerHttp2Stream };
    this.streamEnds(stream);
  };

  constructor(
    private readonly refusals: Refusals,
    private readonly connectionOf: (session: object) => Http2Connection | undefined,
  ) {}

  /** A connection begins. Only while there are some does the runtime know of this object. */
  begin(): void {
    if (this.connections++ === 0) subscribe(STREAM_ENDS, this.listener);
  }

  end(): void {
    if (--this.connections === 0) unsubscribe(STREAM_ENDS, this.listener);
  }

  /** A request was handed on. */
  announced(stream: ServerHttp2Stream): void {
    this.requested.add(stream);
  }

  private streamEnds(stream: ServerHttp2Stream): void {
    const connection = stream.session === undefined ? undefined : this.connectionOf(stream.session);
    if (connection === undefined || connection.isFinishing) return;
    const code = stream.rstCode ?? constants.NGHTTP2_NO_ERROR;
    const isRequested = this.requested.has(stream);
    // A stream without a request has no code where only the stream ends.
    const isFault = isRequested ? !ENDS_WITHOUT_FAULT.includes(code) : code === constants.NGHTTP2_NO_ERROR;
    if (!isFault) return;
    const words = isRequested ? `ended with error ${code}` : "a header that cannot be a request";
    this.refusals.add(malformed(`HTTP/2 stream ${stream.id}: ${words}`), connection);
  }

  /** A connection ends with an error. */
  sessionEnds(error: Error & { readonly code?: string }, session: object): void {
    const connection = this.connectionOf(session);
    const { code = "" } = error;
    // The client may say that it ends with an error, and sockets have errors of their own.
    if (connection === undefined || !code.startsWith("ERR_HTTP2_") || code === "ERR_HTTP2_SESSION_ERROR") return;
    this.refusals.add(malformed(`HTTP/2: ${error.message}`), connection);
  }
}
