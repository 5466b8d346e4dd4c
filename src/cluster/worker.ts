import { Broken } from "../bytes/broken.ts";
import { Fault } from "../model/fault.ts";
import type { LogEvents, SnapshotReader, SnapshotWriter } from "./log.ts";
import type { Asking, LogCall, LogCalls, LogReport, LogRequest } from "./log-messages.ts";
import { NatsLog } from "./nats-log.ts";
import { readSecrets } from "./nats-secrets.ts";

/** The log's thread: the connection to the servers, packing, and whatever has to be waited for. */
declare const self: Worker;

interface State {
  log: NatsLog | null;
  /** Restarts that were reported: what was asked before the last of them is out of date. */
  restarts: number;
  snapshots: number;
  /** Only the one that was loaded last. */
  reader: { readonly snapshot: number; readonly from: SnapshotReader } | null;
  readonly writers: Map<number, SnapshotWriter>;
}

const state: State = { log: null, restarts: 0, snapshots: 0, reader: null, writers: new Map() };

const clock = {
  nowMs: () => performance.now(),
  after: (ms: number, run: () => void) => void setTimeout(run, ms),
};

function report(message: LogReport, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer);
}

const events: LogEvents = {
  entries: (entries, upTo) =>
    report(
      { kind: "entries", entries, upTo },
      entries.map(({ bytes }) => bytes.buffer),
    ),
  head: (head) => report({ kind: "head", head }),
  restart: (reason) => {
    state.restarts++;
    report({ kind: "restart", reason });
  },
  unreadable: (entry) => report({ kind: "unreadable", entry }),
  lost: (reason) => report({ kind: "lost", reason }),
  found: (seconds) => report({ kind: "found", seconds }),
  retried: () => report({ kind: "retried" }),
  unusable: (reason) => report({ kind: "unusable", reason }),
};

function opened(): NatsLog {
  if (state.log === null) throw new Broken("the log is not open");
  return state.log;
}

async function open({ cluster, settings }: LogCalls["open"]["ask"]): Promise<LogCalls["open"]["answer"] | Fault> {
  const { name, servers, copies, files, isTls } = cluster;
  const secrets = () => readSecrets(files, isTls);
  state.log = new NatsLog({ name, servers, copies, secrets }, { clock, random: Math.random });
  state.log.listen(events);
  return state.log.open(settings);
}

async function load(): Promise<LogCalls["load"]["answer"] | Fault> {
  const from = await opened().loadSnapshot();
  if (from === null || from instanceof Fault) return from;
  const snapshot = ++state.snapshots;
  state.reader = { snapshot, from };
  const { position, isOfThisLog, storedMs, sizeBytes, chunks } = from;
  return { snapshot, position, isOfThisLog, storedMs, sizeBytes, chunks };
}

async function save({ position }: LogCalls["save"]["ask"]): Promise<LogCalls["save"]["answer"] | Fault> {
  const writer = await opened().saveSnapshot(position);
  if (writer === null || writer instanceof Fault) return writer;
  state.writers.set(++state.snapshots, writer);
  return state.snapshots;
}

function writerOf(snapshot: number): SnapshotWriter {
  const writer = state.writers.get(snapshot);
  if (writer === undefined) throw new Broken(`the snapshot ${snapshot} is not being stored`);
  return writer;
}

async function finish(snapshot: number): Promise<LogCalls["finish"]["answer"] | Fault> {
  const stored = await writerOf(snapshot).finish();
  state.writers.delete(snapshot);
  return stored;
}

async function close(): Promise<null> {
  await state.log?.close();
  return null;
}

async function answerOf(asking: Asking): Promise<LogCalls[LogCall]["answer"] | Fault> {
  switch (asking.call) {
    case "open":
      return open(asking.ask);
    case "load":
      return load();
    case "chunk":
      return state.reader?.snapshot === asking.ask.snapshot ? state.reader.from.chunk(asking.ask.index) : "gone";
    case "save":
      return save(asking.ask);
    case "write":
      return writerOf(asking.ask.snapshot).chunk(asking.ask.bytes);
    case "finish":
      return finish(asking.ask.snapshot);
    case "close":
      return close();
  }
}

async function answer(asking: Asking): Promise<void> {
  const { id } = asking;
  const answered = await answerOf(asking);
  if (answered instanceof Fault) report({ kind: "fault", id, reason: answered.message });
  else report({ kind: "answer", id, answer: answered }, answered instanceof Uint8Array ? [answered.buffer] : []);
}

self.onmessage = ({ data }: MessageEvent<LogRequest>) => {
  switch (data.kind) {
    case "call":
      return void answer(data);
    case "read":
      return data.restarts === state.restarts ? opened().read(data.after) : undefined;
    case "taken":
      return data.restarts === state.restarts ? opened().taken(data.position) : undefined;
    case "append":
      return opened().append(data.batch);
    case "withdraw":
      return opened().withdraw();
    case "abandon": {
      writerOf(data.snapshot).abandon();
      state.writers.delete(data.snapshot);
    }
  }
};
