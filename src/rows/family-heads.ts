import { mustBe, mustHold } from "../bytes/broken.ts";
import { LINE_FEED } from "../bytes/characters.ts";
import { sameBytes } from "../bytes/hash.ts";
import { Writer } from "../bytes/writer.ts";
import { appendHelpText } from "../exposition/help-text.ts";
import {
  HEAD_AGE_BYTES,
  HEAD_ASIDE,
  HEAD_HAS_AGE,
  HEAD_HAS_HELP,
  HEAD_HAS_NOTE,
  HEAD_NOTE_BYTES,
  HEAD_QUOTED,
  HEAD_TYPELESS,
} from "../model/kept-group.ts";
import { METRIC_TYPE_WORDS, type MetricType } from "../model/metric-type.ts";
import { NO_NOTE, TYPELESS } from "../model/type-note.ts";
import type { GroupFamily } from "../model/view.ts";
import { HEAD_NUMBERS_BYTES } from "./parts-cursor.ts";

/** Heads beyond this are made anew each time; nearly all are far below. */
const LARGE_HEAD_BYTES = 2048;
/** Of all heads that are remembered; where they are more, all are forgotten and those in use come back. */
const HEADS_BYTES = 8 << 20;
/** The objects of a head, about. */
const HEAD_OBJECT_BYTES = 400;

/** What the rows of all groups say alike about a family. */
export interface FamilyHead {
  /** The HELP and TYPE lines. */
  readonly lines: Uint8Array;
  /** The head as it is in `parts` (record.ts). */
  readonly bytes: Uint8Array;
}

interface KnownHead extends FamilyHead {
  readonly name: string;
  readonly type: MetricType;
  readonly flags: number;
  readonly note: number;
  readonly age: number;
}

/** Makes the heads of families, and remembers the small ones by the id of their family. */
export class FamilyHeads {
  private known = new Map<number, KnownHead>();
  private readonly lines = new Writer(256);
  private readonly bytes = new Writer(256);
  private knownBytes = 0;

  /** The memory that it takes up. */
  get sizeBytes(): number {
    return this.knownBytes + this.lines.bytes.length + this.bytes.bytes.length;
  }

  /** The head of a family: lent until the next one is asked for. */
  of(family: GroupFamily): FamilyHead {
    const known = this.known.get(family.id);
    if (known !== undefined && isHeadOf(known, family)) return known;
    this.forget(family.id);
    this.write(family);
    if (this.lines.length + this.bytes.length > LARGE_HEAD_BYTES)
      return { lines: this.lines.view(), bytes: this.bytes.view() };
    return this.remember(family);
  }

  /** The family of an id is no more. */
  forget(id: number): void {
    const known = this.known.get(id);
    if (known === undefined) return;
    this.known.delete(id);
    this.knownBytes -= sizeOf(known);
  }

  clear(): void {
    this.known = new Map();
    this.knownBytes = 0;
  }

  /** Gives back what a large head has taken. */
  trim(): void {
    this.lines.trim(LARGE_HEAD_BYTES);
    this.bytes.trim(LARGE_HEAD_BYTES);
  }

  /** Throws where the heads that are remembered are not of their families, or not as many bytes as are counted. */
  verify(): void {
    let knownBytes = 0;
    for (const [id, head] of this.known) {
      mustBe(head.bytes[0] ?? -1, head.type, `the head of family ${id}: its type`);
      mustBe(head.bytes[1] ?? -1, head.flags, `the head of family ${id}: its flags`);
      mustBe(readSize(head.bytes), Buffer.byteLength(head.name), `the head of family ${id}: the size of its name`);
      knownBytes += sizeOf(head);
    }
    mustBe(knownBytes, this.knownBytes, "heads: bytes");
    mustHold(knownBytes <= HEADS_BYTES, `heads: ${knownBytes} bytes are more than may be`);
  }

  private remember(family: GroupFamily): KnownHead {
    const { name, type, typeNote: note = NO_NOTE, age, id } = family;
    const texts = { lines: this.lines.finish(), bytes: this.bytes.finish() };
    const head = { name, type, flags: flagsOf(family), note, age, ...texts };
    if (this.knownBytes + sizeOf(head) > HEADS_BYTES) this.clear();
    this.known.set(id, head);
    this.knownBytes += sizeOf(head);
    return head;
  }

  private write(family: GroupFamily): void {
    const { lines, bytes } = this;
    const { name, type, typeNote, help, age } = family;
    lines.reset();
    bytes.reset();
    if (help !== null) {
      lines.text(`# HELP ${JSON.stringify(name)} `);
      appendHelpText(lines, help);
      lines.byte(LINE_FEED);
    }
    lines.text(`# TYPE ${JSON.stringify(name)} ${METRIC_TYPE_WORDS[type]}\n`);
    bytes.byte(type);
    bytes.byte(flagsOf(family));
    appendSized(bytes, Buffer.from(name));
    if (hasNote(family)) bytes.append(new Uint8Array(Int32Array.of(typeNote ?? NO_NOTE).buffer));
    if (age !== 0) bytes.append(new Uint8Array(Float64Array.of(age).buffer));
    if (help !== null) bytes.append(help);
  }
}

/** About what a head takes up in a row, without making it. */
export function headSize({ name, help }: GroupFamily): number {
  return 2 * (name.length + (help?.length ?? 0)) + HEAD_NUMBERS_BYTES + HEAD_NOTE_BYTES + HEAD_AGE_BYTES;
}

const sizeOf = ({ lines, bytes }: FamilyHead): number => lines.length + bytes.length + HEAD_OBJECT_BYTES;

function flagsOf(family: GroupFamily): number {
  const { quoted, help, isAside, age, typeNote } = family;
  const flags = (quoted ? HEAD_QUOTED : 0) | (help === null ? 0 : HEAD_HAS_HELP);
  const note = typeNote === TYPELESS ? HEAD_TYPELESS : hasNote(family) ? HEAD_HAS_NOTE : 0;
  return flags | (isAside ? HEAD_ASIDE : 0) | (age === 0 ? 0 : HEAD_HAS_AGE) | note;
}

/** Whether its note is more than a flag. */
const hasNote = ({ typeNote = NO_NOTE }: GroupFamily): boolean => typeNote !== NO_NOTE && typeNote !== TYPELESS;

function isHeadOf(head: KnownHead, family: GroupFamily): boolean {
  const { name, type, typeNote = NO_NOTE, age, help } = family;
  if (
    head.note !== typeNote ||
    head.type !== type ||
    head.age !== age ||
    head.name !== name ||
    head.flags !== flagsOf(family)
  )
    return false;
  if (help === null) return true;
  // The help ends the head; before it is the name, of the same size in all heads of that name.
  const noteSize = hasNote(family) ? HEAD_NOTE_BYTES : 0;
  const at = HEAD_NUMBERS_BYTES + readSize(head.bytes) + noteSize + (age === 0 ? 0 : HEAD_AGE_BYTES);
  return head.bytes.length - at === help.length && sameBytes(head.bytes, at, help, 0, help.length);
}

/** The size of the name in a head. */
const readSize = (head: Uint8Array): number => new DataView(head.buffer, head.byteOffset).getUint32(2, true);

/** Appends a size of 32 bits and the bytes. */
export function appendSized(out: Writer, bytes: Uint8Array): void {
  const size = bytes.length;
  for (let shift = 0; shift < 32; shift += 8) out.byte((size >>> shift) & 0xff);
  out.append(bytes);
}
