import { countCharacters } from "../bytes/utf8.ts";
import { Writer } from "../bytes/writer.ts";
import { MOST_EXEMPLAR_CHARACTERS } from "../model/aside-rows.ts";
import type { PushColumns } from "../model/columns.ts";
import {
  EXEMPLAR_LABEL,
  EXEMPLAR_TIMESTAMP,
  EXEMPLAR_VALUE,
  PAIR_NAME,
  PAIR_VALUE,
  TIMESTAMP_NANOS,
  TIMESTAMP_SECONDS,
} from "../protobuf/field-numbers.ts";
import { appendBytesField, appendTag, appendUint64, appendVarint, DoubleWriter } from "../protobuf/varint.ts";
import { WIRE_FIXED64, WIRE_VARINT } from "../protobuf/wire.ts";
import { parseGoFloat } from "./number.ts";

const NANOS = 9;
/** Seconds that a Timestamp may have: the years 1 to 9999. */
const LEAST_SECONDS = -62_135_596_800;
const MOST_SECONDS = 253_402_300_799;

/** Writes one Exemplar message after the other, and Timestamp messages. */
export class ExemplarWriter {
  private readonly out = new Writer(512);
  private readonly pair = new Writer(256);
  private readonly doubles = new DoubleWriter();
  private characters = 0;

  /** An exemplar begins. */
  begin(): void {
    this.out.reset();
    this.characters = 0;
  }

  /** Adds a label, unescaped; false: the labels are longer than they may be. */
  addLabel(name: Uint8Array, value: Uint8Array): boolean {
    const { out, pair } = this;
    this.characters += countCharacters(name) + countCharacters(value);
    if (this.characters > MOST_EXEMPLAR_CHARACTERS) return false;
    pair.reset();
    appendBytesField(pair, PAIR_NAME, name, 0, name.length);
    appendBytesField(pair, PAIR_VALUE, value, 0, value.length);
    appendBytesField(out, EXEMPLAR_LABEL, pair.bytes, 0, pair.length);
    return true;
  }

  setValue(value: number): void {
    appendTag(this.out, EXEMPLAR_VALUE, WIRE_FIXED64);
    this.doubles.append(this.out, value);
  }

  /** False: a message cannot hold it. */
  setTimestamp(token: string): boolean {
    const { out, pair } = this;
    pair.reset();
    if (!appendTimestamp(pair, token)) return false;
    appendBytesField(out, EXEMPLAR_TIMESTAMP, pair.bytes, 0, pair.length);
    return true;
  }

  /** The exemplar is that of a sample. */
  finish(columns: PushColumns, sample: number): void {
    columns.exemplars.add(sample, ...spilled(columns, this.out));
  }

  /** Notes when a metric was created; false: a message cannot hold the time. */
  addCreated(columns: PushColumns, metric: number, token: string): boolean {
    const { pair } = this;
    pair.reset();
    if (!appendTimestamp(pair, token)) return false;
    columns.created.add(metric, ...spilled(columns, pair));
    return true;
  }
}

/** The place and the size of what was written, in the spill. */
function spilled(columns: PushColumns, out: Writer): [at: number, size: number] {
  columns.reserveSpill(out.length);
  const at = columns.spillSize;
  columns.spill.set(out.view(), at);
  columns.spillSize += out.length;
  return [~at, out.length];
}

/** Seconds and nanoseconds of a number as it was written, exactly where that is plain digits. */
function readTime(token: string): { seconds: number; nanos: number } | null {
  const plain = /^([+-]?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(token);
  const value = parseGoFloat(token);
  if (value === undefined || !Number.isFinite(value)) return null;
  let seconds = plain === null ? Math.floor(value) : Number(plain[2]);
  let nanos =
    plain === null ? Math.round((value - seconds) * 1e9) : Number((plain[3] ?? "").slice(0, NANOS).padEnd(NANOS, "0"));
  if (plain?.[1] === "-") {
    seconds = nanos === 0 ? -seconds : -seconds - 1;
    nanos = nanos === 0 ? 0 : 1e9 - nanos;
  }
  return nanos === 1e9 ? { seconds: seconds + 1, nanos: 0 } : { seconds, nanos };
}

function appendTimestamp(out: Writer, token: string): boolean {
  const time = readTime(token);
  if (time === null || time.seconds < LEAST_SECONDS || time.seconds > MOST_SECONDS) return false;
  if (time.seconds !== 0) {
    appendTag(out, TIMESTAMP_SECONDS, WIRE_VARINT);
    appendUint64(out, BigInt.asUintN(64, BigInt(time.seconds)));
  }
  if (time.nanos !== 0) {
    appendTag(out, TIMESTAMP_NANOS, WIRE_VARINT);
    appendVarint(out, time.nanos);
  }
  return true;
}
