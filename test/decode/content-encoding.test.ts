import { expect, spyOn, test } from "bun:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { decodeBody } from "../../src/decode/content-encoding.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { seededBelow } from "../telemetry/fixtures.ts";

const LIMIT_BYTES = 64 * 1024 * 1024;
const text = new TextEncoder();
const LINES = text.encode(Array.from({ length: 40 }, (_, i) => `a{x="${i}"} ${i}\n`).join(""));
const GZIP = plain(gzipSync(LINES));

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return plain(Buffer.concat(parts));
}

/** GZIP with other bytes at `at`, counted from the end where negative. */
function patched(at: number, ...bytes: number[]): Uint8Array {
  const copy = GZIP.slice();
  copy.set(bytes, at < 0 ? copy.length + at : at);
  return copy;
}

/** The content as text, or the rejection's kind and message. */
async function outcome(body: Uint8Array, encoding: string | null, maxSizeBytes = LIMIT_BYTES): Promise<string> {
  const decoded = await decodeBody(body, encoding, maxSizeBytes);
  return decoded instanceof Rejection ? `${decoded.kind}: ${decoded.message}` : new TextDecoder().decode(decoded);
}

for (const encoding of [null, "", "deflate", "identity", "br", "x-gzip", "gzip, gzip", "gzip,snappy"]) {
  test(`Content-Encoding ${encoding} leaves the body as it is`, () => {
    expect(decodeBody(GZIP, encoding, LIMIT_BYTES)).toBe(GZIP);
  });
}

for (const encoding of ["gzip", "GZIP", "Gzip"]) {
  test(`Content-Encoding ${encoding} is inflated`, async () => {
    expect(await outcome(GZIP, encoding)).toBe(new TextDecoder().decode(LINES));
  });
}

for (const encoding of ["snappy", "SNAPPY", "Snappy"]) {
  test(`Content-Encoding ${encoding} is the framing format`, async () => {
    expect(await outcome(Uint8Array.fromHex("ff060000734e6150705901080000af4c198a6120310a"), encoding)).toBe("a 1\n");
    expect(await outcome(Uint8Array.fromHex("040c6120310a"), encoding)).toBe("malformed: snappy: corrupt input");
  });
}

const B_LINE = plain(gzipSync("b 2\n"));
const members: [string, Uint8Array, string][] = [
  ["two members are joined", join(plain(gzipSync("a 1\n")), B_LINE), "a 1\nb 2\n"],
  ["an empty member is nothing", join(plain(gzipSync("")), B_LINE, plain(gzipSync(""))), "b 2\n"],
  ["stored blocks are read", plain(gzipSync("a 1\n", { level: 0 })), "a 1\n"],
];

for (const [name, body, content] of members) {
  test(`gzip: ${name}`, async () => {
    expect(await outcome(body, "gzip")).toBe(content);
  });
}

const faults: [string, Uint8Array, string][] = [
  ["an empty body", new Uint8Array(0), "EOF"],
  ["a body shorter than a header", text.encode("a 1\n"), "unexpected EOF"],
  ["plain text", text.encode("a 1234567890\n"), "gzip: invalid header"],
  ["another method than deflate", patched(2, 7), "gzip: invalid header"],
  ["a cut in the data", GZIP.slice(0, 60), "unexpected EOF"],
  ["a cut in the trailer", GZIP.slice(0, -3), "unexpected EOF"],
  ["a wrong checksum", patched(-8, 1, 2, 3, 4), "gzip: invalid checksum"],
  ["a wrong size", patched(-4, 0, 0, 0, 0), "gzip: invalid checksum"],
  ["a reserved block type", patched(10, 7), `flate: corrupt input before offset ${GZIP.length}`],
  ["junk after the member", join(GZIP, text.encode("trailing junk")), "gzip: invalid header"],
  ["zeros after the member", join(GZIP, new Uint8Array(20)), "gzip: invalid header"],
  ["a few zeros after the member", join(GZIP, new Uint8Array(5)), "unexpected EOF"],
  ["a cut second member", join(GZIP, GZIP.slice(0, 40)), "unexpected EOF"],
  ["a broken second member", join(GZIP, patched(-8, 1, 2, 3, 4)), "gzip: invalid checksum"],
  ["raw deflate", plain(deflateRawSync(LINES)), "gzip: invalid header"],
];

for (const [name, body, message] of faults) {
  test(`gzip: ${name} is refused with "${message}"`, async () => {
    expect(await outcome(body, "gzip")).toBe(`malformed: ${message}`);
  });
}

test("a small gzip body is answered at once, as a plain Uint8Array", () => {
  const content = decodeBody(GZIP, "gzip", LIMIT_BYTES);
  expect(content).toBeInstanceOf(Uint8Array);
  expect(Buffer.isBuffer(content)).toBe(false);
});

/** Lines that hardly compress, so that the compressed body is large as well. */
const LARGE = text.encode(Array.from({ length: 40_000 }, (_, i) => `m${i * i} ${Math.sin(i)}\n`).join(""));
const LARGE_GZIP = plain(gzipSync(LARGE));
const BOMB = plain(gzipSync(new Uint8Array(32 * 1024 * 1024)));

test("a large gzip body is inflated off the loop, to the same content", async () => {
  const decoded = decodeBody(LARGE_GZIP, "gzip", LIMIT_BYTES);
  expect(decoded).toBeInstanceOf(Promise);
  expect(await decoded).toEqual(LARGE);
});

test("a small body with much content is inflated off the loop, to the same content", async () => {
  const decoded = decodeBody(BOMB, "gzip", LIMIT_BYTES);
  expect(decoded).toBeInstanceOf(Promise);
  expect(await decoded).toEqual(new Uint8Array(32 * 1024 * 1024));
});

test("what is inflated off the loop is put together in slices of a mebibyte", async () => {
  const turns = spyOn(globalThis, "setImmediate");
  expect(await decodeBody(BOMB, "gzip", LIMIT_BYTES)).toBeInstanceOf(Uint8Array);
  expect(turns.mock.calls.length).toBeGreaterThan(20);
  turns.mockRestore();
});

test("a large body may be freed as soon as it is refused", async () => {
  for (let i = 0; i < 20; i++) {
    const bomb = plain(gzipSync(new Uint8Array(80_000_000 + i)));
    expect(await outcome(bomb, "gzip", 2_000_000 + i)).toStartWith("too-large: ");
    (bomb.buffer as ArrayBuffer).transfer(0);
  }
});

test("faults of large bodies are the same as of small ones", async () => {
  expect(await outcome(LARGE_GZIP.slice(0, -5), "gzip")).toBe("malformed: unexpected EOF");
  expect(await outcome(join(LARGE_GZIP, new Uint8Array(20)), "gzip")).toBe("malformed: gzip: invalid header");
  expect(await outcome(new Uint8Array(100_000), "gzip")).toBe("malformed: gzip: invalid header");
});

const limits: [string, Uint8Array, string | null, number][] = [
  ["gzip", GZIP, "gzip", LINES.length],
  ["gzip of two members", join(GZIP, GZIP), "gzip", 2 * LINES.length],
  ["large gzip", LARGE_GZIP, "gzip", LARGE.length],
  ["a gzip bomb", BOMB, "gzip", 32 * 1024 * 1024],
  ["plain", LINES, null, LINES.length],
];

for (const [name, body, encoding, sizeBytes] of limits) {
  test(`the limit is the content's size to the byte: ${name}`, async () => {
    expect(await decodeBody(body, encoding, sizeBytes)).toBeInstanceOf(Uint8Array);
    const refused = await outcome(body, encoding, sizeBytes - 1);
    expect(refused).toStartWith("too-large: decoding the ");
    expect(refused).toEndWith(`body: more than the limit of ${sizeBytes - 1} bytes (--push.max-decompressed-size)`);
  });
}

test("no limit at all is taken", async () => {
  expect(await outcome(B_LINE, "gzip", Infinity)).toBe("b 2\n");
});

const seed = Date.now() >>> 0;
test(`damaged gzip bodies are refused or inflated within the limit, never thrown over (seed ${seed})`, async () => {
  const below = seededBelow(seed);
  const limitBytes = 2 * LINES.length;
  for (let round = 0; round < 3000; round++) {
    const body = GZIP.slice(0, below(3) === 0 ? below(GZIP.length) : GZIP.length);
    for (let i = below(3); i > 0 && body.length > 0; i--) body[below(body.length)] = below(256);
    const decoded = await decodeBody(body, "gzip", limitBytes);
    if (decoded instanceof Rejection) expect(decoded.message).toMatch(/^(gzip: |flate: |unexpected EOF|EOF|decoding )/);
    else expect(decoded.length).toBeLessThanOrEqual(limitBytes);
  }
});
