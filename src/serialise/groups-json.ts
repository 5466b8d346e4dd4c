import { Writer } from "../bytes/writer.ts";
import type { GroupSummary } from "../model/view.ts";
import { groupPath } from "./group-path.ts";
import { jsonString, jsonStringMap } from "./json-text.ts";
import { PIECE_BYTES, pieceOf, takePiece } from "./pieces.ts";

/** How the groups that were found are spread. */
export interface ListedFacets {
  readonly jobs: readonly { readonly job: string; readonly groups: number; readonly failing: number }[];
  /** How many jobs there are. */
  readonly jobCount: number;
  readonly ages: readonly number[];
  readonly failing: number;
}

export interface GroupList {
  /** When it was made, in seconds since 1970. */
  readonly asOfSeconds: number;
  readonly total: number;
  readonly matched: number;
  readonly isPartial: boolean;
  readonly groups: readonly GroupSummary[];
  readonly facets: ListedFacets | null;
  /** For the next page; null: there is none. */
  readonly cursor: string | null;
}

/** The body of /api/v1/groups, piece by piece: labels may be as long as paths. */
export function* groupListPieces(list: GroupList): Generator<Uint8Array> {
  const { asOfSeconds, total, matched, isPartial, groups, facets, cursor } = list;
  const out = new Writer(PIECE_BYTES);
  const head = `"as_of":${asOfSeconds},"total":${total},"matched":${matched},"partial":${isPartial}`;
  out.ascii(`{"status":"success","data":{${head},"groups":[`);
  let separator = "";
  for (const group of groups) {
    out.text(separator + groupSummaryJson(group));
    separator = ",";
    yield pieceOf(out);
  }
  const counts = facets === null ? "" : `"facets":${facetsJson(facets)},`;
  out.text(`],${counts}"cursor":${cursor === null ? "null" : jsonString(cursor)}}}`);
  yield takePiece(out);
}

/** What a deletion would delete. */
export interface RemovalPlan {
  /** When it was made, in seconds since 1970. */
  readonly asOfSeconds: number;
  readonly matched: number;
  readonly seriesCount: number;
  readonly sizeBytes: number;
  readonly pushedLastHour: number;
  readonly sample: readonly GroupSummary[];
}

/** The body of a dry run. */
export function removalPlanJson(plan: RemovalPlan): string {
  return `{"status":"success","data":${planJson(plan)}}`;
}

/** Of a deletion that was not made, as more would have been deleted than was expected. */
export function removalRefusedJson(plan: RemovalPlan, reason: string): string {
  return `{"status":"error","errorType":"conflict","error":${jsonString(reason)},"data":${planJson(plan)}}`;
}

/** Of one that was made. */
export function removedJson(deleted: number, leftAlone: number): string {
  return `{"status":"success","data":{"deleted":${deleted},"left_alone":${leftAlone}}}`;
}

function planJson({ asOfSeconds, matched, seriesCount, sizeBytes, pushedLastHour, sample }: RemovalPlan): string {
  const counts = `"matched":${matched},"series":${seriesCount},"bytes":${sizeBytes},"pushed_last_hour":${pushedLastHour}`;
  return `{"as_of":${asOfSeconds},${counts},"sample":[${sample.map(groupSummaryJson).join(",")}]}`;
}

/** A group as lists have it. */
export function groupSummaryJson(group: GroupSummary): string {
  const labels = jsonStringMap(group.labels.map(({ name, value }) => [name, value] as const));
  const times = `"push_time_seconds":${group.succeededSeconds},"push_failure_time_seconds":${group.failedSeconds}`;
  const sizes = `"families":${group.familyCount},"series":${group.seriesCount},"bytes":${group.sizeBytes}`;
  const path = jsonString(groupPath(group.labels));
  const end = `"expires_at":${group.expiresSeconds === Infinity ? null : group.expiresSeconds}`;
  return `{"labels":${labels},"path":${path},"last_push_successful":${group.lastPushSuccessful},${times},${end},${sizes}}`;
}

function facetsJson({ jobs, jobCount, ages, failing }: ListedFacets): string {
  const counts = jobs.map((one) => `{"value":${jsonString(one.job)},"groups":${one.groups},"failing":${one.failing}}`);
  return `{"jobs":[${counts.join(",")}],"jobs_total":${jobCount},"ages":[${ages.join(",")}],"failing":${failing}}`;
}
