import { RunCopy } from "../../bytes/run-copy.ts";
import { SlicedCopy } from "../../bytes/sliced-copy.ts";
import { Writer } from "../../bytes/writer.ts";
import type { PushColumns } from "../../model/columns.ts";
import { METRIC_UNITS, STEP_UNITS, type Work } from "../../model/work.ts";
import { FAMILY_METRIC } from "../../protobuf/field-numbers.ts";
import { appendTag, appendVarint } from "../../protobuf/varint.ts";
import { WIRE_BYTES } from "../../protobuf/wire.ts";
import type { Renderer } from "./render.ts";
import { BYTES_A_TURN, SideMessage } from "./side-message.ts";

/** What is done next of a record: its message is begun, written, and appended to the records. */
const BEGIN = 0;
const MESSAGE = 1;
const APPEND = 2;

/** Space for records that is kept. */
const KEPT_BYTES = STEP_UNITS;

/**
 * Writes the metrics of a family as MetricFamily field 4 records: what is kept beside lines that do not say everything.
 */
export class SideWriter {
  /** Of the family that was begun: the records so far, the metric that is next, and how much of it is done. */
  private readonly records = new Writer(1024);
  private readonly message = new SideMessage();
  private readonly run = new RunCopy();
  private next = -1;
  private stage = BEGIN;
  private finished: SlicedCopy | null = null;

  /** Begins with a family that has been rendered. */
  begin(columns: PushColumns, family: number): void {
    this.records.reset();
    this.next = columns.families.firstMetric(family);
    this.stage = BEGIN;
    this.finished = null;
  }

  /** Goes on with the records of the family until the turn is over: all of them in bytes of their own, or null. */
  writeOn(columns: PushColumns, family: number, renderer: Renderer): Uint8Array | null {
    const { work } = columns;
    const type = columns.families.type(family);
    while (this.next >= 0) {
      if (work.isTurnOver) return null;
      if (this.stage === BEGIN) this.message.begin(columns, this.next, type, renderer, Infinity);
      const isWhole = this.recordOn();
      work.charge(isWhole ? METRIC_UNITS + Math.min(this.message.out.length, BYTES_A_TURN) : BYTES_A_TURN);
      if (isWhole) this.next = columns.metrics.next(this.next);
    }
    return this.finishOn(work);
  }

  /** Goes on with the record of a metric whose message has begun; false: there is more of it. */
  private recordOn(): boolean {
    const { records, message, run } = this;
    if (this.stage !== APPEND) {
      this.stage = MESSAGE;
      if (!message.writeOn()) return false;
      const { out } = message;
      appendTag(records, FAMILY_METRIC, WIRE_BYTES);
      appendVarint(records, out.length);
      run.begin(records, out.bytes, 0, out.length);
      this.stage = APPEND;
    }
    if (!run.copyOn(STEP_UNITS)) return false;
    this.stage = BEGIN;
    return true;
  }

  private finishOn(work: Work): Uint8Array | null {
    const { records } = this;
    this.finished ??= new SlicedCopy(records.length);
    const { finished } = this;
    while (!finished.copyOn(records.bytes, 0, records.length, STEP_UNITS)) {
      work.charge(STEP_UNITS);
      if (work.isTurnOver) return null;
    }
    records.trim(KEPT_BYTES);
    this.finished = null;
    return finished.target;
  }
}
