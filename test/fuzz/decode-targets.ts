import { constants, zstdCompressSync } from "node:zlib";
import { decodeBody } from "../../src/decode/content-encoding.ts";
import { isForm, readForm } from "../../src/decode/form-data.ts";
import { lenientText } from "../../src/decode/lenient-text.ts";
import { DecodeQueue } from "../../src/decode/queue.ts";
import type { Decoded } from "../../src/decode/snappy.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { Dice } from "./dice.ts";
import type { Target } from "./loop.ts";
import { decodingOutcome, refusal } from "./outcomes.ts";
import { encoded, seeds } from "./seeds.ts";

const MAX_DECODED_BYTES = 1 << 20;
/** One input of so many is read once more, as part of a body that is read in slices. */
const LARGE_EVERY = 16;
const LARGE_BYTES = 300_000;

const isLarge = (input: Uint8Array): boolean => Number(Bun.hash(input) % BigInt(LARGE_EVERY)) === 0;
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** What is alike must be: the same bytes, or refused for the same. */
function expectAlike(found: Decoded, expected: Decoded, what: string): void {
  const [one, other] = [found, expected].map((decoded) =>
    decoded instanceof Rejection ? `${decoded.kind}: ${decoded.message}` : Buffer.from(decoded).toString("latin1"),
  );
  if (one !== other) throw new Error(`${what}: ${JSON.stringify(one)}, expected ${JSON.stringify(other)}`);
}

/** Text put right, beside what the runtime's own decoder and two replacements make of it. */
export function lenientTextTarget(): Target {
  const read = async (input: Uint8Array) => {
    const text = await lenientText(input, MAX_DECODED_BYTES, new DecodeQueue());
    if (!(text instanceof Rejection && text.kind === "too-large")) expectSameText(text, input);
    if (isLarge(input)) {
      const large = join(input, new Uint8Array(LARGE_BYTES & ~1).fill(0x20), input);
      expectSameText(await lenientText(large, MAX_DECODED_BYTES, new DecodeQueue()), large);
    }
    if (text instanceof Rejection) return refusal(text);
    return `${input === text ? "as it came" : "put right"} ${decodingOutcome(text, MAX_DECODED_BYTES)}`;
  };
  const texts = seeds.text().map((bytes) => Buffer.from(bytes).toString());
  const disguised = texts.flatMap((text) => {
    const windows = text.replaceAll("\n", "\r\n");
    return [text, windows, text.slice(0, -1), windows.slice(0, -2)].flatMap((one) => [
      Buffer.from(one),
      Buffer.from(`\ufeff${one}`),
      Buffer.from(`\ufeff${one}`, "utf16le"),
      Buffer.from(`\ufeff${one}`, "utf16le").swap16(),
    ]);
  });
  const words = ["\r\n", "\r", "\n", "\ufeff", "\r\0\n\0", "\0\r\0\n", "\xff\xfe", "\xfe\xff", "\xd8\x3d", "\x3d\xd8"];
  return {
    name: "lenient-text",
    seeds: disguised,
    words: [...encoded(words.slice(0, 6)), ...words.slice(6).map((word) => Buffer.from(word, "latin1"))],
    maxBytes: 1 << 16,
    read,
  };
}

function expectSameText(text: Decoded, body: Uint8Array): void {
  const expected = plainText(body);
  if (expected !== null) return expectAlike(text, expected, "the text");
  if (!(text instanceof Rejection) || !text.message.startsWith("decoding the UTF-16 body: half a character"))
    throw new Error("half a character of UTF-16 is not refused");
}

/** What is expected of a text; null: it is no UTF-16, and is marked so. */
function plainText(body: Uint8Array): Uint8Array | null {
  const encoding =
    body[0] === 0xff && body[1] === 0xfe ? "utf-16le" : body[0] === 0xfe && body[1] === 0xff ? "utf-16be" : null;
  if (encoding !== null) {
    try {
      const text = new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(body.subarray(2));
      return Buffer.from(ended(text), "utf8");
    } catch {
      return null;
    }
  }
  const bytes = Buffer.from(body).toString("latin1");
  return Buffer.from(ended(bytes.startsWith("\xef\xbb\xbf") ? bytes.slice(3) : bytes), "latin1");
}

function ended(text: string): string {
  const lines = text.replaceAll("\r\n", "\n");
  return lines === "" || lines.endsWith("\n") ? lines : `${lines}\n`;
}

/** A frame that is to be skipped, of so many bytes that a body with it is large. */
const SKIPPED = join(
  Uint8Array.fromHex("502a4d18"),
  new Uint8Array(new Uint32Array([70_000]).buffer),
  new Uint8Array(70_000),
);

/** Frames of zstd; a small body and a large one with the same content are the same. */
export function zstdTarget(): Target {
  const read = async (input: Uint8Array) => {
    const content = await decodeBody(input, "zstd", MAX_DECODED_BYTES);
    if (content !== input && isLarge(input)) {
      const large = await decodeBody(join(SKIPPED, input), "zstd", MAX_DECODED_BYTES);
      expectAlike(withoutWords(large), withoutWords(content), "in a large body");
    }
    if (content instanceof Rejection) return refusal(content);
    return `${content === input} ${decodingOutcome(content, MAX_DECODED_BYTES)}`;
  };
  return { name: "zstd", seeds: zstdSeeds(), words: ZSTD_WORDS, maxBytes: 1 << 16, read };
}

/** Decoded piece by piece, a body may be too large before it is found to be broken, and broken elsewhere. */
const withoutWords = (content: Decoded): Decoded =>
  content instanceof Rejection ? new Rejection("malformed", "") : content;

const ZSTD_WORDS = ["28b52ffd", "502a4d1800000000", "5f2a4d1802000000", "010000", "030000", "28b52ffd2000010000"].map(
  (hex) => Uint8Array.fromHex(hex),
);

function zstdSeeds(): Uint8Array[] {
  const frames = seeds.text().map((text, n) =>
    zstdCompressSync(text, {
      params: {
        [constants.ZSTD_c_checksumFlag]: n & 1,
        [constants.ZSTD_c_contentSizeFlag]: (n >> 1) & 1,
        [constants.ZSTD_c_compressionLevel]: 1 + (n % 19),
      },
    }),
  );
  const noise = new Dice(7).bytes(3000);
  return [
    ...frames,
    join(...frames.slice(0, 3)),
    zstdCompressSync(noise),
    zstdCompressSync(Buffer.alloc(200_000, "a 1\n")),
    Uint8Array.fromHex("28b52ffd00581900006120310a"),
    Uint8Array.fromHex("28b52ffd0058430000610a"),
  ];
}

const BOUNDARY = "------------------------d74496d66958873e";
const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="metrics"; filename="m.prom"\r\n`;
const END = `\r\n--${BOUNDARY}--\r\n`;
const MOST_HEAD_BYTES = 8 * 1024;

/**
 * Forms, beside how they are read in one go; and the input as the file of a form, which comes back as it is, from the
 * runtime's own reader as well.
 */
export function formTarget(): Target {
  const read = async (input: Uint8Array) => {
    const outcome = isForm(input, BOUNDARY) ? await readWhole(input) : "no form";
    return `${outcome} ${await readFile(input)}`;
  };
  const files = [...seeds.text().slice(0, 20), ...seeds.protobuf().slice(0, 10)];
  const forms = files.map((file, n) => formOf(file, n % 2 === 0 ? "Content-Type: text/plain\r\n" : ""));
  const words = [`--${BOUNDARY}`, END, `\r\n--${BOUNDARY}\r\n`, "\r\n\r\n", "\r\n", "--", "Content-Type: ", "\r\n--"];
  return { name: "form", seeds: [...forms, ...files], words: encoded(words), maxBytes: 1 << 16, read };
}

const formOf = (file: Uint8Array, fields: string): Uint8Array =>
  join(Buffer.from(`${HEAD}${fields}\r\n`), file, Buffer.from(END));

async function readWhole(input: Uint8Array): Promise<string> {
  const part = await readForm(input, BOUNDARY);
  const expected = partOf(Buffer.from(input).toString("latin1"));
  if (part instanceof Rejection) {
    if (!part.message.endsWith(expected.fault ?? "")) throw new Error(`${part.message}, expected ${expected.fault}`);
    return refusal(part);
  }
  expectAlike(part.bytes, Buffer.from(expected.content, "latin1"), "the file");
  return `taken ${part.format}`;
}

/** The one part of a form, or what is wrong with it, read in one go. */
function partOf(text: string): { readonly fault: string | null; readonly content: string } {
  const of = (fault: string | null, content = "") => ({ fault, content });
  const rest = text.slice(BOUNDARY.length + 2);
  if (!rest.startsWith("\r\n")) return of("expected a part");
  const fields = rest.slice(0, MOST_HEAD_BYTES).indexOf("\r\n\r\n");
  if (fields < 0) return of(rest.length < MOST_HEAD_BYTES ? "it is cut short" : "the fields of a part are too long");
  const delimiter = `\r\n--${BOUNDARY}`;
  const end = rest.indexOf(delimiter, fields + 4);
  const behind = end < 0 ? "" : rest.slice(end + delimiter.length);
  if (behind.startsWith("\r\n")) return of("expected one file, found another part");
  return behind.startsWith("--") ? of(null, rest.slice(fields + 4, end)) : of("it is cut short");
}

/** The input as a file, of a large form now and then. */
async function readFile(input: Uint8Array): Promise<string> {
  if (input.includes(0x0d) && Buffer.from(input).includes(`\r\n--${BOUNDARY}`)) return "no file";
  const before = isLarge(input) ? (1 << 20) - (Number(Bun.hash(input) % 200n) + input.length) : 0;
  const file = before > 0 ? join(new Uint8Array(before).fill(0x0a), input) : input;
  const form = formOf(file, "");
  const part = await readForm(form, BOUNDARY);
  expectAlike(part instanceof Rejection ? part : part.bytes, file, "the file");
  // It takes a boundary for one amid a line as well.
  if (!Buffer.from(file).includes(`--${BOUNDARY}`)) expectAlike(await fileForRuntime(form), file, "the runtime's file");
  return "came back";
}

async function fileForRuntime(form: Uint8Array): Promise<Uint8Array> {
  const headers = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
  const file = (await new Response(form as Uint8Array<ArrayBuffer>, { headers }).formData()).get("metrics");
  if (!(file instanceof Blob)) throw new Error("the runtime finds no file");
  return file.bytes();
}
