import { doubleAt } from "../../bytes/at.ts";
import {
  HEAD_AGE_BYTES,
  HEAD_ASIDE,
  HEAD_HAS_AGE,
  HEAD_HAS_NOTE,
  HEAD_QUOTED,
  HEAD_TYPELESS,
} from "../../model/kept-group.ts";
import type { KeptReader } from "../../model/kept-reader.ts";
import type { MetricType } from "../../model/metric-type.ts";
import type { ReservedFamilies } from "../../model/reserved-families.ts";
import { fullerNote, NO_NOTE, TYPELESS } from "../../model/type-note.ts";
import type { ChunkContent } from "./chunk-content.ts";
import type { Contradictions } from "./contradictions.ts";
import type { Family } from "./families.ts";
import { NO_HELP } from "./help-texts.ts";
import type { Table } from "./table.ts";

/** What the families of a head are put into the table with. */
export interface KeptHead {
  readonly family: Family;
  readonly type: MetricType;
  readonly quoted: boolean;
  /** As in type-note.ts. */
  readonly typeNote: number;
  /** Its number in the help texts, or NO_HELP. */
  readonly help: number;
  /** 0: none was kept. */
  readonly age: number;
}

/** Finds or makes what kept families are put into a table with. */
export class KeptHeads {
  constructor(
    private readonly table: Table,
    private readonly reserved: ReservedFamilies,
    private readonly kept: KeptReader,
    /** Called where what was kept may be contradictory. */
    private readonly allowContradictions: () => Contradictions,
  ) {}

  /** The head of a number: it is right as long as nothing is taken out of the table. */
  read(head: number): KeptHead {
    const age = this.ageOf(head);
    return this.readFor(head, this.familyOf(head, age > 0), age);
  }

  /** The same where its family is known, and there is no age. */
  readFor(head: number, family: Family, age = 0): KeptHead {
    const { table, kept } = this;
    const flags = kept.flags(head);
    const helpAt = kept.helpStart(head);
    const helpSize = kept.helpSize(head);
    const help = helpSize < 0 ? NO_HELP : table.helps.enter(kept.bytes, helpAt, helpAt + helpSize);
    const typeNote = this.noteOf(head);
    return { family, type: kept.type(head), quoted: (flags & HEAD_QUOTED) !== 0, typeNote, help, age };
  }

  private noteOf(head: number): number {
    const { kept } = this;
    const flags = kept.flags(head);
    if ((flags & HEAD_HAS_NOTE) === 0) return (flags & HEAD_TYPELESS) === 0 ? NO_NOTE : TYPELESS;
    const { bytes } = kept;
    const name = kept.name(head);
    return new DataView(bytes.buffer, name.byteOffset + name.length).getInt32(0, true);
  }

  private ageOf(head: number): number {
    const { kept } = this;
    return (kept.flags(head) & HEAD_HAS_AGE) === 0 ? 0 : doubleAt(kept.bytes, kept.helpStart(head) - HEAD_AGE_BYTES);
  }

  private familyOf(head: number, isContradictory: boolean): Family {
    const { kept, table } = this;
    const name = kept.name(head);
    const type = kept.type(head);
    const known = table.findFamily(name, 0, name.length);
    if (isContradictory || (known !== null && known.filledCount > 0 && known.type !== type)) this.allowContradictions();
    const isAside = (kept.flags(head) & HEAD_ASIDE) !== 0;
    const note = this.noteOf(head);
    const family = table.contradictions?.familyToRestore(name, type, isAside) ?? known;
    if (family === null) return this.makeFamily(name, type, note);
    family.typeNote = fullerNote(family.typeNote, note);
    return family;
  }

  private makeFamily(name: Uint8Array, type: MetricType, typeNote: number): Family {
    const family = this.table.addFamily(name, type);
    family.isOwn = this.reserved.has(family.name);
    family.typeNote = typeNote;
    return family;
  }
}

/** Makes `content` what a kept family is; its source is the bytes of what was kept. */
export function describeKept(content: ChunkContent, kept: KeptReader, index: number, head: KeptHead): void {
  content.start = kept.linesStart(index);
  content.end = content.start + kept.linesSize(index);
  content.type = head.type;
  content.quoted = head.quoted;
  content.metricCount = kept.metricCount(index);
  content.lineCount = kept.lineCount(index);
  content.help = head.help;
  content.side = kept.side(index);
  content.pushedMs = kept.pushedMs(index);
}

/** Gives a group the push times, time to live and ids of pushes that a row has; `firstId` is where these begin. */
export function setKeptRow({ groups }: Table, group: number, kept: KeptReader, row: number, firstId: number): void {
  groups.setSucceeded(group, kept.succeededSeconds(row));
  groups.setFailed(group, kept.failedSeconds(row));
  groups.lifetimes.note(group, kept.ttlSeconds(row));
  groups.pushIds.set(group, kept.pushIds(firstId, kept.pushIdCount(row)));
}
