import { formatFloat } from "../../src/bytes/float.ts";
import type { Dice } from "./dice.ts";

export type Labels = readonly (readonly [name: string, value: string])[];
export type TypeWord = "counter" | "gauge" | "summary" | "untyped" | "histogram";

/** The values of one metric: the one of a plain type, or a sum, a count and points (bound or rank, value). */
export type Value =
  | { readonly kind: "plain"; readonly value: number }
  | { readonly kind: "points"; readonly points: readonly (readonly [number, number])[]; sum: number; count: number };

export interface Family {
  readonly name: string;
  readonly type: TypeWord;
  readonly help: string | null;
  readonly metrics: readonly { readonly labels: Labels; readonly value: Value }[];
}

const TYPES = ["counter", "gauge", "summary", "untyped", "histogram"] as const;
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
const DIGITS = "0123456789";
const PIECES = [
  "\\",
  '"',
  "\n",
  "{",
  "}",
  ",",
  "=",
  "#",
  " ",
  "\t",
  "é",
  "☃",
  "\u{1f600}",
  "\u00a0",
  "\r",
  "/",
  "'",
  "<b>",
  "\0",
];

/** Well-formed families under names that begin with `prefix`, of all types, with values and labels of all kinds. */
export function randomFamilies(dice: Dice, prefix: string): Family[] {
  return Array.from({ length: 1 + dice.size(6) }, (_, i) => {
    const type = dice.pick(TYPES);
    const name = `${prefix}${i}_${word(dice, `${LETTERS}:${DIGITS}`, 12)}x`;
    const help = dice.chance(0.5) ? null : text(dice).trim();
    const shapes = new Map<string, Labels>();
    for (let n = 1 + dice.size(12); n > 0; n--) {
      const labels = randomLabels(dice);
      // Once pushed, all have the group's job, and an empty instance is none.
      const own = labels.filter(([name, value]) => name !== "job" && (name !== "instance" || value !== ""));
      shapes.set(JSON.stringify(own.toSorted()), labels);
    }
    const metrics = [...shapes.values()].map((labels) => ({ labels, value: randomValue(dice, type) }));
    return { name, type, help, metrics };
  });
}

function word(dice: Dice, characters: string, maxSize: number): string {
  return Array.from({ length: dice.size(maxSize) }, () => dice.pick([...characters])).join("");
}

function text(dice: Dice): string {
  return Array.from({ length: dice.size(20) }, () =>
    dice.chance(0.7) ? dice.pick([...LETTERS]) : dice.pick(PIECES),
  ).join("");
}

function randomLabels(dice: Dice): Labels {
  const labels = new Map<string, string>();
  for (let n = dice.size(6); n > 0; n--) labels.set(`x${word(dice, LETTERS + DIGITS, 10)}`, text(dice));
  if (dice.chance(0.05)) labels.set("job", "other");
  if (dice.chance(0.1)) labels.set("instance", text(dice));
  return dice.shuffled([...labels]);
}

/** Any double there is: special ones, short ones, and random bits. */
export function randomNumber(dice: Dice): number {
  if (dice.chance(0.2))
    return dice.pick([0, Number.NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 1e21, 1e-7]);
  if (dice.chance(0.5)) return (dice.below(2_000_001) - 1_000_000) / dice.pick([1, 8, 10, 1000]);
  const bits = new DataView(new ArrayBuffer(8));
  bits.setUint32(0, dice.below(2 ** 32));
  bits.setUint32(4, dice.below(2 ** 32));
  return bits.getFloat64(0);
}

function randomValue(dice: Dice, type: TypeWord): Value {
  if (type !== "summary" && type !== "histogram") return { kind: "plain", value: randomNumber(dice) };
  const isHistogram = type === "histogram";
  const bounds = new Set(Array.from({ length: dice.size(8) }, () => Math.abs(dice.below(1000) / 8)));
  if (isHistogram) bounds.add(Infinity);
  const points = [...bounds]
    .toSorted((a, b) => a - b)
    .map((bound) => {
      return [bound, isHistogram ? dice.below(100_000) : randomNumber(dice)] as const;
    });
  return { kind: "points", points, sum: randomNumber(dice), count: dice.below(1_000_000) };
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** The text format 0.0.4 of families, in one of the ways to write it. */
export function writeText(dice: Dice, families: readonly Family[]): string {
  return families.map((family) => writeFamily(dice, family)).join(dice.pick(["", "\n", "# a remark\n", "\n \n"]));
}

function writeFamily(dice: Dice, { name, type, help, metrics }: Family): string {
  const lines: string[] = [];
  if (help !== null) lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
  if (type !== "untyped" || dice.chance(0.5)) lines.push(`# TYPE ${name} ${type}`);
  for (const { labels, value } of metrics) lines.push(...writeMetric(dice, name, type, labels, value));
  return `${lines.join("\n")}\n`;
}

function writeMetric(dice: Dice, name: string, type: TypeWord, labels: Labels, value: Value): string[] {
  const line = (suffix: string, all: Labels, number: number) =>
    `${name}${suffix}${writeLabels(dice, dice.shuffled(all))} ${writeNumber(dice, number)}`;
  if (value.kind === "plain") return [line("", labels, value.value)];
  const [suffix, key] = type === "summary" ? ["", "quantile"] : ["_bucket", "le"];
  return [
    ...value.points.map(([bound, number]) => line(suffix, [...labels, [key, formatFloat(bound)]], number)),
    line("_sum", labels, value.sum),
    line("_count", labels, value.count),
  ];
}

function writeLabels(dice: Dice, labels: Labels): string {
  if (labels.length === 0) return dice.pick(["", "{}"]);
  const pairs = labels.map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(dice.pick([",", ", "]))}${dice.pick(["", "", ","])}}`;
}

function writeNumber(dice: Dice, value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  return dice.pick([formatFloat(value), String(value), value.toExponential()]);
}
