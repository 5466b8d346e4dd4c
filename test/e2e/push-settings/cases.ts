import { gzipSync, zstdCompressSync } from "node:zlib";

/** One push. */
export interface SettingsPush {
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A setting, or what a request asks for: what is pushed with it, and what comes of it whatever way it comes. */
export interface SettingsCase {
  readonly proves: string;
  readonly flags: readonly string[];
  readonly pushes: readonly SettingsPush[];
  /** Of each push. */
  readonly status: number;
  /** What the scrape asks for. */
  readonly accept?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  /** Lines of what was pushed, sorted; of many only their number, as `60000 lines`. */
  readonly shown: readonly string[];
}

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const BOUNDARY = "------------------------d74496d66958873e";
const LARGE = 20_000;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le");
const large = (end = "\n"): string => Array.from({ length: LARGE }, (_, i) => `m{i="${i}"} 1${end}`).join("");
const LARGE_SHOWN = [`${LARGE} lines`];
const M1 = ['m{instance="",job="j"} 1'];

const push = (
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  path = "/metrics/job/j",
  method: "POST" | "PUT" = "POST",
): SettingsPush => ({ method, path, headers, body: typeof body === "string" ? bytes(body) : body });

/** As `curl -F` sends a file, or several. */
function form(files: readonly (string | Uint8Array)[], type = "application/octet-stream"): Uint8Array {
  const parts = files.flatMap((file, n) => [
    bytes(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="f${n}"; filename="m"\r\nContent-Type: ${type}\r\n\r\n`,
    ),
    typeof file === "string" ? bytes(file) : file,
    bytes("\r\n"),
  ]);
  return Buffer.concat([...parts, bytes(`--${BOUNDARY}--\r\n`)]);
}

const FORM = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
const ZSTD = { "content-encoding": "zstd" };
const ADDED = "/metrics/job/j?aggregate=sum";
const COUNTS = "# TYPE c counter\nc 2\n# TYPE g gauge\ng 3\n";
const OPENMETRICS_BODY =
  '# TYPE rows_bytes counter\n# UNIT rows_bytes bytes\nrows_bytes_total 7 # {trace_id="ab12"} 1 1.5\n# TYPE build info\nbuild_info{version="1"} 1\n# EOF\n';

export const SETTINGS_CASES: readonly SettingsCase[] = [
  {
    proves: "?aggregate=sum adds",
    flags: [],
    pushes: [
      push(COUNTS, {}, ADDED),
      push(COUNTS, {}, ADDED, "PUT"),
      push(COUNTS, {}, "/metrics/job/j?%61ggregate=sum"),
    ],
    status: 200,
    shown: ['c{instance="",job="j"} 6', 'g{instance="",job="j"} 3'],
  },
  {
    proves: "a large push is added",
    flags: [],
    pushes: [push(large(), {}, ADDED), push(large(), {}, ADDED)],
    status: 200,
    shown: LARGE_SHOWN,
  },
  {
    proves: "--push.aggregate and --push.aggregate-gauges add without being asked",
    flags: ['--push.aggregate={job="j"}', "--push.aggregate-gauges=sum"],
    pushes: [
      push(COUNTS),
      push(COUNTS, {}, undefined, "PUT"),
      push("d 1\n", {}, "/metrics/job/k"),
      push("d 1\n", {}, "/metrics/job/k"),
    ],
    status: 200,
    shown: ['c{instance="",job="j"} 4', 'd{instance="",job="k"} 1', 'g{instance="",job="j"} 6'],
  },
  {
    proves: "?aggregate=max is refused",
    flags: [],
    pushes: [push("m 1\n", {}, "/metrics/job/j?aggregate=max")],
    status: 400,
    shown: [],
  },
  {
    proves: "--push.lenient-text takes UTF-16, CR LF and no last line feed",
    flags: ["--push.lenient-text"],
    pushes: [push(utf16("m 1\r\nn 2"))],
    status: 200,
    shown: [...M1, 'n{instance="",job="j"} 2'],
  },
  {
    proves: "--push.lenient-text takes them in a large body",
    flags: ["--push.lenient-text"],
    pushes: [push(utf16(large("\r\n")))],
    status: 200,
    shown: LARGE_SHOWN,
  },
  {
    proves: "without it they are refused",
    flags: [],
    pushes: [push("m 1\r\n"), push("m 1"), push(utf16("m 1\n"))],
    status: 400,
    shown: [],
  },
  {
    proves: "--push.timestamps=drop drops them",
    flags: ["--push.timestamps=drop"],
    pushes: [push("m 1 1700000000000\n"), push(large(" 5\n"), {}, "/metrics/job/k")],
    status: 200,
    shown: [`${LARGE + 1} lines`],
  },
  { proves: "without it they are refused", flags: [], pushes: [push("m 1 1700000000000\n")], status: 400, shown: [] },
  {
    proves: "--push.status=202 is what a push is answered",
    flags: ["--push.status=202"],
    pushes: [push("m 1\n"), push("m 1\n", {}, undefined, "PUT"), push(large(), {}, undefined, "PUT")],
    status: 202,
    shown: LARGE_SHOWN,
  },
  {
    proves: "--push.allow-no-job takes labels without a job",
    flags: ["--push.allow-no-job"],
    pushes: [push("m 1\n", {}, "/metrics"), push("m 2\n", {}, "/metrics/", "PUT"), push("m 3\n", {}, "/metrics/a/b/")],
    status: 202,
    shown: ['m{a="b",instance="",job=""} 3', 'm{instance="",job=""} 2'],
  },
  {
    proves: "--web.enable-openmetrics takes and shows units, exemplars and infos",
    flags: ["--web.enable-openmetrics"],
    pushes: [push(OPENMETRICS_BODY, { "content-type": OPENMETRICS })],
    status: 200,
    accept: { accept: OPENMETRICS },
    contentType: "application/openmetrics-text",
    shown: [
      'build_info{instance="",job="j",version="1"} 1.0',
      'rows_bytes_total{instance="",job="j"} 7.0 # {trace_id="ab12"} 1.0 1.5',
    ],
  },
  {
    proves: "without it OpenMetrics is taken and shown as text",
    flags: [],
    pushes: [push(OPENMETRICS_BODY, { "content-type": OPENMETRICS })],
    status: 200,
    accept: { accept: OPENMETRICS },
    contentType: "text/plain",
    shown: ['build_info{instance="",job="j",version="1"} 1', 'rows_bytes_total{instance="",job="j"} 7'],
  },
  {
    proves: "a large body of OpenMetrics is taken and shown as such",
    flags: ["--web.enable-openmetrics"],
    pushes: [push(`# TYPE m gauge\n${large()}# EOF\n`, { "content-type": OPENMETRICS })],
    status: 200,
    accept: { accept: OPENMETRICS },
    contentType: "application/openmetrics-text",
    shown: LARGE_SHOWN,
  },
  {
    proves: "OpenMetrics without its last line is refused where it is offered",
    flags: ["--web.enable-openmetrics"],
    pushes: [push("m 1\n", { "content-type": OPENMETRICS })],
    status: 400,
    shown: [],
  },
  { proves: "a form with one file is taken", flags: [], pushes: [push(form(["m 1\n"]), FORM)], status: 200, shown: M1 },
  {
    proves: "a form with a large file is taken",
    flags: [],
    pushes: [push(form([large()]), FORM)],
    status: 200,
    shown: LARGE_SHOWN,
  },
  {
    proves: "a form with two files is refused",
    flags: [],
    pushes: [push(form(["m 1\n", "n 1\n"]), FORM)],
    status: 400,
    shown: [],
  },
  {
    proves: "a compressed form of OpenMetrics in UTF-16 with a timestamp is taken where all of it is allowed",
    flags: ["--web.enable-openmetrics", "--push.lenient-text", "--push.timestamps=drop"],
    pushes: [push(gzipSync(form([utf16("m 1 2.5\r\n# EOF")], OPENMETRICS)), { ...FORM, "content-encoding": "gzip" })],
    status: 200,
    shown: M1,
  },
  {
    proves: "a body in zstd is taken",
    flags: [],
    pushes: [push(zstdCompressSync("m 1\n"), ZSTD)],
    status: 200,
    shown: M1,
  },
  {
    proves: "a large body in zstd is taken",
    flags: [],
    pushes: [push(zstdCompressSync(large()), ZSTD)],
    status: 200,
    shown: LARGE_SHOWN,
  },
  {
    proves: "a body in zstd that is cut short is refused",
    flags: [],
    pushes: [push(zstdCompressSync("m 1\n").subarray(0, 9), ZSTD)],
    status: 400,
    shown: [],
  },
  {
    proves: "a scrape is in zstd for who asks for that alone",
    flags: [],
    pushes: [push(large())],
    status: 200,
    accept: { "accept-encoding": "zstd" },
    contentEncoding: "zstd",
    shown: LARGE_SHOWN,
  },
];
