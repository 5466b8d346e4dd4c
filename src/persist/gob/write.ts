import { Writer } from "../../bytes/writer.ts";
import type { LabelPair } from "../../model/view.ts";
import type { GobFamily, GobGroup } from "./read.ts";
import { appendTime, ZERO_TIME_MS } from "./time.ts";
import { STRING_TYPE, WIRE_GOB_ENCODER, WIRE_MAP, WIRE_STRUCT } from "./types.ts";

/** The ids of the reference's types in our streams; a reader gets them from the definitions. */
const GROUPS = 65;
const GROUP = 66;
const LABELS = 67;
const METRICS = 68;
const FAMILY = 69;
const TIME = 70;
const METRIC_FAMILY = 71;

/** Encoded groups are kept in pieces of about this size. */
const PIECE_BYTES = 1 << 20;
const SEPARATOR = 0xff;
const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

type Group = Pick<GobGroup, "labels" | "families">;

/**
 * A persistence file that the reference reads, in pieces that belong to the caller. Its value is one message that
 * starts with its length, so all groups are encoded before the first piece is given out: one copy of the file is held,
 * each piece let go as soon as the next one is asked for. Labels may be in any order; `familyBytes` must hold the
 * grouping labels in every metric; an empty one is written as a family that is not there.
 */
export function* writeGob(groups: Iterable<Group>): Generator<Uint8Array, void, undefined> {
  const { pieces, groupCount, sizeBytes } = encodeGroups(groups);
  yield fileHead(groupCount, sizeBytes);
  for (let i = 0; i < pieces.length; i++) {
    yield pieces[i] as Uint8Array;
    pieces[i] = NOTHING;
  }
}

function encodeGroups(groups: Iterable<Group>): { pieces: Uint8Array[]; groupCount: number; sizeBytes: number } {
  const out = new Writer(PIECE_BYTES + 65_536);
  const pieces: Uint8Array[] = [];
  let groupCount = 0;
  let sizeBytes = 0;
  const keepPiece = () => {
    sizeBytes += out.length;
    pieces.push(out.finish());
    out.reset();
  };
  for (const group of groups) {
    appendGroup(out, group);
    groupCount++;
    if (out.length >= PIECE_BYTES) keepPiece();
  }
  keepPiece();
  return { pieces, groupCount, sizeBytes };
}

/** The type definitions and the start of the value's message, behind which come `sizeBytes` of groups. */
function fileHead(groupCount: number, sizeBytes: number): Uint8Array {
  const out = new Writer();
  appendDefinitions(out);
  const start = new Writer(32);
  appendInt(start, GROUPS);
  start.byte(0);
  appendUint(start, groupCount);
  appendUint(out, start.length + sizeBytes);
  out.append(start.view());
  return out.finish();
}

/** The types as the reference names them: pushgateway, storage/interface.go. */
function appendDefinitions(out: Writer): void {
  appendMapType(out, GROUPS, "GroupingKeyToMetricGroup", GROUP);
  appendStructType(out, GROUP, "MetricGroup", [
    ["Labels", LABELS],
    ["Metrics", METRICS],
  ]);
  appendMapType(out, LABELS, "map[string]string", STRING_TYPE);
  appendMapType(out, METRICS, "NameToTimestampedMetricFamilyMap", FAMILY);
  appendStructType(out, FAMILY, "TimestampedMetricFamily", [
    ["Timestamp", TIME],
    ["GobbableMetricFamily", METRIC_FAMILY],
  ]);
  appendDefinition(out, TIME, WIRE_GOB_ENCODER, "Time", () => {});
  appendDefinition(out, METRIC_FAMILY, WIRE_GOB_ENCODER, "GobbableMetricFamily", () => {});
}

/** A map of strings to `element`. */
function appendMapType(out: Writer, id: number, name: string, element: number): void {
  appendDefinition(out, id, WIRE_MAP, name, (body) => {
    body.byte(1);
    appendInt(body, STRING_TYPE);
    body.byte(1);
    appendInt(body, element);
  });
}

function appendStructType(out: Writer, id: number, name: string, fields: readonly (readonly [string, number])[]): void {
  appendDefinition(out, id, WIRE_STRUCT, name, (body) => {
    body.byte(1);
    appendUint(body, fields.length);
    for (const [field, type] of fields) appendNamedId(body, field, type);
  });
}

/** A message with the pair (-id, wireType); `appendRest` appends the fields behind CommonType. */
function appendDefinition(
  out: Writer,
  id: number,
  kind: number,
  name: string,
  appendRest: (body: Writer) => void,
): void {
  const body = new Writer(256);
  appendInt(body, -id);
  appendUint(body, kind + 1);
  body.byte(1);
  appendNamedId(body, name, id);
  appendRest(body);
  body.byte(0);
  body.byte(0);
  appendUint(out, body.length);
  out.append(body.view());
}

/** A CommonType or a fieldType: a name and an id. */
function appendNamedId(out: Writer, name: string, id: number): void {
  out.byte(1);
  appendText(out, name);
  out.byte(1);
  appendInt(out, id);
  out.byte(0);
}

/** A key and a MetricGroup. */
function appendGroup(out: Writer, { labels, families }: Group): void {
  appendRun(out, groupingKey(labels));
  out.byte(1);
  appendUint(out, labels.length);
  for (const { name, value } of labels) {
    appendText(out, name);
    appendText(out, value);
  }
  out.byte(1);
  appendUint(out, families.length);
  for (const family of families) appendFamily(out, family);
  out.byte(0);
}

/** A name and a TimestampedMetricFamily; a zero time and an absent family are left out, as Go does. */
function appendFamily(out: Writer, { name, timestampMs, familyBytes }: GobFamily): void {
  appendText(out, name);
  const hasTime = timestampMs !== ZERO_TIME_MS;
  if (hasTime) {
    out.byte(1);
    out.byte(15);
    appendTime(out, timestampMs);
  }
  if (familyBytes.length > 0) {
    out.byte(hasTime ? 1 : 2);
    appendRun(out, familyBytes);
  }
  out.byte(0);
}

/** Names and values joined by 0xff, by name in Go's order of strings: so the reference finds the group of a push. */
function groupingKey(labels: readonly LabelPair[]): Uint8Array {
  const pairs = labels.map(({ name, value }) => ({ name: encoder.encode(name), value: encoder.encode(value) }));
  pairs.sort((a, b) => Buffer.compare(a.name, b.name));
  const out = new Writer(256);
  for (const [i, { name, value }] of pairs.entries()) {
    if (i > 0) out.byte(SEPARATOR);
    out.append(name);
    out.byte(SEPARATOR);
    out.append(value);
  }
  return out.view();
}

function appendText(out: Writer, text: string): void {
  appendRun(out, encoder.encode(text));
}

function appendRun(out: Writer, bytes: Uint8Array): void {
  appendUint(out, bytes.length);
  out.append(bytes);
}

function appendInt(out: Writer, value: number): void {
  appendUint(out, value < 0 ? (-value - 1) * 2 + 1 : value * 2);
}

/** Below 128 one byte; else the negated number of bytes and the bytes, the high one first. */
function appendUint(out: Writer, value: number): void {
  if (value < 0x80) {
    out.byte(value);
    return;
  }
  let sizeBytes = 1;
  while (sizeBytes < 7 && value >= 256 ** sizeBytes) sizeBytes++;
  out.byte(256 - sizeBytes);
  for (let i = sizeBytes - 1; i >= 0; i--) out.byte(Math.floor(value / 256 ** i) & 0xff);
}
