import { describe, expect, test } from "bun:test";
import { TlsConnection } from "../../src/http/tls-connection.ts";

/** What a connection does to its socket, and what it sees of it. */
class Socket {
  bytesRead = 0;
  bytesWritten = 0;
  ended: "" | "destroyed" | "soon" = "";

  destroy(): this {
    this.ended = "destroyed";
    return this;
  }

  destroySoon(): void {
    this.ended ||= "soon";
  }
}

function opened(): { socket: Socket; connection: TlsConnection } {
  const socket = new Socket();
  return { socket, connection: new TlsConnection(socket, { headerMs: 12, idleMs: 255 }, 0) };
}

describe("a TLS connection is ended", () => {
  test("without a first request in time, whatever trickles in", () => {
    const { socket, connection } = opened();
    for (let ms = 1; ms <= 12; ms++) {
      socket.bytesRead++;
      connection.check(ms);
    }
    expect(socket.ended).toBe("");
    connection.check(13);
    expect(socket.ended).toBe("destroyed");
  });

  test("when the header of a later request is not whole in time", () => {
    const { socket, connection } = opened();
    socket.bytesRead = 100;
    connection.requestBegins();
    connection.requestEnds();
    connection.check(100);
    socket.bytesRead = 101;
    connection.check(101);
    connection.check(113);
    expect(socket.ended).toBe("");
    connection.check(114);
    expect(socket.ended).toBe("destroyed");
  });

  test("when nothing moves for as long as is set, a request under way or not", () => {
    const { socket, connection } = opened();
    connection.requestBegins();
    connection.check(255);
    expect(socket.ended).toBe("");
    connection.idleMs = Number.POSITIVE_INFINITY;
    connection.check(100_000);
    expect(socket.ended).toBe("");
    connection.idleMs = 1;
    socket.bytesWritten++;
    connection.check(100_001);
    connection.check(100_002);
    expect(socket.ended).toBe("");
    connection.check(100_003);
    expect(socket.ended).toBe("destroyed");
  });

  test("by shedding only where no request is under way", () => {
    const { socket, connection } = opened();
    connection.requestBegins();
    connection.shed();
    connection.requestEnds();
    expect(socket.ended).toBe("");
    connection.shed();
    expect(socket.ended).toBe("soon");
  });

  test("when its requests are answered, where the server stops; at once where it is forced", () => {
    const { socket, connection } = opened();
    connection.requestBegins();
    expect(connection.requestBegins()).toBe(2);
    connection.finish(false);
    connection.requestEnds();
    expect(socket.ended).toBe("");
    connection.requestEnds();
    expect(socket.ended).toBe("soon");
    connection.finish(true);
    expect(socket.ended).toBe("destroyed");
  });
});
