import { byteAt } from "../bytes/at.ts";
import { Broken } from "../bytes/broken.ts";
import { EXEMPLAR_TIMESTAMP, keyOf, TIMESTAMP_NANOS, TIMESTAMP_SECONDS } from "../protobuf/field-numbers.ts";
import { FieldCursor, readUint64, WIRE_BYTES, WIRE_VARINT } from "../protobuf/wire.ts";

const TIMESTAMP = keyOf(EXEMPLAR_TIMESTAMP, WIRE_BYTES);
const SECONDS = keyOf(TIMESTAMP_SECONDS, WIRE_VARINT);
const NANOS = keyOf(TIMESTAMP_NANOS, WIRE_VARINT);

const NANOS_A_SECOND = 1_000_000_000n;

/** Calls `visit` for each field of the message source[start, end). */
export function eachField(
  source: Uint8Array,
  start: number,
  end: number,
  visit: (key: number, fields: FieldCursor) => void,
): void {
  const fields = new FieldCursor();
  fields.open(source, start, end);
  while (fields.step()) visit(keyOf(fields.field, fields.wire), fields);
  if (fields.failed) throw new Broken(`adding metrics: bytes ${start} to ${end} are not a message`);
}

/** Calls `visit` with each varint of source[start, end). */
export function eachVarint(source: Uint8Array, start: number, end: number, visit: (value: bigint) => void): void {
  let from = start;
  for (let at = start; at < end; at++) {
    if (byteAt(source, at) >= 0x80) continue;
    visit(readUint64(source, from, at + 1));
    from = at + 1;
  }
}

/** The earlier one of two Timestamp messages; that which is there where one is absent. */
export function earliest(one: Uint8Array | null, other: Uint8Array | null): Uint8Array | null {
  if (one === null || other === null) return one ?? other;
  return nanosOf(other) < nanosOf(one) ? other : one;
}

/** The later one of two Exemplar messages; without times that of the push. */
export function latest(stored: Uint8Array | null, pushed: Uint8Array | null): Uint8Array | null {
  if (stored === null || pushed === null) return stored ?? pushed;
  const [before, now] = [exemplarNanos(stored), exemplarNanos(pushed)];
  return before !== null && now !== null && before > now ? stored : pushed;
}

/** Of several exemplars the latest, as many as the longer list has, the latest one first. */
export function latestOf(stored: readonly Uint8Array[], pushed: readonly Uint8Array[]): Uint8Array[] {
  const all = [...pushed, ...stored].map((bytes) => ({ bytes, nanos: exemplarNanos(bytes) ?? -1n }));
  all.sort((a, b) => (a.nanos > b.nanos ? -1 : a.nanos < b.nanos ? 1 : 0));
  return all.slice(0, Math.max(stored.length, pushed.length)).map(({ bytes }) => bytes);
}

/** When an exemplar was taken, or null. */
function exemplarNanos(exemplar: Uint8Array): bigint | null {
  let nanos: bigint | null = null;
  eachField(exemplar, 0, exemplar.length, (key, { start, end }) => {
    if (key === TIMESTAMP) nanos = nanosOf(exemplar.subarray(start, end));
  });
  return nanos;
}

function nanosOf(timestamp: Uint8Array): bigint {
  let [seconds, nanos] = [0n, 0n];
  eachField(timestamp, 0, timestamp.length, (key, fields) => {
    if (key === SECONDS) seconds = BigInt.asIntN(64, fields.uint64());
    else if (key === NANOS) nanos = BigInt.asIntN(32, fields.uint64());
  });
  return seconds * NANOS_A_SECOND + nanos;
}
