import { intAt } from "../bytes/at.ts";
import { mustBe, mustHold } from "../bytes/broken.ts";
import {
  HEAD_FLAGS,
  HEAD_HELP_AT,
  HEAD_HELP_SIZE,
  HEAD_NAME_AT,
  HEAD_NAME_SIZE,
  HEAD_STRIDE,
  HEAD_TYPE,
  KEPT_AT,
  KEPT_FAILED,
  KEPT_FAMILIES,
  KEPT_FAMILY_STRIDE,
  KEPT_GROUP_STRIDE,
  KEPT_HEAD,
  KEPT_KEY_AT,
  KEPT_KEY_SIZE,
  KEPT_LINES,
  KEPT_METRICS,
  KEPT_PUSH_IDS,
  KEPT_SEGMENT,
  KEPT_SIDE_AT,
  KEPT_SIDE_SIZE,
  KEPT_SIZE,
  KEPT_SUCCEEDED,
  KEPT_TIMES_STRIDE,
  KEPT_TTL,
  type KeptGroups,
} from "./kept-group.ts";
import type { MetricType } from "./metric-type.ts";
import { PUSH_ID_STRIDE, type PushIdRows } from "./push-id.ts";

/** Answers what the columns of kept groups hold, by the number of a row, of a family and of a head. */
export class KeptReader {
  /** Groups, and further segments of groups. */
  readonly rowCount: number;
  /** What offsets are into. */
  readonly bytes: Uint8Array;

  constructor(private readonly kept: KeptGroups) {
    this.rowCount = kept.groups.length / KEPT_GROUP_STRIDE;
    this.bytes = kept.bytes;
  }

  keyStart(row: number): number {
    return this.group(row, KEPT_KEY_AT);
  }

  keyEnd(row: number): number {
    return this.keyStart(row) + this.group(row, KEPT_KEY_SIZE);
  }

  segment(row: number): number {
    return this.group(row, KEPT_SEGMENT);
  }

  familyCount(row: number): number {
    return this.group(row, KEPT_FAMILIES);
  }

  pushIdCount(row: number): number {
    return this.group(row, KEPT_PUSH_IDS);
  }

  /** Ids of pushes, `count` of them from the number `first` on. */
  pushIds(first: number, count: number): PushIdRows {
    return this.kept.pushIds.subarray(first * PUSH_ID_STRIDE, (first + count) * PUSH_ID_STRIDE);
  }

  succeededSeconds(row: number): number {
    return this.time(row, KEPT_SUCCEEDED);
  }

  failedSeconds(row: number): number {
    return this.time(row, KEPT_FAILED);
  }

  ttlSeconds(row: number): number {
    return this.time(row, KEPT_TTL);
  }

  /** The number of the family's head. */
  head(family: number): number {
    return this.family(family, KEPT_HEAD);
  }

  metricCount(family: number): number {
    return this.family(family, KEPT_METRICS);
  }

  lineCount(family: number): number {
    return this.family(family, KEPT_LINES);
  }

  linesStart(family: number): number {
    return this.family(family, KEPT_AT);
  }

  linesSize(family: number): number {
    return this.family(family, KEPT_SIZE);
  }

  /** What is beside the lines, in bytes of its own, or null. */
  side(family: number): Uint8Array | null {
    const start = this.family(family, KEPT_SIDE_AT);
    const size = this.family(family, KEPT_SIDE_SIZE);
    return size < 0 ? null : this.bytes.slice(start, start + size);
  }

  pushedMs(family: number): number {
    return this.kept.pushedMs[family] as number;
  }

  type(head: number): MetricType {
    return this.headField(head, HEAD_TYPE) as MetricType;
  }

  flags(head: number): number {
    return this.headField(head, HEAD_FLAGS);
  }

  /** The name, borrowed. */
  name(head: number): Uint8Array {
    const start = this.headField(head, HEAD_NAME_AT);
    return this.bytes.subarray(start, start + this.headField(head, HEAD_NAME_SIZE));
  }

  helpStart(head: number): number {
    return this.headField(head, HEAD_HELP_AT);
  }

  /** -1: there is none. */
  helpSize(head: number): number {
    return this.headField(head, HEAD_HELP_SIZE);
  }

  /** Throws where rows, families and heads do not fit together, or something is not in the bytes. */
  verify(): void {
    let [familyCount, pushIdCount] = [0, 0];
    for (let row = 0; row < this.rowCount; row++) {
      this.mustBeInside(this.keyStart(row), this.keyEnd(row), `the key of row ${row}`);
      familyCount += this.familyCount(row);
      pushIdCount += this.pushIdCount(row);
    }
    const headCount = this.kept.heads.length / HEAD_STRIDE;
    mustBe(this.kept.families.length / KEPT_FAMILY_STRIDE, familyCount, "kept groups: families");
    mustBe(this.kept.times.length, KEPT_TIMES_STRIDE * this.rowCount, "kept groups: times of groups");
    mustBe(this.kept.pushIds.length, PUSH_ID_STRIDE * pushIdCount, "kept groups: ids of pushes");
    mustBe(this.kept.pushedMs.length, familyCount, "kept groups: times of families");
    for (let family = 0; family < familyCount; family++) {
      const [lines, side] = [this.linesStart(family), this.family(family, KEPT_SIDE_AT)];
      mustHold(this.head(family) < headCount, `kept groups: family ${family} has no head`);
      this.mustBeInside(lines, lines + this.linesSize(family), `the lines of family ${family}`);
      const sideSize = this.family(family, KEPT_SIDE_SIZE);
      if (sideSize >= 0) this.mustBeInside(side, side + sideSize, `what is beside the lines of family ${family}`);
    }
    for (let head = 0; head < headCount; head++) {
      const [name, help] = [this.headField(head, HEAD_NAME_AT), this.helpStart(head)];
      this.mustBeInside(name, name + this.headField(head, HEAD_NAME_SIZE), `the name of head ${head}`);
      this.mustBeInside(help, help + Math.max(0, this.helpSize(head)), `the help text of head ${head}`);
    }
  }

  private mustBeInside(start: number, end: number, what: string): void {
    mustHold(start >= 0 && start <= end && end <= this.bytes.length, `kept groups: ${what} is not in the bytes`);
  }

  private group(row: number, field: number): number {
    return intAt(this.kept.groups, row * KEPT_GROUP_STRIDE + field);
  }

  private time(row: number, field: number): number {
    return this.kept.times[row * KEPT_TIMES_STRIDE + field] as number;
  }

  private family(family: number, field: number): number {
    return intAt(this.kept.families, family * KEPT_FAMILY_STRIDE + field);
  }

  private headField(head: number, field: number): number {
    return intAt(this.kept.heads, head * HEAD_STRIDE + field);
  }
}
