import { expect, test } from "bun:test";
import type { LogReport, LogRequest } from "../../src/cluster/log-messages.ts";
import { type LogThread, ThreadedLog } from "../../src/cluster/threaded-log.ts";
import { optionsFor } from "./log-reader.ts";

const TOLD_BYTES = 1 << 20;

/** A log whose thread notes what it is told, and whose reader takes all at once. */
function started() {
  const told: LogRequest[] = [];
  const thread: LogThread = {
    postMessage: (message: LogRequest) => void told.push(message),
    terminate: () => {},
    onmessage: null,
    onerror: null,
  };
  const log = new ThreadedLog(thread, optionsFor({ all: [], scheme: "nats" }));
  log.listen({
    entries: (_, upTo) => log.taken(upTo),
    head: () => {},
    restart: () => {},
    unreadable: () => {},
    lost: () => {},
    found: () => {},
    retried: () => {},
    unusable: () => {},
  });
  const receive = (data: LogReport) => {
    if (thread.onmessage === null) throw new Error("nobody listens to the thread");
    Reflect.apply(thread.onmessage, thread, [new MessageEvent("message", { data })]);
  };
  const deliver = (position: number, sizeBytes: number) => {
    const entry = { writer: "1".repeat(16), number: position, position, storedMs: 0, bytes: new Uint8Array(sizeBytes) };
    receive({ kind: "entries", entries: [entry], upTo: position });
  };
  return { told, receive, deliver };
}

test("that entries were taken is told once they have a MiB together", () => {
  const { told, deliver } = started();
  for (let position = 1; position <= 4; position++) deliver(position, TOLD_BYTES / 2);
  deliver(5, 20 * TOLD_BYTES);
  const positions = told.map((request) => (request.kind === "taken" ? request.position : request.kind));
  expect(positions).toEqual([2, 4, 5]);
});

test("after a restart what came before it counts no more", () => {
  const { told, receive, deliver } = started();
  deliver(1, TOLD_BYTES - 1);
  receive({ kind: "restart", reason: "behind" });
  deliver(1, TOLD_BYTES - 1);
  expect(told).toEqual([]);
  deliver(2, 1);
  expect(told).toEqual([{ kind: "taken", position: 2, restarts: 1 }]);
});
