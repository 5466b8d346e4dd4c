import { Writer } from "../../bytes/writer.ts";
import { offsetOf, type PushColumns } from "../../model/columns.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { FAMILY_UNITS, STEP_UNITS } from "../../model/work.ts";
import { NOBODY, UNKNOWN } from "../table/asides.ts";
import { emptyContent } from "../table/chunk-content.ts";
import type { Contradictions } from "../table/contradictions.ts";
import { type Family, takeTypeNote } from "../table/families.ts";
import { NO_HELP } from "../table/help-texts.ts";
import type { Table } from "../table/table.ts";
import type { Admitted } from "./admitted.ts";
import { metricFault } from "./consistency.ts";
import type { DuplicateSearch } from "./duplicates.ts";
import type { GroupChunks } from "./group-chunks.ts";
import { isPartial, JudgedFamilies, type JudgedFamily } from "./judged-family.ts";
import { hasForm } from "./known-push.ts";
import type { PushRequest } from "./push-request.ts";
import type { PushedTypes } from "./pushed-types.ts";
import type { Renderer } from "./render.ts";
import { removeOthers } from "./replace.ts";
import { setSpliced } from "./spliced-family.ts";
import { COLLECTED_BEFORE, Faults, takenBefore } from "./wording.ts";

/** So much of a family is looked through to say which of its series are elsewhere. */
const DESCRIBED_UNITS = 16 * STEP_UNITS;

/** Stores what was found good of one push after the other. It cannot fail. */
export class PushStoring implements Admitted {
  group = -1;
  private request: PushRequest;
  private families = new JudgedFamilies();
  private readonly content = emptyContent();
  private readonly spliced = new Writer(4096);
  /** The family that is next; -1: what the push takes away comes first. */
  private next = -1;
  private isSliced = false;

  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly renderer: Renderer,
    private readonly chunks: GroupChunks,
    private readonly duplicates: DuplicateSearch,
    none: PushRequest,
  ) {
    this.request = none;
  }

  /** `isSliced`: it may take more than one turn. */
  begin(request: PushRequest, group: number, families: JudgedFamilies, isSliced: boolean): this {
    this.isSliced = isSliced;
    this.request = request;
    this.group = group;
    this.families = families;
    this.next = -1;
    return this;
  }

  get succeeded(): number {
    return this.chunks.succeeded;
  }

  get failed(): number {
    return this.chunks.failed;
  }

  get grows(): boolean {
    const { families, chunks } = this;
    if (this.group < 0 || chunks.succeeded < 0 || chunks.failed < 0) return true;
    for (let i = 0; i < families.count; i++) if (!this.isKnown(families.at(i))) return true;
    return false;
  }

  bringsSeriesOf(names: PushedTypes): boolean {
    const { request, families } = this;
    if (this.group < 0 && names.hasPushTime) return true;
    for (let i = 0; i < families.count; i++) {
      const item = families.at(i);
      if (!this.isKnown(item) && names.mayConcern(request.columns.familyNameBytes(item.family))) return true;
    }
    return false;
  }

  /** Whether the group has just the series of a family, of its type. */
  private isKnown({ family, chunk, isRelabelled }: JudgedFamily): boolean {
    return chunk >= 0 && !isRelabelled && this.table.typeOf(chunk) === this.request.columns.families.type(family);
  }

  storeOn(group: number): boolean {
    const { request, families } = this;
    const { columns } = request;
    const { work } = columns;
    if (this.next < 0) {
      if (request.replace) removeOthers(this.table, group, families, this.chunks);
      this.next = 0;
    }
    while (this.next < families.count) {
      if (work.isTurnOver) return false;
      const item = families.at(this.next++);
      this.storeFamily(item, group);
      const isCopied = item.page === null && !item.unchanged;
      const textBytes = columns.families.nameSize(item.family) + Math.max(0, columns.families.helpSize(item.family));
      work.charge(FAMILY_UNITS + textBytes + (isCopied ? item.end - item.start : 0));
    }
    this.noteForm(columns, group);
    return true;
  }

  private storeFamily(item: JudgedFamily, group: number): void {
    const { table, content, request } = this;
    const { columns } = request;
    const help = this.enterHelp(columns, item);
    if (item.stored !== null && table.isCurrent(item.stored))
      takeTypeNote(item.stored, columns.families.typeNote(item.family), item.chunk >= 0);
    if (item.unchanged) return table.touch(item.chunk, help, request.receivedMs);
    content.source = this.renderer.out.bytes;
    content.start = item.start;
    content.end = item.end;
    content.page = item.page;
    content.splice = null;
    content.type = columns.families.type(item.family);
    content.quoted = item.quoted;
    content.metricCount = columns.families.metricCount(item.family);
    content.lineCount = item.lineCount;
    content.help = help;
    content.side = item.side;
    content.pushedMs = request.receivedMs;
    setSpliced(table, item, content, this.spliced);
    // What else is on its page may have been written since it was found.
    if (this.isSliced && item.chunk >= 0) table.locate(item.chunk, item.place);
    const mayMove = item.isRelabelled || item.doubles !== NOBODY;
    if (mayMove && table.contradictions !== null) return this.put(item, group, table.contradictions);
    if (item.chunk >= 0) return table.update(item.chunk, item.place, content);
    table.insert(group, this.familyFor(columns, item), content);
  }

  private put(item: JudgedFamily, group: number, contradictions: Contradictions): void {
    const { columns } = this.request;
    const { groups } = this.table;
    const isGone = item.doubles >= 0 && !groups.table.has(item.doubles);
    if (item.isRelabelled && item.chunk >= 0) contradictions.relabelled(item.chunk);
    const name = columns.familyNameBytes(item.family);
    const doubles = isGone ? UNKNOWN : item.doubles;
    contradictions.put(group, name, item.chunk, item.place, this.content, doubles, () => this.whyDoubled(item, group));
  }

  /** Describes series of a family that are there twice; of a large one it looks at the first ones. */
  private whyDoubled(item: JudgedFamily, group: number): string {
    const { duplicates, renderer, table } = this;
    const { columns, key } = this.request;
    const faults = new Faults();
    columns.work.beginTurn(DESCRIBED_UNITS);
    duplicates.beginFamily(columns, item.family, renderer, table.groups.pushedGroup(group, key), item.stored);
    duplicates.findOn(columns, renderer, (metric) =>
      faults.add(metricFault(columns, item.family, metric, renderer, COLLECTED_BEFORE)),
    );
    columns.work.beginTurn(this.isSliced ? 0 : Infinity);
    return faults.count > 0 ? faults.message : takenBefore(columns.familyName(item.family));
  }

  private familyFor(columns: PushColumns, item: JudgedFamily): Family {
    const name = columns.familyNameBytes(item.family);
    const known = this.table.findFamily(name, 0, name.length);
    if (known !== null) return known;
    const family = this.table.addFamily(name, columns.families.type(item.family));
    family.isOwn = this.reserved.has(family.name);
    family.typeNote = columns.families.typeNote(item.family);
    return family;
  }

  /** The number of a family's help text; nearly always it is the one that the chunk has. */
  private enterHelp(columns: PushColumns, item: JudgedFamily): number {
    const { helps } = this.table;
    const size = columns.families.helpSize(item.family);
    if (size < 0) return item.splice === null ? NO_HELP : this.table.helpIdOf(item.chunk);
    const at = columns.families.helpAt(item.family);
    const bytes = columns.bytesOf(at);
    const start = offsetOf(at);
    const known = item.chunk < 0 ? NO_HELP : this.table.helpIdOf(item.chunk);
    if (known !== NO_HELP && helps.is(known, bytes, start, size)) return known;
    return helps.enter(bytes, start, start + size);
  }

  /** Notes whether the next push of the same form can be one of values alone. */
  private noteForm(columns: PushColumns, group: number): void {
    const { table, chunks } = this;
    table.groups.setForm(group, 0);
    for (let i = 0; i < this.families.count; i++) if (isPartial(this.families.at(i))) return;
    if (columns.form === 0 || table.contradictions !== null || table.lists.isLarge(group)) return;
    chunks.read(group);
    if (hasForm(columns, chunks)) table.groups.setForm(group, columns.form);
  }
}
