import { Connection } from "../wire.ts";

/** Where the body of a request begins and ends, told in ways that a proxy and a server could read differently. */
export interface FramingShape {
  readonly proves: string;
  /**
   * The bytes of one connection: to push `good 1` into group `good<n>`, with a request for `smuggled<n>` hidden in
   * some.
   */
  readonly bytes: (n: number) => string;
  /** The answers; an empty list is a connection closed without any. */
  readonly answers: readonly number[];
  /** The push was stored. */
  readonly stored?: boolean;
  /** Why the Go Pushgateway refuses what is taken here, where that is no danger. */
  readonly laxer?: string;
}

const HOST = "Host: 127.0.0.1";
const BODY = "good 1\n";
const CHUNKS = `7\r\n${BODY}\r\n0\r\n\r\n`;
const CHUNKED = "Transfer-Encoding: chunked";

const head = (...lines: string[]): string => `${lines.join("\r\n")}\r\n\r\n`;
const hidden = (n: number): string =>
  `${head(`POST /metrics/job/smuggled${n} HTTP/1.1`, HOST, "Content-Length: 6")}bad 1\n`;

/** A push with these header lines and this body. */
const push =
  (lines: string[], body: string) =>
  (n: number): string =>
    head(`POST /metrics/job/good${n} HTTP/1.1`, HOST, ...lines) + body;

const LENGTHS: FramingShape[] = [
  { proves: "a length and chunks", bytes: push(["Content-Length: 4", CHUNKED], CHUNKS), answers: [400] },
  { proves: "chunks and a length", bytes: push([CHUNKED, "Content-Length: 4"], CHUNKS), answers: [400] },
  {
    proves: "a length that covers a request behind the chunks",
    bytes: (n) => push([`Content-Length: ${hidden(n).length + 5}`, CHUNKED], `0\r\n\r\n${hidden(n)}`)(n),
    answers: [400],
  },
  {
    proves: "two lengths, the longer covers a request",
    bytes: (n) => push(["Content-Length: 7", `Content-Length: ${7 + hidden(n).length}`], BODY + hidden(n))(n),
    answers: [400],
  },
  {
    proves: "one length twice",
    bytes: push(["Content-Length: 7", "Content-Length: 7"], BODY),
    answers: [400],
  },
  { proves: "a list of lengths", bytes: push(["Content-Length: 7, 7"], BODY), answers: [400] },
  { proves: "a length with a sign", bytes: push(["Content-Length: +7"], BODY), answers: [400] },
  { proves: "a hexadecimal length", bytes: push(["Content-Length: 0x7"], BODY), answers: [400] },
  { proves: "an empty length", bytes: push(["Content-Length: "], BODY), answers: [400] },
  { proves: "a length of 2^64 + 7", bytes: push(["Content-Length: 18446744073709551623"], BODY), answers: [400] },
  { proves: "blanks about a length", bytes: push(["Content-Length:   7  "], BODY), answers: [200], stored: true },
  { proves: "a blank before the colon", bytes: push(["Content-Length : 7"], BODY), answers: [400] },
];

const ENCODINGS: FramingShape[] = [
  ["xchunked", 501],
  ["gzip, chunked", 501],
  ["chunked, identity", 400],
  ["identity", 501],
  ['"chunked"', 501],
  ["\x0bchunked", 400],
  ["CHUNKED", 200],
  ["\tchunked", 200],
].map(([value, status]) => ({
  proves: `Transfer-Encoding ${JSON.stringify(value)}`,
  bytes: push([`Transfer-Encoding: ${value}`], CHUNKS),
  answers: [Number(status)],
  stored: status === 200,
}));

const MORE_ENCODINGS: FramingShape[] = [
  { proves: "chunked given twice", bytes: push([CHUNKED, CHUNKED], CHUNKS), answers: [400] },
  { proves: "chunked, then identity", bytes: push([CHUNKED, "Transfer-Encoding: identity"], CHUNKS), answers: [400] },
  {
    proves: "a blank before the colon of chunks",
    bytes: push(["Transfer-Encoding : chunked", "Content-Length: 7"], BODY),
    answers: [400],
  },
  {
    proves: "chunks in HTTP/1.0",
    bytes: (n) => head(`POST /metrics/job/good${n} HTTP/1.0`, HOST, CHUNKED) + CHUNKS,
    answers: [400],
  },
];

const LINES: FramingShape[] = [
  {
    proves: "lines ended by LF only",
    bytes: (n) => `POST /metrics/job/good${n} HTTP/1.1\n${HOST}\nContent-Length: 7\n\n${BODY}`,
    answers: [200],
    stored: true,
  },
  { proves: "LF amid a header", bytes: push([`X-A: b\n${CHUNKED}`, "Content-Length: 7"], BODY), answers: [400] },
  { proves: "CR amid a header", bytes: push([`X-A: b\r${CHUNKED}`, "Content-Length: 7"], BODY), answers: [400] },
  { proves: "a folded header", bytes: push(["X-A: b", ` ${CHUNKED}`, "Content-Length: 7"], BODY), answers: [400] },
  { proves: "a folded encoding", bytes: push(["Transfer-Encoding:", " chunked"], CHUNKS), answers: [400] },
  { proves: "a header name with a blank", bytes: push(["X Y: z", "Content-Length: 7"], BODY), answers: [400] },
  { proves: "a header without a colon", bytes: push(["XY", "Content-Length: 7"], BODY), answers: [400] },
  { proves: "a header without a name", bytes: push([": z", "Content-Length: 7"], BODY), answers: [400] },
];

/** The bytes of a chunked body, up to the end of the last chunk. */
const chunked = (body: string) => push([CHUNKED], body);

const CHUNK_SHAPES: FramingShape[] = [
  { proves: "extensions", bytes: chunked(`7;a=b;c="d"\r\n${BODY}\r\n0;x\r\n\r\n`), answers: [200], stored: true },
  { proves: "an extension with LF", bytes: chunked(`7;a\nb\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  {
    proves: "an extension of 1 MB",
    bytes: chunked(`7;${"a".repeat(1_000_000)}\r\n${BODY}\r\n0\r\n\r\n`),
    answers: [400],
  },
  { proves: "blanks behind the size", bytes: chunked(`7  \r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  { proves: "the size 0x7", bytes: chunked(`0x7\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  { proves: "a negative size", bytes: chunked(`-7\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  { proves: "a size with a plus", bytes: chunked(`+7\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  // The rest is waited for.
  { proves: "a size of 2^64 - 1", bytes: chunked(`FFFFFFFFFFFFFFFF\r\n${BODY}\r\n0\r\n\r\n`), answers: [] },
  { proves: "a size of 2^64 + 7", bytes: chunked(`10000000000000007\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  { proves: "no size", bytes: chunked(`\r\n${BODY}\r\n0\r\n\r\n`), answers: [400] },
  {
    proves: "a size of 5,000 zeros and a 7",
    bytes: chunked(`${"0".repeat(5_000)}7\r\n${BODY}\r\n0\r\n\r\n`),
    answers: [200],
    stored: true,
    laxer: "Go bounds the line; the number is the same for whoever reads it",
  },
  { proves: "no line end behind the chunk", bytes: chunked(`7\r\n${BODY}0\r\n\r\n`), answers: [400] },
  { proves: "junk behind the chunk", bytes: chunked(`7\r\n${BODY}XX0\r\n\r\n`), answers: [400] },
  { proves: "LF for line ends", bytes: chunked(`7\n${BODY}\n0\n\n`), answers: [400] },
  {
    proves: "a request for a trailer",
    bytes: (n) => chunked(`7\r\n${BODY}\r\n0\r\n${hidden(n)}`)(n),
    answers: [400],
  },
];

/** A request that reads no body, with one that is a request. */
const withHiddenBody = (line: string) => (n: number) =>
  head(line, HOST, `Content-Length: ${hidden(n).length}`) + hidden(n);

const IGNORED_BODIES: FramingShape[] = [
  { proves: "the body of a GET", bytes: withHiddenBody("GET /-/healthy HTTP/1.1"), answers: [200] },
  { proves: "the body of a DELETE", bytes: withHiddenBody("DELETE /metrics/job/none HTTP/1.1"), answers: [202] },
  { proves: "the body for a path that is not there", bytes: withHiddenBody("POST /nope HTTP/1.1"), answers: [404] },
  {
    proves: "the chunked body of a GET",
    bytes: (n) =>
      `${head("GET /-/healthy HTTP/1.1", HOST, CHUNKED)}${hidden(n).length.toString(16)}\r\n${hidden(n)}\r\n0\r\n\r\n`,
    answers: [200],
  },
  {
    proves: "a body that is too large from the start",
    bytes: (n) => push(["Content-Length: 99999999999"], hidden(n))(n),
    answers: [413],
  },
];

export const FRAMING_SHAPES: readonly FramingShape[] = [
  ...LENGTHS,
  ...ENCODINGS,
  ...MORE_ENCODINGS,
  ...LINES,
  ...CHUNK_SHAPES,
  ...IGNORED_BODIES,
];

/** A connection that stays open says no more after so long. */
const QUIET_MS = 1_500;

/** What a server made of one shape. */
export interface Seen {
  readonly answers: readonly number[];
  readonly stored: boolean;
  readonly smuggled: boolean;
}

/** What a server makes of every shape, all at the same time on connections of their own. */
export async function seeAll(port: number, isSecure = false): Promise<Seen[]> {
  const answers = await Promise.all(FRAMING_SHAPES.map(({ bytes }, n) => answersTo(port, bytes(n), isSecure)));
  using connection = await Connection.open(port, 10_000, isSecure);
  connection.send({ method: "GET", path: "/metrics" });
  const exposition = (await connection.answer()).body.toString();
  return answers.map((statuses, n) => ({
    answers: statuses,
    stored: exposition.includes(`good{instance="",job="good${n}"} 1`),
    smuggled: exposition.includes(`job="smuggled${n}"`),
  }));
}

async function answersTo(port: number, bytes: string, isSecure: boolean): Promise<number[]> {
  using connection = await Connection.open(port, QUIET_MS, isSecure);
  connection.write(Buffer.from(bytes, "latin1"));
  const statuses: number[] = [];
  try {
    for (let status = await connection.statusOrClosed(); status !== null; status = await connection.statusOrClosed())
      statuses.push(status);
  } catch {
    // Nothing more comes.
  }
  return statuses;
}
