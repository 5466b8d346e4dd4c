import { BRACE_CLOSE, BRACE_OPEN, LINE_FEED } from "../../bytes/characters.ts";
import { formatFloat } from "../../bytes/float.ts";
import { sameBytes } from "../../bytes/hash.ts";
import { Writer } from "../../bytes/writer.ts";
import type { GroupingKey } from "../../exposition/grouping-key.ts";
import { MetricType } from "../../model/metric-type.ts";
import { PUSH_FAILURE_TIME, PUSH_TIME, PUSH_TIME_HELPS, type PushTimeName } from "../../model/push-times.ts";
import { type ChunkContent, emptyContent } from "./chunk-content.ts";
import type { Family } from "./families.ts";
import type { Table } from "./table.ts";

const encoder = new TextEncoder();

/** Writes the push times of groups into one table. */
export class PushTimes {
  private readonly line = new Writer(256);
  private readonly names: Record<PushTimeName, Uint8Array>;
  private readonly helps: Record<PushTimeName, number>;
  private readonly known: { [name in PushTimeName]?: Family } = {};
  private readonly content = emptyContent();
  private readonly place = { slot: 0, offset: 0, size: 0 };
  /** Many pushes come in one millisecond: the last time that was written as text. */
  private lastSeconds = 0;
  private lastText = "0";

  constructor(private readonly table: Table) {
    this.names = { [PUSH_TIME]: encoder.encode(PUSH_TIME), [PUSH_FAILURE_TIME]: encoder.encode(PUSH_FAILURE_TIME) };
    this.helps = { [PUSH_TIME]: this.keepHelp(PUSH_TIME), [PUSH_FAILURE_TIME]: this.keepHelp(PUSH_FAILURE_TIME) };
  }

  private keepHelp(name: PushTimeName): number {
    const help = encoder.encode(PUSH_TIME_HELPS[name]);
    const id = this.table.helps.enter(help, 0, help.length);
    this.table.helps.retain(id);
    return id;
  }

  /** Whether source[start, start+size) is the name. */
  isName(name: PushTimeName, source: Uint8Array, start: number, size: number): boolean {
    const bytes = this.names[name];
    return bytes.length === size && sameBytes(bytes, 0, source, start, size);
  }

  /** The family, or null as long as no group has it. */
  family(name: PushTimeName): Family | null {
    const known = this.known[name];
    if (known !== undefined && this.table.isCurrent(known)) return known;
    const bytes = this.names[name];
    const family = this.table.findFamily(bytes, 0, bytes.length);
    if (family !== null) this.known[name] = family;
    return family;
  }

  /** Sets a push time of a group; `chunk` is where it has it, or -1. */
  set(name: PushTimeName, group: number, chunk: number, key: GroupingKey, seconds: number, pushedMs: number): void {
    const { table, place } = this;
    const content = this.render(name, key, seconds, pushedMs);
    if (chunk < 0) return this.insert(name, group, key, content);
    if (table.contradictions !== null && !this.isOfKey(name, chunk, key)) {
      table.contradictions.relabelled(chunk);
      return this.insert(name, group, key, content, chunk);
    }
    table.locate(chunk, place);
    table.update(chunk, place, content);
  }

  /** Whether a chunk has the one series of a push time; it may have been pushed with other ones. */
  private isOfKey(name: PushTimeName, chunk: number, key: GroupingKey): boolean {
    const lines = this.table.linesOf(chunk);
    const labelsAt = this.names[name].length + 1;
    if (lines[labelsAt + key.full.length] !== BRACE_CLOSE || this.table.lineCountOf(chunk) !== 1) return false;
    return lines.length > labelsAt && sameBytes(lines, labelsAt, key.full, 0, key.full.length);
  }

  /** Puts a push time where nothing may be shown twice; `chunk` is the one that the group has, or -1. */
  private insert(name: PushTimeName, group: number, key: GroupingKey, content: ChunkContent, chunk = -1): void {
    const { table, place } = this;
    if (chunk >= 0) table.locate(chunk, place);
    const { contradictions } = table;
    const family = this.family(name);
    if (contradictions === null)
      return void table.insert(group, family ?? table.addFamily(this.names[name], MetricType.gauge), content);
    contradictions.putPushTime(group, name, key.full, family, chunk, place, content);
  }

  private render(name: PushTimeName, key: GroupingKey, seconds: number, pushedMs: number): ChunkContent {
    const { line } = this;
    line.reset();
    line.append(this.names[name]);
    line.byte(BRACE_OPEN);
    line.append(key.full);
    line.ascii("} ");
    line.ascii(this.textOf(seconds));
    line.byte(LINE_FEED);
    const { content } = this;
    content.source = line.bytes;
    content.end = line.length;
    content.type = MetricType.gauge;
    content.quoted = key.hasQuotedNames;
    content.metricCount = 1;
    content.lineCount = 1;
    content.help = this.helps[name];
    content.pushedMs = pushedMs;
    return content;
  }

  private textOf(seconds: number): string {
    if (seconds === this.lastSeconds) return this.lastText;
    this.lastSeconds = seconds;
    this.lastText = formatFloat(seconds);
    return this.lastText;
  }
}
