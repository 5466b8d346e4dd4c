import { Fault } from "../../../src/model/fault.ts";
import type { GobFile, GobGroup } from "../../../src/persist/gob/read.ts";
import { readGob } from "../../../src/persist/gob/read.ts";
import { metricsOf } from "./reference.ts";
import fixture from "./reference-1.5.1.json";

/** A file that the reference wrote. */
export const FIXTURE = Uint8Array.fromBase64(fixture.gobBase64.join(""));
/** What a scrape gave before, as `metricsOf` gives it, sorted. */
export const FIXTURE_METRICS: readonly string[] = fixture.metrics;

/** The file; throws where it is refused. */
export function opened(bytes: Uint8Array): GobFile {
  const file = readGob(bytes);
  if (file instanceof Fault) throw new Error(file.message);
  return file;
}

/** All metrics of a file as comparable text, sorted. */
export function fileMetrics(file: GobFile): string[] {
  return [...file.groups].flatMap(({ families }) => families.flatMap((family) => metricsOf(family.familyBytes))).sort();
}

/** `name=value` of all labels, sorted. */
export function labelText(group: Pick<GobGroup, "labels">): string {
  return group.labels
    .map(({ name, value }) => `${name}=${value}`)
    .sort()
    .join(" ");
}
