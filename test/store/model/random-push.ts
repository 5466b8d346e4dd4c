import { MetricType } from "../../../src/model/metric-type.ts";
import { ownFamilyTypes } from "../../../src/telemetry/own-families.ts";
import type { Field } from "./fields.ts";
import type { Label, MetricValue, Point, PushedFamily, PushedMetric } from "./metrics.ts";

const { counter, gauge, summary, untyped, histogram } = MetricType;
const TYPES = [counter, gauge, summary, untyped, histogram] as const;

/** Groups of several shapes, whose series can meet. */
export const GROUPS: readonly (readonly Label[])[] = [
  [["job", "j"]],
  [["job", "k"]],
  [["job", 'q"\\\n']],
  [
    ["job", "j"],
    ["instance", "i"],
  ],
  [
    ["job", "j"],
    ["instance", ""],
  ],
  [
    ["job", "k"],
    ["instance", ""],
  ],
  [
    ["job", "j"],
    ["path", "/"],
  ],
  [
    ["job", "j"],
    ["y", "1"],
  ],
  [
    ["job", "j"],
    ["instance", "i"],
    ["path", "/"],
  ],
  [
    ["job", "k"],
    ["b", "é"],
    ["a", ""],
  ],
];

/** Families with the type that they mostly have. */
const NAMES: readonly (readonly [name: string, type: MetricType])[] = [
  ["m", gauge],
  ["n_total", counter],
  ["u", untyped],
  ["h", histogram],
  ["h_count", gauge],
  ["h_bucket", untyped],
  ["s", summary],
  ["s_sum", counter],
  ["e", gauge],
  ["dotted.name", histogram],
  ["na me", summary],
  ["process_open_fds", gauge],
  ["pushgateway_http_push_duration_seconds_sum", gauge],
  ["push_time_seconds", gauge],
  ["push_failure_time_seconds", gauge],
];
const LABEL_NAMES = ["a", "b", "path", "instance", "job", "y", "Z_9", "le"];
const VALUES = ["", "1", "/", "i", "j", 'q"\\\n', "é☃", "{},=", "x y"];
const HELPS = ["one", "two \\ and \n lines", 'with "quotes"', "é"];
const NUMBERS = [0, 1, -1, 0.5, 1e6, 123456, 1.5e-7, -2.25e300, 5e-324, Number.NaN, Infinity, -Infinity, 3.25];
const BOUNDS = [0.1, 0.5, 0.9, 1, 2.5, 1e6, Infinity];

/** What a push carries, and whether it is sent as protobuf, the only form for some of it. */
export interface RandomPush {
  readonly labels: readonly Label[];
  readonly replace: boolean;
  readonly families: readonly PushedFamily[];
  readonly protobuf: boolean;
}

/** Makes random pushes over a small universe; the same ones for the same source of numbers. */
export class PushSource {
  constructor(readonly random: () => number) {}

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  push(): RandomPush {
    const protobuf = this.chance(0.4);
    const labels = this.pick(GROUPS);
    const families = new Map<string, PushedFamily>();
    for (let i = this.below(5); i > 0; i--) {
      const family = this.family(protobuf);
      if (protobuf || isWritable(family, families)) families.set(family.name, family);
    }
    if (this.chance(0.05)) families.set("big", this.bigFamily());
    return { labels, replace: this.chance(0.4), families: [...families.values()], protobuf };
  }

  private family(protobuf: boolean): PushedFamily {
    const [name, home] = this.pick(NAMES);
    const isTime = name.startsWith("push_");
    const type = this.chance(0.95) || isTime ? home : this.pick(TYPES);
    const count = protobuf && !isTime && this.chance(0.1) ? 0 : 1 + this.below(this.chance(0.1) ? 20 : 3);
    const metrics = Array.from({ length: count }, () => this.metric(type, protobuf, isTime));
    const isComposite = type === summary || type === histogram;
    const help = this.chance(0.5) ? null : this.pick(HELPS);
    return { name, type, help, metrics: isComposite && !protobuf ? withoutTwins(metrics) : metrics };
  }

  /** Enough to make a scrape longer than what is sent in one piece. */
  private bigFamily(): PushedFamily {
    const text = String(this.below(10)).repeat(150);
    const metrics = Array.from({ length: 300 + this.below(200) }, (_, i): PushedMetric => {
      const labels: Label[] = [
        ["i", String(i)],
        ["text", text],
      ];
      return { labels, value: { kind: "plain", value: this.below(100), extra: [] }, timestamp: null };
    });
    return { name: "big", type: gauge, help: null, metrics };
  }

  private metric(type: MetricType, protobuf: boolean, isTime: boolean): PushedMetric {
    const timestamp = this.chance(0.01) ? this.below(1000) : null;
    const value = protobuf && this.chance(0.01) && !isTime ? ({ kind: "absent" } as const) : this.value(type, protobuf);
    return { labels: isTime ? [] : this.labels(type, protobuf), value, timestamp };
  }

  private labels(type: MetricType, protobuf: boolean): Label[] {
    const names = LABEL_NAMES.filter((name) => this.chance(0.25) && (name !== "le" || type !== histogram));
    if (this.chance(0.01)) names.push("__reserved");
    if (protobuf && this.chance(0.01)) names.push("quantile");
    if (protobuf && this.chance(0.05)) names.push(this.pick(["dotted.label", "lé", 'q"uote']));
    if (this.chance(0.02)) names.push("dotted_label");
    if (protobuf && this.chance(0.02)) names.push(this.pick(LABEL_NAMES));
    return this.shuffled(names).map((name): Label => [name, this.pick(VALUES)]);
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => [this.random(), value] as const)
      .sort(([a], [b]) => a - b)
      .map(([, value]) => value);
  }

  private value(type: MetricType, protobuf: boolean): MetricValue {
    if (type !== summary && type !== histogram) {
      const extra = type === counter && protobuf && this.chance(0.3) ? counterExtra(this.below(1000)) : [];
      return { kind: "plain", value: this.number(), extra };
    }
    const isNative = type === histogram && protobuf && this.chance(0.3);
    if (isNative) return this.nativeHistogram();
    const points = this.points(type);
    const float = type === histogram && this.chance(0.2);
    const count = this.chance(0.95) || float ? this.below(1000) + (float ? 0.5 : 0) : null;
    const hasSum = this.chance(0.9) || (count === null && points.length === 0);
    const sum = hasSum ? this.number() : null;
    const counted = float ? points.map(([bound, value]): Point => [bound, value + 0.25]) : points;
    return { kind: "composite", count, sum, points: counted, float, extra: [] };
  }

  private points(type: MetricType): Point[] {
    const bounds = BOUNDS.filter(() => this.chance(0.4));
    return bounds.map((bound): Point => [bound, type === summary ? this.number() : this.below(500)]);
  }

  private number(): number {
    return this.chance(0.5) ? this.below(100_000) / 8 : this.pick(NUMBERS);
  }

  /** Schema, zero bucket, two buckets next to one another, a time of creation, an exemplar. */
  private nativeHistogram(): MetricValue {
    const zeroCount = this.below(20);
    const bucketCount = 1 + this.below(50);
    const span: readonly Field[] = [
      [1, "varint", 2 * this.below(5)],
      [2, "varint", 2],
    ];
    const exemplar: readonly Field[] = [
      [1, "message", [[1, "text", "trace"] as const, [2, "text", "é"] as const]],
      [2, "double", 0.5],
      [3, "message", [[1, "varint", 1700]]],
    ];
    const extra: readonly Field[] = [
      [5, "varint", 2 * this.below(8)],
      [6, "double", 0.001],
      [7, "varint", zeroCount],
      [12, "message", span],
      [13, "varint", 2 * bucketCount],
      [13, "varint", 1],
      [15, "message", [[1, "varint", 1_700_000_000]]],
      [16, "message", exemplar],
    ];
    const count = zeroCount + 2 * bucketCount - 1;
    return { kind: "composite", count, sum: this.chance(0.9) ? this.number() : null, points: [], float: false, extra };
  }
}

function counterExtra(seconds: number): Field[] {
  return [
    [2, "message", [[2, "double", 1.5]]],
    [3, "message", [[1, "varint", seconds]]],
  ];
}

/** Summaries and histograms that have the same labels are one metric in the text format. */
function withoutTwins(metrics: readonly PushedMetric[]): PushedMetric[] {
  const known = new Map(metrics.map((metric) => [JSON.stringify(metric.labels.toSorted()), metric]));
  return [...known.values()];
}

const SUFFIX = /_(count|sum|bucket)$/;

/**
 * Whether the text format can hold a family beside others: no quoted names, no line that could belong to two families.
 */
function isWritable({ name, type }: PushedFamily, others: ReadonlyMap<string, PushedFamily>): boolean {
  if (!/^\w+$/.test(name)) return false;
  const owner = others.get(name.replace(SUFFIX, ""));
  if (SUFFIX.test(name) && owner !== undefined) return false;
  if (type !== summary && type !== histogram) return true;
  return ![...others.keys()].some((other) => other !== name && other.replace(SUFFIX, "") === name);
}

/** The types of the gateway's own families. */
export function ownTypes(): ReadonlyMap<string, MetricType> {
  return new Map([...ownFamilyTypes()].map(([name, { type }]) => [name, type]));
}
