import { LINE_FEED } from "../bytes/characters.ts";
import type { Writer } from "../bytes/writer.ts";
import type { LabelPair } from "../model/view.ts";
import { escapeText } from "./escape.ts";

/**
 * The part of a sample line before its value, with the space that ends it: `name{a="b",c="d"} `, or `name ` without
 * labels. `name` and the label names are of the old character set; the labels come out in the order given; values are
 * escaped. Source: Prometheus text format 0.0.4.
 */
export function sampleHead(name: string, labels: readonly LabelPair[]): string {
  if (labels.length === 0) return `${name} `;
  const pairs = labels.map((label) => `${label.name}="${escapeText(label.value)}"`);
  return `${name}{${pairs.join(",")}} `;
}

/** Appends one finished line: `head` as `sampleHead` made it, the value, a line feed. */
export function writeSample(writer: Writer, head: string, value: number): void {
  writer.text(head);
  writer.float(value);
  writer.byte(LINE_FEED);
}
