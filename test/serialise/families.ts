import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writer } from "../../src/bytes/writer.ts";
import { MetricType } from "../../src/model/metric-type.ts";
import type { GroupFamily, LabelPair, ShownGroup } from "../../src/model/view.ts";
import { groupJsonPieces } from "../../src/serialise/json.ts";
import { JsonScratch } from "../../src/serialise/metric-json.ts";
import { type Conversation, readConversations } from "../conformance/replay.ts";

const { counter, gauge, summary, untyped, histogram } = MetricType;
const TYPES: ReadonlyMap<string, MetricType> = new Map(Object.entries({ counter, gauge, summary, untyped, histogram }));

/** The recorded conversations with the reference. */
export function recordedConversations(): Conversation[] {
  return readConversations(readFileSync(join(import.meta.dir, "..", "conformance", "open.jsonl"), "utf8"));
}

/** A family as the store would show it; `lines` come without their line feeds. */
export function familyOf(
  name: string,
  type: MetricType,
  lines: readonly string[],
  more: Partial<GroupFamily> = {},
): GroupFamily {
  const text = lines.map((line) => `${line}\n`).join("");
  const metricCount = lines.length;
  const lineCount = lines.length;
  const plain = { id: 0, help: null, quoted: false, age: 0, isAside: false, pushedMs: 0, side: null };
  return { name, type, ...plain, metricCount, lineCount, lines: Buffer.from(text), ...more };
}

export function groupOf(
  families: readonly GroupFamily[],
  labels: readonly LabelPair[] = [{ name: "job", value: "j" }],
): ShownGroup {
  const find = (wanted: string) => families.find(({ name }) => name === wanted) ?? null;
  return { labels, lastPushSuccessful: true, find, families };
}

/** What a serialiser gives in pieces and leaves in the writer. */
export function bytesOf(append: (out: Writer) => Iterable<Uint8Array>): Buffer {
  const out = new Writer(8);
  const pieces = [...append(out)];
  return Buffer.concat([...pieces, out.finish()]);
}

export const groupJson = (group: ShownGroup): string =>
  bytesOf((out) => groupJsonPieces(out, group, new JsonScratch())).toString();

/** The families of a recorded exposition, whose lines come sorted, with the lines of a metric back in their order. */
export function recordedFamilies(exposition: Readonly<Record<string, readonly string[]>>): GroupFamily[] {
  return Object.entries(exposition).map(([name, lines]) => recordedFamily(name, lines));
}

function recordedFamily(name: string, recorded: readonly string[]): GroupFamily {
  const word =
    recorded
      .find((line) => line.startsWith("# TYPE "))
      ?.split(" ")
      .at(-1) ?? "";
  const help = recorded.find((line) => line.startsWith("# HELP "))?.slice(`# HELP ${name} `.length) ?? null;
  const lines = recorded.filter((line) => !line.startsWith("# "));
  const type = TYPES.get(word);
  if (type === undefined) throw new Error(`reading a recorded family: no type among ${JSON.stringify(recorded)}`);
  const ordered = word === "summary" || word === "histogram" ? inMetricOrder(name, lines) : lines;
  const unescaped = help?.replaceAll("\\n", "\n").replaceAll("\\\\", "\\");
  return familyOf(name, type, ordered, { help: unescaped === undefined ? null : Buffer.from(unescaped) });
}

function inMetricOrder(name: string, lines: readonly string[]): string[] {
  const place = (line: string): [series: string, part: number, bound: number] => {
    const [, suffix = "", labels = ""] = /^([^{]*)\{(.*)\} /.exec(line.slice(name.length)) ?? [];
    const bound = /,(?:le|quantile)="([^"]*)"$/.exec(labels);
    const series = bound === null ? labels : labels.slice(0, bound.index);
    const part = suffix === "_count" ? 2 : suffix === "_sum" ? 1 : 0;
    return [series, part, Number(bound?.[1]?.replace("Inf", "Infinity") ?? 0)];
  };
  return lines.toSorted((a, b) => {
    const [seriesA, partA, boundA] = place(a);
    const [seriesB, partB, boundB] = place(b);
    if (seriesA !== seriesB) return seriesA < seriesB ? -1 : 1;
    return partA - partB || (boundA < boundB ? -1 : 1);
  });
}

/** A source of numbers from 0 to below 1 that a seed decides (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * A random double: small whole numbers, fractions, any bit pattern, the special ones; never -0, which lines cannot
 * hold.
 */
export function randomDouble(random: () => number): number {
  const kind = Math.floor(random() * 5);
  if (kind === 0) return Math.floor(random() * 1000);
  if (kind === 1) return Math.round((random() - 0.5) * 1e6) / 1e3 + 0;
  if (kind === 2)
    return ([Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 0] as const)[Math.floor(random() * 6)] ?? 0;
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random() * 2 ** 32);
  view.setUint32(4, random() * 2 ** 32);
  return view.getFloat64(0) || 0;
}

const PIECES = ["a", "Z9", "é", "你好", "☃", "😀", '"', "\\", "\n", ",", "{", "}", "=", " ", "le", "\u2028", "<&>"];

/** Random text with what has to be escaped somewhere. */
export function randomText(random: () => number): string {
  const size = Math.floor(random() * 6);
  return Array.from({ length: size }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
}
