import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Rejection } from "../model/rejection.ts";
import type { GroupPlace } from "../store/search/group-query.ts";
import type { CursorSeal } from "./cursor-seal.ts";

/** `[epoch, digest of the query, value, id]`; the value of an order by labels is a key in base64. */
const Cursor = Type.Tuple([Type.String(), Type.String(), Type.Union([Type.Number(), Type.String()]), Type.Integer()]);

/** What a cursor is good for: the content of the store since it was last wiped, and one query in one order. */
export interface CursorScope {
  readonly epoch: string;
  readonly digest: string;
  /** For whom may not see all groups: an id tells how many there have been. null: as they are. */
  readonly seal: CursorSeal | null;
}

/** All but a key is shorter, whatever the numbers are: so is what their length would tell. */
const SEALED_BYTES = 128;

/** The place as a word that a client hands back for the next page. */
export function writeCursor({ epoch, digest, seal }: CursorScope, { value, id }: GroupPlace): string {
  const key = typeof value === "number" ? "" : Buffer.from(value).toString("base64");
  const word = JSON.stringify([epoch, digest, typeof value === "number" ? value : key, id]);
  const bytes = Buffer.from(seal === null ? word : word.padEnd(SEALED_BYTES + key.length));
  return (seal?.close(bytes) ?? bytes).toString("base64url");
}

export function readCursor({ epoch, digest, seal }: CursorScope, cursor: string): GroupPlace | Rejection {
  const bytes = Buffer.from(cursor, "base64url");
  const read = parsed((seal === null ? bytes : seal.open(bytes))?.toString() ?? "");
  if (!Value.Check(Cursor, read))
    return new Rejection("malformed", 'invalid parameter "cursor": not one of this server');
  const [itsEpoch, itsDigest, value, id] = read;
  if (itsEpoch !== epoch) return new Rejection("gone", "the store was wiped: begin again without a cursor");
  if (itsDigest !== digest)
    return new Rejection("malformed", 'invalid parameter "cursor": it is of another query, or of another order');
  return { value: typeof value === "number" ? value : Buffer.from(value, "base64"), id };
}

/** null where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
