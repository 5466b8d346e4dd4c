import { Fault } from "../model/fault.ts";
import { realFile } from "../persist/place.ts";
import { Store } from "../store/store.ts";
import { ownFamilyTypes } from "../telemetry/own-families.ts";
import { adoptableKind } from "./adoptable.ts";
import { moveFromGob } from "./gob-move.ts";
import type { ImportReport, ImportRequest } from "./import-messages.ts";
import type { ImportStep, ImportWatch, LeftOut } from "./import-watch.ts";
import { adoptOlderDatabase } from "./recheck.ts";

/**
 * The importing thread: turns a file into one that the writing thread can open, while the main thread answers requests.
 */
declare const self: Worker;

const PROGRESS_MS = 1000;
/** Most that is reported one by one; the rest is counted. */
const MAX_NAMED = 100;
const MAX_CHARACTERS = 1000;

class Stopped extends Error {}

function report(message: ImportReport): void {
  self.postMessage(message);
}

/** Reports to the main thread, and checks whether that asks for the end. */
class Watch implements ImportWatch {
  /** What was left out, but not named. */
  unnamed = 0;
  private named = 0;
  private toldMs = performance.now();

  constructor(private readonly stop: Int32Array) {}

  leftOut(what: LeftOut): void {
    if (this.named === MAX_NAMED) this.unnamed++;
    else {
      this.named++;
      report({ kind: "left out", what: shortened(what) });
    }
  }

  step(step: ImportStep, groups: number, ofGroups: number | null): void {
    if (Atomics.load(this.stop, 0) !== 0) throw new Stopped();
    const nowMs = performance.now();
    if (nowMs - this.toldMs < PROGRESS_MS) return;
    this.toldMs = nowMs;
    // Else the runtime waits for as much garbage as the file is large: docs/workarounds.md, `import-gc`.
    Bun.gc(true);
    report({ kind: "progress", step, groups, ofGroups });
  }
}

function shortened({ group, family, reason }: LeftOut): LeftOut {
  return { group: cut(group), family: family === null ? null : cut(family), reason: cut(reason) };
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}... (${text.length} characters)`;
}

function adopt({ file: name, consistencyCheck, stop }: ImportRequest): ImportReport {
  const file = realFile(name);
  const store = new Store(ownFamilyTypes(), consistencyCheck);
  const watch = new Watch(new Int32Array(stop));
  if (adoptableKind(file) === "older") {
    const imported = adoptOlderDatabase(file, store, watch);
    return { kind: "done", imported, unnamed: watch.unnamed, original: `${file}, table left_out` };
  }
  const moved = moveFromGob(file, store, watch);
  if (moved instanceof Fault) return { kind: "refused", reason: moved.message };
  const { backup: original, ...imported } = moved;
  return { kind: "done", imported, unnamed: watch.unnamed, original };
}

self.onmessage = ({ data }: MessageEvent<ImportRequest>) => {
  try {
    report(adopt(data));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(error instanceof Stopped ? { kind: "stopped" } : { kind: "refused", reason });
  }
};
