import { seededRandom } from "../telemetry/fixtures.ts";

/** The bytes of one connection, in the pieces that they are sent in. */
export type RawCase = readonly Buffer[];

type Random = () => number;

const pick = <T>(random: Random, choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;

/** One time in so many something odd, else the first choice. */
function choose(random: Random, oddOneIn: number, choices: readonly string[]): string {
  return random() * oddOneIn < 1 ? pick(random, choices) : (choices[0] ?? "");
}

const METHODS: readonly string[] = [
  "POST",
  "PUT",
  "GET",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "TRACE",
  "post",
  "Post",
  "BREW",
  "M-SEARCH",
  "G@T",
  "G(T",
  "",
  "POST ",
  " POST",
  "PO\xffST",
];

/** `#` becomes a job of the case's own. Characters are bytes. */
const TARGETS: readonly string[] = [
  "/metrics/job/#",
  "/metrics/job/#/a/b%2Fc",
  "/metrics/job/#/a/%2f",
  "/metrics/job/#/a/x?y=z",
  "/metrics/job/#?",
  "/metrics/job/#/a/\xc3\xbc",
  "/metrics/job/#/a/%C3%BC",
  "/metrics/job/#/a/x y",
  "/metrics/job/#/a/x\ty",
  "/metrics/job/#/a/x\x7fy",
  "/metrics/job/#/a/x\x00y",
  "/metrics/job/#/a/%zz",
  "/metrics/job/#/a/%",
  "/metrics/job/#/a/%4",
  "/metrics/job/#/a/x?%zz",
  "/metrics/job/#/a/x#y",
  "/metrics/job/#/a\\b/c",
  "/metrics/job/#/a/b;c",
  "/metrics/job/#/a/{b}",
  '/metrics/job/#/a/"b"',
  "/metrics//job/#",
  "//metrics/job/#",
  "///metrics/job/#",
  "/metrics/./job/#",
  "/metrics/x/../job/#",
  "/metrics/job/#/",
  "/m%65trics/job/#",
  "/Metrics/job/#",
  "http://gw/metrics/job/#",
  "http://gw:9091/metrics/job/#?x",
  "HTTP://gw/metrics/job/#",
  "https://gw",
  "http://gw?x",
  "ftp://gw/metrics/job/#",
  "http:///metrics/job/#",
  "http:/metrics/job/#",
  "http://g w/metrics/job/#",
  "http://[::1]/metrics/job/#",
  "http://[::1/metrics/job/#",
  "http://gw%zz/metrics/job/#",
  "*",
  "metrics/job/#",
  "gw:80",
  "?x",
  "",
  "/",
  "/nope",
  "/-/healthy",
  "/-/healthy/",
  "/api/v1/status?x=%zz",
  "/metrics/job",
  "/metrics/job/",
];

const VERSIONS: readonly string[] = [
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/1.9",
  "HTTP/2.0",
  "HTTP/0.9",
  "HTTP/3.1",
  "http/1.1",
  "HTTP/1",
  "HTTP/1.1.1",
  "HTTP/01.1",
  "HTTP/1.1x",
  "HTTP/1.1 ",
  "FOO/1.1",
  "",
];

const HOSTS: readonly string[] = [
  "Host: gw|",
  "host:gw:9091|",
  "Host: |",
  "HOST:  \t gw \t|",
  "",
  "Host: a|Host: a|",
  "Host: a|host: b|",
  "Host: a b|",
  "Host: a/b|",
  "Host: a@b|",
  "Host: [::1]:80|",
  "Host: a,b|",
  "Host: \xc3\xbc|",
  "Host: <|",
];

/** `|` is a line end, `N` the size of the body. */
const LENGTHS: readonly string[] = [
  "Content-Length: N|",
  "content-length:N|",
  "Content-Length:   N \t|",
  "Content-Length: 0N|",
  "Content-Length: +N|",
  "Content-Length: -N|",
  "Content-Length: N, N|",
  "Content-Length: N|Content-Length: N|",
  "Content-Length: N|Content-Length: 3|",
  "Content-Length: 0x8|",
  "Content-Length: |",
  "Content-Length: N N|",
  "Content-Length : N|",
  "Content-Length: 99999999999999999999|",
  "Content-Length: 9223372036854775808|",
  "Content-Length: Nabc|",
  "",
  "Content-Length: 2|",
  "Content-Length: 0|",
  "Content-Length: 1000|",
];

const ENCODINGS: readonly string[] = [
  "Transfer-Encoding: chunked|",
  "transfer-encoding:CHUNKED|",
  "Transfer-Encoding: \tchunked |",
  "Transfer-Encoding: chunked, chunked|",
  "Transfer-Encoding: gzip, chunked|",
  "Transfer-Encoding: identity|",
  "Transfer-Encoding: |",
  "Transfer-Encoding: chunked|Transfer-Encoding: chunked|",
  "Transfer-Encoding: chunked|Transfer-Encoding: identity|",
  "Transfer-Encoding: xchunked|",
  'Transfer-Encoding: "chunked"|',
  "Transfer-Encoding: chunked;q=1|",
  "Transfer-Encoding : chunked|",
  "Transfer-Encoding: chunked|Content-Length: 5|",
  "Content-Length: 5|Transfer-Encoding: chunked|",
];

const BODY = "m 1\nn 2\n";

const CHUNKS: readonly string[] = [
  `8\r\n${BODY}\r\n0\r\n\r\n`,
  "4\r\nm 1\n\r\n4\r\nn 2\n\r\n0\r\n\r\n",
  `008\r\n${BODY}\r\n000\r\n\r\n`,
  `8;a=b\r\n${BODY}\r\n0;c\r\n\r\n`,
  `8;a="b;c"\r\n${BODY}\r\n0\r\n\r\n`,
  `8 \r\n${BODY}\r\n0\r\n\r\n`,
  `8\t\r\n${BODY}\r\n0\r\n\r\n`,
  ` 8\r\n${BODY}\r\n0\r\n\r\n`,
  `8\n${BODY}\r\n0\r\n\r\n`,
  `8\r\n${BODY}\n0\r\n\r\n`,
  `8\r\n${BODY}\r\n0\n\n`,
  `8\r\n${BODY}0\r\n\r\n`,
  `8\r\n${BODY}xx\r\n0\r\n\r\n`,
  `9\r\n${BODY}\r\n0\r\n\r\n`,
  `7\r\n${BODY}\r\n0\r\n\r\n`,
  `zz\r\n${BODY}\r\n0\r\n\r\n`,
  `0x8\r\n${BODY}\r\n0\r\n\r\n`,
  `+8\r\n${BODY}\r\n0\r\n\r\n`,
  `-8\r\n${BODY}\r\n0\r\n\r\n`,
  `\r\n${BODY}\r\n0\r\n\r\n`,
  `10000000000000008\r\n${BODY}\r\n0\r\n\r\n`,
  `8\r\n${BODY}\r\n0\r\nA: b\r\n\r\n`,
  `8\r\n${BODY}\r\n0\r\nA: b\nC: d\n\n`,
  `8\r\n${BODY}\r\n0\r\nA b\r\n\r\n`,
  `8\r\n${BODY}\r\n0\r\nContent-Length: 3\r\n\r\n`,
  `8\r\n${BODY}\r\n0\r\n`,
  `8\r\n${BODY}\r\n`,
  "8\r\nm 1",
];

const MORE: readonly string[] = [
  "",
  "Connection: close|",
  "connection:Close|",
  "Connection: foo, close|",
  "Connection: close-not|",
  "Connection: keep-alive|",
  "Connection: Keep-Alive, x|",
  "Connection: keep-alive, close|",
  "Connection: Upgrade|Upgrade: h2c|HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA|",
  "Connection: Upgrade|Upgrade: websocket|",
  "Upgrade: h2c|",
  "Expect: 100-continue|",
  "expect:100-Continue|",
  "Expect: 100-continue, x|",
  "Expect: x|",
  "Expect: |",
  "X-A: \x01|",
  "X-A: \x7f|",
  "X-A: a\x00b|",
  "X-A: \xff\xfe|",
  "X-A: a\tb|",
  "X A: b|",
  "X\xfcA: b|",
  "X(A: b|",
  ": b|",
  "XA|",
  "X-A:|",
  "X-A: b| c|",
  "X-A: b|\tc|",
  " X-A: b|",
  "X-A: b\rc|",
  "X-A: b\r|",
  "Content-Type: text/plain|content-type: text/html|",
  "Content-Encoding: identity|",
  "Trailer: A|",
  "Proxy-Connection: close|",
];

const ENDS: readonly string[] = ["\r\n", "\n"];

/** One request of the grammar. */
function request(random: Random, job: string, oddOneIn: number): string {
  const take = (choices: readonly string[], odd = oddOneIn): string => choose(random, odd, choices);
  const end = () => take(ENDS, 4);
  const target = take(TARGETS).replace("#", job);
  const line = `${take(METHODS)} ${target} ${take(VERSIONS)}${end()}`;
  const isChunked = random() < 0.3;
  const fields = [take(HOSTS), take(isChunked ? ENCODINGS : LENGTHS), take(MORE, oddOneIn / 4)];
  if (random() < 0.1) fields.reverse();
  const size = String(BODY.length);
  const header = fields
    .join("")
    .replaceAll("N", (_, at: number, all: string) => (/[A-Za-z]/.test(all[at - 1] ?? "") ? "N" : size));
  const body = isChunked ? take(CHUNKS) : BODY;
  return line + header.replaceAll("|", () => end()) + end() + body;
}

const SPECIAL_BYTES = [..." \t\r\n\0:,;/%#?*.+-0", "\x7f"];

function mutated(random: Random, bytes: string): string {
  const at = Math.floor(random() * bytes.length);
  const byte = pick(random, SPECIAL_BYTES);
  const how = random();
  if (how < 0.3) return bytes.slice(0, at) + bytes.slice(at + 1);
  if (how < 0.6) return bytes.slice(0, at) + byte + bytes.slice(at);
  return bytes.slice(0, at) + byte + bytes.slice(at + 1);
}

/** Cuts bytes into pieces at random places. */
function cut(random: Random, bytes: Buffer): Buffer[] {
  if (random() < 0.5) return [bytes];
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(random() ** 3 * bytes.length);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** So many connections of the grammar; each pushes to jobs that begin with its number. */
export function rawCases(seed: number, count: number): RawCase[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const requests = 1 + Math.floor(random() ** 3 * 3);
    let bytes = "";
    for (let i = 0; i < requests; i++) bytes += request(random, `c${n}x${i}`, 3);
    if (random() < 0.3) bytes = mutated(random, bytes);
    return cut(random, Buffer.from(bytes, "latin1"));
  });
}
