import { byteAt } from "../../bytes/at.ts";
import type { Writer } from "../../bytes/writer.ts";

/**
 * Go's time.Time as its MarshalBinary writes it (https://pkg.go.dev/time#Time.MarshalBinary): a version, eight bytes of
 * seconds since the year 1, four of nanoseconds, two of minutes east of UTC (-1 for UTC itself); version 2 has one more
 * byte, the seconds of the offset. All numbers are signed and big-endian.
 */
const SIZE_BYTES = [0, 15, 16] as const;
const SECONDS_TO_1970 = 62_135_596_800;
const UTC = 0xffff;

/** Go's zero time, the first instant of the year 1, in milliseconds since 1970. */
export const ZERO_TIME_MS = -SECONDS_TO_1970 * 1000;

/**
 * The instant in source[start, end) in milliseconds since 1970, with a fraction that is good to a quarter of a
 * microsecond in our time; NaN where the bytes are no time. The offset from UTC says nothing about the instant and is
 * dropped.
 */
export function readTime(source: Uint8Array, start: number, end: number): number {
  const version = source[start];
  if (end <= start || (version !== 1 && version !== 2) || end - start !== SIZE_BYTES[version]) return Number.NaN;
  const seconds = readInt32(source, start + 1) * 2 ** 32 + (readInt32(source, start + 5) >>> 0);
  const nanoseconds = readInt32(source, start + 9);
  if (nanoseconds < 0 || nanoseconds >= 1e9) return Number.NaN;
  return (seconds - SECONDS_TO_1970) * 1000 + nanoseconds / 1e6;
}

/** Appends the 15 bytes of version 1 for an instant in milliseconds since 1970, in UTC. */
export function appendTime(out: Writer, ms: number): void {
  let seconds = Math.floor(ms / 1000);
  let nanoseconds = Math.round((ms - seconds * 1000) * 1e6);
  if (nanoseconds >= 1e9) {
    seconds++;
    nanoseconds -= 1e9;
  }
  const since1 = seconds + SECONDS_TO_1970;
  const high = Math.floor(since1 / 2 ** 32);
  out.byte(1);
  appendInt32(out, high);
  appendInt32(out, since1 - high * 2 ** 32);
  appendInt32(out, nanoseconds);
  out.byte(UTC >> 8);
  out.byte(UTC & 0xff);
}

function readInt32(source: Uint8Array, at: number): number {
  return (
    (byteAt(source, at) << 24) | (byteAt(source, at + 1) << 16) | (byteAt(source, at + 2) << 8) | byteAt(source, at + 3)
  );
}

function appendInt32(out: Writer, value: number): void {
  out.byte((value >>> 24) & 0xff);
  out.byte((value >>> 16) & 0xff);
  out.byte((value >>> 8) & 0xff);
  out.byte(value & 0xff);
}
