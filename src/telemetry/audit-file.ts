import { constants, write } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { LINE_FEED } from "../bytes/characters.ts";
import { Fault } from "../model/fault.ts";
import type { AuditSink } from "./audit.ts";

/** A FIFO is neither waited for when it is opened nor when it is written to. */
const APPENDING =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;
const OWNER_ONLY = 0o600;
/** Not a fault: the reader of a pipe has not made room yet. */
const NO_ROOM = "EAGAIN";
const STDOUT = 1;

/**
 * Appends to a file by its name, which others may move. It is made for its owner alone; one that is there stays as it
 * is.
 */
export class AuditFile implements AuditSink {
  private file: FileHandle | null = null;

  constructor(readonly name: string) {}

  async open(): Promise<Fault | null> {
    let file: FileHandle;
    try {
      file = await open(this.name, APPENDING, OWNER_ONLY);
    } catch (error) {
      return new Fault(wordsOf(error));
    }
    await this.close();
    this.file = file;
    return (await this.endsAmidLine()) ? this.endLine() : null;
  }

  async isMoved(): Promise<boolean> {
    try {
      const [now, ours] = [await stat(this.name), await this.file?.stat()];
      return now.ino !== ours?.ino || now.dev !== ours.dev;
    } catch {
      return true;
    }
  }

  async append(bytes: Uint8Array): Promise<number | Fault> {
    return this.file === null ? new Fault("it is not open") : appendTo(this.file, bytes);
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = null;
    // Not every kind of file can be brought to a disk.
    await file?.datasync().catch(() => {});
    await file?.close().catch(() => {});
  }

  /** Whether a process was ended within a line. Of what is no file, or may not be read, nobody knows. */
  private async endsAmidLine(): Promise<boolean> {
    try {
      const found = await stat(this.name);
      if (!found.isFile() || found.size === 0) return false;
      await using reader = await open(this.name, constants.O_RDONLY);
      const last = new Uint8Array(1);
      await reader.read(last, 0, 1, found.size - 1);
      return last[0] !== LINE_FEED;
    } catch {
      return false;
    }
  }

  private async endLine(): Promise<Fault | null> {
    const written = await this.append(Uint8Array.of(LINE_FEED));
    return written instanceof Fault ? written : null;
  }
}

/** Appends to standard output, which nobody can move. */
export const AUDIT_STDOUT: AuditSink = {
  name: "standard output",
  open: async () => null,
  isMoved: async () => false,
  append: (bytes) =>
    new Promise((resolve) => {
      write(STDOUT, bytes, 0, bytes.length, null, (error, written) =>
        resolve(error === null ? written : refused(error)),
      );
    }),
  close: async () => {},
};

async function appendTo(file: FileHandle, bytes: Uint8Array): Promise<number | Fault> {
  try {
    return (await file.write(bytes, 0, bytes.length, null)).bytesWritten;
  } catch (error) {
    return refused(error);
  }
}

const refused = (error: unknown): number | Fault =>
  error instanceof Error && "code" in error && error.code === NO_ROOM ? 0 : new Fault(wordsOf(error));

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
