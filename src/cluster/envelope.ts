import type { BatchId } from "./log.ts";

/**
 * A message of the log. All integers are little endian.
 *
 *     u8   version: 1
 *     u8   kind: 0 a batch that is one message; 1 a part of a batch; 2 the last message of one in parts
 *     u16  kind 1: which part it is, from 0; kind 2: how many parts there are
 *     u32  size of the batch, unpacked
 *     u64  writer
 *     u64  number
 *     kind 2: for each part, in order, u64 its position
 *     kind 0 and 1: bytes of the packed batch, to the end of the message
 *
 * A part is nothing by itself: it counts where the last message of its batch names its position. That one is the entry.
 */
const VERSION = 1;
const HEAD_BYTES = 24;
const POSITION_BYTES = 8;
const [WHOLE, PART, LAST] = [0, 1, 2];

/** Most bytes of a batch, unpacked. */
export const MAX_BATCH_BYTES = 1024 * 1024 * 1024;
export const MAX_PARTS = 4096;
/**
 * The parts of a batch stand at most so many positions before its last message; else it is no entry, for no reader, and
 * its writer begins anew. So who purges the log knows how far back an entry may reach.
 */
export const MAX_REACH = 10_000;

export type Envelope = BatchId & { readonly sizeBytes: number } & (
    | { readonly kind: "whole"; readonly packed: Uint8Array }
    | { readonly kind: "part"; readonly index: number; readonly packed: Uint8Array }
    | { readonly kind: "last"; readonly parts: readonly number[] }
  );

/** Why a message cannot be read. */
export interface Unreadable {
  readonly isNewer: boolean;
  readonly reason: string;
}

export function isUnreadable(read: object): read is Unreadable {
  return "isNewer" in read;
}

/** The bytes of a message. */
export function writeEnvelope(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const body = envelope.kind === "last" ? positionBytes(envelope.parts) : envelope.packed;
  const message = new Uint8Array(HEAD_BYTES + body.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, envelope.kind === "whole" ? WHOLE : envelope.kind === "part" ? PART : LAST);
  view.setUint16(
    2,
    envelope.kind === "whole" ? 0 : envelope.kind === "part" ? envelope.index : envelope.parts.length,
    true,
  );
  view.setUint32(4, envelope.sizeBytes, true);
  view.setBigUint64(8, BigInt(`0x${envelope.writer}`), true);
  view.setBigUint64(16, BigInt(envelope.number), true);
  message.set(body, HEAD_BYTES);
  return message;
}

/** Reads the message at a position; every size and reference in it is checked. `packed` is of the message's bytes. */
export function readEnvelope(message: Uint8Array, position: number): Envelope | Unreadable {
  const version = message[0] ?? 0;
  if (version > VERSION)
    return { isNewer: true, reason: `it has version ${version} of the format, this program reads ${VERSION}` };
  if (version === 0 || message.length < HEAD_BYTES) return broken(`${message.length} bytes of version ${version}`);
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const sizeBytes = view.getUint32(4, true);
  const number = Number(view.getBigUint64(16, true));
  if (sizeBytes > MAX_BATCH_BYTES) return broken(`a batch of ${sizeBytes} bytes`);
  if (number === 0 || !Number.isSafeInteger(number)) return broken(`the batch's number ${number}`);
  const head = { writer: view.getBigUint64(8, true).toString(16).padStart(16, "0"), number, sizeBytes };
  const [kind, count] = [view.getUint8(1), view.getUint16(2, true)];
  if (kind === WHOLE) return { ...head, kind: "whole", packed: message.subarray(HEAD_BYTES) };
  if (kind === PART) return { ...head, kind: "part", index: count, packed: message.subarray(HEAD_BYTES) };
  if (kind !== LAST) return broken(`a message of kind ${kind}`);
  const parts = readPositions(view, count, position);
  return Array.isArray(parts) ? { ...head, kind: "last", parts } : parts;
}

function positionBytes(positions: readonly number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(positions, BigInt).buffer);
}

/** The positions of parts: rising, before their last message. */
function readPositions(view: DataView, count: number, position: number): number[] | Unreadable {
  if (count === 0 || count > MAX_PARTS || view.byteLength !== HEAD_BYTES + count * POSITION_BYTES)
    return broken(`${count} parts named in ${view.byteLength} bytes`);
  const positions: number[] = [];
  for (let n = 0; n < count; n++) {
    const part = Number(view.getBigUint64(HEAD_BYTES + n * POSITION_BYTES, true));
    if (part <= (positions.at(-1) ?? 0) || part >= position) return broken(`a part at position ${part}`);
    positions.push(part);
  }
  return positions;
}

function broken(what: string): Unreadable {
  return { isNewer: false, reason: `it is broken: ${what}` };
}
