import { connect } from "node:net";

/** What a server said on one connection, as far as it can be compared. */
export interface Said {
  /** Of each answer its status, and " close" where it says that the connection ends. */
  readonly answers: readonly string[];
  /** Whether the connection stayed open after the last of them. */
  readonly isOpen: boolean;
}

/** What is sent on one connection. */
export interface Talk {
  /** Each is sent for itself, a moment after the one before. */
  readonly pieces: readonly Uint8Array[];
  /** Whether the sending side is closed behind the last one. */
  readonly halfCloses: boolean;
}

const GAP_MS = 2;
/** A connection that is to stay open says no more after so long. */
const QUIET_MS = 300;
const LIMIT_MS = 15_000;

/** Sends bytes to 127.0.0.1 and hears what is said until the server ends it, or until it is quiet. */
export function talk(port: number, { pieces, halfCloses }: Talk): Promise<Said> {
  const { promise, resolve } = Promise.withResolvers<Said>();
  const received: Buffer[] = [];
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const finish = (isOpen: boolean) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ answers: answersIn(Buffer.concat(received)), isOpen });
  };
  let timer = setTimeout(finish, LIMIT_MS, true);
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(finish, halfCloses ? LIMIT_MS : QUIET_MS, true);
  };
  socket.on("data", (bytes: Buffer) => {
    received.push(bytes);
    if (!halfCloses) rearm();
  });
  for (const event of ["end", "close", "error"]) socket.on(event, () => finish(false));
  socket.on("connect", async () => {
    for (const [n, piece] of pieces.entries()) {
      if (n > 0) await Bun.sleep(GAP_MS);
      socket.write(piece);
    }
    if (halfCloses) socket.end();
    else rearm();
  });
  return promise;
}

/**
 * Reads answers one after the other; one that has no body, as to HEAD, is known by the next that begins in its place.
 */
function answersIn(bytes: Buffer): string[] {
  const answers: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) return [...answers, `no answer: ${JSON.stringify(bytes.toString("latin1", at, at + 60))}`];
    const head = bytes.toString("latin1", at, end + 2);
    answers.push(summaryOf(head));
    at = bodyEnd(bytes, end + 4, head);
  }
  return answers;
}

function summaryOf(head: string): string {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? `no status: ${JSON.stringify(head.slice(0, 60))}`;
  const isFinal = !status.startsWith("1");
  const date =
    isFinal && status !== "400" && status !== "505" && status !== "501" && !/^Date: /im.test(head) ? " undated" : "";
  return `${status}${/^Connection: close\r$/im.test(head) ? " close" : ""}${date}`;
}

function bodyEnd(bytes: Buffer, start: number, head: string): number {
  if (bytes.toString("latin1", start, start + 7) === "HTTP/1.") return start;
  if (/^Transfer-Encoding: chunked\r$/im.test(head)) return chunksEnd(bytes, start);
  const length = /^Content-Length: (\d+)\r$/im.exec(head)?.[1];
  if (length !== undefined) return Math.min(bytes.length, start + Number(length));
  return /^HTTP\/1\.[01] (1\d\d|204|304)/.test(head) ? start : bytes.length;
}

function chunksEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return bytes.length;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    at = line + 4 + size;
    if (!(size > 0)) return Math.min(bytes.length, at);
  }
  return bytes.length;
}
