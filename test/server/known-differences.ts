import type { RawOutcome } from "./raw-outcome.ts";

/** Where the reference and this program part on raw requests on purpose, and why. */
export interface KnownDifference {
  readonly reason: string;
  /** Bytes that show it, one a character: a push to `known<n>`, `#` in its place. */
  readonly example: string;
  /** Whether it may be what sets these outcomes of these bytes apart. */
  readonly explains: (bytes: string, ours: RawOutcome, theirs: RawOutcome) => boolean;
}

const REFUSALS: readonly number[] = [400, 417, 431, 501, 505];
const PUSH = "POST /metrics/job/# HTTP/1.1\r\nHost: gw\r\n";
const CHUNKED = `${PUSH}Transfer-Encoding: chunked\r\n\r\n`;
const BODY = "m 1\nn 2\n";

const has =
  (pattern: RegExp): KnownDifference["explains"] =>
  (bytes) =>
    pattern.test(bytes);

const endsRefused = ({ statuses, closed }: RawOutcome): boolean => closed && REFUSALS.includes(statuses.at(-1) ?? 0);

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    reason: "folded header lines are refused: a proxy may read them as two",
    example: `${PUSH}X-A: b\r\n c\r\nContent-Length: 8\r\n\r\n${BODY}`,
    explains: has(/\n[ \t]+[^\r\n]/),
  },
  {
    reason: "a length given twice is refused, the same or not: a proxy may take either",
    example: `${PUSH}Content-Length: 8\r\nContent-Length: 8\r\n\r\n${BODY}`,
    explains: has(/content-length:[^\n]*\n(?:[^\r\n]+\r?\n)*content-length:/i),
  },
  {
    reason: "a length beside chunks is refused: it is how requests are smuggled",
    example: `${PUSH}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n${BODY}\r\n0\r\n\r\n`,
    explains: has(
      /(?:content-length|transfer-encoding):[^\n]*\n(?:[^\r\n]+\r?\n)*(?:content-length|transfer-encoding):/i,
    ),
  },
  {
    reason: "chunks in HTTP/1.0 are refused; the reference passes over the header, and the body is none",
    example: `POST /metrics/job/# HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n${BODY}\r\n0\r\n\r\n`,
    explains: has(/HTTP\/1\.0\r?\n(?:[^\r\n]+\r?\n)*transfer-encoding/i),
  },
  {
    reason: "an empty length is refused; the reference takes it for none, and the body for the next request",
    example: `${PUSH}Content-Length: \r\n\r\n`,
    explains: has(/content-length:[ \t]*\r?\n/i),
  },
  {
    reason: "blanks in the line of a chunk's size are refused: not all read them alike",
    example: `${CHUNKED}8 \r\n${BODY}\r\n0\r\n\r\n`,
    explains: has(/\n[0-9a-f]+[ \t]+(?:\r?\n|;)/i),
  },
  {
    reason: "the line of a chunk's size must end in CR LF",
    example: `${CHUNKED}8\n${BODY}\r\n0\r\n\r\n`,
    explains: has(/\n[0-9a-f]+(?:;[^\r\n]*)?\n/i),
  },
  {
    reason:
      "the lines of a trailer must end in CR LF, and none may tell a length; the reference waits for the one, passes over the other",
    example: `${CHUNKED}8\r\n${BODY}\r\n0\r\nContent-Length: 3\r\n\r\n`,
    explains: has(/\n0+\r\n(?:[^\r\n]+\r\n)*(?:[^\r\n]*\n|content-length:)/i),
  },
  {
    reason: "100 Continue is not sent where the body is here already (RFC 9110, section 10.1.1)",
    example: `${PUSH}Content-Length: 8\r\nExpect: 100-continue\r\n\r\n${BODY}`,
    explains: has(/expect:[^\n]*100-continue/i),
  },
  {
    reason: "a body that nobody reads is not waited for before the answer",
    example: `POST /nope HTTP/1.1\r\nHost: gw\r\nContent-Length: 1000\r\n\r\n${BODY}`,
    explains: (_, ours, theirs) => ours.statuses.length > theirs.statuses.length && !theirs.closed,
  },
  {
    reason: "a body is parsed when it is whole; the reference may find a fault before",
    example: `${PUSH}Connection: close\r\nContent-Length: 1000\r\n\r\nm x\n${BODY}`,
    explains: (_, ours, theirs) => !ours.closed && theirs.statuses.length > ours.statuses.length && theirs.closed,
  },
  {
    reason: "417 ends the connection at once, whatever of the body is still to come",
    example: `${PUSH}Content-Length: 1000\r\nExpect: x\r\n\r\n`,
    explains: (_, ours) => ours.closed && ours.statuses.at(-1) === 417,
  },
  {
    reason: "chunks that are broken are told as such, whether somebody reads them or not",
    example: "GET /nope HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    explains: (_, ours) => ours.text.includes("malformed chunked encoding"),
  },
  {
    reason: "of several faults of a request the reference may tell another",
    example: "POST metrics HTTP/2.0\r\nHost: a\r\nX Y: z\r\n\r\n",
    explains: (_, ours, theirs) =>
      ours.statuses.length === theirs.statuses.length && endsRefused(ours) && endsRefused(theirs),
  },
  {
    reason: "of keep-alive and close in HTTP/1.0, close counts",
    example: "GET /-/healthy HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
    explains: has(/HTTP\/1\.0\r?\n(?:[^\r\n]+\r?\n)*connection:[^\n]*keep-alive,[^\n]*close/i),
  },
];
