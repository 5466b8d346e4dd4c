import type { Rejection } from "../model/rejection.ts";
import { jsonString } from "./json-text.ts";

/** What the JSON API says of what somebody may not do. */
export function forbiddenJson({ kind, message }: Pick<Rejection, "kind" | "message">): string {
  return `{"status":"error","errorType":"${kind}","error":${jsonString(message)}}`;
}
