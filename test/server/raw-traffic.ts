import type { Dice } from "../fuzz/dice.ts";
import { mutate } from "../fuzz/mutate.ts";
import type { Talk } from "./talk.ts";

/** One connection's bytes, one character a byte. */
export interface RawCase extends Talk {
  readonly text: string;
}

/** The usual way, and others that are met less often. */
interface Choice {
  readonly usual: readonly string[];
  readonly odd: readonly string[];
}

const METHOD: Choice = {
  usual: ["POST", "POST", "PUT", "PUT", "GET", "DELETE", "HEAD", "OPTIONS"],
  odd: [
    "PATCH",
    "TRACE",
    "CONNECT",
    "post",
    "FOO",
    "M-SEARCH",
    "",
    "GET\t",
    "PO\0ST",
    "(GET)",
    "PRI",
    " GET",
    "\r\nPUT",
    "\nGET",
  ],
};
const TARGET: Choice = {
  usual: [
    "/metrics/job/JOB",
    "/metrics/job/JOB",
    "/metrics/job/JOB",
    "/metrics/job/JOB/instance/i",
    "/-/healthy",
    "/metrics",
  ],
  odd: [
    "/metrics/job@base64/am9i",
    "/metrics/job/JOB?x=y",
    "/metrics/job/JOB?%zz",
    "/metrics/job/JOB#f",
    "http://other/metrics/job/JOB",
    "HTTP://u:p@other:80/metrics/job/JOB",
    "http://other",
    "http:///metrics/job/JOB",
    "http://[::1/metrics/job/JOB",
    "http://other:port/-/healthy",
    "*",
    "other:80",
    "mailto:x",
    "//metrics/job/JOB",
    "/metrics//job/JOB",
    "/./metrics/job/JOB",
    "/metrics/job/JOB/",
    "/metrics/job/JOB/a",
    "/metrics/job/a%2FJOB",
    "/metrics/job/%zz",
    "/metrics/job/%",
    "/metrics/job/JOB%00",
    "/metrics/job/JOB\xc3\xa4",
    "/metrics/job/J OB",
    "/metrics/job/JOB ",
    "/metrics/job/J\tOB",
    "/metrics/job/J\x7fOB",
    "/metrics/job/J\0OB",
    '/metrics/job/JOB"<>\\^`{|}',
    "/METRICS/JOB/JOB",
    "/metrics/",
    "/metrics/job",
    "/api/v1/status",
    "/api/v1/metrics",
    "/status",
    "/nope",
    "/",
    "?x",
    "",
    "metrics/job/JOB",
    "/-/ready",
    "/-/quit",
  ],
};
const VERSION: Choice = {
  usual: ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"],
  odd: [
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/1.1 ",
    " HTTP/1.1",
    "http/1.1",
    "HTTP/1",
    "HTTP/1.10",
    "",
    "HTTP/01.1",
    "HTTP/1.1\t",
    "HTTPS/1.1",
  ],
};
const END: Choice = { usual: ["\r\n"], odd: ["\n", "\r\r\n", "\r", "\n\r", "\r\n\r"] };
const HOST: Choice = {
  usual: ["Host: x"],
  odd: [
    "",
    "Host:",
    "Host: x\nHost: x",
    "Host: x\nHost: y",
    "host:\tx:80",
    "Host: a b",
    "Host: x/y",
    "Host: \xe4",
    "Host : x",
    "Host: x,y",
    "Host: [::1]:80",
    "Host: x?y",
    "Host: u@x",
    "Host: %41",
  ],
};
const CONNECTION: Choice = {
  usual: ["", "", "Connection: keep-alive", "Connection: close"],
  odd: [
    "Connection: Close",
    "Connection: keep-alive, close",
    "Connection: foo,close ,bar",
    "Connection: closed",
    "Connection: close\nConnection: keep-alive",
    "Connection: Upgrade\nUpgrade: h2c",
    "Connection: upgrade, http2-settings\nUpgrade: websocket",
    "Proxy-Connection: close",
    "Connection: TE",
    "Connection:",
    'Connection: "close"',
    "Connection: keep-alive;q=1",
    "Connection: Keep-Alive\nKeep-Alive: timeout=5",
  ],
};
const EXPECT: Choice = {
  usual: ["", "", "", "", "", "Expect: 100-continue"],
  odd: [
    "Expect: 100-Continue",
    "Expect: 100-continue, foo",
    "Expect: foo",
    "Expect:",
    "Expect: 200-ok",
    "Expect: 100-continue\nExpect: 100-continue",
    "Expect: foo, 100-CONTINUE",
    "Expect: 100-continue;x",
  ],
};
const EXTRA: Choice = {
  usual: ["", "", "", "Content-Type: text/plain", "User-Agent: x", "X-A: b", "Accept: */*"],
  odd: [
    "X-A: b\n c",
    "X-A: b\n\tc",
    "X-A:",
    "X-A:  b  ",
    "X A: b",
    "X-A : b",
    ": b",
    "X-A",
    "X-A\0: b",
    "X-A: b\0c",
    "X-A: b\rc",
    "X-A: b\r",
    "X-A: \x01",
    "X-A: \x7f",
    "X-A: \xe4\xff",
    "X-\xe4: b",
    "X-A: b\nX-A: c",
    "X_A: b",
    "X(A): b",
    "X-A:b:c",
    "\t",
    " ",
    " X-A: b",
    "Content-Encoding: identity",
    "Content-Encoding: br",
    "Trailer: X-A",
    "TE: trailers",
    "Origin: http://other",
    "Content-Type:\nContent-Type: text/plain",
  ],
};
const LENGTH: Choice = {
  usual: ["Content-Length: N"],
  odd: [
    "Content-Length:N",
    "content-length:   N  ",
    "Content-Length: N\nContent-Length: N",
    "Content-Length: N\nContent-Length: 1",
    "Content-Length: 1\nContent-Length: N",
    "Content-Length: N, N",
    "Content-Length: +N",
    "Content-Length: -N",
    "Content-Length: 0N",
    "Content-Length: 0000000000000000000000000N",
    "Content-Length: 0xN",
    "Content-Length: N ;",
    "Content-Length: N.0",
    "Content-Length: N e0",
    "Content-Length:",
    "Content-Length: \nContent-Length: N",
    "Content-Length: 18446744073709551623",
    "Content-Length: 9223372036854775808",
    "Content-Length: 99999",
    "Content-Length: 2",
    "Content-Length: 0",
    "Content-Length : N",
    "Content_Length: N",
    "Content-Length: N\n 0",
    "Content-Length:\n N",
    "Content-Length: N\nTransfer-Encoding: chunked",
    "Content-Length: N\nTransfer-Encoding: identity",
    "",
  ],
};
const ENCODING: Choice = {
  usual: ["Transfer-Encoding: chunked"],
  odd: [
    "Transfer-Encoding: CHUNKED",
    "Transfer-Encoding:chunked ",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: identity\nTransfer-Encoding: chunked",
    "Transfer-Encoding:",
    "Transfer-Encoding: \nTransfer-Encoding: chunked",
    "Transfer-Encoding: \x0bchunked",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: chunked,",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding: chunked\nContent-Length: 5",
    "Content-Length: 5\nTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "X: y\nTransfer-Encoding: chunk",
  ],
};
/** A body of SIZE bytes in chunks, as `LINE` ends lines. */
const CHUNKS: Choice = {
  usual: ["SIZE\r\nBODY\r\n0\r\n\r\n", "1\r\nFIRST\r\nREST\r\n0\r\n\r\n"],
  odd: [
    "0SIZE\r\nBODY\r\n00\r\n\r\n",
    "SIZE;a=b\r\nBODY\r\n0;c\r\n\r\n",
    'SIZE;a="b;c"\r\nBODY\r\n0\r\n\r\n',
    "SIZE ;a\r\nBODY\r\n0\r\n\r\n",
    "SIZE;a\nb\r\nBODY\r\n0\r\n\r\n",
    "SIZE  \r\nBODY\r\n0\r\n\r\n",
    " SIZE\r\nBODY\r\n0\r\n\r\n",
    "SIZE\t\r\nBODY\r\n0\r\n\r\n",
    "0xSIZE\r\nBODY\r\n0\r\n\r\n",
    "+SIZE\r\nBODY\r\n0\r\n\r\n",
    "-SIZE\r\nBODY\r\n0\r\n\r\n",
    "\r\nBODY\r\n0\r\n\r\n",
    "FFFFFFFFFFFFFFFF\r\nBODY\r\n0\r\n\r\n",
    "1000000000000000SIZE\r\nBODY\r\n0\r\n\r\n",
    "0000000000000000SIZE\r\nBODY\r\n0\r\n\r\n",
    "SIZE\nBODY\n0\n\n",
    "SIZE\r\nBODY\n0\r\n\r\n",
    "SIZE\rBODY\r\n0\r\n\r\n",
    "SIZE\r\nBODY0\r\n\r\n",
    "SIZE\r\nBODYxx\r\n0\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\n",
    "SIZE\r\nBODY\r\n",
    "SIZE\r\nBODY\r\n0\r\nX-T: v\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\nContent-Length: 5\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\nX T: v\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\nX-T\r\n\r\n",
    "SIZE\r\nBODY\r\n0\r\nX-T: v\n\n",
    "SIZE\r\nBODY\r\n0\r\n X-T: v\r\n\r\n",
    "SIZE\r\nBODY\r\n0\n\r\n",
    "SIZE\r\nBODY\r\n0\r\n\n",
    "SIZE\r\nBODY\r\n0\r\r\n\r\n",
    "g\r\nBODY\r\n0\r\n\r\n",
    "SIZE\r\nBODY\r\n\r\n0\r\n\r\n",
  ],
};
const BODY: Choice = {
  usual: ["m 1\n", "m 1\n", "m_a 2\nm_b 3\n", ""],
  odd: ["m", "m 1", "# TYPE m", "m 1\r\n", "GET / HTTP/1.1\r\n\r\n"],
};
const BETWEEN: Choice = { usual: [""], odd: ["\r\n", "\n", "\r\n\r\n", "\r\n\r\n\r\n", "\r", " ", "\0", "x"] };

/** A request that is answered the same wherever it is understood as one. */
const PROBE = "GET /-/healthy HTTP/1.1\r\nHost: probe\r\n\r\n";
const ODD_PROBABILITY = 0.07;
const MUTATED_PROBABILITY = 0.25;

/** Words of HTTP, for what is changed at random. */
const WORDS = [
  ...LENGTH.odd,
  ...ENCODING.odd,
  ...CONNECTION.odd,
  ...EXPECT.odd,
  "\r\n",
  "\n",
  "\r\n\r\n",
  "0\r\n\r\n",
  PROBE,
].map((text) => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1"));

/** Makes connections of requests, most of them near to what is right. `n` tells their groups apart. */
export class RawTraffic {
  constructor(private readonly dice: Dice) {}

  next(n: number): RawCase {
    const { dice } = this;
    const count = 1 + dice.size(4);
    let text = Array.from({ length: count }, (_, i) => this.message(`c${n}_${i}_`)).join("");
    if (dice.chance(MUTATED_PROBABILITY)) text = this.mutated(text);
    if (dice.chance(0.7)) text += PROBE;
    return { text, pieces: this.cut(text), halfCloses: !dice.chance(0.05) };
  }

  private message(job: string): string {
    const { dice } = this;
    const line = `${this.of(METHOD)} ${this.of(TARGET).replace("JOB", job)} ${this.of(VERSION)}`;
    const { fields, content } = this.body(line);
    const lines = [this.of(HOST), this.of(CONNECTION), this.of(EXPECT), this.of(EXTRA), ...fields];
    const ordered = dice.chance(0.3) ? dice.shuffled(lines) : lines;
    const usual = dice.chance(0.12) ? this.of(END) : "\r\n";
    const all = [line, ...ordered.filter((field) => field !== "").flatMap((field) => field.split("\n")), ""];
    const head = all.map((one) => one + (dice.chance(0.01) ? dice.pick(END.odd) : usual)).join("");
    return head + content + this.of(BETWEEN);
  }

  private body(line: string): { fields: string[]; content: string } {
    const { dice } = this;
    if (!dice.chance(/^(POST|PUT|post|PATCH)/.test(line) ? 0.95 : 0.15)) return { fields: [], content: "" };
    const body = this.of(BODY);
    if (!dice.chance(0.35)) {
      const content = dice.chance(0.04) ? body.slice(0, -1) : dice.chance(0.04) ? `${body}m 2\n` : body;
      return { fields: [this.of(LENGTH).replaceAll(/\bN\b|(?<=[0x+-])N\b/g, String(body.length))], content };
    }
    const content = this.of(CHUNKS)
      .replace("SIZE", body.length.toString(16))
      .replace("BODY", body)
      .replace("FIRST", body.slice(0, 1))
      .replace("REST", `${Math.max(0, body.length - 1).toString(16)}\r\n${body.slice(1)}`);
    return { fields: [this.of(ENCODING)], content };
  }

  private of({ usual, odd }: Choice): string {
    return this.dice.pick(this.dice.chance(ODD_PROBABILITY) ? odd : usual);
  }

  private mutated(text: string): string {
    const corpus = [Buffer.from(text, "latin1")];
    const changed = mutate({ dice: this.dice, corpus, words: WORDS, maxBytes: 4000 });
    return Buffer.from(changed).toString("latin1");
  }

  /** In one piece mostly, else in a few. */
  private cut(text: string): Uint8Array[] {
    const { dice } = this;
    const bytes = Buffer.from(text, "latin1");
    if (!dice.chance(0.2)) return [bytes];
    const cuts = Array.from({ length: 1 + dice.below(4) }, () => dice.below(bytes.length + 1)).sort((a, b) => a - b);
    return [0, ...cuts]
      .map((start, i) => bytes.subarray(start, cuts[i] ?? bytes.length))
      .filter(({ length }) => length > 0);
  }
}
