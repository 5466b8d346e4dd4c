import type { Log } from "../telemetry/log.ts";
import { type AdoptableKind, adoptableKind } from "./adoptable.ts";
import type { ImportReport, ImportRequest } from "./import-messages.ts";
import type { LeftOut } from "./import-watch.ts";

const MESSAGES = {
  gob: {
    underWay: "the persistence file of the Go Pushgateway is being imported",
    done: "persistence file of the Go Pushgateway imported",
  },
  older: {
    underWay: "the persistence file of an older version is being brought up to date",
    done: "persistence file of an older version brought up to date",
  },
} as const;

export interface ImportingDeps {
  readonly file: string;
  readonly consistencyCheck: boolean;
  readonly log: Log;
  /** A thread that runs import-thread.ts. */
  readonly startImporter: () => Worker;
  /** Called once the file can be opened. */
  readonly done: () => void;
  /** Called where it cannot be used; the reason has been logged, and the file is as it was. */
  readonly refused: () => void;
}

/** An import under way, in a thread of its own. */
export class Importing {
  private readonly worker: Worker;
  private readonly stopFlag = new SharedArrayBuffer(4);
  private readonly ended = Promise.withResolvers<void>();
  private isStopped = false;

  private constructor(
    private readonly deps: ImportingDeps,
    private readonly kind: AdoptableKind,
  ) {
    const { file, consistencyCheck, startImporter } = deps;
    this.worker = startImporter();
    this.worker.onmessage = ({ data }: MessageEvent<ImportReport>) => this.receive(data);
    this.worker.onerror = ({ message }) => this.end({ kind: "refused", reason: `the importing thread: ${message}` });
    const request: ImportRequest = { file, consistencyCheck, stop: this.stopFlag };
    this.worker.postMessage(request);
  }

  /** Begins to import a file. Returns null if there is no need: then it can be opened as it is. */
  static begin(deps: ImportingDeps): Importing | null {
    const kind = adoptableKind(deps.file);
    return kind === null ? null : new Importing(deps, kind);
  }

  /** What is being done, in words for people. */
  get state(): string {
    return MESSAGES[this.kind].underWay;
  }

  /** Ends it as soon as may be: the file is then what it was, or wholly imported. */
  async stop(): Promise<void> {
    this.isStopped = true;
    Atomics.store(new Int32Array(this.stopFlag), 0, 1);
    await this.ended.promise;
  }

  private receive(report: ImportReport): void {
    const { log, file } = this.deps;
    if (report.kind === "left out") this.name(report.what);
    else if (report.kind === "progress") {
      const { step, groups, ofGroups } = report;
      log.info(this.state, { file, [step]: groups, ...(ofGroups === null ? {} : { groups: ofGroups }) });
    } else this.end(report);
  }

  private name({ group, family, reason }: LeftOut): void {
    const { log, file } = this.deps;
    if (family === null) log.warn("a group that could not be pushed is left out", { file, group, err: reason });
    else log.warn("a metric family that could not be pushed is left out", { file, group, family, err: reason });
  }

  private end(report: Exclude<ImportReport, { kind: "left out" | "progress" }>): void {
    const { log, file, done, refused } = this.deps;
    this.worker.terminate();
    this.ended.resolve();
    if (report.kind === "stopped") return;
    if (report.kind === "refused") {
      log.error("the persistence file cannot be used", { file, err: report.reason });
      return refused();
    }
    this.conclude(report);
    if (!this.isStopped) done();
  }

  private conclude({ imported, unnamed, original }: Extract<ImportReport, { kind: "done" }>): void {
    const { log, file } = this.deps;
    if (imported === null) return log.info(MESSAGES[this.kind].done, { file });
    log.info(MESSAGES[this.kind].done, { file, ...imported, original });
    const { leftOutGroups, leftOut } = imported;
    if (leftOutGroups + leftOut === 0) return;
    log.warn("what could not be pushed is left out", { file, leftOutGroups, leftOut, unnamed, original });
  }
}
