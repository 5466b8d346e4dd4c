import { describe, expect, test } from "bun:test";
import { formatFloat } from "../../src/bytes/float.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { MetricType } from "../../src/model/metric-type.ts";
import type { GroupFamily } from "../../src/model/view.ts";
import { escapedName } from "../../src/serialise/escape-lines.ts";
import { escapeMetricNames } from "../../src/serialise/escape-metrics.ts";
import { appendFamilyHeader, appendMetrics, EncodingScratch, metricPieces } from "../../src/serialise/protobuf.ts";
import { readProtobuf } from "../conformance/protobuf.ts";
import { delimited, double, label, part } from "../e2e/protobuf.ts";
import {
  familyOf,
  groupJson,
  groupOf,
  bytesOf as piecesOf,
  randomDouble,
  randomFrom,
  randomText,
  recordedConversations,
  recordedFamilies,
} from "./families.ts";

/** The family as an independent reader finds it in the stream. */
function decoded(name: string, family: GroupFamily): string {
  const out = new Writer(8);
  appendFamilyHeader(out, name, family.help, family.type);
  appendMetrics(out, family);
  return readProtobuf(delimited(out.finish()))[0] ?? "";
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function records(family: GroupFamily): Uint8Array {
  const out = new Writer(8);
  appendMetrics(out, family);
  return out.finish();
}

describe("appendMetrics against recorded scrapes", () => {
  const plain = [
    "proto/counter, scraped as proto",
    "proto/two families, scraped as proto",
    "proto/summary, scraped as proto",
    "proto/unit, scraped as proto",
    "proto/unknown field, scraped as proto",
    "proto/fields out of order, scraped as proto",
    "proto/bucket float counts, scraped as proto",
    "proto/escapes, scraped as proto",
    "accept/prometheus 3 default",
  ];
  const conversations = recordedConversations().filter(({ name }) => plain.includes(name));
  /** A bucket for infinity that is in the lines but was not pushed: only `side` can tell. */
  const withoutAddedBucket = (proto: string) => proto.replace(/ 3=\{2=Infinity 4=2.5\}/, "");

  test("finds every case", () => expect(conversations.length).toBe(plain.length));

  test.each(conversations.map((one) => [one.name, one] as const))("agrees with %s", (_, { expected }) => {
    const seen = expected.find(({ proto }) => proto !== undefined);
    const families = recordedFamilies(seen?.scrape?.families ?? {}).filter(({ name }) => !name.startsWith("push_"));
    const found = families.map((family) => withoutAddedBucket(decoded(family.name, family)));
    expect(found.sort()).toEqual(seen?.proto ?? []);
  });
});

describe("appendMetrics", () => {
  const tables: { what: string; family: GroupFamily; expected: string }[] = [
    {
      what: "an untyped metric without labels",
      family: familyOf("a", MetricType.untyped, ["a NaN"]),
      expected: '{1="a" 3=3 4={5={1=NaN}}}',
    },
    {
      what: "a histogram with large counts",
      family: familyOf("h", MetricType.histogram, [
        'h_bucket{job="j",le="1"} 1e+06',
        'h_bucket{job="j",le="+Inf"} 9.007199254740992e+15',
        'h_sum{job="j"} -1.5',
        'h_count{job="j"} 1.8446744073709550e+19',
      ]),
      expected:
        '{1="h" 3=4 4={1={1="job" 2="j"} 7={1=18446744073709549568 2=-1.5 3={1=1000000 2=1} 3={1=9007199254740992 2=Infinity}}}}',
    },
    {
      what: "a gauge histogram",
      family: familyOf("h", MetricType.gaugeHistogram, ['h_bucket{le="+Inf"} 1', "h_sum 2", "h_count 1"]),
      expected: '{1="h" 3=5 4={7={1=1 2=2 3={1=1 2=Infinity}}}}',
    },
    {
      what: "a histogram of fractions, whole counts among them",
      family: familyOf("h", MetricType.histogram, [
        'h_bucket{job="j",le="1"} 1',
        'h_bucket{job="j",le="+Inf"} 2.5',
        'h_sum{job="j"} 3',
        'h_count{job="j"} 2.5',
      ]),
      expected: '{1="h" 3=4 4={1={1="job" 2="j"} 7={2=3 3={2=1 4=1} 3={2=Infinity 4=2.5} 4=2.5}}}',
    },
    {
      what: "a summary without quantiles",
      family: familyOf("s", MetricType.summary, ['s_sum{job="j"} +Inf', 's_count{job="j"} 0']),
      expected: '{1="s" 3=2 4={1={1="job" 2="j"} 4={1=0 2=Infinity}}}',
    },
    { what: "a family without metrics", family: familyOf("a", MetricType.gauge, []), expected: '{1="a" 3=1}' },
    {
      what: "what lies beside the lines instead of them",
      family: familyOf("a", MetricType.gauge, ["a 0"], { side: part(4, label("x", "1"), part(2, double(1, -0))) }),
      expected: '{1="a" 3=1 4={1={1="x" 2="1"} 2={1=0}}}',
    },
  ];

  test.each(tables)("writes $what", ({ family, expected }) => expect(decoded(family.name, family)).toBe(expected));

  test("copies `side` byte for byte", () => {
    const side = part(4, part(2, double(1, -0), part(99, "unknown")));
    expect(hex(records(familyOf("a", MetricType.gauge, ["a 0"], { side })))).toBe(hex(side));
  });

  test("throws at a summary whose count is none", () => {
    expect(() => records(familyOf("s", MetricType.summary, ["s_sum 1", "s_count NaN"]))).toThrow("its count is NaN");
  });

  test("writes the same with a scratch that has served larger families", () => {
    const small = familyOf("s", MetricType.summary, ['s_sum{job="j"} 1', 's_count{job="j"} 2']);
    const quantiles = Array.from({ length: 500 }, (_, i) => `s{job="j",quantile="${i}"} ${i}`);
    const large = familyOf("s", MetricType.summary, [...quantiles, 's_sum{job="j"} 1', 's_count{job="j"} 2']);
    const scratch = new EncodingScratch();
    const out = new Writer(8);
    for (const family of [large, small]) appendMetrics(out, family, scratch);
    expect(hex(out.finish())).toBe(hex(records(large)) + hex(records(small)));
  });
});

describe("appendFamilyHeader", () => {
  const headers: [string, string | null, MetricType, string][] = [
    ["a", "h", MetricType.gauge, '{1="a" 2="h" 3=1}'],
    ["", "", MetricType.counter, '{1="" 2="" 3=0}'],
    ["b", null, MetricType.histogram, '{1="b" 3=4}'],
    ["ä.☃", 'l\n"\\', MetricType.summary, '{1="ä.☃" 2="l\\n\\"\\\\" 3=2}'],
  ];
  test.each(headers)("writes name %p and help %p", (name, help, type, expected) => {
    const out = new Writer(1);
    appendFamilyHeader(out, name, help === null ? null : Buffer.from(help), type);
    expect(readProtobuf(delimited(out.finish()))).toEqual([expected]);
  });
});

describe("escapeMetricNames", () => {
  const family = familyOf("a.b", MetricType.gauge, [
    '{"a.b",instance="",job="j","x.y_z"="q.r"} 1',
    '{"a.b",instance="",job="j"} 2',
  ]);
  const rest = '4={1={1="instance" 2=""} 1={1="job" 2="j"} 2={1=2}}}';
  const cases = [
    ["underscores", "a_b", "x_y_z"],
    ["dots", "a_dot_b", "x_dot_y__z"],
    ["values", "U__a_2e_b", "U__x_2e_y__z"],
  ] as const;

  test.each(cases)("renames labels, and only them, by %s", (scheme, name, renamed) => {
    const out = new Writer(8);
    appendFamilyHeader(out, escapedName("a.b", scheme), null, MetricType.gauge);
    const escaped = piecesOf((to) => escapeMetricNames(to, records(family), scheme));
    const scratch = new EncodingScratch();
    scratch.escaping = scheme;
    expect(hex(piecesOf((to) => metricPieces(to, family, scratch)))).toBe(hex(escaped));
    out.append(escaped);
    const pairs = [`1={1="${renamed}" 2="q.r"}`, '1={1="instance" 2=""}', '1={1="job" 2="j"}'];
    const first = `4=${fields([...pairs, "2={1=1}"])}`;
    expect(readProtobuf(delimited(out.finish()))).toEqual([
      `{1="${name}" 3=1 ${[first, rest.slice(0, -1)].sort().join(" ")}}`,
    ]);
  });

  test("keeps every byte of records whose names need nothing", () => {
    const side = part(
      4,
      label("x", "1"),
      part(1, part(2, "no name")),
      part(3, double(1, 1), part(2, label("t.i", "d"))),
    );
    expect(hex(piecesOf((out) => escapeMetricNames(out, side, "underscores")))).toBe(hex(side));
  });

  test("throws at records that are cut off", () => {
    const cut = records(family).subarray(0, -1);
    expect(() => piecesOf((out) => escapeMetricNames(out, cut, "values"))).toThrow("are no metrics");
  });
});

interface Sample {
  readonly labels: [string, string][];
  readonly value: number;
}

const escaped = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
const fields = (list: string[]) => `{${list.sort().join(" ")}}`;

describe("random families", () => {
  const seed = 4711;
  const random = randomFrom(seed);
  const labels = (): [string, string][] => [
    ["instance", randomText(random)],
    ["job", randomText(random)],
    ["größe", randomText(random)],
  ];
  const braces = (pairs: [string, string][]) =>
    `{${pairs.map(([name, value]) => `${name === "größe" ? '"größe"' : name}="${escaped(value)}"`).join(",")}`;
  const labelFields = (pairs: [string, string][]) =>
    pairs.map(([name, value]) => `1={1=${JSON.stringify(name)} 2=${JSON.stringify(value)}}`);

  test(`of gauges come back from protobuf with every label and value (seed ${seed})`, () => {
    const samples: Sample[] = Array.from({ length: 2000 }, () => ({ labels: labels(), value: randomDouble(random) }));
    const lines = samples.map((one) => `g${braces(one.labels)}} ${formatFloat(one.value)}`);
    const metrics = samples.map((one) => `4=${fields([...labelFields(one.labels), `2={1=${one.value}}`])}`);
    expect(decoded("g", familyOf("g", MetricType.gauge, lines))).toBe(fields(['1="g"', "3=1", ...metrics]));
  });

  test(`of histograms come back from protobuf with every bucket (seed ${seed})`, () => {
    const count = () => Math.floor(random() * 10 ** Math.floor(random() * 16));
    const metrics: string[] = [];
    const lines = Array.from({ length: 500 }, () => {
      const own = labels();
      const [sum, total] = [randomDouble(random), count()];
      const bounds = Array.from({ length: Math.floor(random() * 5) }, () => [randomDouble(random), count()] as const);
      const buckets = bounds.map(([bound, n]) => `3={1=${n} 2=${bound}}`);
      metrics.push(`4=${fields([...labelFields(own), `7=${fields([`1=${total}`, `2=${sum}`, ...buckets])}`])}`);
      const head = braces(own);
      const bucketLines = bounds.map(([bound, n]) => `h_bucket${head},le="${formatFloat(bound)}"} ${formatFloat(n)}`);
      return [...bucketLines, `h_sum${head}} ${formatFloat(sum)}`, `h_count${head}} ${formatFloat(total)}`];
    });
    const family = familyOf("h", MetricType.histogram, lines.flat());
    expect(decoded("h", family)).toBe(fields(['1="h"', "3=4", ...metrics]));
    const beside = { ...family, side: records(family) };
    expect(groupJson(groupOf([beside]))).toBe(groupJson(groupOf([family])));
  });
});
