import { expect, test } from "bun:test";
import { decodeSnappy } from "../../src/decode/snappy.ts";
import { Rejection } from "../../src/model/rejection.ts";
import fixtures from "../fixtures/snappy.json";
import { seededBelow } from "../telemetry/fixtures.ts";

const IDENTIFIER = "ff060000734e61507059";
const ONE_LINE = "01080000af4c198a6120310a";
const CORRUPT = "malformed: snappy: corrupt input";
const UNSUPPORTED = "malformed: snappy: unsupported input";
const LIMIT_BYTES = 1 << 20;

function bytes(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

function sha256(content: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(content).digest("hex");
}

/** The content as text, or the rejection's kind and message. */
async function outcome(framedHex: string, maxSizeBytes = LIMIT_BYTES): Promise<string> {
  const decoded = await decodeSnappy(bytes(framedHex), maxSizeBytes);
  return decoded instanceof Rejection ? `${decoded.kind}: ${decoded.message}` : new TextDecoder().decode(decoded);
}

/** CRC-32C bit by bit, masked: the definition, for comparison with the tables. */
function checksumHex(content: Uint8Array): string {
  let crc = ~0;
  for (const byte of content) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  const masked = (((~crc >>> 15) | (~crc << 17)) + 0xa282ead8) >>> 0;
  return new Uint8Array(new Uint32Array([masked]).buffer).toHex();
}

function frame(type: string, payloadHex: string): string {
  const size = payloadHex.length / 2;
  return type + new Uint8Array([size, size >> 8, size >> 16]).toHex() + payloadHex;
}

/** A stream of one compressed frame: `blockHex` with the checksum of the text it should decode to. */
function compressed(blockHex: string, content = ""): string {
  return IDENTIFIER + frame("00", checksumHex(new TextEncoder().encode(content)) + blockHex.replaceAll(" ", ""));
}

for (const { name, framedHex, contentSizeBytes, contentSha256 } of fixtures.cases) {
  test(`a stream of another encoder is decoded to its content: ${name}`, async () => {
    const content = await decodeSnappy(bytes(framedHex), LIMIT_BYTES);
    if (content instanceof Rejection) throw new Error(content.message);
    expect(content.length).toBe(contentSizeBytes);
    expect(sha256(content)).toBe(contentSha256);
  });

  test(`a limit of the content's very size lets it through and one byte less does not: ${name}`, async () => {
    const whole = await decodeSnappy(bytes(framedHex), contentSizeBytes);
    expect(whole).toBeInstanceOf(Uint8Array);
    if (contentSizeBytes === 0) return;
    const cut = await decodeSnappy(bytes(framedHex), contentSizeBytes - 1);
    expect(cut).toBeInstanceOf(Rejection);
    expect(cut).toMatchObject({ kind: "too-large" });
  });
}

const frames: [string, string, string][] = [
  ["an empty body is an empty stream", "", ""],
  ["an identifier alone is an empty stream", IDENTIFIER, ""],
  ["uncompressed frames are taken as they are", IDENTIFIER + ONE_LINE, "a 1\n"],
  ["the identifier may come again between frames", IDENTIFIER + ONE_LINE + IDENTIFIER + ONE_LINE, "a 1\na 1\n"],
  ["padding is passed over", `${IDENTIFIER}fe030000000000${ONE_LINE}`, "a 1\n"],
  ["skippable frames are passed over", `${IDENTIFIER}80010000ff fd000000${ONE_LINE}`, "a 1\n"],
  ["an empty uncompressed frame is nothing", IDENTIFIER + frame("01", checksumHex(new Uint8Array(0))), ""],
  ["data before the identifier is refused", ONE_LINE, CORRUPT],
  ["a block without frames is refused", "040c6120310a", CORRUPT],
  ["padding before the identifier is refused", `fe000000${IDENTIFIER}`, CORRUPT],
  ["an identifier of other letters is refused", "ff060000734e61507058", CORRUPT],
  ["an identifier of another length is refused", "ff070000734e6150705900", CORRUPT],
  ["a cut identifier is refused", "ff060000734e6150", CORRUPT],
  ["a cut frame header is refused", `${IDENTIFIER}0108`, CORRUPT],
  ["a cut frame is refused", `${IDENTIFIER}01080000af4c`, CORRUPT],
  ["cut padding is refused", `${IDENTIFIER}fe0300000000`, CORRUPT],
  ["a frame too short for a checksum is refused", `${IDENTIFIER}01030000000000`, CORRUPT],
  ["a compressed frame too short for a checksum is refused", `${IDENTIFIER}00030000000000`, CORRUPT],
  ["a wrong checksum is refused", `${IDENTIFIER}01080000af4c198b6120310a`, CORRUPT],
  ["an unskippable frame is refused", `${IDENTIFIER}02000000`, UNSUPPORTED],
  ["the last unskippable type is refused", `${IDENTIFIER}7f000000`, UNSUPPORTED],
  ["a frame longer than any encoder writes is refused", `${IDENTIFIER}fecf2a01`, UNSUPPORTED],
  ["an uncompressed frame over 64 KiB is refused", IDENTIFIER + frame("01", "00".repeat(65541)), CORRUPT],
];

for (const [name, framedHex, expected] of frames) {
  test(`framing: ${name}`, async () => {
    expect(await outcome(framedHex)).toBe(expected);
  });
}

const blocks: [string, string, string, string][] = [
  ["a literal of one tag", "04 0c6120310a", "a 1\n", "a 1\n"],
  ["a literal with one byte of length", "04 f0036120310a", "a 1\n", "a 1\n"],
  ["a literal with four bytes of length", "04 fc030000006120310a", "a 1\n", "a 1\n"],
  ["a copy that overlaps itself repeats", "09 0061 1101", "aaaaaaaaa", "aaaaaaaaa"],
  ["a copy with two bytes of offset", "06 046162 0e0200", "abababab".slice(0, 6), "ababab"],
  ["a copy with four bytes of offset", "06 046162 0f02000000", "ababab", "ababab"],
  ["a length in more bytes than it needs", "848000 0c6120310a", "a 1\n", "a 1\n"],
  ["an empty block", "00", "", ""],
  ["a block without a length", "", "", CORRUPT],
  ["a length that never ends", "80808080808080808080 00", "", CORRUPT],
  ["a length of 2^32", "8080808010", "", CORRUPT],
  ["a length over 64 KiB", "818004 00", "", CORRUPT],
  ["a length that its bytes cannot hold", "808004 0061", "", CORRUPT],
  ["a copy of offset 0", "05 0061 0100", "aaaaa", CORRUPT],
  ["a copy from before the block", "05 0061 0102", "aaaaa", CORRUPT],
  ["a copy past the block's end", "04 0061 0101", "aaaa", CORRUPT],
  ["a literal past the block's end", "03 0c61203130", "a 1", CORRUPT],
  ["a literal past the frame's end", "05 1061203130", "a 10", CORRUPT],
  ["a cut literal length", "04 f4", "", CORRUPT],
  ["a cut copy", "05 0061 0e01", "", CORRUPT],
  ["a literal of 4 GiB", "04 fcffffffff6120", "", CORRUPT],
  ["a block that ends early", "05 0c6120310a", "a 1\n", CORRUPT],
];

for (const [name, blockHex, content, expected] of blocks) {
  test(`block: ${name} gives ${JSON.stringify(expected)}`, async () => {
    expect(await outcome(compressed(blockHex, content))).toBe(expected);
  });
}

test("a copy cannot reach into the frame before its own", async () => {
  const second = frame("00", `${checksumHex(new TextEncoder().encode("nnnn"))}040101`);
  expect(await outcome(IDENTIFIER + ONE_LINE + second)).toBe(CORRUPT);
});

test("a long stream is decoded over several turns of the loop, to the same content", async () => {
  const line = new TextEncoder().encode("up 1\n".repeat(8000));
  const framed = IDENTIFIER + frame("01", checksumHex(line) + line.toHex()).repeat(100);
  const decoded = decodeSnappy(bytes(framed), 100 * line.length);
  expect(decoded).toBeInstanceOf(Promise);
  const content = await decoded;
  if (content instanceof Rejection) throw new Error(content.message);
  expect(content.length).toBe(100 * line.length);
  expect(sha256(content)).toBe(sha256(new TextEncoder().encode("up 1\n".repeat(800_000))));
  expect(await decodeSnappy(bytes(framed), 100 * line.length - 1)).toMatchObject({
    kind: "too-large",
    message: "decoding the snappy body: more than the limit of 3999999 bytes (--push.max-decompressed-size)",
  });
});

function mutate(original: Uint8Array, below: (limit: number) => number): Uint8Array {
  const mutated = original.slice(0, below(4) === 0 ? below(original.length) : original.length);
  for (let i = below(4); i > 0 && mutated.length > 0; i--) {
    mutated[below(below(2) === 0 ? Math.min(mutated.length, 32) : mutated.length)] = below(256);
  }
  return mutated;
}

const seed = Date.now() >>> 0;
test(`damaged streams are refused or decoded within the limit, never thrown over (seed ${seed})`, async () => {
  const below = seededBelow(seed);
  const originals = fixtures.cases.map(({ framedHex }) => bytes(framedHex));
  const limitBytes = 100_000;
  for (let round = 0; round < 5000; round++) {
    const original = originals[below(originals.length)] ?? new Uint8Array(0);
    const decoded = await decodeSnappy(mutate(original, below), limitBytes);
    if (decoded instanceof Rejection) expect(["malformed", "too-large"]).toContain(decoded.kind);
    else expect(decoded.length).toBeLessThanOrEqual(limitBytes);
  }
});
