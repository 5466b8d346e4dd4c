import { expect, test } from "bun:test";
import { AnswerHeads } from "../../src/server/answer-head.ts";
import { Connection } from "../../src/server/connection.ts";
import type { Answer } from "../../src/server/exchange.ts";
import { Failures } from "../../src/server/failures.ts";
import { ParserPool } from "../../src/server/message-parser.ts";
import { Pace } from "../../src/server/pace.ts";
import { Refusals } from "../../src/server/refusals.ts";
import type { Transport } from "../../src/server/transport.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { eventually } from "../program.ts";

const REQUEST = Buffer.from("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");

/** A socket with endless room. */
function roomyTransport(): Transport & { readonly writtenBytes: number } {
  const transport = {
    client: "a client",
    source: "a source",
    peer: null,
    writtenBytes: 0,
    write: (bytes: Uint8Array) => {
      transport.writtenBytes += bytes.length;
      return true;
    },
    end: () => {},
    close: () => {},
    destroy: () => {},
    setReading: () => {},
  };
  return transport;
}

test("of a long answer no more is made once its client is gone", async () => {
  let made = 0;
  let isEnded = false;
  let whenGone = () => {};
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      for (; made < 100; made++) {
        if (made === 10) whenGone();
        yield Buffer.from("piece");
        await null;
      }
    } finally {
      isEnded = true;
    }
  }
  const answer: Answer = { status: 200, headers: {}, body: { sizeBytes: null, pieces: pieces() } };
  const transport = roomyTransport();
  const log = createLog({ level: "error", format: "logfmt", write: () => {}, now: () => 0 });
  const connection = new Connection(transport, {
    handler: () => answer,
    parsers: new ParserPool(1),
    pace: new Pace((run) => run()),
    heads: new AnswerHeads(() => 0),
    refusals: new Refusals({ count: () => {}, note: () => {}, log, now: () => 0 }),
    failures: new Failures({ count: () => expect.unreachable(), log, now: () => 0 }),
    second: () => 0,
    later: (run) => run(),
  });
  whenGone = () => connection.gone();
  connection.data(REQUEST);
  await eventually("the answer comes to its end", async () => isEnded);
  expect(made).toBe(10);
  expect(transport.writtenBytes).toBeGreaterThan(0);
});
