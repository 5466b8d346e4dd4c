import { describe, expect, test } from "bun:test";
import { LineCursor } from "../../src/exposition/line-cursor.ts";
import { MetricType } from "../../src/model/metric-type.ts";

const shapes: { what: string; type: MetricType; lines: string; expected: unknown[] }[] = [
  {
    what: "one metric a line of a gauge",
    type: MetricType.gauge,
    lines: 'a{instance="",job="j"} 1\na{instance="i",job="j"} +Inf\n',
    expected: [
      { labels: { instance: "", job: "j" }, value: "1" },
      { labels: { instance: "i", job: "j" }, value: "+Inf" },
    ],
  },
  {
    what: "names and labels in quotes, and escapes",
    type: MetricType.untyped,
    lines: '{"a.\\"b",instance="\\n\\\\n","x.y"="q\\"}"} -2.5e-07\n',
    expected: [{ labels: { instance: "\n\\n", "x.y": 'q"}' }, value: "-2.5e-07" }],
  },
  {
    what: "lines without labels",
    type: MetricType.counter,
    lines: 'a 1\n{"a.b"} 2\n',
    expected: [
      { labels: {}, value: "1" },
      { labels: {}, value: "2" },
    ],
  },
  {
    what: "summaries with and without quantiles",
    type: MetricType.summary,
    lines:
      's{job="j",quantile="0.5"} 1\ns{job="j",quantile="0.9"} 2\ns_sum{job="j"} 3\ns_count{job="j"} 4\ns_sum{job="k"} 5\ns_count{job="k"} 6\n',
    expected: [
      {
        labels: { job: "j" },
        points: [
          ["0.5", "1"],
          ["0.9", "2"],
        ],
        sum: "3",
        count: "4",
      },
      { labels: { job: "k" }, points: [], sum: "5", count: "6" },
    ],
  },
  {
    what: "a histogram whose own name ends in _count and which has a label le",
    type: MetricType.histogram,
    lines:
      'h_count_bucket{job="j",le="x",le="1"} 1\nh_count_bucket{job="j",le="x",le="+Inf"} 2\nh_count_sum{job="j",le="x"} 3\nh_count_count{job="j",le="x"} 2\n',
    expected: [
      {
        labels: { job: "j", le: "x" },
        points: [
          ["1", "1"],
          ["+Inf", "2"],
        ],
        sum: "3",
        count: "2",
      },
    ],
  },
  {
    what: "a histogram with a quoted name and no labels of its own",
    type: MetricType.gaugeHistogram,
    lines: '{"h.a_bucket",le="+Inf"} 1\n{"h.a_sum"} 2\n{"h.a_count"} 1\n',
    expected: [{ labels: {}, points: [["+Inf", "1"]], sum: "2", count: "1" }],
  },
  { what: "no lines at all", type: MetricType.histogram, lines: "", expected: [] },
];

const broken: { what: string; type: MetricType; lines: string }[] = [
  { what: "a value without a line feed", type: MetricType.gauge, lines: 'a{job="j"} 1' },
  { what: "an open label value", type: MetricType.gauge, lines: 'a{job="j} 1\n' },
  { what: "a label without a value", type: MetricType.gauge, lines: "a{job} 1\n" },
  { what: "no space before the value", type: MetricType.gauge, lines: 'a{job="j"}1\n' },
  { what: "an empty value", type: MetricType.gauge, lines: 'a{job="j"} \n' },
  { what: "a line that ends in its name", type: MetricType.gauge, lines: "a" },
  { what: "a summary that does not end in _count", type: MetricType.summary, lines: 's_sum{job="j"} 1\n' },
  { what: "a line of another family", type: MetricType.summary, lines: 'other{job="j"} 1\ns_count{job="j"} 1\n' },
  { what: "other labels within a metric", type: MetricType.summary, lines: 's_sum{job="j"} 1\ns_count{job="jj"} 1\n' },
  { what: "a histogram cut off", type: MetricType.histogram, lines: 'h_bucket{job="j",le="1"} 1\nh_sum{job="j"} 1\n' },
];

function readAll(lines: string, type: MetricType): unknown[] {
  const cursor = new LineCursor();
  const text = (start: number, end: number) => Buffer.from(cursor.lines.subarray(start, end)).toString();
  cursor.open(Buffer.from(lines), type);
  const metrics: unknown[] = [];
  while (cursor.step()) {
    const names = Array.from({ length: cursor.labelCount }, (_, i) => [cursor.labelName(i), cursor.labelValue(i)]);
    const labels = Object.fromEntries(names);
    const isPlain = type === MetricType.gauge || type === MetricType.counter || type === MetricType.untyped;
    if (isPlain) metrics.push({ labels, value: text(cursor.valueStart, cursor.valueEnd) });
    else {
      const points = Array.from({ length: cursor.pointCount }, (_, i) => {
        const { points } = cursor;
        return [text(points.keyStart(i), points.keyEnd(i)), text(points.valueStart(i), points.valueEnd(i))];
      });
      const sum = text(cursor.sumStart, cursor.sumEnd);
      metrics.push({ labels, points, sum, count: text(cursor.countStart, cursor.countEnd) });
    }
  }
  return metrics;
}

describe("LineCursor", () => {
  test.each(shapes)("reads $what", ({ type, lines, expected }) => {
    expect(readAll(lines, type)).toEqual(expected);
  });

  test.each(broken)("throws at $what", ({ type, lines }) => {
    expect(() => readAll(lines, type)).toThrow("reading stored lines: expected");
  });

  test("throws, and never runs on, wherever good lines are cut off within a line", () => {
    const lines = 'h_bucket{job="j\\\\",le="1"} 1\nh_sum{job="j\\\\"} 1\nh_count{job="j\\\\"} 1\n';
    for (let size = 1; size < lines.length; size++) {
      expect(() => readAll(lines.slice(0, size), MetricType.histogram)).toThrow("reading stored lines");
    }
  });

  test("reads a metric with more labels and buckets than it has room for at first", () => {
    const labels = Array.from({ length: 100 }, (_, i) => `l${i}="${i}"`).join(",");
    const buckets = Array.from({ length: 300 }, (_, i) => `h_bucket{${labels},le="${i}"} ${i}\n`).join("");
    const [metric] = readAll(`${buckets}h_sum{${labels}} 1\nh_count{${labels}} 1\n`, MetricType.histogram);
    const expectedLabels = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`l${i}`, String(i)]));
    const points = Array.from({ length: 300 }, (_, i) => [String(i), String(i)]);
    expect(metric).toEqual({ labels: expectedLabels, points, sum: "1", count: "1" });
  });
});
