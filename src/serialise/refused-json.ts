import { REFUSED_KINDS, type RefusedEntry, type RefusedKind, type RefusedRequest } from "../model/refused.ts";
import type { AddressedGroup } from "../model/view.ts";
import { groupPath } from "./group-path.ts";
import { jsonString, jsonStringMap } from "./json-text.ts";

/** What was refused lately. */
export interface RefusedList {
  /** When it was made, in seconds since 1970. */
  readonly asOfSeconds: number;
  /** All that were refused since the start. */
  readonly total: number;
  /** How many of each kind the entries of all kinds stand for. */
  readonly kinds: ReadonlyMap<RefusedKind, number>;
  /** Those that were asked for. */
  readonly entries: readonly RefusedEntry[];
}

const encoder = new TextEncoder();

/** The body of /api/v1/refused, an entry at a time. */
export function* refusedListPieces({ asOfSeconds, total, kinds, entries }: RefusedList): Generator<Uint8Array> {
  const counts = REFUSED_KINDS.filter((kind) => kinds.has(kind)).map((kind) => `"${kind}":${kinds.get(kind)}`);
  const head = `"as_of":${asOfSeconds},"total":${total},"kinds":{${counts.join(",")}}`;
  yield encoder.encode(`{"status":"success","data":{${head},"refused":[`);
  for (const [i, entry] of entries.entries()) yield encoder.encode((i === 0 ? "" : ",") + refusedEntryJson(entry));
  yield encoder.encode("]}}");
}

/** One entry as a JSON object. */
export function refusedEntryJson({ request, count, firstMs, lastMs }: RefusedEntry): string {
  const { kind, status, reason, method, path, client, user, userAgent, sizeBytes } = request;
  const when = `"count":${count},"first_seconds":${firstMs / 1000},"last_seconds":${lastMs / 1000}`;
  const what = `"kind":"${kind}","status":${status},"reason":${jsonString(reason)}`;
  const asked = `"method":${jsonString(method)},"path":${jsonString(path)},"group":${groupJson(request.group)}`;
  const who = `"client":${jsonString(client)},"user":${orNull(user)},"user_agent":${orNull(userAgent)}`;
  const where = `"line":${lineJson(request)},"contradicts":${groupJson(request.contradicts)}`;
  return `{${what},${when},${asked},${who},${where},"size_bytes":${sizeBytes}}`;
}

function groupJson(group: AddressedGroup | null): string {
  if (group === null) return "null";
  const labels = jsonStringMap(group.labels.map(({ name, value }) => [name, value] as const));
  return `{"labels":${labels},"path":${jsonString(groupPath(group.labels))}}`;
}

function lineJson({ line }: RefusedRequest): string {
  return line === null ? "null" : `{"number":${line.number},"text":${jsonString(line.text)}}`;
}

const orNull = (text: string | null): string => (text === null ? "null" : jsonString(text));
