import { parseAccessFile } from "../../src/access/access-file.ts";
import { parseWebConfig } from "../../src/access/web-config.ts";
import { PlacedFault } from "../../src/config/strict-yaml.ts";
import { decodeBody } from "../../src/decode/content-encoding.ts";
import { pushFormat } from "../../src/decode/media-type.ts";
import { decodePath, readGroupingKey } from "../../src/decode/path.ts";
import { cleanPath, encodePath, isClean } from "../../src/http/canonical.ts";
import { importGob } from "../../src/import/gob-import.ts";
import { PushColumns } from "../../src/model/columns.ts";
import { Fault } from "../../src/model/fault.ts";
import { RIGHTS } from "../../src/model/principal.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { verifyColumns } from "../../src/model/verify-columns.ts";
import { OpenMetricsParser } from "../../src/parse/openmetrics.ts";
import { ProtobufParser } from "../../src/parse/protobuf.ts";
import { TextParser } from "../../src/parse/text.ts";
import { isGob } from "../../src/persist/gob/read.ts";
import { groupPath } from "../../src/serialise/group-path.ts";
import { negotiateEncoding, negotiateFormat } from "../../src/serialise/negotiate.ts";
import { Store } from "../../src/store/store.ts";
import { PROTOBUF_TYPE } from "../e2e/protobuf.ts";
import { entryTarget, snapshotTarget } from "./cluster-targets.ts";
import { connectionTarget } from "./connection-target.ts";
import { formTarget, lenientTextTarget, zstdTarget } from "./decode-targets.ts";
import { DisguisedTarget } from "./disguised-target.ts";
import { forwardedTarget } from "./forwarded-target.ts";
import { Http2Target } from "./http2-target.ts";
import { knownFormsTarget } from "./known-forms-target.ts";
import type { Target } from "./loop.ts";
import { decodingOutcome, refusal } from "./outcomes.ts";
import { PushTarget } from "./push-target.ts";
import { encoded, seeds } from "./seeds.ts";
import { ServerTarget } from "./server-target.ts";

const MAX_DECODED_BYTES = 1 << 20;

const TEXT_WORDS = encoded([
  "# HELP a ",
  "# TYPE a histogram\n",
  "# TYPE a summary\n",
  "# TYPE a gauge\n",
  'a_bucket{le="',
  'a{quantile="',
  "a_sum ",
  "a_count ",
  "__name__",
  "push_time_seconds ",
  "NaN",
  "+Inf",
  "0x1p-2",
  "1_0",
  "1e400",
  "18446744073709551616",
  "\r\n",
  '\\"',
  "\\n",
  '{"',
  "\u{1f600}",
  "\xed\xa0\x80",
]);
const OPENMETRICS_WORDS = encoded([
  "# HELP a ",
  "# UNIT a_s s\n",
  "# TYPE a counter\n",
  "# TYPE a info\n",
  "# TYPE a stateset\n",
  "# TYPE a gaugehistogram\n",
  'a_bucket{le="+Inf"} 1\n',
  "a_total 1",
  "a_created 1.5\n",
  "a_gsum -1\n",
  ' # {id="x"} 1',
  " # {} 1 1.5",
  "# EOF\n",
  "\\w",
  '{"',
  "NaN",
  "-Inf",
]);
const PATH_WORDS = encoded([
  "/job/",
  "@base64",
  "%2F",
  "%2e%2e",
  "%",
  "%zz",
  "%ff",
  "=",
  "U__",
  "__",
  "job",
  "\\",
  "//",
]);
const HEADER_WORDS = encoded([
  "application/vnd.google.protobuf",
  "; proto=io.prometheus.client.MetricFamily",
  "; encoding=delimited",
  "; escaping=allow-utf-8",
  "text/plain; version=0.0.4",
  ";q=0.5",
  '"\\',
  ", ",
  "*/*",
  "gzip",
  "identity;q=0",
]);

const YAML_WORDS = encoded([
  "&a ",
  "*a",
  "<<: ",
  "!!str ",
  "? ",
  "- ",
  "{",
  "[",
  "|\n  ",
  "---\n",
  "~",
  "0x1F",
  "1_000",
  ".inf",
]);

const ACCESS_FILE_WORDS = [
  ...YAML_WORDS,
  ...encoded([
    "principals:\n",
    "- name: x\n",
    "  rights: {push: ['{}']}\n",
    "'{team=~\"a.*|b+\"}'",
    "anonymous:\n",
    "health: true\n",
    "addresses: [10.0.0.0/8, ::1]\n",
    "subject: CN=a\\,b",
    "limits: {burst: 1}\n",
    "0123456789abcdef".repeat(4),
  ]),
];

function columnsOutcome(columns: PushColumns): string {
  verifyColumns(columns);
  const { families, metrics, labels, samples, spillSize } = columns;
  const counts = [...[families, metrics, labels, samples].map(({ count }) => count), spillSize];
  const few = counts.map((count) => Math.min(count, 3));
  return `taken ${few} ${columns.hasTimestamps} ${columns.hasQuotedNames}`;
}

type TextualParser = new (columns: PushColumns, utf8Names: boolean) => Pick<TextParser, "parse">;

function textTarget(name: string, utf8Names: boolean, Parser: TextualParser = TextParser): Target {
  const columns = new PushColumns();
  const parser = new Parser(columns, utf8Names);
  const read = (input: Uint8Array) => {
    const rejection = parser.parse(input);
    return rejection === null ? columnsOutcome(columns) : refusal(rejection);
  };
  const [found, words] =
    Parser === OpenMetricsParser ? [seeds.openMetrics(), OPENMETRICS_WORDS] : [seeds.text(), TEXT_WORDS];
  return { name, seeds: found, words, maxBytes: 1 << 16, read };
}

function protobufTarget(): Target {
  const columns = new PushColumns();
  const parser = new ProtobufParser(columns);
  const read = (input: Uint8Array) => {
    const rejection = parser.parse(input);
    return rejection === null ? columnsOutcome(columns) : refusal(rejection);
  };
  return { name: "protobuf", seeds: seeds.protobuf(), words: [], maxBytes: 1 << 16, read };
}

function encodingTarget(encoding: "gzip" | "snappy"): Target {
  const read = async (input: Uint8Array) => {
    const content = await decodeBody(input, encoding, MAX_DECODED_BYTES);
    return content instanceof Rejection ? refusal(content) : decodingOutcome(content, MAX_DECODED_BYTES);
  };
  return { name: encoding, seeds: seeds[encoding](), words: [], maxBytes: 1 << 17, read };
}

/** A file of the reference, into a store and to its end. */
function gobTarget(): Target {
  const read = (input: Uint8Array) => {
    const start = isGob(input.subarray(0, 64));
    const imported = importGob(input, new Store(new Map(), true), { leftOut: () => {}, step: () => {} });
    if (imported instanceof Fault) return `${start} ${refusal(imported)}`;
    return `${start} taken ${Math.min(imported.groups, 4)} ${Math.min(imported.leftOut, 2)}`;
  };
  return { name: "gob", seeds: seeds.gob(), words: [], maxBytes: 1 << 16, read };
}

function webConfigTarget(): Target {
  const read = (input: Uint8Array) => {
    const config = parseWebConfig(input);
    if (config instanceof Fault) return refusal(config);
    const { tls, http2, headers, users, rateLimit } = config;
    return `taken ${Object.keys(tls)} ${http2} ${headers.length} ${Math.min(users.size, 3)} ${rateLimit === null}`;
  };
  return { name: "web-config", seeds: seeds.webConfigs(), words: YAML_WORDS, maxBytes: 1 << 13, read };
}

/** Whatever is written: nobody may do anything for a file with a fault, and a fault says where it is. */
function accessFileTarget(): Target {
  const key = Buffer.from('instance="i",job="batch-1",team="a"');
  const read = (input: Uint8Array) => {
    const file = parseAccessFile(input);
    if (file instanceof PlacedFault) {
      const { length: lines } = Buffer.from(input)
        .toString()
        .split(/\r\n?|\n/);
      for (const { line, column } of file.places)
        if (!(line >= 1 && line <= lines && column >= 1)) throw new Error(`a fault at line ${line}, column ${column}`);
      return refusal(file);
    }
    const reaches = file.principals.map((principal) =>
      RIGHTS.map((right) => {
        const reach = principal.reach(right);
        return typeof reach === "string" || reach === null ? `${reach}` : reach.covers(key);
      }),
    );
    return `taken ${reaches.slice(0, 2)} ${file.anonymous?.reach("push")} ${file.isHealthOpen}`;
  };
  return { name: "access-file", seeds: seeds.accessFiles(), words: ACCESS_FILE_WORDS, maxBytes: 1 << 13, read };
}

/** A path to its key; and what the key is written as, back to the same key. */
function readPath(input: Uint8Array): string {
  const path = decodePath(input);
  if (path === null) return "no path";
  const clean = cleanPath(path.text);
  if (!isClean(clean) || cleanPath(clean) !== clean) throw new Error(`${JSON.stringify(clean)} is not clean`);
  encodePath(path.text);
  if (!path.text.startsWith("/job")) return "not below job";
  return [false, true].map((utf8Names) => readKey({ ...path, text: path.text.slice(4) }, utf8Names)).join(" | ");
}

function readKey(path: { text: string; lossy: boolean }, utf8Names: boolean): string {
  const keyed = readGroupingKey(path, utf8Names);
  if (keyed instanceof Rejection) return refusal(keyed);
  if (keyed.undecodable !== null) return "not UTF-8";
  const { labels } = keyed.key;
  const written = decodePath(Buffer.from(groupPath(labels)));
  const again = written === null ? null : readGroupingKey({ ...written, text: written.text.slice(4) }, true);
  const isSame =
    again !== null && !(again instanceof Rejection) && Buffer.compare(again.key.block, keyed.key.block) === 0;
  // A name that itself begins as escaped ones do means something else when it is read with escapes; a reserved one that
  // was smuggled in by escapes is read here and refused by the store.
  if (!isSame && !labels.some(({ name }) => name.startsWith("U__") || name.startsWith("__")))
    throw new Error(
      `${JSON.stringify(labels)} is written ${groupPath(labels)}, which is read ${JSON.stringify(again)}`,
    );
  return `taken ${Math.min(labels.length, 4)} ${labels.some(({ value }) => value === "")}`;
}

function readHeaders(input: Uint8Array): string {
  const text = Buffer.from(input).toString("latin1");
  return `${pushFormat(text)} ${negotiateFormat(text).contentType} ${negotiateEncoding(text)}`;
}

/** Every reader of what comes from outside, by name. A reader of another format is added here. */
export const TARGETS: Readonly<Record<string, () => Target>> = {
  text: () => textTarget("text", false),
  "text-utf8": () => textTarget("text-utf8", true),
  openmetrics: () => textTarget("openmetrics", false, OpenMetricsParser),
  "openmetrics-utf8": () => textTarget("openmetrics-utf8", true, OpenMetricsParser),
  protobuf: protobufTarget,
  gzip: () => encodingTarget("gzip"),
  snappy: () => encodingTarget("snappy"),
  zstd: zstdTarget,
  form: formTarget,
  "lenient-text": lenientTextTarget,
  gob: gobTarget,
  path: () => ({ name: "path", seeds: seeds.paths(), words: PATH_WORDS, maxBytes: 1 << 14, read: readPath }),
  "known-forms": knownFormsTarget,
  headers: () => ({ name: "headers", seeds: HEADER_WORDS, words: HEADER_WORDS, maxBytes: 1 << 14, read: readHeaders }),
  "web-config": webConfigTarget,
  "access-file": accessFileTarget,
  forwarded: forwardedTarget,
  "cluster-entry": entryTarget,
  "cluster-snapshot": snapshotTarget,
  connection: connectionTarget,
  server: () => new ServerTarget(),
  "server-http2": () => new Http2Target(),
  "push-text": () => new PushTarget("push-text", seeds.text(), TEXT_WORDS, "text/plain"),
  "push-openmetrics": () =>
    new PushTarget("push-openmetrics", seeds.openMetrics(), OPENMETRICS_WORDS, "application/openmetrics-text"),
  disguised: () => new DisguisedTarget(),
  "push-protobuf": () => new PushTarget("push-protobuf", seeds.protobuf(), [], PROTOBUF_TYPE),
};
