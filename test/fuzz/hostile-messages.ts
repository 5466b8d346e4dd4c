import { double, part, varint } from "../e2e/protobuf.ts";
import type { Dice } from "./dice.ts";

type Kind = "string" | "double" | "integer" | MessageName;
/** Its number, what it holds, and how many of it there mostly are at most. */
type FieldOf = readonly [number: number, kind: Kind, most: number];
type MessageName =
  | "family"
  | "metric"
  | "label"
  | "number"
  | "counter"
  | "summary"
  | "quantile"
  | "histogram"
  | "bucket"
  | "span"
  | "exemplar"
  | "time";

/** The messages of io.prometheus.client, as tables. */
const MESSAGES: Readonly<Record<MessageName, readonly FieldOf[]>> = {
  family: [
    [1, "string", 1],
    [2, "string", 1],
    [3, "integer", 1],
    [4, "metric", 5],
    [5, "string", 1],
  ],
  metric: [
    [1, "label", 3],
    [2, "number", 1],
    [3, "counter", 1],
    [4, "summary", 1],
    [5, "number", 1],
    [6, "integer", 1],
    [7, "histogram", 1],
  ],
  label: [
    [1, "string", 1],
    [2, "string", 1],
  ],
  number: [[1, "double", 1]],
  counter: [
    [1, "double", 1],
    [2, "exemplar", 1],
    [3, "time", 1],
  ],
  summary: [
    [1, "integer", 1],
    [2, "double", 1],
    [3, "quantile", 4],
    [4, "time", 1],
  ],
  quantile: [
    [1, "double", 1],
    [2, "double", 1],
  ],
  histogram: [
    [1, "integer", 1],
    [2, "double", 1],
    [3, "bucket", 4],
    [4, "double", 1],
    [5, "integer", 1],
    [6, "double", 1],
    [7, "integer", 1],
    [8, "double", 1],
    [9, "span", 2],
    [10, "integer", 4],
    [11, "double", 4],
    [12, "span", 2],
    [13, "integer", 4],
    [14, "double", 4],
    [15, "time", 1],
    [16, "exemplar", 2],
  ],
  bucket: [
    [1, "integer", 1],
    [2, "double", 1],
    [3, "exemplar", 1],
    [4, "double", 1],
  ],
  span: [
    [1, "integer", 1],
    [2, "integer", 1],
  ],
  exemplar: [
    [1, "label", 3],
    [2, "double", 1],
    [3, "time", 1],
  ],
  time: [
    [1, "integer", 1],
    [2, "integer", 1],
  ],
};

/** What a metric of each type mostly holds. */
const VALUE_OF_TYPE = [3, 2, 4, 5, 7, 7] as const;

const TEXTS = [
  "a",
  "a",
  "b",
  "h",
  "h_count",
  "s_sum",
  "le",
  "quantile",
  "job",
  "instance",
  "",
  "é☃",
  'q"\\\n',
  "\u2028",
];
const DOUBLES = [0, -0, 1, 0.5, -1, 1e308, 5e-324, -1e300, 2 ** 53, 2 ** 64, Number.NaN, Infinity, -Infinity];
/** As the 64 bits of a varint. */
const INTEGERS = [0n, 1n, 2n, 3n, 4n, 5n, 8n, 100n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n];
const HUGE = [2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 5n];

/** Delimited MetricFamily messages in which anything can be anything: see `hostileText`. */
export function hostileMessages(dice: Dice): Uint8Array {
  const families = Array.from({ length: 1 + dice.size(5) }, () => familyOf(dice));
  return Buffer.concat(families.flatMap((family) => [varint(family.length), family]));
}

/** Mostly a name, a type and metrics of that type, of which some come twice; now and then anything. */
function familyOf(dice: Dice): Buffer {
  if (dice.chance(0.1)) return messageOf(dice, "family", 0);
  const type = dice.below(6);
  const value: number = VALUE_OF_TYPE[type] ?? 2;
  const metrics: Buffer[] = [];
  for (let n = dice.size(6); n >= 0; n--)
    metrics.push(metricOf(dice, dice.chance(0.93) ? value : dice.pick([2, 3, 4, 5, 7])));
  for (let n = dice.below(3); n > 0; n--) metrics.push(dice.pick(metrics));
  const fields = [part(1, dice.pick(TEXTS)), integerField(3, BigInt(type)), ...metrics.map((one) => part(4, one))];
  if (dice.chance(0.2)) fields.push(part(2, dice.pick(TEXTS)));
  return Buffer.concat(dice.chance(0.2) ? dice.shuffled(fields) : fields);
}

function metricOf(dice: Dice, value: number): Buffer {
  const labels = Array.from({ length: dice.size(4) }, () =>
    part(1, part(1, dice.pick(TEXTS)), part(2, dice.pick(TEXTS))),
  );
  const field = MESSAGES.metric.find(([number]) => number === value);
  const fields = [...labels, fieldOf(dice, value, field?.[1] ?? "number", 1)];
  if (dice.chance(0.1)) fields.push(integerField(6, integerOf(dice)));
  return Buffer.concat(fields);
}

function messageOf(dice: Dice, name: MessageName, depth: number): Buffer {
  const fields: Buffer[] = [];
  for (const [number, kind, most] of MESSAGES[name])
    for (let n = dice.chance(0.6) ? 1 + dice.size(most) : 0; n > 0; n--)
      fields.push(fieldOf(dice, number, kind, depth));
  return Buffer.concat(fields);
}

function fieldOf(dice: Dice, number: number, kind: Kind, depth: number): Buffer {
  const wrong = dice.chance(0.01);
  const written: Kind = wrong ? dice.pick(["string", "double", "integer"] as const) : kind;
  if (written === "string") return part(number, dice.pick(TEXTS));
  if (written === "double") return double(number, doubleOf(dice));
  if (written !== "integer") return part(number, depth > 6 ? "" : messageOf(dice, written, depth + 1));
  const value = integerOf(dice);
  // Repeated numbers come packed as well.
  return dice.chance(0.1) ? part(number, varintOf(value), varintOf(integerOf(dice))) : integerField(number, value);
}

const doubleOf = (dice: Dice): number => (dice.chance(0.5) ? dice.below(10) : dice.pick(DOUBLES));
const integerOf = (dice: Dice): bigint => dice.pick(dice.chance(0.8) ? INTEGERS : HUGE);
const integerField = (number: number, value: bigint): Buffer => Buffer.concat([varint(number * 8), varintOf(value)]);

function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const NAMES = [
  "a",
  "a",
  "b",
  "h_bucket",
  "h_sum",
  "h_count",
  "h",
  "s",
  "s_sum",
  "a_total",
  "{}",
  "",
  "push_time_seconds",
];
const LABEL_NAMES = ["le", "quantile", "x", "job", "instance", "__name__", "l:m", '"é"', ""];
const LABEL_VALUES = ["1", "+Inf", "NaN", "", "0.5", "-1", "é\u202e", '\\"', "\\n", "x".repeat(300)];
const VALUES = [
  "1",
  "0",
  "-0",
  "NaN",
  "+Inf",
  "-Inf",
  "1e400",
  "-1e-400",
  "0x1p-1074",
  "1_0",
  "9".repeat(400),
  "",
  "x",
];
const TIMES = [
  "0",
  "1",
  "-1",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775809",
  "NaN",
  "1e30",
  "1.5",
];
const TYPE_WORDS = ["counter", "gauge", "histogram", "summary", "untyped", "gaugehistogram", "info", ""];

/**
 * Lines of the text format: the same series twice, values that are infinite, none or too large, types that do not fit
 * what follows, counts below zero, times out of range; most of it well-formed.
 */
export function hostileText(dice: Dice): Uint8Array {
  const lines: string[] = [];
  for (let n = 1 + dice.size(30); n > 0; n--) {
    const line = dice.chance(0.2) ? headOf(dice) : sampleOf(dice);
    lines.push(line);
    if (dice.chance(0.2)) lines.push(dice.chance(0.5) ? line : dice.pick(lines));
  }
  return Buffer.from(`${lines.join(dice.chance(0.1) ? "\r\n" : "\n")}${dice.chance(0.95) ? "\n" : ""}`);
}

function headOf(dice: Dice): string {
  const name = dice.pick(NAMES).replace(/_(bucket|sum|count)$/, "");
  return dice.chance(0.7) ? `# TYPE ${name} ${dice.pick(TYPE_WORDS)}` : `# HELP ${name} ${dice.pick(LABEL_VALUES)}`;
}

function sampleOf(dice: Dice): string {
  const pairs = Array.from({ length: dice.size(5) }, () => `${dice.pick(LABEL_NAMES)}="${dice.pick(LABEL_VALUES)}"`);
  const labels = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  const time = dice.chance(0.03) ? ` ${dice.pick(TIMES)}` : "";
  const value = dice.chance(0.8) ? String(dice.below(100)) : dice.pick(VALUES);
  return `${dice.pick(NAMES)}${labels} ${value}${time}`;
}
