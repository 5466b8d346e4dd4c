import { Fault } from "../model/fault.ts";
import type { AuditLog } from "../telemetry/audit-log.ts";
import type { Log } from "../telemetry/log.ts";
import { type AccessFile, parseAccessFile } from "./access-file.ts";
import type { WatchedFiles } from "./watched-files.ts";

/**
 * An access file, read again as it changes. Whatever is wrong with a later one, the last good one stays in use: nobody
 * ever has more rights than that gives.
 */
export class LiveAccessFile {
  private file: AccessFile;
  private seen: string;
  private fault: string | null = null;
  private readonly listeners: ((file: AccessFile) => void)[] = [];

  private constructor(
    private readonly path: string,
    private readonly files: Pick<WatchedFiles, "read" | "fingerprint">,
    private readonly log: Log,
    private readonly audit: AuditLog,
    first: { readonly file: AccessFile; readonly seen: string },
  ) {
    this.file = first.file;
    this.seen = first.seen;
  }

  static open(
    path: string,
    files: Pick<WatchedFiles, "read" | "fingerprint">,
    log: Log,
    audit: AuditLog,
  ): LiveAccessFile | Fault {
    const seen = files.fingerprint(path);
    const file = readAccessFile(path, files);
    return file instanceof Fault ? file : new LiveAccessFile(path, files, log, audit, { file, seen });
  }

  /** The last good one. */
  get current(): AccessFile {
    return this.file;
  }

  /** Whether what is in the file now is in use. */
  get isHealthy(): boolean {
    return this.fault === null;
  }

  /** Registers what is called with each new one. */
  onChange(listener: (file: AccessFile) => void): void {
    this.listeners.push(listener);
  }

  /** Reads it if it has changed. */
  look(): void {
    if (this.files.fingerprint(this.path) !== this.seen) this.readAgain();
  }

  /** Reads it now, changed or not. */
  readAgain(): void {
    this.seen = this.files.fingerprint(this.path);
    const read = readAccessFile(this.path, this.files);
    if (read instanceof Fault) {
      this.fault = read.message;
      const effect = "the last good one stays in use";
      this.audit.add({ event: "config_refused", file: this.path, detail: read.message });
      this.log.error("access file not taken", { file: this.path, err: read.message, effect });
      return;
    }
    this.fault = null;
    this.file = read;
    this.audit.add({ event: "config_taken", file: this.path });
    this.log.info("access file read again", { file: this.path, principals: read.principals.length });
    for (const listener of this.listeners) listener(read);
  }
}

function readAccessFile(path: string, { read }: Pick<WatchedFiles, "read">): AccessFile | Fault {
  const bytes = read(path);
  return bytes instanceof Fault ? bytes : parseAccessFile(bytes);
}
