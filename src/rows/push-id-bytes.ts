import type { PushIdRows } from "../model/push-id.ts";

/** Ids of pushes as they are kept: their numbers of 32 bits, little-endian. Borrowed. */
export const pushIdBytes = (rows: PushIdRows): Uint8Array =>
  new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);

/** The ids of such bytes, whose size is that of whole ones, in an array of their own. */
export const pushIdsOf = (bytes: Uint8Array): PushIdRows => new Int32Array(bytes.slice().buffer);
