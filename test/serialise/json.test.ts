import { describe, expect, test } from "bun:test";
import { MetricType } from "../../src/model/metric-type.ts";
import { isLegacyMetricName } from "../../src/model/names.ts";
import { metricsJsonPieces, statusJson } from "../../src/serialise/json.ts";
import { jsonMap, jsonString } from "../../src/serialise/json-text.ts";
import { timeText } from "../../src/serialise/time-text.ts";
import { reducedApi } from "../conformance/replay.ts";
import { double, integer, part, signed } from "../e2e/protobuf.ts";
import { familyOf, groupJson, groupOf, recordedConversations, recordedFamilies } from "./families.ts";

interface ApiGroup {
  labels: Record<string, string>;
  last_push_successful: boolean;
  [family: string]: unknown;
}

const NOT_FAMILIES = ["labels", "last_push_successful"];

/** Recorded answers of one group that the lines of the same moment's scrape tell entirely. */
const recorded = recordedConversations().flatMap(({ name, expected }) =>
  expected.flatMap(({ api, scrape }, step) => {
    const groups = (api as { data: ApiGroup[] } | undefined)?.data ?? [];
    const [group] = groups;
    if (group === undefined || groups.length > 1 || scrape === undefined) return [];
    const names = Object.keys(group).filter((key) => !NOT_FAMILIES.includes(key));
    if (names.sort().join() !== Object.keys(scrape.families).sort().join()) return [];
    return needsSide(group) || hasEscapedLabels(group)
      ? []
      : [{ name: `${name}, step ${step + 1}`, group, families: scrape.families }];
  }),
);

/**
 * Whether an answer says what lines do not: negative zeros, buckets for infinity that were not pushed, native buckets.
 */
function needsSide(group: ApiGroup): boolean {
  const text = JSON.stringify(group);
  if (text.includes('"-0"') || text.includes("GAUGE_HISTOGRAM") || text.includes('"buckets":[')) return true;
  return [...text.matchAll(/"buckets":\{([^}]*)\}/g)].some(([, buckets]) => buckets?.includes("+Inf") !== true);
}

/** Whether the scrape shows other label names than the answer. */
function hasEscapedLabels(group: ApiGroup): boolean {
  const keys = [...JSON.stringify(group).matchAll(/"labels":(\{[^}]*\})/g)].flatMap(([, labels = "{}"]) =>
    Object.keys(JSON.parse(labels)),
  );
  return keys.some((key) => !isLegacyMetricName(key));
}

describe("groupJson against recorded answers", () => {
  test("finds many, of every type that text can push", () => {
    const types = new Set(
      recorded.flatMap(({ group }) => [...JSON.stringify(group).matchAll(/"type":"(\w+)"/g)].map(([, type]) => type)),
    );
    expect([...types].sort()).toEqual(["COUNTER", "GAUGE", "HISTOGRAM", "SUMMARY", "UNTYPED"]);
    expect(recorded.length).toBeGreaterThan(100);
  });

  test.each(recorded.map((one) => [one.name, one] as const))("agrees with %s", (_, { group, families }) => {
    const labels = Object.entries(group.labels).map(([name, value]) => ({ name, value }));
    const view = {
      ...groupOf(recordedFamilies(families), labels),
      lastPushSuccessful: group.last_push_successful,
    };
    const reduced = reducedApi(JSON.parse(groupJson(view)));
    expect(withoutTimes(JSON.stringify(reduced))).toBe(withoutTimes(JSON.stringify(reducedApi(group))));
  });

  /** Push times stand as `<zero>` or `<set>` in the lines, and are reduced once more on the way. */
  function withoutTimes(json: string): string {
    return json.replaceAll(/"<(zero|set)>"/g, '"<push time>"');
  }
});

describe("groupJson", () => {
  test("writes a group byte by byte as Go marshals it", () => {
    const families = [
      familyOf("g", MetricType.gauge, ['g{instance="<&>",job="\u2028é"} 1e+06'], {
        help: Buffer.from('a "<b>"\n'),
        pushedMs: 1763686923450,
      }),
      familyOf("h", MetricType.histogram, [
        'h_bucket{job="j",le="0.5"} 2e+06',
        'h_bucket{job="j",le="+Inf"} 3e+06',
        'h_sum{job="j"} NaN',
        'h_count{job="j"} 3e+06',
      ]),
      familyOf(
        "s",
        MetricType.summary,
        [
          's{job="j",quantile="0.9"} 2',
          's{job="j",quantile="0.5"} -Inf',
          's_sum{job="j"} 0.5',
          's_count{job="j"} 1.23456789e+08',
        ],
        { help: Buffer.from("") },
      ),
    ];
    expect(
      groupJson(
        groupOf(families, [
          { name: "job", value: "j" },
          { name: "a", value: "b" },
        ]),
      ),
    ).toBe(
      [
        '{"g":{"time_stamp":"2025-11-21T01:02:03.45Z","type":"GAUGE","help":"a \\"\\u003cb\\u003e\\"\\n","metrics":[',
        '{"labels":{"instance":"\\u003c\\u0026\\u003e","job":"\\u2028é"},"value":"1e+06"}]},',
        '"h":{"time_stamp":"1970-01-01T00:00:00Z","type":"HISTOGRAM","metrics":[{"buckets":{"+Inf":"3000000","0.5":"2000000"},',
        '"count":"3000000","labels":{"job":"j"},"sum":"NaN"}]},',
        '"labels":{"a":"b","job":"j"},"last_push_successful":true,',
        '"s":{"time_stamp":"1970-01-01T00:00:00Z","type":"SUMMARY","metrics":[{"count":"123456789","labels":{"job":"j"},',
        '"quantiles":{"0.5":"-Inf","0.9":"2"},"sum":"0.5"}]}}',
      ].join(""),
    );
  });

  const sides: { what: string; type: MetricType; side: Uint8Array; expected: object }[] = [
    {
      what: "negative zero",
      type: MetricType.untyped,
      side: part(4, part(5, double(1, -0))),
      expected: { value: "-0" },
    },
    { what: "a gauge without a value", type: MetricType.gauge, side: part(4, part(2)), expected: { value: "0" } },
    {
      what: "a value of another type",
      type: MetricType.gauge,
      side: part(4, part(3, double(1, 7))),
      expected: { value: "7" },
    },
    { what: "no value at all", type: MetricType.counter, side: part(4), expected: { value: "0" } },
    {
      what: "a summary without anything",
      type: MetricType.summary,
      side: part(4),
      expected: { count: "0", sum: "0", quantiles: {} },
    },
    {
      what: "a summary without a count",
      type: MetricType.summary,
      side: part(4, part(4, double(2, 1.5), part(3, double(1, 0.5), double(2, -0)))),
      expected: { count: "0", sum: "1.5", quantiles: { "0.5": "-0" } },
    },
    {
      what: "a histogram without a bucket for infinity, in parts, a bound twice",
      type: MetricType.histogram,
      side: part(
        4,
        part(7, integer(1, 3), part(3, integer(1, 1), double(2, 1))),
        part(7, double(2, 4.5), part(3, integer(1, 2), double(2, 1))),
      ),
      expected: { count: "3", sum: "4.5", buckets: { "1": "2" } },
    },
    {
      what: "a histogram of fractions",
      type: MetricType.histogram,
      side: part(
        4,
        part(
          7,
          double(4, 2.5),
          double(2, 1),
          part(3, double(4, 1.5), double(2, 1)),
          part(3, double(4, 0), double(2, 2)),
        ),
      ),
      expected: { count: "2.5", sum: "1", buckets: { "1": "1.5", "2": "0" } },
    },
    {
      what: "a native histogram with packed deltas",
      type: MetricType.histogram,
      side: part(
        4,
        part(
          7,
          integer(1, 5),
          double(2, 1),
          signed(5, 0),
          part(12, signed(1, -1), integer(2, 2)),
          part(13, Buffer.from([0x06, 0x01])),
        ),
      ),
      expected: {
        count: "5",
        sum: "1",
        buckets: [
          [0, "0.25", "0.5", "3"],
          [0, "0.5", "1", "2"],
        ],
      },
    },
    {
      what: "a native histogram of fractions",
      type: MetricType.histogram,
      side: part(
        4,
        part(
          7,
          double(4, 1.5),
          signed(5, 0),
          part(9, signed(1, 0), integer(2, 1)),
          part(11, double(0, 1.5).subarray(1)),
        ),
      ),
      expected: { count: "1.5", sum: "0", buckets: [[1, "-1", "-0.5", "1.5"]] },
    },
    {
      what: "a gauge histogram, of which the reference shows a value",
      type: MetricType.gaugeHistogram,
      side: part(4, part(7, integer(1, 3))),
      expected: { value: "0" },
    },
    {
      what: "fields that nobody knows",
      type: MetricType.gauge,
      side: part(4, integer(77, 5), part(78, "x"), part(2, double(1, 1), double(9, 3), integer(1, 4))),
      expected: { value: "1" },
    },
  ];

  test.each(sides)("reads $what from beside the lines", ({ type, side, expected }) => {
    const family = familyOf("m", type, [], { side });
    const { m } = JSON.parse(groupJson(groupOf([family])));
    expect(m.metrics).toEqual([{ labels: {}, ...expected }]);
  });

  test("prints counts above 2^53 from beside the lines exactly", () => {
    const largest = Buffer.from("08ffffffffffffffffff01", "hex");
    const family = familyOf("m", MetricType.summary, [], { side: part(4, part(4, largest)) });
    expect(JSON.parse(groupJson(groupOf([family]))).m.metrics[0].count).toBe("18446744073709551615");
  });

  test.each([
    ["a field that is not a metric", part(1, "name")],
    ["a metric cut off", part(4, part(2, double(1, 1))).subarray(0, -1)],
    ["a double cut off", part(4, part(2, Buffer.from([9, 0, 0])))],
    ["packed deltas cut off", part(4, part(7, part(13, Buffer.from([0x80]))))],
    ["packed counts cut off", part(4, part(7, part(14, Buffer.from([1, 2, 3]))))],
  ])("throws at %s beside the lines", (_, side) => {
    expect(() => groupJson(groupOf([familyOf("m", MetricType.histogram, [], { side })]))).toThrow();
  });

  test("gives a gauge histogram in lines the value that the reference shows", () => {
    const family = familyOf("gh", MetricType.gaugeHistogram, [
      'gh_bucket{job="j",le="+Inf"} 2',
      'gh_sum{job="j"} 1',
      'gh_count{job="j"} 2',
    ]);
    const { gh } = JSON.parse(groupJson(groupOf([family])));
    expect(gh).toMatchObject({ type: "GAUGE_HISTOGRAM", metrics: [{ labels: { job: "j" }, value: "0" }] });
  });

  test("lets a family named labels take that key's place, once", () => {
    const json = groupJson(groupOf([familyOf("labels", MetricType.gauge, [])]));
    expect(json).toBe(
      '{"labels":{"time_stamp":"1970-01-01T00:00:00Z","type":"GAUGE","metrics":[]},"last_push_successful":true}',
    );
  });

  test("writes a byte that is not UTF-8 as an escaped U+FFFD, each on its own", () => {
    const lines = Buffer.concat([Buffer.from('a{x="'), Buffer.from([0xe2, 0x82, 0x28, 0xff]), Buffer.from('é"} 1\n')]);
    const json = groupJson(groupOf([{ ...familyOf("a", MetricType.gauge, []), lines }]));
    expect(json).toContain('{"x":"\\ufffd\\ufffd(\\ufffdé"}');
  });
});

test.each([
  ["plain ~!#$%()*+,-./:;=?@[]^_`{|}", '"plain ~!#$%()*+,-./:;=?@[]^_`{|}"'],
  ['"\\/', '"\\"\\\\/"'],
  ["<script>&", '"\\u003cscript\\u003e\\u0026"'],
  ["\u0000\u0001\b\t\n\f\r\u001f\u007f", '"\\u0000\\u0001\\b\\t\\n\\f\\r\\u001f\u007f"'],
  ["\u2027\u2028\u2029\u202a", '"\u2027\\u2028\\u2029\u202a"'],
  ["half \ud83d pair", '"half \\ufffd pair"'],
  ["😀é", '"😀é"'],
])("jsonString writes %p as Go does", (text, json) => expect(jsonString(text)).toBe(json));

test("jsonMap sorts by code point and keeps the last of equal keys", () => {
  const entries = [
    ["b", "1"],
    ["😀", "2"],
    ["\uffee", "3"],
    ["", "4"],
    ["b", "5"],
  ] as const;
  expect(jsonMap(entries)).toBe('{"":4,"b":5,"\uffee":3,"😀":2}');
});

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [1763686923456, "2025-11-21T01:02:03.456Z"],
  [1763686923450, "2025-11-21T01:02:03.45Z"],
  [1763686923400, "2025-11-21T01:02:03.4Z"],
  [1763686923000, "2025-11-21T01:02:03Z"],
  [1763686920000, "2025-11-21T01:02:00Z"],
  [-62135596800000, "0001-01-01T00:00:00Z"],
])("timeText of %d is %s", (timeMs, text) => expect(timeText(timeMs)).toBe(text));

test.each([
  ["no groups", [], ""],
  ["one group", [groupOf([])], '{"labels":{"job":"j"},"last_push_successful":true}'],
])("the metrics answer of %s is the reference's", (_, groups, data) => {
  const text = Buffer.concat([...metricsJsonPieces(groups)]).toString();
  expect(text).toBe(`{"status":"success","data":[${data}]}`);
});

test("statusJson writes build information, flags and the start time, sorted", () => {
  const info = {
    buildInformation: { version: "2.0.0", branch: "<b>" },
    flags: { "web.x": "1" },
    persistence: null,
    cluster: null,
    principal: null,
    startMs: 1000,
  };
  const build = '"build_information":{"branch":"\\u003cb\\u003e","version":"2.0.0"}';
  const rest = '"flags":{"web.x":"1"},"start_time":"1970-01-01T00:00:01Z"}}';
  expect(statusJson(info)).toBe(`{"status":"success","data":{${build},${rest}`);
  expect(statusJson({ ...info, cluster: { position: 7 } })).toBe(
    `{"status":"success","data":{${build},"cluster":{"position":7},${rest}`,
  );
});
