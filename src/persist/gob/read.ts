import { isUtf8 } from "node:buffer";
import { byteAt } from "../../bytes/at.ts";
import { Fault } from "../../model/fault.ts";
import type { LabelPair } from "../../model/view.ts";
import { FileFault } from "../file-fault.ts";
import { GobCursor } from "./cursor.ts";
import { findLayout, type Layout } from "./layout.ts";
import { readTime, ZERO_TIME_MS } from "./time.ts";
import {
  FIRST_DEFINED_TYPE,
  type GobField,
  type GobType,
  type GobTypes,
  nextField,
  readDefinitions,
  skipValue,
  WIRE_TEXT_MARSHALER,
} from "./types.ts";

const NOTHING = new Uint8Array(0);

/** One metric family of a group as the reference keeps it. */
export interface GobFamily {
  readonly name: string;
  /** When it was pushed, in milliseconds since 1970 with a fraction; ZERO_TIME_MS where the file has no time. */
  readonly timestampMs: number;
  /**
   * An io.prometheus.client.MetricFamily with the grouping labels in every metric, borrowed from the file's bytes and
   * not checked. Empty where the reference held nothing: it warns of such a family and leaves it out of its exposition.
   */
  readonly familyBytes: Uint8Array;
}

/** One group. Neither labels nor families are sorted: the file has them in any order. */
export interface GobGroup {
  readonly labels: readonly LabelPair[];
  readonly families: readonly GobFamily[];
  /**
   * Whether all label names and label values are UTF-8. The reference keeps groups where they are not, and fails every
   * scrape because of them; here their wrong bytes are U+FFFD, as are those of family names.
   */
  readonly isUtf8: boolean;
}

export interface GobFile {
  readonly groupCount: number;
  /**
   * Decodes one group at a time and may be walked more than once. Of two groups with the same labels the later one
   * counts.
   */
  readonly groups: Iterable<GobGroup>;
  /** Decodes the group of an index below `groupCount`; they are in the order of `groups`. */
  readonly groupAt: (index: number) => GobGroup;
  /**
   * Each time at which families of a group were pushed, group by group: its index and the time, as in `timestampMs`.
   */
  readonly pushes: { readonly groups: readonly number[]; readonly timesMs: readonly number[] };
}

/**
 * Whether a file that starts with these bytes is a stream of Go's encoding/gob: 32 bytes are enough. Looks at the start
 * of the first type definition, which no text and no SQLite database has.
 */
export function isGob(head: Uint8Array): boolean {
  const cursor = new GobCursor(head);
  cursor.limit = head.length;
  const sizeBytes = cursor.uint("the length of a message");
  const id = cursor.int("a type id");
  const kind = cursor.uint("the kind of a type") - 1;
  const commonType = cursor.uint("the first field of a type");
  const name = cursor.uint("the name of a type");
  if (cursor.fault !== null || sizeBytes < cursor.at) return false;
  return (
    id <= -FIRST_DEFINED_TYPE &&
    kind >= 0 &&
    kind <= WIRE_TEXT_MARSHALER &&
    commonType === 1 &&
    (name === 1 || name === 2)
  );
}

/**
 * Reads a persistence file of the reference. The file is walked to its end before this returns: what is truncated,
 * corrupted or no persistence file is refused as a whole, with the offset and what was expected there. The bytes are
 * borrowed: they must not change as long as the result is in use.
 */
export function readGob(bytes: Uint8Array): GobFile | Fault {
  const cursor = new GobCursor(bytes);
  const types = new Map<number, GobType>();
  const root = readDefinitions(cursor, types);
  if (cursor.fault !== null) return refuse(cursor.fault);
  const layout = findLayout(types, root);
  if (typeof layout === "string") return refuse(`at byte ${cursor.at}: ${layout}`);
  if (cursor.uint("the mark of a value") !== 0) cursor.fail(cursor.at - 1, "expected the mark 0 of a value");
  const groupCount = cursor.count("the number of groups");
  const { limit } = cursor;
  const reader = new GroupReader(cursor, types, layout);
  const offsets: number[] = [];
  const pushes = { groups: [] as number[], timesMs: [] as number[] };
  for (let i = 0; i < groupCount && cursor.fault === null; i++) {
    offsets.push(cursor.at);
    for (const timeMs of reader.skipGroup()) {
      pushes.groups.push(i);
      pushes.timesMs.push(timeMs);
    }
  }
  cursor.closeMessage("the groups");
  cursor.limit = bytes.length;
  cursor.closeMessage("the file");
  if (cursor.fault !== null) return refuse(cursor.fault);
  const groupAt = groupReader(bytes, types, layout, offsets, limit);
  const groups = { [Symbol.iterator]: () => offsets.keys().map(groupAt) };
  return { groupCount, groups, groupAt, pushes };
}

function refuse(fault: string): Fault {
  return new Fault(`reading a gob persistence file: ${fault}`);
}

/** Reads groups at offsets that were found to be sound. */
function groupReader(
  bytes: Uint8Array,
  types: GobTypes,
  layout: Layout,
  offsets: readonly number[],
  limit: number,
): (index: number) => GobGroup {
  const cursor = new GobCursor(bytes);
  const reader = new GroupReader(cursor, types, layout);
  return (index) => {
    cursor.at = offsets[index] ?? limit;
    cursor.limit = limit;
    const group = reader.readGroup();
    if (cursor.fault !== null)
      throw new FileFault(`reading a gob persistence file again: it has changed, ${cursor.fault}`);
    return group;
  };
}

/** Reads the groups one by one, or steps over them while checking the same things. */
class GroupReader {
  private readonly text: TextReader;
  private labels: LabelPair[] | null = null;
  private families: GobFamily[] | null = null;
  /** The different times of the families of a group that is stepped over. */
  private times: number[] = [];

  constructor(
    private readonly cursor: GobCursor,
    private readonly types: GobTypes,
    private readonly layout: Layout,
  ) {
    this.text = new TextReader(cursor.bytes);
  }

  readGroup(): GobGroup {
    const labels: LabelPair[] = [];
    const families: GobFamily[] = [];
    this.labels = labels;
    this.families = families;
    this.text.isUtf8 = true;
    this.walkGroup();
    return { labels, families, isUtf8: this.text.isUtf8 };
  }

  /** Yields the different times of its families, at least one, lent until the next one. */
  skipGroup(): readonly number[] {
    this.labels = null;
    this.families = null;
    this.times.length = 0;
    this.walkGroup();
    if (this.times.length === 0) this.times.push(ZERO_TIME_MS);
    return this.times;
  }

  private walkGroup(): void {
    const { cursor, types, layout } = this;
    const fields = layout.group;
    skipValue(cursor, types, layout.keyType);
    for (let index = nextField(cursor, fields, -1); index >= 0; index = nextField(cursor, fields, index)) {
      if (index === layout.labelsIndex) this.walkLabels();
      else if (index === layout.metricsIndex) this.walkFamilies();
      else skipValue(cursor, types, (fields[index] as GobField).type);
    }
  }

  private walkLabels(): void {
    const { cursor, labels } = this;
    const count = cursor.count("the number of labels");
    for (let i = 0; i < count && cursor.fault === null; i++) {
      const name = this.string("a label name", labels !== null);
      const value = this.string("a label value", labels !== null);
      if (labels !== null) labels.push({ name, value });
    }
  }

  private walkFamilies(): void {
    const { cursor, families } = this;
    const count = cursor.count("the number of metric families");
    for (let i = 0; i < count && cursor.fault === null; i++) {
      const { isUtf8: hasRightLabels } = this.text;
      const name = this.string("a metric family's name", families !== null);
      this.text.isUtf8 = hasRightLabels;
      this.walkFamily(name);
    }
  }

  private walkFamily(name: string): void {
    const { cursor, types, layout, families } = this;
    const fields = layout.family;
    let timestampMs = ZERO_TIME_MS;
    let start = 0;
    let end = 0;
    for (let index = nextField(cursor, fields, -1); index >= 0; index = nextField(cursor, fields, index)) {
      if (index === layout.familyIndex) {
        cursor.run("a metric family");
        start = cursor.start;
        end = cursor.at;
      } else if (index === layout.timestampIndex) timestampMs = this.time();
      else skipValue(cursor, types, (fields[index] as GobField).type);
    }
    if (families !== null)
      families.push({ name, timestampMs, familyBytes: end > start ? cursor.bytes.subarray(start, end) : NOTHING });
    else if (!this.times.includes(timestampMs)) this.times.push(timestampMs);
  }

  private time(): number {
    const { cursor } = this;
    cursor.run("a time");
    const ms = readTime(cursor.bytes, cursor.start, cursor.at);
    if (Number.isNaN(ms)) cursor.fail(cursor.start, "expected a time of version 1 (15 bytes) or 2 (16 bytes)");
    return ms;
  }

  private string(what: string, isWanted: boolean): string {
    const { cursor } = this;
    cursor.run(what);
    return isWanted ? this.text.read(cursor.start, cursor.at) : "";
  }
}

/** Makes strings of byte ranges. `isUtf8` turns false when one is not UTF-8, and is set back by the owner. */
class TextReader {
  isUtf8 = true;
  private readonly buffer: Buffer;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  constructor(private readonly bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(start: number, end: number): string {
    const { bytes } = this;
    for (let i = start; i < end; i++) if (byteAt(bytes, i) >= 0x80) return this.readWide(start, end);
    return this.buffer.toString("latin1", start, end);
  }

  private readWide(start: number, end: number): string {
    const run = this.bytes.subarray(start, end);
    if (!isUtf8(run)) this.isUtf8 = false;
    return this.decoder.decode(run);
  }
}
