import type { Writer } from "../bytes/writer.ts";
import { sampleHead, writeSample } from "../exposition/sample-line.ts";
import type { ClusterState } from "../model/cluster-state.ts";
import { CounterFamily } from "./counter.ts";
import type { OwnFamilyName } from "./own-families.ts";
import { type SummaryRange, SummarySeries } from "./summary.ts";

/** From 1 us up to an hour. */
const DURATION_RANGE: SummaryRange = { lowestExponent: -20, highestExponent: 12 };

const REDONE = "pushgateway_cluster_redone_pushes_total";
const RETRIES = "pushgateway_cluster_append_retries_total";

/** Writes the lines of one family. */
export type FamilyLines = readonly [name: OwnFamilyName, write: (writer: Writer) => void];

/** What is counted where several servers hold the same. */
export class ClusterMetrics {
  private readonly folded = new CounterFamily("pushgateway_cluster_folded_batches_total", ["from"]);
  private readonly appends: SummarySeries;
  private retries = 0;

  constructor(
    private readonly state: () => ClusterState,
    private readonly nowMs: () => number,
    /** How often a push was done again, for others had changed what it was judged by. */
    private readonly redone: () => number,
  ) {
    this.appends = new SummarySeries("pushgateway_cluster_append_duration_seconds", [], DURATION_RANGE, nowMs());
    for (const from of ["own", "others"]) this.folded.series(from);
  }

  /** A batch of the log was carried out. */
  countBatch(from: "own" | "others"): void {
    this.folded.series(from).value++;
  }

  /** An own batch has come back from the log. */
  observeAppend(seconds: number): void {
    this.appends.summary.observe(seconds, this.nowMs());
  }

  countRetry(): void {
    this.retries++;
  }

  families(): FamilyLines[] {
    const state = this.state();
    const figures: [OwnFamilyName, number][] = [
      ["pushgateway_cluster_up", state.status === "joined" ? 1 : 0],
      ["pushgateway_cluster_position", state.position],
      ["pushgateway_cluster_head", state.head],
      ["pushgateway_cluster_lag_seconds", state.lagSeconds],
      ["pushgateway_cluster_waiting_pushes", state.waiting],
      ["pushgateway_cluster_log_size_bytes", state.logSizeBytes],
      ["pushgateway_cluster_clock_skew_seconds", state.clockSkewSeconds],
      [REDONE, this.redone()],
      [RETRIES, this.retries],
    ];
    if (state.snapshot !== null)
      figures.push(
        ["pushgateway_cluster_snapshot_timestamp_seconds", state.snapshot.storedSeconds],
        ["pushgateway_cluster_snapshot_size_bytes", state.snapshot.sizeBytes],
      );
    return [
      ...figures.map(
        ([name, value]): FamilyLines => [name, (writer) => writeSample(writer, sampleHead(name, []), value)],
      ),
      ["pushgateway_cluster_append_duration_seconds", (writer) => this.appends.write(writer, this.nowMs())],
      ["pushgateway_cluster_folded_batches_total", (writer) => this.folded.write(writer)],
    ];
  }
}
