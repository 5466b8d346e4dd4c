import { Connection } from "./connection.ts";
import type { JobResult, RequestJob } from "./jobs.ts";
import { RequestSource } from "./request-source.ts";
import { Samples } from "./samples.ts";

/** Sends the requests of one job and returns what came of them. */
export class RequestRun {
  private readonly source: RequestSource;
  private readonly latencies = new Samples();
  private readonly idle: Connection[] = [];
  private readonly busy = new Set<Connection>();
  /** Requests that were due while no connection was free: when. */
  private readonly queue: number[] = [];
  private answered = 0;
  private refused = 0;
  private requestBytes = 0;
  private responseBytes = 0;
  private startMs = 0;
  private endMs = 0;
  private problem: string | null = null;
  private readonly finished = Promise.withResolvers<void>();

  constructor(
    private readonly job: RequestJob,
    tails: readonly Buffer[],
  ) {
    this.source = new RequestSource(job, tails);
  }

  async run(): Promise<JobResult> {
    const connections = await Promise.all(Array.from({ length: this.job.connections }, () => this.connect()));
    this.startMs = performance.now();
    const limit = setTimeout(() => this.finished.resolve(), this.job.limitMs);
    if (this.job.ratePerSecond === null) this.startAll(connections);
    else this.pace(connections, this.job.ratePerSecond);
    await this.finished.promise;
    clearTimeout(limit);
    const result = this.result();
    for (const connection of connections) connection.end();
    if (this.problem !== null) throw new Error(`${this.job.method} ${this.job.groups.path}: ${this.problem}`);
    return result;
  }

  private connect(): Promise<Connection> {
    return Connection.open(
      this.job,
      (connection, status, bodyBytes) => this.take(connection, status, bodyBytes),
      (problem) => this.fail(problem),
    );
  }

  private startAll(connections: readonly Connection[]): void {
    for (const connection of connections) if (!this.source.isDone) this.sendOn(connection, this.startMs);
  }

  private fail(problem: string): void {
    if (this.endMs > 0) return;
    this.problem ??= problem;
    this.finished.resolve();
  }

  /** Each millisecond, what has become due by now is sent, or queued where all connections wait for answers. */
  private pace(connections: readonly Connection[], ratePerSecond: number): void {
    this.idle.push(...connections);
    let made = 0;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      if (this.isTimeUp(nowMs)) {
        clearInterval(timer);
        if (this.busy.size === 0) this.finished.resolve();
        return;
      }
      const due = Math.floor(((nowMs - this.startMs) * ratePerSecond) / 1000);
      for (; made < due; made++) this.sendOrQueue(nowMs);
    }, 1);
    void this.finished.promise.then(() => clearInterval(timer));
  }

  private sendOrQueue(dueMs: number): void {
    const connection = this.idle.pop();
    if (connection === undefined) this.queue.push(dueMs);
    else this.sendOn(connection, dueMs);
  }

  private sendOn(connection: Connection, dueMs: number): void {
    const request = this.source.next();
    connection.dueMs = dueMs;
    this.busy.add(connection);
    this.requestBytes += request.length;
    connection.send(request);
  }

  private take(connection: Connection, status: number, bodyBytes: number): void {
    const nowMs = performance.now();
    this.latencies.add(nowMs - connection.dueMs);
    this.responseBytes += bodyBytes;
    if (status >= 200 && status < 300) this.answered++;
    else this.refused++;
    this.busy.delete(connection);
    if (this.source.isDone || this.isTimeUp(nowMs)) {
      if (this.busy.size === 0) this.finished.resolve();
    } else if (this.job.ratePerSecond === null) this.sendOn(connection, nowMs);
    else this.sendQueued(connection);
  }

  private sendQueued(connection: Connection): void {
    const dueMs = this.queue.shift();
    if (dueMs === undefined) this.idle.push(connection);
    else this.sendOn(connection, dueMs);
  }

  private isTimeUp(nowMs: number): boolean {
    return this.job.durationMs !== null && nowMs - this.startMs >= this.job.durationMs;
  }

  /** What is not answered counts among the latencies with the time it has waited. */
  private result(): JobResult {
    this.endMs = performance.now();
    const unanswered = this.busy.size + this.queue.length;
    for (const connection of this.busy) this.latencies.add(this.endMs - connection.dueMs);
    for (const dueMs of this.queue) this.latencies.add(this.endMs - dueMs);
    return {
      answered: this.answered,
      refused: this.refused,
      unanswered,
      elapsedMs: this.endMs - this.startMs,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
      latencies: this.latencies.summarise(),
    };
  }
}
