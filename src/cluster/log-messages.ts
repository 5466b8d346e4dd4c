import type { ClusterSettings } from "../config/cluster.ts";
import type {
  Batch,
  LogEntry,
  LogHead,
  Opened,
  RestartReason,
  SharedSettings,
  SnapshotReader,
  StoredSnapshot,
} from "./log.ts";

/** What is asked of the thread and answered; a snapshot by the number that the thread has given it. */
export interface LogCalls {
  readonly open: { readonly ask: { cluster: ClusterSettings; settings: SharedSettings }; readonly answer: Opened };
  readonly load: { readonly ask: null; readonly answer: LoadedSnapshot | null };
  readonly chunk: {
    readonly ask: { snapshot: number; index: number };
    readonly answer: Uint8Array<ArrayBuffer> | "gone";
  };
  readonly save: { readonly ask: { position: number }; readonly answer: number | null };
  readonly write: { readonly ask: { snapshot: number; bytes: Uint8Array<ArrayBuffer> }; readonly answer: null };
  readonly finish: { readonly ask: { snapshot: number }; readonly answer: StoredSnapshot | "overtaken" };
  readonly close: { readonly ask: null; readonly answer: null };
}

export type LogCall = keyof LogCalls;
export type LoadedSnapshot = Omit<SnapshotReader, "chunk"> & { readonly snapshot: number };

/** A call with its number, by which it is answered. */
export type Asking = {
  readonly [Call in LogCall]: {
    readonly kind: "call";
    readonly id: number;
    readonly call: Call;
    readonly ask: LogCalls[Call]["ask"];
  };
}[LogCall];

/** What the main thread asks of the log's thread. `restarts`: how many of them it knows of. */
export type LogRequest =
  | Asking
  | { readonly kind: "read"; readonly after: number; readonly restarts: number }
  | { readonly kind: "taken"; readonly position: number; readonly restarts: number }
  | { readonly kind: "append"; readonly batch: Batch }
  | { readonly kind: "withdraw" }
  | { readonly kind: "abandon"; readonly snapshot: number };

/** What the log's thread reports: answers, and the events of the log. */
export type LogReport =
  | { readonly kind: "answer"; readonly id: number; readonly answer: LogCalls[LogCall]["answer"] }
  | { readonly kind: "fault"; readonly id: number; readonly reason: string }
  | { readonly kind: "entries"; readonly entries: readonly LogEntry[]; readonly upTo: number }
  | { readonly kind: "head"; readonly head: LogHead }
  | { readonly kind: "restart"; readonly reason: RestartReason }
  | {
      readonly kind: "unreadable";
      readonly entry: { readonly position: number; readonly isNewer: boolean; readonly reason: string };
    }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "found"; readonly seconds: number }
  | { readonly kind: "retried" }
  | { readonly kind: "unusable"; readonly reason: string };
