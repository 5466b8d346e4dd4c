import { Writer } from "../../../src/bytes/writer.ts";
import { appendBytesField, appendTag, appendVarint, DoubleWriter } from "../../../src/protobuf/varint.ts";
import { WIRE_FIXED64, WIRE_VARINT } from "../../../src/protobuf/wire.ts";

export interface Push {
  readonly method: "PUT" | "POST";
  readonly path: string;
  readonly body: string | Uint8Array;
  /** 400 for a push that leaves its failure time. */
  readonly status: 200 | 400;
}

/** A body with every type that text has, and with escapes. */
export const EVERY_TYPE = `# HELP done_total Things done, with a \\\\ and a\\nline feed.
# TYPE done_total counter
done_total{kind="a \\"quoted\\" \\\\ one"} 1e+300
done_total{kind="another"} 3
# TYPE load gauge
load -Inf
# TYPE latency_seconds summary
latency_seconds{quantile="0.5"} NaN
latency_seconds_sum 1.5
latency_seconds_count 2
# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 1
size_bytes_bucket{le="+Inf"} 2
size_bytes_sum 3
size_bytes_count 2
untyped_thing 7
`;

/** What the reference is given before its file is read. */
export const PUSHES: readonly Push[] = [
  { method: "PUT", path: "/metrics/job/every_type", body: EVERY_TYPE, status: 200 },
  {
    method: "POST",
    path: "/metrics/job/every_type/instance/i",
    body: '# TYPE load gauge\nload{core="1"} 0.25\nload 12\n',
    status: 200,
  },
  { method: "PUT", path: "/metrics/job@base64/YS9i/zone/a%20b", body: 'sign{text="ä 你好 \\n ☃"} 1\n', status: 200 },
  { method: "PUT", path: "/metrics/job/empty_value/a@base64/=/b/%2B", body: "", status: 200 },
  { method: "PUT", path: "/metrics/job/no_families", body: "", status: 200 },
  {
    method: "PUT",
    path: "/metrics/job/utf8/where/%E4%BD%A0%F0%9F%8C%8D",
    body: "# TYPE load gauge\nload 1\n",
    status: 200,
  },
  { method: "PUT", path: "/metrics/job/failing", body: "ok 1\n", status: 200 },
  { method: "POST", path: "/metrics/job/never_right", body: "ok 1 1000\n", status: 400 },
  { method: "POST", path: "/metrics/job/failing", body: "ok 1 1000\n", status: 400 },
  { method: "PUT", path: "/metrics/job/native", body: nativeHistogram(), status: 200 },
];

/** A delimited MetricFamily with a native histogram (https://github.com/prometheus/client_model, metrics.proto). */
function nativeHistogram(): Uint8Array {
  const doubles = new DoubleWriter();
  const histogram = new Writer();
  const varint = (out: Writer, field: number, value: number) => {
    appendTag(out, field, WIRE_VARINT);
    appendVarint(out, value);
  };
  const double = (out: Writer, field: number, value: number) => {
    appendTag(out, field, WIRE_FIXED64);
    doubles.append(out, value);
  };
  const message = (out: Writer, field: number, content: Writer) =>
    appendBytesField(out, field, content.bytes, 0, content.length);
  varint(histogram, 1, 4);
  double(histogram, 2, 12.5);
  varint(histogram, 5, 6);
  double(histogram, 6, 0.001);
  varint(histogram, 7, 1);
  const span = new Writer();
  varint(span, 1, 4);
  varint(span, 2, 2);
  message(histogram, 12, span);
  varint(histogram, 13, 4);
  varint(histogram, 13, 1);
  const metric = new Writer();
  message(metric, 7, histogram);
  const family = new Writer();
  const name = new TextEncoder().encode("native_seconds");
  appendBytesField(family, 1, name, 0, name.length);
  varint(family, 3, 4);
  message(family, 4, metric);
  const out = new Writer();
  appendVarint(out, family.length);
  out.append(family.view());
  return out.finish();
}
