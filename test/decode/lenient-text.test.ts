import { describe, expect, test } from "bun:test";
import { lenientText } from "../../src/decode/lenient-text.ts";
import { DecodeQueue } from "../../src/decode/queue.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { seededBelow } from "../telemetry/fixtures.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const littleEndian = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf16le"));
const bigEndian = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf16le").swap16());

/** The text, or the rejection's kind and message. */
async function read(body: Uint8Array, maxSizeBytes = LIMIT_BYTES): Promise<string> {
  const text = await lenientText(body, maxSizeBytes, new DecodeQueue());
  return text instanceof Rejection ? `${text.kind}: ${text.message}` : new TextDecoder("utf-8", STRICT).decode(text);
}

const STRICT = { ignoreBOM: true, fatal: true };
const LINES = 'a{x="ä€😀"} 1\n# HELP b c\nb 2\n';

const ENCODINGS: readonly [string, (text: string) => Uint8Array][] = [
  ["UTF-8", bytes],
  ["UTF-8 with a byte order mark", (text) => bytes(`\ufeff${text}`)],
  ["little-endian UTF-16", (text) => littleEndian(`\ufeff${text}`)],
  ["big-endian UTF-16", (text) => bigEndian(`\ufeff${text}`)],
];
const LINE_ENDS: readonly [string, (text: string) => string][] = [
  ["line feeds", (text) => text],
  ["CR LF", (text) => text.replaceAll("\n", "\r\n")],
  ["line feeds but the last", (text) => text.slice(0, -1)],
  ["CR LF but the last", (text) => text.replaceAll("\n", "\r\n").slice(0, -2)],
];

describe.each(ENCODINGS)("%s", (_, encode) => {
  test.each(LINE_ENDS)("with %s is the text", async (_, end) => {
    expect(await read(encode(end(LINES)))).toBe(LINES);
  });

  test.each(LINE_ENDS)("with %s is the text, where it is read in slices", async (_, end) => {
    const long = LINES.repeat(60_000);
    expect((await read(encode(end(long)))) === long).toBe(true);
  });

  test("without a character is empty", async () => {
    expect(await read(encode(""))).toBe("");
  });

  test("keeps a CR that is not before a line feed, and another mark", async () => {
    expect(await read(encode("a\r b\r\r\n\ufeffc\r"))).toBe("a\r b\r\n\ufeffc\r\n");
  });
});

test.each([1, 4 * 1024 * 1024])("a text of %d lines that needs nothing is the body itself", async (lines) => {
  const body = bytes("a 1\n".repeat(lines));
  expect((await lenientText(body, LIMIT_BYTES, new DecodeQueue())) === body).toBe(true);
});

describe("what is no UTF-16 is refused with the place", () => {
  const rows: readonly [string, string, number][] = [
    ["an odd number of bytes", "fffe610062", 4],
    ["the second half alone", "fffe00dc0a00", 2],
    ["the first half alone, at the end", "fffe61003dd8", 4],
    ["the first half before another character", "feffd83d0061", 2],
    ["two first halves", "feffd83dd83d", 2],
  ];
  test.each(rows)("%s", async (_, hex, at) => {
    const reason = `malformed: decoding the UTF-16 body: half a character at byte ${at}`;
    expect(await read(Uint8Array.fromHex(hex))).toBe(reason);
  });
});

test("a text that UTF-8 makes larger than it may be is refused before anything is written", async () => {
  const words = (size: number) =>
    `too-large: decoding the UTF-16 body: more than the limit of ${size} bytes (--push.max-decompressed-size)`;
  expect(await read(littleEndian("\ufeff€€\n"), 7)).toBe("€€\n");
  expect(await read(littleEndian("\ufeff€€\n"), 6)).toBe(words(6));
  const long = littleEndian(`\ufeff${"€".repeat(1_000_000)}`);
  expect(await read(long, 2_999_999)).toBe(words(2_999_999));
  expect((await read(long, 3_000_000)).length).toBe(1_000_001);
});

const SEEDS = [1, 20_261_126, 0x7fffffff];

test.each(SEEDS)("random bytes behind a mark are what the runtime's decoder makes of them (seed %d)", async (seed) => {
  const below = seededBelow(seed);
  const alphabet = [0, 0x0a, 0x0d, 0x41, 0xd8, 0xdc, 0xfe, 0xff, 0x20, 0x80];
  for (let run = 0; run < 1000; run++) {
    const body = Uint8Array.from({ length: 2 + below(12) }, () => alphabet[below(alphabet.length)] ?? 0);
    body.set(below(2) === 0 ? [0xff, 0xfe] : [0xfe, 0xff]);
    const [text, whole] = [await read(body), decoded(body)];
    if (whole === null) expect(text).toStartWith("malformed: decoding the UTF-16 body: half a character at byte ");
    else expect(text).toBe(whole);
  }
});

/** What is expected of UTF-16; null: it is none. */
function decoded(body: Uint8Array): string | null {
  try {
    const name = body[0] === 0xff ? "utf-16le" : "utf-16be";
    const text = new TextDecoder(name, STRICT).decode(body.subarray(2)).replaceAll("\r\n", "\n");
    return text === "" || text.endsWith("\n") ? text : `${text}\n`;
  } catch {
    return null;
  }
}
