const END_OF_HEAD = Buffer.from("\r\n\r\n");
const LINE_FEED = 10;
const NO_BYTES = Buffer.alloc(0);

type State = "head" | "body" | "chunk size" | "chunk" | "chunk end" | "trailer";

/** Separates HTTP/1.1 responses (RFC 9112): by Content-Length or chunks. Bodies are counted, not kept. */
export class ResponseReader {
  private state: State = "head";
  /** The start of a head or a line whose end has not come yet. */
  private pending: Buffer = NO_BYTES;
  private status = 0;
  private bodyBytes = 0;
  /** Bytes of the body or chunk that are still to come. */
  private remaining = 0;

  constructor(private readonly onResponse: (status: number, bodyBytes: number) => void) {}

  /** The bytes are borrowed for the call. */
  take(received: Uint8Array): void {
    let bytes: Buffer = Buffer.from(received.buffer, received.byteOffset, received.length);
    if (this.pending.length > 0) {
      bytes = Buffer.concat([this.pending, bytes]);
      this.pending = NO_BYTES;
    }
    for (let at = 0; at < bytes.length; ) {
      const next = this.step(bytes, at);
      if (next < 0) {
        this.pending = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Where the next step starts, or -1 where more bytes are needed. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case "head":
        return this.readHead(bytes, at);
      case "body":
      case "chunk":
        return this.skip(bytes, at);
      default:
        return this.readLine(bytes, at);
    }
  }

  private readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(END_OF_HEAD, at);
    if (end < 0) return -1;
    const head = bytes.toString("latin1", at, end).toLowerCase();
    this.status = Number(head.slice(9, 12));
    this.bodyBytes = 0;
    if (head.includes("\r\ntransfer-encoding: chunked")) this.state = "chunk size";
    else this.expectBody(lengthIn(head));
    return end + END_OF_HEAD.length;
  }

  private expectBody(sizeBytes: number): void {
    this.remaining = sizeBytes;
    if (sizeBytes === 0) this.finish();
    else this.state = "body";
  }

  private skip(bytes: Buffer, at: number): number {
    const taken = Math.min(this.remaining, bytes.length - at);
    this.remaining -= taken;
    this.bodyBytes += taken;
    if (this.remaining === 0) {
      if (this.state === "body") this.finish();
      else this.state = "chunk end";
    }
    return at + taken;
  }

  private readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LINE_FEED, at);
    if (end < 0) return -1;
    if (this.state === "chunk end") this.state = "chunk size";
    else if (this.state === "chunk size") this.startChunk(Number.parseInt(bytes.toString("latin1", at, end), 16));
    else if (end - at <= 1) this.finish();
    return end + 1;
  }

  private startChunk(sizeBytes: number): void {
    this.remaining = sizeBytes;
    this.state = sizeBytes === 0 ? "trailer" : "chunk";
  }

  private finish(): void {
    this.state = "head";
    this.onResponse(this.status, this.bodyBytes);
  }
}

function lengthIn(head: string): number {
  const name = "\r\ncontent-length: ";
  const at = head.indexOf(name);
  return at < 0 ? 0 : Number.parseInt(head.slice(at + name.length), 10);
}
