import { compareText } from "../bytes/utf8-text.ts";
import { Writer } from "../bytes/writer.ts";
import type { PersistenceState } from "../model/persistence-state.ts";
import { type Principal, RIGHTS } from "../model/principal.ts";
import type { ShownGroup, ShownGroups } from "../model/view.ts";
import { jsonMap, jsonString, jsonStringMap } from "./json-text.ts";
import { familyJsonPieces, JsonScratch, labelsJson } from "./metric-json.ts";
import { PIECE_BYTES, pieceOf, takePiece } from "./pieces.ts";
import { timeText } from "./time-text.ts";

/** What /api/v1/status reports. */
export interface StatusInfo {
  readonly buildInformation: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
  /** When the server started, in milliseconds since 1970. */
  readonly startMs: number;
  /** The state of the persistence file; null if there is none. */
  readonly persistence: PersistenceState | null;
  /** How the replica does, as it is written; null if there is no cluster. */
  readonly cluster: object | null;
  /** Who asks; null where nobody is told from others. */
  readonly principal: Principal | null;
}

const START = '{"status":"success","data":[';
const END = "]}";

/** The body of /api/v1/metrics, piece by piece. */
export function* metricsJsonPieces(groups: ShownGroups): Generator<Uint8Array> {
  const out = new Writer(PIECE_BYTES);
  const scratch = new JsonScratch();
  let separator = START;
  for (const group of groups) {
    if (group === null) {
      yield pieceOf(out);
      continue;
    }
    out.ascii(separator);
    separator = ",";
    yield* groupJsonPieces(out, group, scratch);
    if (out.length >= PIECE_BYTES) yield takePiece(out);
  }
  if (separator === START) out.ascii(START);
  out.ascii(END);
  yield takePiece(out);
}

/**
 * Appends one group as an element of `data`: `labels`, `last_push_successful` and each family under its name, sorted; a
 * family with the name of one of these two replaces it, as in the reference. Yields what was appended when it is large
 * enough for a piece; the rest is left in `out`.
 */
export function* groupJsonPieces(out: Writer, group: ShownGroup, scratch: JsonScratch): Generator<Uint8Array> {
  const own: [string, string][] = [
    ["labels", labelsJson(group.labels)],
    ["last_push_successful", String(group.lastPushSuccessful)],
  ];
  let separator = "{";
  const write = (key: string, json: string) => {
    out.text(`${separator}${jsonString(key)}:${json}`);
    separator = ",";
  };
  for (const family of group.families) {
    if (family === null) {
      yield pieceOf(out);
      continue;
    }
    for (let first = own[0]; first !== undefined && compareText(first[0], family.name) <= 0; first = own[0]) {
      if (first[0] !== family.name) write(...first);
      own.shift();
    }
    out.ascii(separator);
    separator = ",";
    yield* familyJsonPieces(out, family, scratch);
    if (out.length >= PIECE_BYTES) yield takePiece(out);
  }
  for (const rest of own) write(...rest);
  out.ascii("}");
}

/** Who asks, and whether a right is for all groups, some or none. */
function principalJson({ name, reach }: Principal): string {
  const rights = RIGHTS.map((right) => {
    const groups = reach(right);
    return [right, groups === null ? "all" : groups === "none" ? "none" : "some"] as const;
  });
  return `{"name":${jsonString(name)},"rights":${jsonStringMap(rights)}}`;
}

/**
 * The body of /api/v1/status. The reference has neither `persistence` nor `cluster` nor `principal`, nor have we where
 * there is no file, no cluster and no access file.
 */
export function statusJson({ buildInformation, cluster, flags, persistence, principal, startMs }: StatusInfo): string {
  const entries: [string, string][] = [
    ["build_information", jsonStringMap(Object.entries(buildInformation))],
    ["flags", jsonStringMap(Object.entries(flags))],
    ["start_time", jsonString(timeText(startMs))],
  ];
  if (persistence !== null) entries.push(["persistence", jsonStringMap(Object.entries(persistence))]);
  if (cluster !== null) entries.push(["cluster", JSON.stringify(cluster)]);
  if (principal !== null) entries.push(["principal", principalJson(principal)]);
  const data = jsonMap(entries);
  return `{"status":"success","data":${data}}`;
}
