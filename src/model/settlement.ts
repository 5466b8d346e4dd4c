import type { Rejection } from "./rejection.ts";

/** Groups of which a change could not be kept, while all others were; by key, with the reason. */
export class RefusedGroups {
  private readonly reasons = new Map<string, Rejection>();

  add(key: Uint8Array, rejection: Rejection): void {
    this.reasons.set(textOf(key), rejection);
  }

  of(key: Uint8Array): Rejection | null {
    return this.reasons.get(textOf(key)) ?? null;
  }
}

/** What became of changes: all are kept (null), none are, or all but those of some groups. */
export type Settlement = Rejection | RefusedGroups | null;

/** Why the change of a group was not kept, or null; the key is null where no row was to be written. */
export function faultOf(settlement: Settlement, key: Uint8Array | null): Rejection | null {
  if (!(settlement instanceof RefusedGroups)) return settlement;
  return key === null ? null : settlement.of(key);
}

const textOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
