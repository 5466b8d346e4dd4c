import type { Clock } from "../model/clock.ts";
import { Fault } from "../model/fault.ts";
import { TokenBucket } from "../model/token-bucket.ts";
import { auditLine } from "./audit-line.ts";
import type { AuditEntry, AuditLog, AuditState } from "./audit-log.ts";
import { AuditQueue } from "./audit-queue.ts";
import type { Log } from "./log.ts";
import { LogQuota } from "./log-quota.ts";

/** Between looks at whether the file was moved, or can be written again. */
const LOOK_MS = 1000;
/** Until a sink is asked again that had no room for the moment. */
const NO_ROOM_MS = 20;
/** At the end what waits is given so much time. */
const CLOSING_MS = 3000;
const LOGGED_PER_MINUTE = 1;
/** What strangers can have written: more would fill the disk. Refusals do not crowd out what was done. */
const REFUSALS: Allowance = { bytesPerSecond: 64 << 10, mostBytes: 8 << 20 };
const DEEDS: Allowance = { bytesPerSecond: 1 << 20, mostBytes: 64 << 20 };

/** So many bytes a second on the average, and so many at once after a rest. */
interface Allowance {
  readonly bytesPerSecond: number;
  readonly mostBytes: number;
}

const bucketOf = ({ bytesPerSecond, mostBytes }: Allowance, { nowMs }: Pick<Clock, "nowMs">): TokenBucket =>
  new TokenBucket(1000 / bytesPerSecond, mostBytes, nowMs);

/** Where lines go. No call throws, and none is made before the one before is over. */
export interface AuditSink {
  /** In words for people. */
  readonly name: string;
  /** Opens it, or what has its name now; where that cannot be done, what was open stays open. */
  open(): Promise<Fault | null>;
  /** Whether its name leads to something else by now, or to nothing. */
  isMoved(): Promise<boolean>;
  /** Writes as many of these bytes as there is room for at the moment, and says how many that were. */
  append(bytes: Uint8Array): Promise<number | Fault>;
  /** Closes it; what was written is on the disk then. */
  close(): Promise<void>;
}

export interface AuditDeps {
  readonly sink: AuditSink;
  readonly log: Log;
  readonly clock: Pick<Clock, "now" | "nowMs" | "after" | "every">;
}

/** Lines wait in memory, within bounds, and nobody waits for them to be written. */
export class Audit implements AuditLog {
  readonly isKept = true;
  private readonly queue = new AuditQueue();
  private lines = 0;
  private lost = 0;
  /** How many of those that were lost no line has told of. */
  private untold = 0;
  private fault: string | null = null;
  private isOpen = false;
  private isWriting = false;
  /** Nothing is tried before the next look. */
  private isPaused = false;
  private isLookDue = false;
  /** Why what has its name now is to be opened, or null. */
  private reopening: string | null = null;
  private isClosing = false;
  private closed: () => void = () => {};
  private readonly refusals: TokenBucket;
  private readonly deeds: TokenBucket;
  private readonly faultQuota: LogQuota;
  private readonly lostQuota: LogQuota;

  constructor(private readonly deps: AuditDeps) {
    const { clock } = deps;
    this.refusals = bucketOf(REFUSALS, clock);
    this.deeds = bucketOf(DEEDS, clock);
    this.faultQuota = new LogQuota(LOGGED_PER_MINUTE, clock.now);
    this.lostQuota = new LogQuota(LOGGED_PER_MINUTE, clock.now);
    clock.every(LOOK_MS, () => this.look());
  }

  get state(): AuditState {
    const { fault, lines, lost: lostLines } = this;
    const status = fault === null ? "written" : "failing";
    return { file: this.deps.sink.name, status, reason: fault ?? "", lines, lostLines, waitingLines: this.queue.lines };
  }

  add(entry: AuditEntry): void {
    if (this.isClosing) return;
    const line = auditLine(entry, this.deps.clock.now());
    const bucket = entry.event === "refused" ? this.refusals : this.deeds;
    // What was lost is told of before what comes behind it.
    if (!bucket.take(line.length) || !this.queue.add([...this.lostLines(), line])) return this.lose(1);
    this.untold = 0;
    this.writeSoon();
  }

  /** Opens what has its name now, for the reason given; what waits goes there. */
  reopen(reason: string): void {
    this.reopening = reason;
    this.isPaused = false;
    this.writeSoon();
  }

  /** Writes what waits, within some time. What cannot be written is lost. */
  async close(): Promise<void> {
    this.tellLost();
    this.isClosing = true;
    this.isPaused = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = resolve;
    this.deps.clock.after(CLOSING_MS, resolve);
    this.writeSoon();
    await promise;
    const { file, reason, waitingLines: lines } = this.state;
    if (lines === 0) return;
    this.lost += lines;
    this.deps.log.error("lines of the audit log are lost: they could not be written to the end", {
      file,
      lines,
      err: reason === "" ? "it took too long" : reason,
    });
  }

  /** A line that says how many were lost that no line has told of; none where none were. */
  private lostLines(): string[] {
    return this.untold === 0 ? [] : [auditLine({ event: "lost", count: this.untold }, this.deps.clock.now())];
  }

  private tellLost(): void {
    if (this.queue.add(this.lostLines())) this.untold = 0;
  }

  private lose(lines: number): void {
    this.lost += lines;
    this.untold += lines;
    if (this.lostQuota.take() === null) return;
    const { file, reason } = this.state;
    const err = reason === "" ? "there are more than may be written" : reason;
    this.deps.log.error("lines of the audit log are lost", { file, lines: this.lost, err });
  }

  private look(): void {
    this.isLookDue = true;
    this.isPaused = false;
    if (this.fault === null) this.tellLost();
    this.writeSoon();
  }

  /** At the end of this turn: what it brings is written at once. */
  private writeSoon(): void {
    if (this.isWriting || this.isPaused) return;
    this.isWriting = true;
    this.deps.clock.after(0, () => void this.writeAll());
  }

  private async writeAll(): Promise<void> {
    while (!this.isPaused && (await this.step()));
    this.isWriting = false;
    if (!this.isClosing) return;
    if (this.isOpen) await this.deps.sink.close();
    this.closed();
  }

  /** Does what is to be done next; false: there is nothing. */
  private async step(): Promise<boolean> {
    if (!this.isOpen) return this.open();
    if (await this.isToBeReopened()) return this.openAnew();
    return !this.queue.isEmpty && this.write();
  }

  private async isToBeReopened(): Promise<boolean> {
    const isLookDue = this.isLookDue;
    this.isLookDue = false;
    if (isLookDue && this.reopening === null && (await this.deps.sink.isMoved())) this.reopening = "the file was moved";
    return this.reopening !== null;
  }

  /** Where a line cannot be ended where it was begun, its rest is not written at all. */
  private async openAnew(): Promise<boolean> {
    if (this.queue.isAmidLine) await this.write();
    const reason = this.reopening ?? "";
    if (!(await this.open())) return false;
    if (this.queue.isAmidLine) {
      this.queue.skipLine();
      this.lose(1);
    }
    this.reopening = null;
    this.add({ event: "reopened", detail: reason });
    return true;
  }

  private async open(): Promise<boolean> {
    const fault = await this.deps.sink.open();
    if (fault !== null) return this.fail(fault);
    this.isOpen = true;
    this.works();
    return true;
  }

  private async write(): Promise<boolean> {
    const written = await this.deps.sink.append(this.queue.next());
    if (written instanceof Fault) return this.fail(written);
    this.lines += this.queue.written(written);
    this.works();
    if (written === 0) await new Promise<void>((resolve) => this.deps.clock.after(NO_ROOM_MS, resolve));
    return true;
  }

  private fail({ message }: Fault): false {
    this.fault = message;
    this.isPaused = true;
    if (this.faultQuota.take() !== null)
      this.deps.log.error("the audit log cannot be written", { file: this.deps.sink.name, err: message });
    return false;
  }

  private works(): void {
    if (this.fault === null) return;
    this.fault = null;
    this.isPaused = false;
    const { file, lostLines } = this.state;
    this.deps.log.info("the audit log is written again", { file, lostLines });
  }
}
