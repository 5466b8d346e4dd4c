import { expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ask, createTestApp } from "../app.ts";
import { eventually } from "../program.ts";

interface Case {
  readonly what: string;
  readonly flags: readonly string[];
  readonly body: string | Uint8Array;
  readonly headers: Record<string, string>;
}

const TEXT = Array.from({ length: 20_000 }, (_, i) => `m{i="${i}",filler="${"x".repeat(100)}"} 1\n`).join("");
const UTF_16 = Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(TEXT, "utf16le")]);

const GZIP = { "content-encoding": "gzip" };

const CASES: readonly Case[] = [
  { what: "as it is", flags: [], body: Buffer.from(TEXT), headers: {} },
  { what: "by gzip", flags: [], body: gzipSync(TEXT), headers: GZIP },
  { what: "by zstd", flags: [], body: zstdCompressSync(TEXT), headers: { "content-encoding": "zstd" } },
  { what: "as text that is forgiven", flags: ["--push.lenient-text"], body: UTF_16, headers: {} },
  {
    what: "as text that is forgiven, by gzip",
    flags: ["--push.lenient-text"],
    body: gzipSync(UTF_16),
    headers: GZIP,
  },
  { what: "that is no text", flags: [], body: Buffer.from(`${TEXT}{`), headers: {} },
  { what: "that is no gzip", flags: [], body: Buffer.from(TEXT), headers: GZIP },
];

test.each(CASES)("a push $what holds no body while it waits until it is durable", async ({ flags, body, headers }) => {
  const gateway = createTestApp(...flags);
  const { decoding, intake } = gateway.context;
  const durable = Promise.withResolvers<null>();
  let waiting = 0;
  gateway.settled = () => {
    waiting++;
    return durable.promise;
  };
  const pushed = ask(gateway.app, "POST", "/metrics/job/j", { body: body as string, headers });
  let isOver = false;
  void pushed.then(() => (isOver = true));
  await eventually("it waits, or is refused", async () => waiting > 0 || isOver);
  await Bun.sleep(0);
  expect([decoding.heldBytes, intake.state]).toEqual([0, { uploads: 0, held: 0, bufferedBytes: 0 }]);
  durable.resolve(null);
  await pushed;
  expect([decoding.heldBytes, intake.state.bufferedBytes]).toEqual([0, 0]);
});
