import { Broken } from "../bytes/broken.ts";
import type { PushResult } from "../http/writes.ts";
import type { Clock } from "../model/clock.ts";
import type { Fault } from "../model/fault.ts";
import { type GroupBytes, GroupRowWriter } from "../rows/group-row.ts";
import { PUT_OFF } from "../store/admission/wording.ts";
import type { Store } from "../store/store.ts";
import type { ReplicatedRequest } from "./replicated-store.ts";

/** So much waits for its place in the log at a time. */
const WAITING_GROUPS = 2000;
const WAITING_BYTES = 8 << 20;

export interface SeedingDeps {
  readonly ask: (request: ReplicatedRequest) => void;
  /** Puts a group into the store of the replica. */
  readonly put: (group: GroupBytes) => Fault | null | Promise<Fault | null>;
  readonly clock: Pick<Clock, "turn">;
  readonly isOver: () => boolean;
}

/**
 * Appends the groups of a store to the log, one by one, but for those that are there, and that it was all. Resolves
 * when that is there as well.
 */
export async function seedLog(store: Store, deps: SeedingDeps): Promise<void> {
  const writer = new GroupRowWriter();
  const waiting = { groups: 0, bytes: 0, wake: () => {} };
  const room = () => new Promise<void>((resolve) => (waiting.wake = resolve));
  for (let id = 0; id < store.groupLimit && !deps.isOver(); id++) {
    const group = store.keyedGroup(id);
    if (group === null) continue;
    const bytes = { key: group.key.slice(), row: writer.write(group) };
    waiting.groups++;
    waiting.bytes += bytes.row.length;
    const settle = () => {
      waiting.groups--;
      waiting.bytes -= bytes.row.length;
      waiting.wake();
    };
    deps.ask(seedOf(bytes, deps, settle));
    while (waiting.groups >= WAITING_GROUPS || waiting.bytes >= WAITING_BYTES) await room();
  }
  while (waiting.groups > 0 && !deps.isOver()) await room();
  if (!deps.isOver()) await new Promise<void>((resolve) => deps.ask(endOfSeed(resolve)));
}

/** The row is our own: it can be read. */
function seeded({ key }: GroupBytes, fault: Fault | null): PushResult {
  if (fault !== null) throw new Broken(`seeding the log with {${Buffer.from(key)}}: ${fault.message}`);
  return 200;
}

/** Changes nothing: its batch says that all is there. */
const endOfSeed = (settle: () => void): ReplicatedRequest => ({
  kind: "push",
  seed: "all",
  key: new Uint8Array(0),
  sizeBytes: 0,
  isSlow: false,
  isDue: () => false,
  apply: () => 200,
  client: { isGone: false },
  deadlineMs: Infinity,
  settle,
});

/** A request that puts a group as it is, if there is none of its key. */
function seedOf(bytes: GroupBytes, deps: SeedingDeps, settle: () => void): ReplicatedRequest {
  return {
    kind: "push",
    seed: "some",
    key: bytes.key,
    sizeBytes: bytes.row.length,
    isSlow: false,
    isDue: () => false,
    apply: (store, { mayChange }) => {
      if (store.groupOf(bytes.key) >= 0) return 200;
      if (mayChange?.(true) === false) return PUT_OFF;
      const put = deps.put(bytes);
      return put instanceof Promise ? put.then((fault) => seeded(bytes, fault)) : seeded(bytes, put);
    },
    client: { isGone: false },
    deadlineMs: Infinity,
    settle,
  };
}
