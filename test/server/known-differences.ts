/** One way in which a request is understood differently from the reference, on purpose. */
export interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  /** Why it is refused here, in the words of the answer; left out, it is not; /^/ where that does not matter. */
  readonly refused?: RegExp;
  /** Line ends passed over before it; left out, any or none. */
  readonly before?: RegExp;
  /** The request before it; left out, any or none. */
  readonly after?: RegExp;
  /** The request, as far as it is read here; one character a byte. */
  readonly sent: RegExp;
  /** Whether its body breaks off; left out, it does not. */
  readonly isCut?: true;
  /** Our answer to it, and theirs: status, " close" where the connection is said to end, "open" or "" for none. */
  readonly ours: RegExp;
  readonly theirs: RegExp;
  /** A connection that shows it, and nothing else that is different. */
  readonly example: string;
  /** The client of the example does not say that no more comes; left out, it does. */
  readonly staysOpen?: true;
}

const ANYTHING = /^/;
const REFUSED = /^400 close$/;
/** What a request is answered that is read to its end, or to where its body breaks off. */
const READ = /^(200|202|301|400|403|404|405)( close)?$/;
/** The same, or its body is waited for. */
const TAKEN = /^((200|202|301|400|403|404|405)( close)?|open)$/;

const V = "HTTP/1.1\r\nHost: x\r\n";
const PUSH = `POST /metrics/job/x ${V}`;
const OLD_PUSH = "POST /metrics/job/x HTTP/1.0\r\n";
const BODY = "Content-Length: 4\r\n\r\nm 1\n";
const CHUNKED = "Transfer-Encoding: chunked\r\n\r\n";
const CHUNKS = `${CHUNKED}4\r\nm 1\n\r\n0\r\n\r\n`;

/** Of what is in doubt about where a request ends the reference takes more; see SECURITY.md. */
const FRAMING: readonly KnownDifference[] = [
  {
    name: "chunks in HTTP/1.0",
    reason: "a proxy may take them for a body, the reference for none and for junk behind the request",
    refused: /^Transfer-Encoding in HTTP\/1\.0$/,
    sent: /^[^\n]* HTTP\/1\.0\r?\n/,
    ours: REFUSED,
    theirs: TAKEN,
    example: `${OLD_PUSH}${CHUNKS}`,
  },
  {
    name: "a coding in HTTP/1.0 that nobody knows",
    reason: "as above",
    refused: /^(Invalid `Transfer-Encoding` header value|Empty Transfer-Encoding)$/,
    sent: /^[^\n]* HTTP\/1\.0\r?\n/,
    ours: REFUSED,
    theirs: TAKEN,
    example: `${OLD_PUSH}Transfer-Encoding: chunked, gzip\r\n\r\n`,
  },
  {
    name: "a coding that nobody knows beside chunks",
    reason: "the parser tells it from others, and calls it malformed",
    refused: /^(Invalid `Transfer-Encoding` header value|Empty Transfer-Encoding)$/,
    sent: /^[^\n]* HTTP\/1\.[1-9]\r?\n/,
    ours: REFUSED,
    theirs: /^501 close$/,
    example: `${PUSH}Transfer-Encoding: chunked, gzip\r\n\r\n`,
  },
  {
    name: "a folded header line",
    reason: "a proxy may read it as two lines",
    refused: /^(Unexpected whitespace after header value|Invalid header value char)$/,
    sent: /^[^\r\n]+(\r?\n[^\r\n]+)*\r?\n[ \t]/,
    ours: REFUSED,
    theirs: TAKEN,
    example: `${PUSH}X-A: b\r\n c\r\n${BODY}`,
  },
  {
    name: "a length beside chunks",
    reason: "a proxy may go by the one or the other",
    refused: /^(Content-Length|Transfer-Encoding) can't be present with (Content-Length|Transfer-Encoding)$/,
    sent: /^(?=([^\r\n]+\r?\n)+?Content-Length:)(?=([^\r\n]+\r?\n)+?Transfer-Encoding:)/i,
    ours: REFUSED,
    theirs: /^((200|202|301|400|403|404|405)( close)?|501 close|open)$/,
    example: `${PUSH}Content-Length: 4\r\n${CHUNKS}`,
  },
  {
    name: "a length given twice",
    reason: "RFC 9112, section 6.3, lets us refuse it; the reference takes two that are the same for one",
    refused: /^Duplicate Content-Length$/,
    sent: /\nContent-Length:[ \t]*(\d+)[ \t]*\r?\n([^\r\n]+\r?\n)*Content-Length:[ \t]*\1[ \t]*\r?\n/i,
    ours: REFUSED,
    theirs: TAKEN,
    example: `${PUSH}Content-Length: 4\r\n${BODY}`,
  },
  {
    name: "an empty length",
    reason: "it is no number; the reference takes it for none at all",
    refused: /^Empty Content-Length$/,
    sent: /\nContent-Length:[ \t]*\r?\n/i,
    ours: REFUSED,
    theirs: TAKEN,
    example: `${PUSH}Content-Length:\r\n\r\n`,
  },
];

const CHUNK_FRAMING: readonly KnownDifference[] = [
  {
    name: "blanks behind the size of a chunk",
    reason: "RFC 9112 has none; a proxy may read another size",
    refused: /^Invalid character in chunk size$/,
    sent: /\r\n[0-9a-f]+[ \t]+(;[^\n]*)?\r\n/i,
    ours: READ,
    theirs: READ,
    example: `${PUSH}${CHUNKED}4 \r\nm 1\n\r\n0\r\n\r\n`,
  },
  {
    name: "a line behind the last chunk that ends in LF alone",
    reason: "a proxy may read the end of a chunk elsewhere",
    refused: /^(Missing expected CR after header value|Invalid header field char)$/,
    sent: /\r\n0+(;[^\n]*)?\r\n([^\n]*\r\n)*[^\r\n]*\n/,
    ours: READ,
    theirs: TAKEN,
    example: `${PUSH}${CHUNKED}4\r\nm 1\n\r\n0\r\nX-T: v\n\nPUT /metrics ${V}\r\n`,
  },
  {
    name: "a trailer that tells how a body is framed",
    reason: "behind a body it is late; a proxy may hand it on in a header",
    refused: /^((Content-Length|Transfer-Encoding) can't be present with .*|Invalid `Transfer-Encoding` header value)$/,
    sent: /\r\n0+(;[^\n]*)?\r\n([^\r\n]+\r\n)*(Content-Length|Transfer-Encoding):/i,
    ours: READ,
    theirs: READ,
    example: `${PUSH}${CHUNKED}4\r\nm 1\n\r\n0\r\nContent-Length: 5\r\n\r\n`,
  },
  {
    name: "a trailer that is no header line",
    reason: "the reference does not look at trailers that nobody asks for",
    refused: /^Invalid header token$/,
    sent: /\r\n0+(;[^\n]*)?\r\n[^:\r\n]* [^\r\n]*\r\n/,
    ours: READ,
    theirs: READ,
    example: `PUT /metrics ${V}${CHUNKED}4\r\nm 1\n\r\n0\r\nX T: v\r\n\r\n`,
  },
  {
    name: "more than 16 digits in the size of a chunk",
    reason: "leading zeros change nothing about a number",
    refused: ANYTHING,
    sent: /\r\n0[0-9a-f]{16,}(;[^\n]*)?\r\n/i,
    ours: READ,
    theirs: /^(200|202|301|400|404|405) close$/,
    example: `${PUSH}${CHUNKED}00000000000000004\r\nm 1\n\r\n0\r\n\r\n`,
  },
];

/** Of a request that both refuse, and of one that one of them does not wait for. */
const TOLD: readonly KnownDifference[] = [
  {
    name: "several faults",
    reason: "each tells the one that it meets first",
    refused: /./,
    sent: ANYTHING,
    ours: /^(400|417|501|505) close$/,
    theirs: /^(400|417|501|505) close$/,
    example: `${PUSH}Expect: x\r\nX-A: b\r\n c\r\n${BODY}`,
  },
  {
    name: "a fault in a header that is not whole",
    reason: "it is told when it is met; the reference waits for the rest",
    refused: /./,
    sent: /^(?![\s\S]*\n\r?\n)/,
    ours: REFUSED,
    theirs: /^open$/,
    example: `POST /metrics/job/x HTTP/1.1\r\nX A: b\r\n`,
    staysOpen: true,
  },
  {
    name: "an end behind an expectation that is refused, half a second later",
    reason: "the reference waits for what the client still sends",
    after: /\nExpect:/i,
    sent: /^$/,
    ours: /^$/,
    theirs: /^open$/,
    example: `${PUSH}Expect: x\r\n${CHUNKED}${"=".repeat(2_000)}`,
    staysOpen: true,
  },
  {
    name: "fewer than four bytes before the end",
    reason: "the reference looks at a request when it has four bytes of it",
    refused: ANYTHING,
    isCut: true,
    sent: /^[\s\S]{1,3}$/,
    ours: REFUSED,
    theirs: /^(open)?$/,
    example: `${PUSH}${BODY}x`,
  },
  {
    name: "an end that is not announced behind a body that breaks off",
    reason:
      "or that is faulty: the connection ends all the same; what the answer says of it depends on when the bytes come",
    refused: ANYTHING,
    isCut: true,
    sent: ANYTHING,
    ours: /^(200|202|301|400|404|405)$/,
    theirs: /^(200|202|301|400|404|405) close$/,
    example: `PUT /metrics ${V}${CHUNKED}4\r\nm 1\n\r\n`,
  },
  {
    name: "a body that nobody wants, and that does not come",
    reason: "there is nothing to wait for; the reference reads on before it answers",
    isCut: true,
    sent: /^\S+ (?!\/metrics\/job)/,
    ours: /^(404|405)( close)?$/,
    theirs: /^open$/,
    example: `PUT /metrics ${V}Content-Length: 9\r\n\r\nm 1`,
    staysOpen: true,
  },
  {
    name: "a push whose path is refused, and that asks before it sends its body",
    reason: "the body is read first, so that the connection can go on",
    sent: /^(PUT|POST) [^ ]*\/metrics\/job[\s\S]*\nExpect:[^\n]*100-continue/i,
    ours: /^400$/,
    theirs: /^400 close$/,
    example: `POST /metrics/job/x/a ${V}Expect: 100-continue\r\n${BODY}`,
  },
];

const LENIENT: readonly KnownDifference[] = [
  {
    name: "an empty line before a request",
    reason:
      "RFC 9112, section 2.2: clients send them behind a body; the reference takes them behind that of a POST only",
    before: /^(\r?\n)+$/,
    refused: ANYTHING,
    sent: ANYTHING,
    ours: ANYTHING,
    theirs: /^400 close$/,
    example: `\r\n${PUSH}${BODY}`,
  },
  {
    name: "an expectation that only looks like 100-continue",
    reason: "the reference looks for the word anywhere in the value",
    refused: /^unknown Expect$/,
    sent: /\nExpect:[^\n]*100-continue/i,
    ours: /^417 close$/,
    theirs: READ,
    example: `${PUSH}Expect: x 100-continue\r\n${BODY}`,
  },
  {
    name: "100-continue in another field than the first",
    reason: "fields of one name are one list (RFC 9110, section 5.3); the reference reads the first",
    sent: /\nExpect:(?!([^\n]*[, \t])?100-continue[, \t\r\n])[^\n]*\n([^\r\n]+\r?\n)*Expect:[^\n]*100-continue/i,
    ours: READ,
    theirs: /^417 close$/,
    example: `${PUSH}Expect: x\r\nExpect: 100-continue\r\n${BODY}`,
  },
  {
    name: "the word close amid others in a connection option",
    reason: "the reference looks for the word anywhere in the value",
    sent: /\nConnection:(?!([^\n]*,)?[ \t]*close[ \t]*[,\r\n])[^\n]*close/i,
    ours: /^(200|202|301|400|404|405)$/,
    theirs: /^(200|202|301|400|404|405) close$/,
    example: `${PUSH}Connection: x close\r\n${BODY}`,
  },
];

const LIFE: readonly KnownDifference[] = [
  {
    name: "keep-alive and close at once in HTTP/1.0",
    reason: "close wins, as in HTTP/1.1",
    after:
      /^\S+ [^ ]* HTTP\/1\.0\r?\n([^\r\n]+\r?\n)*Connection:[^\n]*(keep-alive[\s\S]*close|close[\s\S]*keep-alive)/i,
    sent: /^$/,
    ours: /^$/,
    theirs: /./,
    example: `${OLD_PUSH}Connection: keep-alive, close\r\n${BODY}PUT /metrics ${V}\r\n`,
  },
  {
    name: "the word keep-alive amid others in a connection option of HTTP/1.0",
    reason: "the reference looks for the word anywhere in the value",
    after:
      /^\S+ [^ ]* HTTP\/1\.0\r?\n([^\r\n]+\r?\n)*Connection:(?!([^\n]*,)?[ \t]*keep-alive[ \t]*[,\r\n])[^\n]*keep-alive/i,
    sent: /^$/,
    ours: /^$/,
    theirs: /./,
    example: `${OLD_PUSH}Connection: x keep-alive\r\n${BODY}PUT /metrics ${V}\r\n`,
  },
  {
    name: "keep-alive in another field than the first in HTTP/1.0",
    reason: "fields of one name are one list (RFC 9110, section 5.3); the reference reads the first",
    refused: ANYTHING,
    after:
      /^\S+ [^ ]* HTTP\/1\.0\r?\n(?:(?!Connection:)[^\r\n]+\r?\n)*Connection:(?![^\n]*keep-alive)[^\n]*\n([^\r\n]+\r?\n)*Connection:[^\n]*keep-alive/i,
    sent: /./,
    ours: /./,
    theirs: /^$/,
    example: `${OLD_PUSH}Connection: x\r\nConnection: keep-alive\r\n${BODY}PUT /metrics ${V}\r\n`,
  },
  {
    name: "keep-alive behind a long answer to HTTP/1.0",
    reason: "its size is known; the reference ends such a connection behind answers of more than 2 KB",
    refused: ANYTHING,
    after: /^GET [^ ]* HTTP\/1\.0\r?\n[\s\S]*keep-alive/i,
    sent: ANYTHING,
    ours: /./,
    theirs: /^$/,
    example: `GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\nPUT /metrics ${V}\r\n`,
  },
  {
    name: "keep-alive behind * in HTTP/1.0",
    reason: "it ends the connection, as in HTTP/1.1",
    refused: ANYTHING,
    after: /^(?!OPTIONS)\S+ \* HTTP\/1\.0\r?\n[\s\S]*keep-alive/i,
    sent: /./,
    ours: /^$/,
    theirs: /./,
    example: `PUT * HTTP/1.0\r\nConnection: keep-alive\r\n\r\nPUT /metrics ${V}\r\n`,
  },
];

const MEANING: readonly KnownDifference[] = [
  {
    name: "a change that a page of another site asks for",
    reason: "see --web.cors.origin",
    refused: ANYTHING,
    sent: /^(?!GET|OPTIONS|HEAD)[^\n]*\n([^\r\n]+\r?\n)*Origin:/i,
    ours: /^403( close)?$/,
    theirs: READ,
    example: `${PUSH}Origin: http://other\r\n${BODY}`,
  },
  {
    name: "a body that is announced to be larger than may be",
    reason: "see --push.max-body-size",
    isCut: true,
    sent: /\nContent-Length:[ \t]*\d{8,}[ \t]*\r?\n/i,
    ours: /^413( close)?$/,
    theirs: /^(400( close)?|open)$/,
    example: `${PUSH}Content-Length: 99999999999\r\n\r\nm 1\n`,
  },
  {
    name: "labels that are not UTF-8",
    reason: "the reference keeps them, refuses what comes then, and cannot be scraped any more",
    after: /^(PUT|POST) [^ ]*([\x80-\xff]|%[89a-f])/i,
    sent: /^(PUT|POST) /,
    ours: /^200( close)?$/,
    theirs: /^400( close)?$/,
    example: `POST /metrics/job/\xe4 ${V}${BODY}${PUSH}${BODY}`,
  },
  {
    name: "CONNECT",
    reason: "nobody is a proxy; the reference reads the target as a host before it says so",
    refused: ANYTHING,
    sent: /^CONNECT /,
    ours: /^((301|405)( close)?|400 close)$/,
    theirs: /^(404( close)?|400 close)$/,
    example: "CONNECT //metrics/job/x HTTP/1.1\r\nHost: x\r\n\r\n",
  },
];

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...FRAMING,
  ...CHUNK_FRAMING,
  ...TOLD,
  ...LENIENT,
  ...LIFE,
  ...MEANING,
];

/** Of every connection: "100 Continue" is left out where the body has come along already (RFC 9110, section 10.1.1). */
export const CONTINUE = "100";
