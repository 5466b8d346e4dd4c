/** One way in which requests are understood differently from the reference, on purpose. */
export interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  /** What the bytes of such a connection hold, one character a byte. */
  readonly sent: RegExp;
  /** Our answers from the first one that differs on, and theirs: each status, " close" where the connection is said to end. */
  readonly ours: RegExp;
  readonly theirs: RegExp;
}

/** What the reference could have to be sent so that it understands what is understood here. */
export interface KnownLeniency {
  readonly name: string;
  readonly reason: string;
  readonly asTheirs: (text: string) => readonly string[];
}

const REFUSED = /^(400|417|431|501|505) close$/;
const ANYTHING = /^/;

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "refused with another status",
    reason: "of a request with several faults, or a coding that nobody knows, each tells the one that it meets first",
    sent: ANYTHING,
    ours: REFUSED,
    theirs: /^(400|417|431|501|505)( close)?$/,
  },
  {
    name: "chunks in HTTP/1.0",
    reason: "a proxy may take them for a body, the reference for none and for junk behind the request",
    sent: /HTTP\/1\.0[\s\S]*Transfer-Encoding/i,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "a folded header line",
    reason: "a proxy may read it as two lines",
    sent: /\n[ \t]/,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "a bare CR in a header",
    reason: "a proxy may read it as the end of a line",
    sent: /\r[^\n]/,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "blanks in the line of a chunk's size",
    reason: "RFC 9112 has none; a proxy may read another size",
    sent: /[0-9a-f][ \t]+(;.*)?\r?\n/i,
    ours: /^(40[05]|200|202|301|404) ?(close)?$/,
    theirs: ANYTHING,
  },
  {
    name: "lines of chunks ended by LF",
    reason: "a proxy may read the end of a chunk elsewhere",
    sent: /Transfer-Encoding[\s\S]*[^\r]\n/i,
    ours: /^(400|405|200|202|301|404) ?(close)?$/,
    theirs: ANYTHING,
  },
  {
    name: "a length beside chunks",
    reason: "a proxy may go by the one or the other",
    sent: /Content-Length[\s\S]*Transfer-Encoding|Transfer-Encoding[\s\S]*Content-Length/i,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "a length given twice",
    reason: "RFC 9112, section 6.3, lets us refuse it; the reference takes two that are the same for one",
    sent: /Content-Length[\s\S]*Content-Length/i,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "an empty length",
    reason: "it is no number; the reference takes it for none at all",
    sent: /Content-Length:[ \t]*\r?\n/i,
    ours: REFUSED,
    theirs: ANYTHING,
  },
  {
    name: "an expectation that only looks like 100-continue",
    reason: "the reference looks for the word anywhere in the value",
    sent: /Expect:.*100-continue/i,
    ours: /^417 close$/,
    theirs: ANYTHING,
  },
  {
    name: "a connection option amid other words",
    reason: "the reference looks for the word anywhere in the value",
    sent: /Connection:.*close/i,
    ours: ANYTHING,
    theirs: /^\d{3} close$/,
  },
  {
    name: "an answer before a body that nobody wants is whole",
    reason: "there is nothing to wait for; the reference reads on before it answers",
    sent: /Content-Length|Transfer-Encoding/i,
    ours: /^\d{3}( close)? open$/,
    theirs: /^open$/,
  },
  {
    name: "an end that is not announced behind a body that breaks off",
    reason: "the connection ends all the same; what the answer says of it depends on when the bytes come",
    sent: /Content-Length|Transfer-Encoding/i,
    ours: /^\d{3}$/,
    theirs: /^\d{3} close$/,
  },
  {
    name: "a push whose path is refused before its body is asked for",
    reason: "here the body is read first, so that the connection can go on",
    sent: /Expect:.*100-continue/i,
    ours: /^400 /,
    theirs: /^400 close$/,
  },
  {
    name: "a change that a page of another site asks for",
    reason: "see --web.cors.origin",
    sent: /^Origin:/im,
    ours: /^403/,
    theirs: ANYTHING,
  },
  {
    name: "a target that is neither a path nor a URL with a host",
    reason: "the reference takes it for an empty path and sends the client to a clean one",
    sent: /^\S+ [a-z][\w+.-]*:[^ ]* /im,
    ours: REFUSED,
    theirs: /^301/,
  },
  {
    name: "a URL without a path",
    reason: "it asks for / (RFC 9110, section 4.2.3)",
    sent: /^\S+ [a-z][\w+.-]*:\/\/[^/ ]* /im,
    ours: /^(405|200|404)/,
    theirs: /^301/,
  },
  {
    name: "fewer than four bytes before the end",
    reason: "the reference looks at a request when it has four bytes of it",
    sent: /^(?![\s\S]*Host: probe\r\n\r\n$)/,
    ours: /^400 close$/,
    theirs: /^(open)?$/,
  },
  {
    name: "keep-alive and close at once in HTTP/1.0",
    reason: "close wins, as in HTTP/1.1",
    sent: /HTTP\/1\.0\r?\n[\s\S]*(keep-alive[\s\S]*close|close[\s\S]*keep-alive)/i,
    ours: /^$/,
    theirs: ANYTHING,
  },
  {
    name: "keep-alive behind an answer to HTTP/1.0 whose size is known",
    reason: "the reference ends such a connection behind answers of more than 2 KB",
    sent: /^GET [^ ]* HTTP\/1\.0[\s\S]*keep-alive/im,
    ours: ANYTHING,
    theirs: /^(open)?$/,
  },
  {
    name: "more than 16 digits in the size of a chunk",
    reason: "leading zeros change nothing about a number",
    sent: /\n0[0-9a-f]{16,}/i,
    ours: ANYTHING,
    theirs: /^\d{3} close$/,
  },
  {
    name: "labels that are not UTF-8",
    reason: "the reference keeps them, and cannot be scraped any more",
    sent: /[\x80-\xff]|%[89a-f]/i,
    ours: /^400/,
    theirs: ANYTHING,
  },
];

export const KNOWN_LENIENCIES: readonly KnownLeniency[] = [
  {
    name: "empty lines before a request",
    reason:
      "RFC 9112, section 2.2: clients send them behind a body; the reference takes them behind that of a POST only",
    asTheirs: withoutEmptyLines,
  },
];

/** A line end that may be an empty line before a request, or before the end. */
const EMPTY_LINE = /(\r?\n){1,4}(?=[^\s:]+ [^\r\n]*HTTP|\r?$)/g;
/** Such lines behind what is surely the end of a request. */
const LINES_BEHIND_END = /(\n\r?\n|m 1\n|m 2\n|m_b 3\n)(\r?\n){1,4}(?=[^\s:]+ |\r?$)/g;

function withoutEmptyLines(text: string): string[] {
  const start = text.replace(/^(\r?\n){1,4}/, "");
  const behind = start.replace(LINES_BEHIND_END, "$1");
  const each = [...start.matchAll(EMPTY_LINE)].flatMap(({ index, 0: run }) =>
    run
      .split("\n")
      .slice(0, -1)
      .map((_, kept, lines) => {
        const stays = lines
          .slice(0, kept)
          .map((line) => `${line}\n`)
          .join("");
        return start.slice(0, index) + stays + start.slice(index + run.length);
      }),
  );
  return [start, behind, start.replace(EMPTY_LINE, ""), ...each];
}

/** Of every connection: "100 Continue" is left out where the body has come along already (RFC 9110, section 10.1.1). */
export const CONTINUE = "100";
