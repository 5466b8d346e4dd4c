/** What a client does on one connection, step by step. */
export type Step = { readonly say: string } | { readonly hear: string } | { readonly end: true };

/** One way to use HTTP/1, the same over every transport. One character of `say` is one byte. */
export interface DoorCase {
  readonly proves: string;
  readonly steps: readonly Step[];
  /** Statuses, as in the other comparisons of raw connections: " close" where the end is announced. */
  readonly answers: readonly string[];
  /** Lines that the exposition must hold afterwards. */
  readonly stored?: readonly string[];
}

const HOST = "Host: x\r\n";
const push = (job: string, line: string, more = ""): string =>
  `PUT /metrics/job/${job} HTTP/1.1\r\n${HOST}${more}Content-Length: ${line.length}\r\n\r\n${line}`;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`;
const whole = (...says: string[]): Step[] => [{ say: says.join("") }, { end: true }];
const line = (job: string): string => `m{instance="",job="${job}"} 1`;

export const DOOR_CASES: readonly DoorCase[] = [
  {
    proves: "pipelined requests, slow ones among them, are answered in order",
    steps: whole(
      push("p0", "m 1\n"),
      get("/metrics"),
      push("p1", "m 1\n"),
      get("/"),
      get("/api/v1/metrics"),
      get("/nope"),
    ),
    answers: ["200", "200", "200", "200", "200", "404"],
    stored: [line("p0"), line("p1")],
  },
  {
    proves: "Expect in any case gets 100, then the answer",
    steps: [
      { say: `PUT /metrics/job/ex HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n` },
      { hear: "100 Continue" },
      { say: "m 1\n" },
      { end: true },
    ],
    answers: ["100", "200"],
    stored: [line("ex")],
  },
  {
    proves: "another expectation gets 417",
    steps: whole(push("no", "m 1\n", "Expect: tea\r\n")),
    answers: ["417 close"],
  },
  {
    proves: "HEAD has no body",
    steps: whole(`HEAD /metrics HTTP/1.1\r\n${HOST}\r\n`, get("/-/ready")),
    answers: ["405", "200"],
  },
  {
    proves: "OPTIONS is answered",
    steps: whole(`OPTIONS * HTTP/1.1\r\n${HOST}\r\nOPTIONS /metrics HTTP/1.1\r\n${HOST}\r\n`),
    answers: ["200", "200"],
  },
  {
    proves: "methods that are unknown or in lower case get 405",
    steps: whole(
      `post /metrics/job/j HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nm 1\n`,
      `FOO /metrics HTTP/1.1\r\n${HOST}\r\n`,
    ),
    answers: ["405", "405"],
  },
  {
    proves: "UTF-8 in the path is taken",
    steps: whole(push("\xc3\xa4", "m 1\n")),
    answers: ["200"],
    stored: [line("ä")],
  },
  {
    proves: "Latin-1 in the path is refused",
    steps: whole(push("B\xfcro", "m 1\n"), push("B\xe4ro", "m 1\n")),
    answers: ["400", "400"],
  },
  { proves: "a blank in the path is refused", steps: whole(push("night backup", "m 1\n")), answers: ["400 close"] },
  {
    proves: "lines may end in LF",
    steps: whole("POST /metrics/job/lf HTTP/1.1\nHost: x\nContent-Length: 4\n\nm 1\n"),
    answers: ["200"],
    stored: [line("lf")],
  },
  {
    proves: "a last line may end in LF",
    steps: whole("POST /metrics/job/lf2 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: Close\r\n\nm 1\n"),
    answers: ["200 close"],
    stored: [line("lf2")],
  },
  {
    proves: "empty lines behind a body are passed over",
    steps: whole(push("e", "m 1\n"), "\r\n", get("/-/ready")),
    answers: ["200", "200"],
  },
  {
    proves: "a trailer that comes late is none of the next request",
    steps: [
      { say: `PUT /metrics/job/tr HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\r\n0\r\n` },
      { say: `X-T: v\r\n\r\n${get("/-/ready")}` },
      { end: true },
    ],
    answers: ["200", "200"],
    stored: [line("tr")],
  },
  {
    proves: "a body cut short gets 400",
    steps: whole(`PUT /metrics/job/cut HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nm 1\n`),
    answers: ["400"],
  },
];
