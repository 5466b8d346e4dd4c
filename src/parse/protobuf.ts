import { byteAt } from "../bytes/at.ts";
import { hasHighBytes } from "../bytes/valid-utf8.ts";
import type { PushColumns } from "../model/columns.ts";
import { MetricType } from "../model/metric-type.ts";
import { Rejection } from "../model/rejection.ts";
import { NO_NOTE, TYPELESS } from "../model/type-note.ts";
import { MORE } from "../model/work.ts";
import { FieldCursor, WIRE_BYTES, WIRE_VARINT } from "../protobuf/wire.ts";
import { FamilyTable } from "./family-table.ts";
import { takeHelp } from "./help.ts";
import { MetricMessage } from "./metric-message.ts";

/** Go's words for a body that ends within a message and for bytes that are no message. */
const CUT_SHORT = "unexpected EOF";
const OVERFLOW = "proto: variable length integer overflow";
const BROKEN = "proto: cannot parse invalid wire-format data";

const MOST_VARINT_BYTES = 10;
/** What is read next: the length of a message, or one of the two walks through it. */
const LENGTH = 0;
const HEAD = 1;
const METRICS = 2;

/**
 * Reads delimited io.prometheus.client.MetricFamily messages: a varint length before each. Of families of one name the
 * last counts. Names and label values are taken as they are: whoever stores them checks them. One parser serves one
 * push after the other; messages are read in place, whatever lengths they claim.
 */
export class ProtobufParser {
  private readonly table = new FamilyTable();
  private readonly outer = new FieldCursor();
  private readonly metric: MetricMessage;
  /** The families some metric of which has a timestamp; those that were replaced by another of their name are not. */
  private readonly stamped = new Set<number>();
  /** Where reading goes on, and in which walk of which message. */
  private at = 0;
  private walk = LENGTH;
  private family = 0;
  private readonly head = {
    nameAt: 0,
    nameSize: 0,
    helpAt: 0,
    /** -1: there is none. */
    helpSize: -1,
    /** A number that may be none of a type. */
    type: 0,
    isTypeless: true,
    start: 0,
    end: 0,
  };
  /** Reading pauses at the first good place from here on. */
  private pauseAt = 0;
  /** The metric that was come to is not read yet. */
  private inMetric = false;
  /** Families read so far, those that were replaced among them. */
  private familyCount = 0;
  private body: Uint8Array = new Uint8Array(0);

  constructor(private readonly columns: PushColumns) {
    this.metric = new MetricMessage(columns);
  }

  /**
   * Fills the columns from `body`, which they refer to from then on. An error leaves them half filled, not to be used.
   */
  parse(body: Uint8Array): Rejection | null {
    this.begin(body);
    const outcome = this.readOn(Infinity);
    return outcome === MORE ? null : outcome;
  }

  /** The columns refer to the body from then on. */
  begin(body: Uint8Array): void {
    this.columns.begin(body);
    this.columns.hasQuotedNames = true;
    this.columns.keepsEmptyFamilies = true;
    this.table.clear();
    this.stamped.clear();
    this.familyCount = 0;
    this.metric.open(body);
    this.body = body;
    this.at = 0;
    this.walk = LENGTH;
    this.inMetric = false;
  }

  /** Reads about `sizeBytes` more of the body that was begun. */
  readOn(sizeBytes: number): Rejection | null | typeof MORE {
    const { body, columns } = this;
    this.pauseAt = this.at + sizeBytes;
    while (this.walk !== LENGTH || this.at < body.length) {
      if (this.at >= this.pauseAt) return MORE;
      if (this.walk === LENGTH) {
        const fault = this.beginFamily();
        if (fault !== null) return fault;
      }
      const isWhole = this.walk === HEAD ? this.readHead() : this.readMetrics();
      if (columns.excess !== null) return columns.excess;
      if (!isWhole) return new Rejection("malformed", BROKEN);
    }
    columns.hasTimestamps = this.stamped.size > 0;
    return null;
  }

  /** Reads the length of a message, and begins with its first walk: name, help and type may follow the metrics. */
  private beginFamily(): Rejection | null {
    const { body, at, head } = this;
    const prefix = readLength(body, at);
    if (prefix === null) return new Rejection("malformed", body.length - at < MOST_VARINT_BYTES ? CUT_SHORT : OVERFLOW);
    if (prefix.length > body.length - prefix.next) return new Rejection("malformed", CUT_SHORT);
    head.nameAt = 0;
    head.nameSize = 0;
    head.helpAt = 0;
    head.helpSize = -1;
    head.type = MetricType.counter;
    head.isTypeless = true;
    head.start = prefix.next;
    head.end = prefix.next + prefix.length;
    this.outer.open(body, head.start, head.end);
    this.walk = HEAD;
    return null;
  }

  /** Goes on with the first walk, which passes over metrics, up to `pauseAt`; false: this is no message. */
  private readHead(): boolean {
    const { outer, columns, head } = this;
    while (columns.excess === null && outer.step()) {
      if (outer.field !== 4) this.metric.countField();
      if (outer.field === 3 && outer.wire === WIRE_VARINT) {
        head.type = typeNumber(outer);
        head.isTypeless = false;
      }
      if (outer.wire === WIRE_BYTES) this.takeText(outer);
      if (outer.next >= this.pauseAt) return this.pause(outer.next);
    }
    if (outer.failed || columns.excess !== null) return false;
    const { nameAt, nameSize, helpAt, helpSize, type, isTypeless, start, end } = head;
    this.family = this.enterFamily(nameAt, nameSize);
    columns.families.setType(this.family, type as MetricType);
    columns.families.setTypeNote(this.family, isTypeless ? TYPELESS : NO_NOTE);
    takeHelp(columns, this.family, helpAt, helpSize, helpSize > 0 && hasHighBytes(this.body, helpAt, helpSize));
    outer.open(this.body, start, end);
    // The second walk goes through the same bytes again.
    this.pauseAt -= end - start;
    this.at = start;
    this.walk = METRICS;
    return true;
  }

  /** The name or the help of a family. */
  private takeText({ field, start, end }: FieldCursor): void {
    const { head, columns } = this;
    if ((field === 1 || field === 2) && end - start > columns.maxTextBytes) columns.noteLongText();
    if (field === 1) {
      head.nameAt = start;
      head.nameSize = end - start;
    } else if (field === 2) {
      head.helpAt = start;
      head.helpSize = end - start;
    }
  }

  private pause(at: number): boolean {
    this.at = at;
    return true;
  }

  /** A family row of this name without metrics: a new one, or the one that is replaced. */
  private enterFamily(nameAt: number, nameSize: number): number {
    const { columns } = this;
    columns.note("maxFamilies", ++this.familyCount);
    const known = this.table.find(columns, this.body, nameAt, nameSize);
    if (known < 0) {
      const family = columns.addFamily(nameAt, nameSize);
      this.table.add(columns, family);
      return family;
    }
    this.stamped.delete(known);
    columns.families.dropMetrics(known);
    return known;
  }

  /** Goes on with the second walk, for the metrics, up to `pauseAt`; false: one is none. */
  private readMetrics(): boolean {
    const { outer, head, metric } = this;
    while (this.columns.excess === null) {
      if (this.inMetric) {
        const isRead = metric.readOn(this.pauseAt);
        // Its walks go through the same bytes as well.
        this.pauseAt -= metric.againBytes;
        if (!isRead) return this.pause(metric.at);
        this.inMetric = false;
        if (metric.isBroken) return false;
        if (metric.hasTimestamp) this.stamped.add(this.family);
      }
      if (outer.next >= this.pauseAt) return this.pause(outer.next);
      if (!outer.step()) break;
      if (outer.field !== 4 || outer.wire !== WIRE_BYTES) continue;
      metric.begin(this.family, head.type as MetricType, outer.start, outer.end);
      this.inMetric = true;
    }
    this.at = head.end;
    this.walk = LENGTH;
    return true;
  }
}

/** An enumeration's number, of which Go takes 32 bits. */
const typeNumber = (record: FieldCursor): number =>
  record.value <= MetricType.gaugeHistogram ? record.value : Number(BigInt.asIntN(32, record.uint64()));

/** The varint length before a message, or null where the body ends within it or it is none. */
function readLength(body: Uint8Array, start: number): { length: number; next: number } | null {
  let length = 0;
  let scale = 1;
  for (let at = start; at < body.length && at < start + MOST_VARINT_BYTES; at++) {
    const byte = byteAt(body, at);
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) return at === start + MOST_VARINT_BYTES - 1 && byte > 1 ? null : { length, next: at + 1 };
    scale *= 128;
  }
  return null;
}
