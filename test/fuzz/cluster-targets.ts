import { type BatchContent, EntryWriter, readEntry } from "../../src/cluster/entry.ts";
import { Fold } from "../../src/cluster/fold.ts";
import { NO_REVISION } from "../../src/cluster/revision.ts";
import { SnapshotLoading } from "../../src/cluster/snapshot-loading.ts";
import { SnapshotTaking } from "../../src/cluster/snapshots.ts";
import { Fault } from "../../src/model/fault.ts";
import { MORE } from "../../src/model/work.ts";
import { type GroupBytes, GroupRowReader, GroupRowWriter } from "../../src/rows/group-row.ts";
import { keyedGroups } from "../../src/store/keyed-groups.ts";
import { TextStore } from "../store/stored.ts";
import type { Target } from "./loop.ts";

const WRITER = { writerHigh: 1, writerLow: 2, number: 1 };
const NOBODY = { mayChange: () => {}, added: () => {} };

/** The rows of a store with some groups. */
function rows(): GroupBytes[] {
  const stored = new TextStore();
  stored.push({ instance: "i", job: "a" }, "# HELP x Help.\n# TYPE x counter\nx 1\ny 2\n");
  stored.push({ instance: "", job: "b" }, '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n');
  const writer = new GroupRowWriter();
  return [...keyedGroups(stored.store)].map((group) => ({ key: group.key.slice(), row: writer.write(group) }));
}

function batches(): BatchContent[] {
  const puts = rows().map((row) => ({ ...row, basis: NO_REVISION, grows: true }));
  const keys = puts.map(({ key }) => key);
  const none = { growth: NO_REVISION, seed: null, isWipe: false, removals: [], expiries: [], puts: [] };
  return [
    { ...none, id: WRITER, puts },
    { ...none, id: { ...WRITER, number: 2 }, growth: WRITER, removals: keys },
    {
      ...none,
      id: { ...WRITER, number: 3 },
      seed: null,
      isWipe: true,
      expiries: keys.map((key) => ({ key, basis: WRITER })),
      puts,
    },
  ];
}

/** Whatever is in the log: a batch that is folded, whose rows are read, and that is written as it was; or a Fault. */
export function entryTarget(): Target {
  const writer = new EntryWriter();
  const reader = new GroupRowReader();
  const read = (bytes: Uint8Array): string => {
    const content = readEntry(bytes);
    if (content instanceof Fault) return "no entry";
    const again = writer.write(content);
    if (Buffer.compare(again, bytes) !== 0) throw new Error("an entry is written otherwise");
    const fold = new Fold();
    fold.take(1, content, NOBODY);
    fold.revisions.verify();
    return reader.read(content.puts) instanceof Fault ? "no row" : "folded";
  };
  return {
    name: "cluster-entry",
    seeds: batches().map((batch) => writer.write(batch)),
    words: [],
    maxBytes: 1 << 14,
    read,
  };
}

/** The chunks of a snapshot of a store with some groups. */
function chunks(): Uint8Array[] {
  const fold = new Fold();
  const [first] = batches();
  if (first !== undefined) fold.take(1, first, NOBODY);
  const rowOf = (key: Uint8Array) => first?.puts.find((put) => Buffer.compare(put.key, key) === 0)?.row ?? null;
  const taking = new SnapshotTaking(
    fold,
    { row: rowOf },
    () => 0,
    () => false,
  );
  const found: Uint8Array[] = [];
  for (let chunk = taking.readOn(); chunk !== null; chunk = taking.readOn()) if (chunk !== MORE) found.push(chunk);
  return found;
}

/** Whatever a snapshot has: a head and groups that are read, or a Fault. */
export function snapshotTarget(): Target {
  const seeds = chunks();
  const [head = new Uint8Array(0)] = seeds;
  const reader = new GroupRowReader();
  const put = (groups: readonly GroupBytes[]): Fault | null => {
    const kept = reader.read(groups);
    return kept instanceof Fault ? kept : null;
  };
  const load = (before: readonly Uint8Array[], bytes: Uint8Array): string => {
    const loading = new SnapshotLoading({ put });
    for (const chunk of before) loading.take(chunk);
    if (loading.take(bytes) instanceof Fault) return "no chunk";
    let done = loading.putOn();
    while (done === MORE) done = loading.putOn();
    if (done instanceof Fault) return "no groups";
    const fold = loading.finish();
    if (fold instanceof Fault) return "not whole";
    fold.revisions.verify();
    return "loaded";
  };
  const read = (bytes: Uint8Array): string => `${load([], bytes)}, ${load([head], bytes)}`;
  return { name: "cluster-snapshot", seeds, words: [], maxBytes: 1 << 14, read };
}
