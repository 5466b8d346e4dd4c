import { QUOTE } from "../bytes/characters.ts";
import { isLegacyLabelName } from "../model/names.ts";
import type { LabelPair } from "../model/view.ts";
import { escapeText } from "./escape.ts";

const encoder = new TextEncoder();
const ADDED_INSTANCE = 'instance=""';

/**
 * The grouping key of a push: its labels, sorted by name, `job` among them, and the same as the text format writes
 * them.
 *
 *     block   job="j",path="a\\b"                      names one group and no other: there is one way to write a label
 *     full    instance="",job="j",path="a\\b"          what every series of the group carries: `instance` is never missing
 */
export class GroupingKey {
  readonly block: Uint8Array;
  readonly full: Uint8Array;
  /** Some name is outside the old character set. */
  readonly hasQuotedNames: boolean;
  /** Index of the added instance label among the labels of `full`; -1 if the key has one of its own. */
  readonly addedInstance: number;
  private knownBounds: readonly number[] | null = null;
  private knownNames: readonly string[] | null = null;
  private knownNameBytes: readonly Uint8Array[] | null = null;

  /** `labels` are sorted by name (compareNames), each name once. */
  constructor(readonly labels: readonly LabelPair[]) {
    this.addedInstance = placeForInstance(labels);
    let block = "";
    let full = "";
    let quoted = false;
    for (let i = 0; i < labels.length; i++) {
      const piece = renderLabel(labels[i] as LabelPair);
      if (piece.charCodeAt(0) === QUOTE) quoted = true;
      if (i === this.addedInstance) full += full === "" ? ADDED_INSTANCE : `,${ADDED_INSTANCE}`;
      block += block === "" ? piece : `,${piece}`;
      full += full === "" ? piece : `,${piece}`;
    }
    if (this.addedInstance === labels.length) full += `,${ADDED_INSTANCE}`;
    this.hasQuotedNames = quoted;
    this.block = encoder.encode(block);
    this.full = this.addedInstance < 0 ? this.block : encoder.encode(full);
  }

  /** Whether it has a label of this name. */
  has(name: string): boolean {
    return this.labels.some((label) => label.name === name);
  }

  /** The names in `full`, as text. */
  get names(): readonly string[] {
    this.knownNames ??= this.namesOfFull();
    return this.knownNames;
  }

  /** As `names`, in UTF-8. */
  get nameBytes(): readonly Uint8Array[] {
    this.knownNameBytes ??= this.names.map((name) => encoder.encode(name));
    return this.knownNameBytes;
  }

  /** Where each label of `full` starts, then the end of the last plus one. */
  get bounds(): readonly number[] {
    this.knownBounds ??= this.boundsOfFull();
    return this.knownBounds;
  }

  /** The names in `block` as the text format writes them: those outside the old character set in quotes. */
  get writtenNames(): string[] {
    return this.labels.map(({ name }) => writeName(name));
  }

  private boundsOfFull(): number[] {
    const pieces = this.labels.map(renderLabel);
    if (this.addedInstance >= 0) pieces.splice(this.addedInstance, 0, ADDED_INSTANCE);
    return boundsOf(pieces);
  }

  private namesOfFull(): string[] {
    const names = this.labels.map(({ name }) => name);
    if (this.addedInstance >= 0) names.splice(this.addedInstance, 0, "instance");
    return names;
  }
}

/** Where an instance label belongs among sorted labels; -1 where there is one. */
function placeForInstance(labels: readonly LabelPair[]): number {
  for (let i = 0; i < labels.length; i++) {
    const order = compareNames(labels[i]?.name ?? "", "instance");
    if (order === 0) return -1;
    if (order > 0) return i;
  }
  return labels.length;
}

/** Where each piece starts once they are joined by commas, and one behind the end of the last. */
function boundsOf(pieces: readonly string[]): number[] {
  const bounds = [0];
  let at = 0;
  for (const piece of pieces) {
    at += Buffer.byteLength(piece) + 1;
    bounds.push(at);
  }
  return bounds;
}

/** The order of label names: by their UTF-8 bytes, as Go compares strings. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** A label as keys and lines have it: `name="value"`, with escapes. */
export function renderLabel({ name, value }: LabelPair): string {
  return `${writeName(name)}="${escapeText(value)}"`;
}

/** A label name as keys and lines have it: in quotes where it is outside the old character set. */
export function writeName(name: string): string {
  return isLegacyLabelName(name) ? name : `"${escapeText(name)}"`;
}
