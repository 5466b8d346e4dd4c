const PROBE = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";

/** Short connections that hold every part of a request; one character a byte. */
export const SMALL_CORPUS: readonly { readonly proves: string; readonly text: string }[] = [
  {
    proves: "a push with a length, then another request",
    text: `PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm 1\n${PROBE}`,
  },
  {
    proves: "lines ended by LF",
    text: "POST /metrics/job/a HTTP/1.1\nHost: x\nContent-Length: 4\n\nm 1\nGET /-/healthy HTTP/1.1\nHost: x\n\n",
  },
  {
    proves: "chunks with an extension and a trailer",
    text: `POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nm\r\n3\r\n 1\n\r\n0\r\nX-T: v\r\n\r\n${PROBE}`,
  },
  {
    proves: "empty lines behind a body",
    text: `POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nm 1\r\n\r\n${PROBE}`,
  },
  {
    proves: "a method that is unknown, then HEAD and OPTIONS",
    text: `foo /metrics HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n${PROBE}`,
  },
  {
    proves: "bytes of UTF-8 in the path",
    text: `POST /metrics/job/\xc3\xa4 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nm 1\n${PROBE}`,
  },
  {
    proves: "a length beside chunks",
    text: `POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${PROBE}`,
  },
  {
    proves: "a chunk that ends in LF alone",
    text: `POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nm 1\n\n0\r\n\r\n${PROBE}`,
  },
  { proves: "a body cut short", text: "PUT /metrics/job/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nm 1\n" },
  {
    proves: "HTTP/1.0 that is kept alive",
    text: `PUT /metrics/job/a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nm 1\n${PROBE}`,
  },
  { proves: "a folded header line", text: `GET /-/healthy HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n${PROBE}` },
];
