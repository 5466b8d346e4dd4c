import { gzipSync } from "node:zlib";
import { delimited, double, integer, label, PROTOBUF_TYPE, part } from "../e2e/protobuf.ts";

/** Requests and bodies of hostile clients, as they stand on the wire. */

export const GZIP = "Content-Encoding: gzip";
export const PROTOBUF = `Content-Type: ${PROTOBUF_TYPE}`;

/** A header of a request; `line` is its method and path. */
export function head(line: string, ...fields: string[]): string {
  return `${[`${line} HTTP/1.1`, "Host: 127.0.0.1", ...fields].join("\r\n")}\r\n\r\n`;
}

/** A group of the hostile clients; what they push is in no other. */
export const hostileGroup = (n: number | string): string => `/metrics/job/bad/n/${n}`;

export function pushOf(path: string, body: string | Uint8Array, ...fields: string[]): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(head(`POST ${path}`, `Content-Length: ${bytes.length}`, ...fields)), bytes]);
}

export function lines(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => `${line(n)}\n`).join("");
}

/** 60 MB of digits, as one value. */
export const longToken = () =>
  gzipSync(Buffer.concat([Buffer.from("a "), Buffer.alloc(60 << 20, "9"), Buffer.from("\n")]));

/** 200 MB of comment. */
export const bomb = () => gzipSync(Buffer.alloc(200_000_000, "#"));

/** 32 MiB that are as many empty families. */
export const emptyFamilies = () => gzipSync(Buffer.alloc(32 << 20));

/** A histogram that holds a series twice, with an infinite count, behind an unknown field of some MB. */
export function infiniteTwins(paddingBytes: number): Buffer {
  const twin = part(4, part(7, double(4, Number.POSITIVE_INFINITY)));
  return delimited(part(100, Buffer.alloc(paddingBytes, "p")), part(1, "bad_twins"), integer(3, 4), twin, twin);
}

/** What Prometheus would not take: every scrape would fail. */
export const POISON: readonly (readonly [body: Buffer, field: string])[] = [
  [Buffer.from("# HELP bad_help \xff\nbad_help 1\n", "latin1"), "X: y"],
  [Buffer.from('bad_name{l="\xff"} 1\n', "latin1"), "X: y"],
  [delimited(part(1, "bad_le"), integer(3, 4), part(4, label("le", "zz"), part(7, integer(1, 1)))), PROTOBUF],
  [
    delimited(
      part(1, "bad_native"),
      integer(3, 4),
      part(4, part(7, integer(1, 1), double(9, 1), part(12, integer(2, 9)))),
    ),
    PROTOBUF,
  ],
];

/** One of the large gzip bodies of one group: 1,000 lines with the same long label. */
export function longLines(n: number): Buffer {
  const long = "x".repeat(60_000);
  return gzipSync(lines(1000, (i) => `bad_long_${i}{a="${long}",b="${n}"} 1`));
}

/** 1,000 families with a long help text. */
export function longHelps(n: number): Buffer {
  const help = "h".repeat(60_000);
  return gzipSync(lines(1000, (i) => `# HELP bad_help_${n}_${i} ${help}\nbad_help_${n}_${i} 1`));
}
