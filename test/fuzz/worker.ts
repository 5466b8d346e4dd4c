import { fuzz, type Report } from "./loop.ts";
import { TARGETS } from "./targets.ts";

/** What a fuzzing thread is to do. `shared`: the number and the size of the input being read, then its bytes. */
export interface Order {
  readonly target: string;
  readonly seed: number;
  readonly seconds: number;
  readonly shared: SharedArrayBuffer;
}

export const SHARED_HEAD_BYTES = 8;

declare const self: Worker;

self.onmessage = async ({ data }: MessageEvent<Order>) => {
  const { target, seed, seconds, shared } = data;
  const head = new Int32Array(shared, 0, 2);
  const place = new Uint8Array(shared, SHARED_HEAD_BYTES);
  const create = TARGETS[target];
  if (create === undefined) throw new Error(`there is no reader ${target}`);
  const report: Report = await fuzz(create(), seed, seconds, (input) => {
    place.set(input.subarray(0, place.length));
    head[1] = Math.min(input.length, place.length);
    Atomics.add(head, 0, 1);
  });
  self.postMessage(report);
};
