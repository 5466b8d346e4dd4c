import { bodies, renderVariants } from "../load/bodies.ts";
import type { Measured } from "./inputs.ts";

/** Of docs/performance.md and docs/replicas.md, from two shared cores; a push has the size of those of the bench. */
export function measured(): Measured {
  const pushes = renderVariants(bodies.gauges, 1);
  return {
    idleMegabytes: 52,
    memoryBytesPerSeries: 237,
    textBytesPerSeries: 62,
    pushBytes: pushes.reduce((all, { length }) => all + length, 0) / pushes.length,
    logBytesPerPush: 253,
    pushesPerLog: 5_000,
    loadedSeriesPerSecond: 400_000,
  };
}
