import type { Report } from "./loop.ts";
import { type Order, SHARED_HEAD_BYTES } from "./worker.ts";

const MAX_INPUT_BYTES = 1 << 18;
const POLL_MS = 250;
/**
 * An input that is not read after so long is taken for one that never will be; a busy machine stops a thread for
 * seconds.
 */
const HANG_MS = 20_000;

/** Fuzzes one reader in a thread of its own, so that an input that does not end is found too. */
export async function fuzzInThread(target: string, seed: number, seconds: number): Promise<Report> {
  const shared = new SharedArrayBuffer(SHARED_HEAD_BYTES + MAX_INPUT_BYTES);
  const head = new Int32Array(shared, 0, 2);
  const worker = new Worker(new URL("./worker.ts", import.meta.url));
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  worker.onmessage = ({ data }: MessageEvent<Report>) => resolve(data);
  worker.onerror = (event) => reject(new Error(`fuzzing ${target}: ${event.message}`));
  let known = -1;
  let sinceMs = performance.now();
  const timer = setInterval(() => {
    const reading = Atomics.load(head, 0);
    if (reading !== known) sinceMs = performance.now();
    else if (performance.now() - sinceMs > HANG_MS)
      resolve(hung(target, reading, new Uint8Array(shared), head[1] ?? 0));
    known = reading;
  }, POLL_MS);
  const order: Order = { target, seed, seconds, shared };
  worker.postMessage(order);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    worker.terminate();
  }
}

function hung(target: string, inputs: number, shared: Uint8Array, sizeBytes: number): Report {
  const input = shared.slice(SHARED_HEAD_BYTES, SHARED_HEAD_BYTES + sizeBytes);
  const findings = [{ target, problem: `not read after ${HANG_MS} ms`, input }];
  return { target, inputs, seconds: 0, outcomes: 0, slowestMs: HANG_MS, grownBytes: 0, findings };
}
