/** Bytes to one connection, or a wait for an answer with a status before the next ones; characters are bytes. */
export type Step = string | { readonly awaitStatus: number };

/** What is said on one connection, and what is understood. `#` in a path is a job of the transport's own. */
export interface WireCase {
  readonly proves: string;
  readonly steps: readonly Step[];
  /** All answers, 100 among them. */
  readonly statuses: readonly number[];
  /** What every answer's head or body must hold. */
  readonly says?: readonly string[];
  /** Lines of the exposition about the job. */
  readonly stored?: readonly string[];
  /** The server ends the connection; otherwise another request on it is answered. */
  readonly ends?: boolean;
  /** The client says no more after this. */
  readonly halfClosed?: boolean;
  /** The request is one of HEAD: its answer has no body. */
  readonly isHead?: boolean;
  /** What HTTP/2 has no notion of, so that the case cannot be told in it. */
  readonly notInHttp2?: string;
}

const NO_LINES = "a header is a list of fields, not lines";
const NO_VERSION = "its version is that of the connection";
const NO_BYTES_BETWEEN = "there is nothing between requests";
const NO_CONNECTION = "a request says nothing of its connection (RFC 9113, section 8.2.2)";
const NO_ENCODING = "DATA frames are the only framing (RFC 9113, section 8.2.2)";
const RESET = "the runtime resets such a stream with PROTOCOL_ERROR (RFC 9113, section 8.1.1), and tells nobody";

const PUSH = "POST /metrics/job/# HTTP/1.1\r\nHost: gw\r\n";
const M = 'm{instance="",job="#"} 1';
const piped = (count: number): string =>
  Array.from({ length: count }, (_, n) => `${PUSH}Content-Length: 5\r\n\r\nm${n} 1\n`).join("");

export const WIRE_CASES: readonly WireCase[] = [
  {
    proves: "all lines end in LF",
    steps: ["POST /metrics/job/# HTTP/1.1\nHost: gw:9091\nContent-Length: 4\n\nm 1\n"],
    statuses: [200],
    stored: [M],
    notInHttp2: NO_LINES,
  },
  {
    proves: "the blank line alone ends in LF",
    steps: [`${PUSH}Content-Length: 4\r\n\nm 1\n`],
    statuses: [200],
    stored: [M],
    notInHttp2: NO_LINES,
  },
  {
    proves: "Expect in any case gets its 100 before the body",
    steps: [`${PUSH}Content-Length: 4\r\nExpect: 100-Continue\r\n\r\n`, { awaitStatus: 100 }, "m 1\n"],
    statuses: [100, 200],
    stored: [M],
  },
  {
    proves: "a body that is not wanted is not asked for",
    steps: ["POST /nope HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"],
    statuses: [404],
    ends: true,
  },
  { proves: "another expectation is not met", steps: [`${PUSH}Expect: x\r\n\r\n`], statuses: [417], ends: true },
  {
    proves: "UTF-8 in the path needs no escapes",
    steps: ["POST /metrics/job/#/instance/b\xc3\xbcro HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n"],
    statuses: [200],
    stored: ['m{instance="b\xc3\xbcro",job="#"} 1'],
  },
  {
    proves: "Latin-1 in the path is refused as its escape is",
    steps: [
      "POST /metrics/job/#/instance/b\xfcro HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n",
      "DELETE /metrics/job/#/instance/b\xe4ro HTTP/1.1\r\nHost: gw\r\n\r\n",
    ],
    statuses: [400, 202],
    says: ["is not utf8"],
    stored: [],
  },
  {
    proves: "a blank in the path is told",
    steps: ["POST /metrics/job/# x HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n"],
    statuses: [400],
    says: ["400 Bad Request: malformed HTTP version"],
    stored: [],
    ends: true,
    notInHttp2: RESET,
  },
  {
    proves: "methods in lower case and of other names are 405, with what is allowed",
    steps: [
      "post /metrics/job/# HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n",
      "BREW /metrics HTTP/1.1\r\nHost: gw\r\n\r\n",
    ],
    statuses: [405, 405],
    says: ["Method Not Allowed", "Allow: "],
    stored: [],
  },
  {
    proves: "five pushes in one packet",
    steps: [piped(5)],
    statuses: [200, 200, 200, 200, 200],
    stored: ["m0", "m1", "m2", "m3", "m4"],
  },
  {
    proves: "a scrape and the page between pushes in one packet",
    steps: [`${piped(1)}GET /metrics HTTP/1.1\r\nHost: gw\r\n\r\nGET / HTTP/1.1\r\nHost: gw\r\n\r\n${piped(1)}`],
    statuses: [200, 200, 200, 200],
    stored: ["m0"],
  },
  {
    proves: "line ends behind the body of a POST are passed over",
    steps: [`${PUSH}Content-Length: 4\r\n\r\nm 1\n\r\n\r\n`, "GET /-/healthy HTTP/1.1\r\nHost: gw\r\n\r\n"],
    statuses: [200, 200],
    stored: [M],
    notInHttp2: NO_BYTES_BETWEEN,
  },
  {
    proves: "an empty line before a request is passed over, whatever came before",
    steps: ["\r\nGET /-/healthy HTTP/1.1\r\nHost: gw\r\n\r\n\r\n", "GET /-/healthy HTTP/1.1\r\nHost: gw\r\n\r\n"],
    statuses: [200, 200],
    notInHttp2: NO_BYTES_BETWEEN,
  },
  {
    proves: "a trailer behind chunks, in a packet of its own",
    steps: [`${PUSH}Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\r\n0\r\n`, "X-Sum: 1\r\n\r\n"],
    statuses: [200],
    stored: [M],
  },
  {
    proves: "a body with a trailer in one packet",
    steps: [`${PUSH}Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\r\n0\r\nX-Sum: 1\r\nX-T: 2\r\n\r\n`],
    statuses: [200],
    stored: [M],
  },
  {
    proves: "a body cut short is answered",
    steps: [`${PUSH}Content-Length: 40\r\n\r\nm 1\n`],
    halfClosed: true,
    statuses: [400],
    says: ["unexpected EOF"],
    stored: [],
    ends: true,
    notInHttp2: RESET,
  },
  {
    proves: "a body cut short behind other requests is answered",
    steps: [`${piped(2)}${PUSH}Content-Length: 40\r\n\r\nm 1\n`],
    halfClosed: true,
    statuses: [200, 200, 400],
    says: ["unexpected EOF"],
    stored: ["m0", "m1"],
    ends: true,
    notInHttp2: RESET,
  },
  {
    proves: "a header cut short is answered",
    steps: [`${PUSH}Content-Le`],
    halfClosed: true,
    statuses: [400],
    ends: true,
    notInHttp2: "a header comes whole or not at all",
  },
  {
    proves: "a request whose client says no more is answered",
    steps: [`${PUSH}Content-Length: 4\r\n\r\nm 1\n`],
    halfClosed: true,
    statuses: [200],
    stored: [M],
    ends: true,
  },
  {
    proves: "HTTP/1.0 ends behind the answer",
    steps: ["GET /-/healthy HTTP/1.0\r\n\r\n"],
    statuses: [200],
    says: ["HTTP/1.0 200"],
    ends: true,
    notInHttp2: NO_VERSION,
  },
  {
    proves: "HTTP/1.0 goes on where it is asked to",
    steps: ["GET /-/healthy HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"],
    statuses: [200],
    says: ["Connection: keep-alive"],
    notInHttp2: NO_VERSION,
  },
  {
    proves: "Connection: close in a list of any case",
    steps: ["GET /-/healthy HTTP/1.1\r\nHost: gw\r\nConnection: x, Close\r\n\r\n"],
    statuses: [200],
    says: ["Connection: close"],
    ends: true,
    notInHttp2: NO_CONNECTION,
  },
  { proves: "OPTIONS * asks the whole server", steps: ["OPTIONS * HTTP/1.1\r\nHost: gw\r\n\r\n"], statuses: [200] },
  {
    proves: "no Host in HTTP/1.1",
    steps: ["GET /-/healthy HTTP/1.1\r\n\r\n"],
    statuses: [400],
    says: ["missing required Host header"],
    ends: true,
    notInHttp2: "a request may have no authority (RFC 9113, section 8.3.1)",
  },
  {
    proves: "two Hosts",
    steps: ["GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    statuses: [400],
    ends: true,
    notInHttp2: "an authority is one field",
  },
  {
    proves: "a whole URL for a target",
    steps: ["PUT http://other:1/metrics/job/#?x HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n"],
    statuses: [200],
    stored: [M],
    notInHttp2: "scheme, authority and path are fields of their own",
  },
  {
    proves: "an upgrade is passed over",
    steps: ["GET /-/healthy HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"],
    statuses: [200],
    notInHttp2: NO_CONNECTION,
  },
  {
    proves: "HTTP/2 in clear text",
    steps: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    statuses: [505],
    ends: true,
    notInHttp2: NO_VERSION,
  },
  {
    proves: "an encoding nobody knows",
    steps: [`${PUSH}Transfer-Encoding: gzip, chunked\r\n\r\n`],
    statuses: [501],
    says: ["Unsupported transfer encoding"],
    ends: true,
    notInHttp2: NO_ENCODING,
  },
  {
    proves: "headers of 200 lines",
    steps: [
      `GET /-/healthy HTTP/1.1\r\nHost: gw\r\n${Array.from({ length: 200 }, (_, n) => `X-${n}: y\r\n`).join("")}\r\n`,
    ],
    statuses: [200],
  },
  {
    proves: "headers of 20 KB",
    steps: [`GET /-/healthy HTTP/1.1\r\nHost: gw\r\nX-A: ${"x".repeat(20_000)}\r\n\r\n`],
    statuses: [431],
    ends: true,
  },
  {
    proves: "a push is told of before its body comes",
    steps: [`${PUSH}Content-Length: 99999999999\r\n\r\n`],
    statuses: [413],
    says: ["--push.max-body-size", "Connection: close"],
    ends: true,
  },
  {
    proves: "a header of 20 KB in a path",
    steps: [`GET /${"x".repeat(20_000)} HTTP/1.1\r\nHost: gw\r\n\r\n`],
    statuses: [431],
    ends: true,
  },
  {
    proves: "headers of more than 1,000 lines",
    steps: [`GET /-/healthy HTTP/1.1\r\nHost: gw\r\n${"X: y\r\n".repeat(1_001)}\r\n`],
    statuses: [431],
    ends: true,
  },
  {
    proves: "an escape that is none",
    steps: [`POST /metrics/job/#%zz HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n`],
    statuses: [400],
    says: ["400 Bad Request: invalid URL escape"],
    ends: true,
  },
  {
    proves: "an answer to HEAD has no body",
    steps: ["HEAD /-/ready HTTP/1.1\r\nHost: gw\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: gw\r\n\r\n"],
    isHead: true,
    statuses: [405, 405],
    says: ["Content-Length: 19"],
  },
  {
    proves: "a method that a path has not, and a path that is not there",
    steps: [
      "DELETE /metrics HTTP/1.1\r\nHost: gw\r\n\r\n",
      "GET /metrics/job/# HTTP/1.1\r\nHost: gw\r\n\r\n",
      "GET /nope HTTP/1.1\r\nHost: gw\r\n\r\n",
    ],
    statuses: [405, 405, 404],
    says: ["Allow: GET, OPTIONS", "Allow: DELETE, OPTIONS, POST, PUT", "404 page not found"],
  },
  {
    proves: "the body of a GET and of a DELETE is no request",
    steps: [
      "GET /-/healthy HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n",
      "DELETE /metrics/job/# HTTP/1.1\r\nHost: gw\r\nContent-Length: 4\r\n\r\nm 1\n",
    ],
    statuses: [200, 202],
    stored: [],
  },
  {
    proves: "chunks cut anywhere, with extensions",
    steps: [`${PUSH}Transfer-Encoding: chunked\r\n\r`, "\n2;a=b\r\nm ", "\r", "\n", "2\r\n1\n\r\n", "0\r\n", "\r\n"],
    statuses: [200],
    stored: [M],
  },
  {
    proves: "chunks cut short are answered",
    steps: [`${PUSH}Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\r\n`],
    halfClosed: true,
    statuses: [400],
    says: ["unexpected EOF"],
    stored: [],
    ends: true,
    notInHttp2: "the end of its last frame is the end of a body",
  },
  {
    proves: "chunks in HTTP/1.0",
    steps: ["POST /metrics/job/# HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\r\n0\r\n\r\n"],
    statuses: [400],
    stored: [],
    ends: true,
    notInHttp2: NO_VERSION,
  },
  {
    proves: "Expect in HTTP/1.0 gets no 100",
    steps: ["POST /metrics/job/# HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nm 1\n"],
    statuses: [200],
    stored: [M],
    ends: true,
    notInHttp2: NO_VERSION,
  },
  {
    proves: "Connection: close in the second of two fields, and what follows is not read",
    steps: [`${PUSH}Connection: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nm 1\n${piped(1)}`],
    statuses: [200],
    says: ["Connection: close"],
    stored: [M],
    ends: true,
    notInHttp2: NO_CONNECTION,
  },
];
