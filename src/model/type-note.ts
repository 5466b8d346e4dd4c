import { MetricType } from "./metric-type.ts";

/*
 * The type note of a family: what was said of its type that MetricType does not say, in a whole number of 31 bits. The
 * two lowest bits are one of these, the others the size in bytes of its unit, with which the name of the family ends.
 */

/** The type is all there is to say. */
export const NO_NOTE = 0;
/** It was pushed without a type, which in protobuf differs from COUNTER. */
export const TYPELESS = 1;
/** A gauge whose name ends in `_info`: OpenMetrics' info. */
export const INFO = 2;
/** A gauge with a label of the family's name: OpenMetrics' stateset. */
export const STATE_SET = 3;

export const typeNote = (kind: number, unitBytes: number): number => kind | (unitBytes << 2);

/** NO_NOTE, TYPELESS, INFO or STATE_SET. */
export const noteKind = (note: number): number => note & 3;

/** 0: it has no unit. */
export const unitBytes = (note: number): number => note >>> 2;

/** The note of a family that has one, after a push of one of its groups with another: what says more counts. */
export const fullerNote = (note: number, other: number): number => (saysOf(other) >= saysOf(note) ? other : note);

const saysOf = (note: number): number => (note === TYPELESS ? -1 : note);

interface NotedFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly typeNote?: number;
}

/** What the name of a counter ends in, and that of an info. */
export const TOTAL = "_total";
export const INFO_SUFFIX = "_info";

/** The unit of a family, or "". */
export function unitOf({ name, type, typeNote: note = NO_NOTE }: NotedFamily): string {
  const size = unitBytes(note);
  if (size === 0) return "";
  const isTotal = type === MetricType.counter && name.endsWith(TOTAL);
  const bytes = Buffer.from(isTotal ? name.slice(0, -TOTAL.length) : name);
  return bytes.subarray(-size).toString();
}
