import { KEPT_GROUP_STRIDE } from "../model/kept-group.ts";
import { claimFile, GroupDatabase, readGroups } from "./database.ts";
import type { Report, Request } from "./messages.ts";

/** The writing thread: owns the database file. Requests are carried out in the order in which they come. */
declare const self: Worker;

const state: { database: GroupDatabase | null } = { database: null };

function report(message: Report, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}

/** The groups go to the main thread while they are read; only then is the file opened for writing. */
function open(file: string): void {
  try {
    const claim = claimFile(file);
    let count = 0;
    for (const groups of readGroups(file)) {
      count += groups.groups.length / KEPT_GROUP_STRIDE;
      const { bytes, times, families, pushedMs, heads } = groups;
      report({ kind: "kept", groups }, [
        bytes.buffer,
        groups.groups.buffer,
        times.buffer,
        families.buffer,
        pushedMs.buffer,
        heads.buffer,
      ]);
    }
    state.database = new GroupDatabase(file, claim);
    report({ kind: "opened", groups: count });
  } catch (error) {
    report({ kind: "unusable", reason: reasonOf(error) });
  }
}

function commit(number: number, batch: Uint8Array): void {
  const startMs = performance.now();
  try {
    if (state.database === null) throw new Error("the database is not open");
    state.database.commit(batch);
    report({ kind: "committed", number, durationSeconds: (performance.now() - startMs) / 1000 });
  } catch (error) {
    report({ kind: "failed", number, reason: reasonOf(error) });
  }
}

/** What was committed is safe in the log even where it cannot be moved into the file: the next start does that. */
function close(): void {
  try {
    state.database?.close();
  } catch (error) {
    report({ kind: "unclean", reason: reasonOf(error) });
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

self.onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.kind === "open") open(data.file);
  else if (data.kind === "commit") commit(data.number, data.batch);
  else {
    close();
    report({ kind: "closed" });
  }
};
