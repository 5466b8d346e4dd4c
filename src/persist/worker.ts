import { Broken } from "../bytes/broken.ts";
import { freeBuffer } from "../bytes/free-buffer.ts";
import { KEPT_GROUP_STRIDE, KEPT_SEGMENT } from "../model/kept-group.ts";
import { type Claim, claimFile, FileTaken } from "./claim.ts";
import { GroupDatabase, reasonOf } from "./database.ts";
import { FileFault } from "./file-fault.ts";
import type { Report, WriterRequest } from "./messages.ts";
import { describePlace, isVacant, realFile } from "./place.ts";
import { type LeftOutRow, readKeptGroups } from "./reading.ts";

/** The writing thread: owns the database file. Requests are carried out in the order in which they come. */
declare const self: Worker;

const state: { database: GroupDatabase | null; isDeleting: boolean } = { database: null, isDeleting: false };

function report(message: Report, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}

/** Most rows that are left out and reported one by one. */
const MAX_NAMED = 100;
const NOT_OURS =
  "there is a file now that was not there at the start, and it is left alone: move it away, or start anew to use it";

/**
 * Opens the file, or reports why that cannot be done. With `mustBeNew`, a file that is there is neither read nor
 * changed.
 */
function open(name: string, mustBeNew: boolean): void {
  let claim: Claim | null = null;
  let file = name;
  try {
    file = realFile(name);
    if (mustBeNew && !isVacant(file)) throw new FileFault(NOT_OURS);
    claim = claimFile(file);
    if (mustBeNew && !isVacant(file)) throw new FileFault(NOT_OURS);
    const leftOut: LeftOutRow[] = [];
    const groups = handOver(file, leftOut);
    const database = new GroupDatabase(file, claim, leftOut);
    state.database = database;
    report({ kind: "opened", groups, leftOut: leftOut.length, fileBytes: database.sizeBytes });
  } catch (error) {
    claim?.release();
    const reason = reasonOf(error);
    const isUnmade = mustBeNew || (isVacant(file) && !(error instanceof FileTaken));
    report(isUnmade ? { kind: "unmade", reason, place: describePlace(file) } : { kind: "unusable", reason });
  }
}

/** The groups go to the main thread while they are read; only then is the file opened for writing. */
function handOver(file: string, leftOut: LeftOutRow[]): number {
  let count = 0;
  const leaveOut = (row: LeftOutRow): void => {
    if (leftOut.push(row) <= MAX_NAMED) report({ kind: "left out", row });
  };
  for (const groups of readKeptGroups(file, leaveOut)) {
    for (let row = 0; row < groups.groups.length; row += KEPT_GROUP_STRIDE)
      if (groups.groups[row + KEPT_SEGMENT] === 0) count++;
    const { bytes, times, pushIds, families, pushedMs, heads } = groups;
    const columns = [bytes, groups.groups, times, pushIds, families, pushedMs, heads];
    report(
      { kind: "kept", groups },
      columns.map(({ buffer }) => buffer),
    );
  }
  return count;
}

function commit(number: number, batch: Uint8Array): void {
  const startMs = performance.now();
  try {
    const { database } = state;
    if (database === null) throw new Broken("the database is not open");
    const refused = database.commit(batch);
    const durationSeconds = (performance.now() - startMs) / 1000;
    report({ kind: "committed", number, durationSeconds, fileBytes: database.sizeBytes, refused });
  } catch (error) {
    report({ kind: "failed", number, reason: reasonOf(error) });
  } finally {
    freeBuffer(batch);
  }
}

/** Has what a wipe left deleted step by step: what is asked of the thread meanwhile comes in between. */
function deleteWiped(): void {
  const { database, isDeleting } = state;
  if (isDeleting || database === null || !database.hasWiped) return;
  state.isDeleting = true;
  setImmediate(deleteSome);
}

/** What cannot be deleted, as on a full disk, waits for the next commit. */
function deleteSome(): void {
  state.isDeleting = false;
  try {
    if (state.database?.deleteWiped()) deleteWiped();
  } catch {}
}

/** What was committed is safe in the log even where it cannot be moved into the file: the next start does that. */
function close(): void {
  try {
    state.database?.close();
  } catch (error) {
    report({ kind: "unclean", reason: reasonOf(error) });
  }
  state.database = null;
}

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => {
  if (data.kind === "open") open(data.file, data.mustBeNew);
  else if (data.kind === "commit") commit(data.number, data.batch);
  else {
    close();
    report({ kind: "closed" });
  }
  deleteWiped();
};
