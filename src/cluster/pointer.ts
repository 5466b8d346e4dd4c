import { type Static, Type } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import { Fault } from "../model/fault.ts";

const VERSION = 1;
const WholeNumber = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** What is told of a stored snapshot: its chunks, and what it is a snapshot of. */
const PointerSchema = Type.Object({
  version: Type.Literal(VERSION),
  /** Of this snapshot alone: its chunks have it in their subjects. */
  id: Type.String({ pattern: "^[0-9a-f]{16}$" }),
  /** The log it is of: when that stream was made. */
  log: Type.String(),
  position: WholeNumber,
  /** All parts of entries behind `position` stand behind this one. */
  reach: WholeNumber,
  /** How many messages each chunk has, and its bytes unpacked. */
  chunks: Type.Array(Type.Object({ messages: WholeNumber, sizeBytes: WholeNumber })),
  /** Where its first message is in the stream of snapshots; 0 where it has none. */
  firstMessage: WholeNumber,
  /** What its messages take up together. */
  sizeBytes: WholeNumber,
});

export type Pointer = Static<typeof PointerSchema>;

export function writePointer(pointer: Omit<Pointer, "version">): string {
  return JSON.stringify({ version: VERSION, ...pointer });
}

export function readPointer(data: Uint8Array): Pointer | Fault {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString());
    if (Check(PointerSchema, value)) return value;
    return new Fault(`reading the pointer to the newest snapshot: it is none of version ${VERSION}`);
  } catch {
    return new Fault("reading the pointer to the newest snapshot: it is not JSON");
  }
}
