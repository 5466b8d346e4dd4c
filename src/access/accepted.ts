import { randomBytes } from "node:crypto";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

/** What is known about users who were let in: no passwords, but digests that match them, and the key of the digests. */
export interface AcceptedState {
  /** Of the digests: 32 bytes. */
  readonly key: Uint8Array;
  readonly digests: readonly string[];
  readonly sources: readonly string[];
}

const Digest = Type.String({ pattern: "^[A-Za-z0-9+/]{43}=$" });

/** How it is written down; digests and the key in base64. */
const AcceptedFile = Type.Object({
  key: Digest,
  digests: Type.Array(Digest, { maxItems: 100_000 }),
  sources: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 100_000 }),
});

/** As at the first start. */
export function nobodyAccepted(): AcceptedState {
  return { key: randomBytes(32), digests: [], sources: [] };
}

export function formatAccepted({ key, digests, sources }: AcceptedState): string {
  return `${JSON.stringify({ key: Buffer.from(key).toString("base64"), digests, sources })}\n`;
}

/** null: the text is not one of ours. */
export function parseAccepted(text: string): AcceptedState | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Value.Check(AcceptedFile, read)) return null;
  return { key: Buffer.from(read.key, "base64"), digests: read.digests, sources: read.sources };
}
