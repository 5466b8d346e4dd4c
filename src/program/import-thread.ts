import { Rejection } from "../model/rejection.ts";
import { Store } from "../store/store.ts";
import { ownFamilyTypes } from "../telemetry/own-metrics.ts";
import { adoptableKind } from "./adoptable.ts";
import { moveFromGob } from "./gob-move.ts";
import type { ImportReport, ImportRequest } from "./import-messages.ts";
import type { ImportWatch, LeftOut } from "./import-watch.ts";
import { recheckDatabase } from "./recheck.ts";

/** The importing thread: turns a file into one that the writing thread can open, while the main thread answers requests. */
declare const self: Worker;

const PROGRESS_MS = 1000;
/** So much is named; the rest is counted. */
const MAX_NAMED = 100;
const MAX_CHARACTERS = 1000;

class Stopped extends Error {}

function report(message: ImportReport): void {
  self.postMessage(message);
}

function watchFor(stop: Int32Array): ImportWatch {
  let toldMs = performance.now();
  let named = 0;
  return {
    leftOut: (what) => {
      if (named++ < MAX_NAMED) report({ kind: "left out", what: shortened(what) });
    },
    step: (groups, ofGroups) => {
      if (Atomics.load(stop, 0) !== 0) throw new Stopped();
      const nowMs = performance.now();
      if (nowMs - toldMs < PROGRESS_MS) return;
      toldMs = nowMs;
      report({ kind: "progress", groups, ofGroups });
    },
  };
}

function shortened({ group, family, reason }: LeftOut): LeftOut {
  return { group: cut(group), family: family === null ? null : cut(family), reason: cut(reason) };
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}... (${text.length} characters)`;
}

function adopt({ file, consistencyCheck, stop }: ImportRequest): ImportReport {
  const store = new Store(ownFamilyTypes(), consistencyCheck);
  const watch = watchFor(new Int32Array(stop));
  if (adoptableKind(file) === "older") return { kind: "rechecked", imported: recheckDatabase(file, store, watch) };
  const moved = moveFromGob(file, store, watch);
  if (moved instanceof Rejection) return { kind: "refused", reason: moved.message };
  const { backup, ...imported } = moved;
  return { kind: "moved", imported, backup };
}

self.onmessage = ({ data }: MessageEvent<ImportRequest>) => {
  try {
    report(adopt(data));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(error instanceof Stopped ? { kind: "stopped" } : { kind: "refused", reason });
  }
};
