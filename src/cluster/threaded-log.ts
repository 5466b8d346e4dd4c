import type { ClusterSettings } from "../config/cluster.ts";
import { Fault } from "../model/fault.ts";
import type { Batch, LogEvents, Opened, SharedLog, SharedSettings, SnapshotReader, SnapshotWriter } from "./log.ts";
import type { Asking, LoadedSnapshot, LogCall, LogCalls, LogReport, LogRequest } from "./log-messages.ts";

/** What the log's thread is asked by, and reports to. */
export type LogThread = Pick<Worker, "postMessage" | "onmessage" | "onerror" | "terminate">;

/** That entries were taken is told once they have so many bytes together. */
const TOLD_BYTES = 1 << 20;

/** A log in a thread of its own: connection, packing and waiting cost the main thread nothing. */
export class ThreadedLog implements SharedLog {
  private events: LogEvents | null = null;
  private calls = 0;
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private restarts = 0;
  /** Of the entries that came since the thread was told last that all were taken. */
  private untoldBytes = 0;
  private closing: Promise<void> | null = null;

  constructor(
    private readonly thread: LogThread,
    private readonly cluster: ClusterSettings,
  ) {
    thread.onmessage = ({ data }: MessageEvent<LogReport>) => this.receive(data);
    thread.onerror = ({ message }) => this.fail(`the log's thread: ${message}`);
  }

  listen(events: LogEvents): void {
    this.events = events;
  }

  open(settings: SharedSettings): Promise<Opened | Fault> {
    return this.call("open", { cluster: this.cluster, settings });
  }

  read(after: number): void {
    this.send({ kind: "read", after, restarts: this.restarts });
  }

  /** The thread lets far more come ahead: a message for each entry would only cost time. */
  taken(position: number): void {
    if (this.untoldBytes < TOLD_BYTES) return;
    this.untoldBytes = 0;
    this.send({ kind: "taken", position, restarts: this.restarts });
  }

  append(batch: Batch): void {
    this.send({ kind: "append", batch }, [batch.bytes.buffer]);
  }

  withdraw(): void {
    this.send({ kind: "withdraw" });
  }

  async loadSnapshot(): Promise<SnapshotReader | null | Fault> {
    const loaded = await this.call("load", null);
    return loaded === null || loaded instanceof Fault ? loaded : this.readerOf(loaded);
  }

  async saveSnapshot(position: number): Promise<SnapshotWriter | null | Fault> {
    const snapshot = await this.call("save", { position });
    return snapshot === null || snapshot instanceof Fault ? snapshot : this.writerOf(snapshot);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.call("close", null);
    this.thread.terminate();
    this.answerAll("the log was closed");
  }

  private readerOf({ snapshot, ...told }: LoadedSnapshot): SnapshotReader {
    return { ...told, chunk: (index) => this.call("chunk", { snapshot, index }) };
  }

  private writerOf(snapshot: number): SnapshotWriter {
    return {
      chunk: (bytes) => this.call("write", { snapshot, bytes }, [bytes.buffer]),
      finish: () => this.call("finish", { snapshot }),
      abandon: () => this.send({ kind: "abandon", snapshot }),
    };
  }

  private send(request: LogRequest, transfer: ArrayBuffer[] = []): void {
    this.thread.postMessage(request, transfer);
  }

  private call<Call extends LogCall>(
    call: Call,
    ask: LogCalls[Call]["ask"],
    transfer: ArrayBuffer[] = [],
  ): Promise<LogCalls[Call]["answer"] | Fault> {
    const id = ++this.calls;
    const { promise, resolve } = Promise.withResolvers<LogCalls[Call]["answer"] | Fault>();
    // The thread answers each call by what its row of the table says.
    this.waiting.set(id, resolve as (answer: unknown) => void);
    this.send({ kind: "call", id, call, ask } as Asking, transfer);
    return promise;
  }

  private answer(id: number, answer: unknown): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  private receive(report: LogReport): void {
    const { events } = this;
    switch (report.kind) {
      case "answer":
        return this.answer(report.id, report.answer);
      case "fault":
        return this.answer(report.id, new Fault(report.reason));
      case "entries":
        for (const { bytes } of report.entries) this.untoldBytes += bytes.length;
        return events?.entries(report.entries, report.upTo);
      case "head":
        return events?.head(report.head);
      case "restart":
        this.restarts++;
        this.untoldBytes = 0;
        return events?.restart(report.reason);
      case "unreadable":
        return events?.unreadable(report.entry);
      case "lost":
        return events?.lost(report.reason);
      case "found":
        return events?.found(report.seconds);
      case "retried":
        return events?.retried();
      case "unusable":
        return events?.unusable(report.reason);
    }
  }

  /** The thread is broken: nothing is answered any more. */
  private fail(reason: string): void {
    this.answerAll(reason);
    this.events?.unusable(reason);
  }

  /** For calls that nobody will answer. */
  private answerAll(reason: string): void {
    for (const id of [...this.waiting.keys()]) this.answer(id, new Fault(reason));
  }
}
