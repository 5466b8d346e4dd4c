import { escapeLabelName } from "../model/names.ts";
import type { LabelPair } from "../model/view.ts";

const JOB = "job";

/**
 * The path below /metrics that names a group, such as `/job/batch/instance@base64/YS9i`: `job` first, then the grouping
 * labels in their order. Values that a path cannot carry are in base64url, names outside of the old character set in
 * the "values" escaping. What comes out is safe inside single quotes of a shell.
 */
export function groupPath(labels: readonly LabelPair[]): string {
  const job = labels.filter(({ name }) => name === JOB);
  const others = labels.filter(({ name }) => name !== JOB);
  return [...job, ...others].map(labelPath).join("");
}

function labelPath({ name, value }: LabelPair): string {
  const safeName = encodeURIComponent(escapeLabelName(name, "values"));
  if (needsBase64(value)) return `/${safeName}@base64/${base64Url(value)}`;
  return `/${safeName}/${encodeURIComponent(value).replaceAll("'", "%27")}`;
}

/** Empty, `.` and `..` segments and slashes would be taken for something else on the way. */
function needsBase64(value: string): boolean {
  return value === "" || value === "." || value === ".." || value.includes("/") || !value.isWellFormed();
}

/** An empty value is written as a single padding character. */
function base64Url(value: string): string {
  return value === "" ? "=" : Buffer.from(value).toString("base64url");
}
