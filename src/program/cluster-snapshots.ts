import type { SharedLog, SnapshotWriter, StoredSnapshot } from "../cluster/log.ts";
import type { SnapshotTaking } from "../cluster/snapshots.ts";
import { Fault } from "../model/fault.ts";
import { MORE } from "../model/work.ts";

/**
 * A snapshot is worth while once the log since the last one is larger than that, and than this, both unpacked: some
 * 16 MiB of the log, and 0.3 s at the start of a replica.
 */
const LEAST_BYTES = 64 << 20;
/** Of several replicas one is to be first: others wait for up to so much more of that. */
const MOST_LATE = 0.5;

export interface SnapshotStoringDeps {
  readonly log: Pick<SharedLog, "loadSnapshot" | "saveSnapshot">;
  /** As Replica.beginSnapshot. */
  readonly begin: (begun: (taking: SnapshotTaking) => void) => void;
  readonly turn: () => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly stored: (snapshot: StoredSnapshot) => void;
  readonly failed: (fault: Fault) => void;
}

/** Decides when a snapshot is stored, and stores it. */
export class ClusterSnapshots {
  /** Of the log since the last snapshot that is known of, unpacked. */
  private logBytes = 0;
  private snapshotBytes = 0;
  private isWanted = false;
  private isTaking = false;
  private readonly late: number;

  constructor(private readonly deps: SnapshotStoringDeps) {
    this.late = 1 + MOST_LATE * deps.random();
  }

  /** A snapshot of so many bytes is known, and of the log nothing since. */
  known(sizeBytes: number): void {
    this.snapshotBytes = sizeBytes;
    this.logBytes = 0;
  }

  /** So much of the log has been read. */
  read(sizeBytes: number): void {
    this.logBytes += sizeBytes;
  }

  /** One is to be stored soon, whatever the sizes are. */
  want(): void {
    this.isWanted = true;
  }

  /** To be called now and then: stores one if it is time to. */
  look(): void {
    const isTime = this.logBytes > this.late * Math.max(LEAST_BYTES, this.snapshotBytes);
    if (!this.isTaking && (this.isWanted || isTime)) void this.take();
  }

  private async take(): Promise<void> {
    const { begin, failed, stored } = this.deps;
    this.isTaking = true;
    const taking = await new Promise<SnapshotTaking>(begin);
    const outcome = await this.store(taking);
    taking.isAbandoned = true;
    this.isTaking = false;
    if (outcome instanceof Fault) return failed(outcome);
    if (outcome === null) return;
    this.isWanted = false;
    if (outcome !== "overtaken") stored(outcome);
  }

  /** null: the state went while it was written. */
  private async store(taking: SnapshotTaking): Promise<StoredSnapshot | "overtaken" | Fault | null> {
    const writer = await this.deps.log.saveSnapshot(taking.position);
    if (writer instanceof Fault) return writer;
    if (writer === null) {
      this.known(this.snapshotBytes);
      return "overtaken";
    }
    const written = await this.write(taking, writer);
    if (typeof written !== "number") {
      writer.abandon();
      return written;
    }
    const outcome = await writer.finish();
    if (!(outcome instanceof Fault)) this.known(written);
    return outcome;
  }

  /** How many bytes it has, unpacked. */
  private async write(taking: SnapshotTaking, writer: SnapshotWriter): Promise<number | Fault | null> {
    let sizeBytes = 0;
    for (;;) {
      const chunk = taking.readOn();
      if (chunk === null) return taking.isAbandoned ? null : sizeBytes;
      if (chunk === MORE) await this.deps.turn();
      else {
        sizeBytes += chunk.length;
        const fault = await writer.chunk(chunk);
        if (fault !== null) return fault;
      }
    }
  }
}
