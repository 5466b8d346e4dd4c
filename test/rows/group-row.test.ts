import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/model/fault.ts";
import { MORE } from "../../src/model/work.ts";
import { type GroupBytes, GroupRowReader, GroupRowWriter } from "../../src/rows/group-row.ts";
import { keyedGroups } from "../../src/store/keyed-groups.ts";
import { Store } from "../../src/store/store.ts";
import { ask, createTestApp } from "../app.ts";
import { OpenMetricsDocuments } from "../e2e/openmetrics-documents.ts";
import { Dice } from "../fuzz/dice.ts";
import { requestOf } from "../store/model/body.ts";
import { PushSource } from "../store/model/random-push.ts";
import { seededRandom } from "../telemetry/fixtures.ts";

const PUSHES = 200;
const seed = Number(process.env.ROW_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The rows of a store into which many pushes went. */
async function pushedRows(): Promise<GroupBytes[]> {
  const source = new PushSource(seededRandom(seed));
  const { app, store } = createTestApp();
  for (let i = 0; i < PUSHES; i++) {
    const { path, init } = requestOf(source, source.push());
    await ask(app, init.method ?? "PUT", path, init);
  }
  const documents = new OpenMetricsDocuments(new Dice(seed));
  const headers = { "content-type": "application/openmetrics-text" };
  for (let i = 0; i < PUSHES / 10; i++)
    await ask(app, "PUT", `/metrics/job/om${i}`, { body: documents.valid(), headers });
  for (let i = 0; i < PUSHES / 10; i++) {
    const path = `/metrics/job/added${i % 3}?aggregate=sum`;
    await ask(app, "POST", path, { body: "added 1\n", headers: { "idempotency-key": `k${i}` } });
  }
  return rowsOf(store);
}

function rowsOf(store: Store): GroupBytes[] {
  const writer = new GroupRowWriter();
  return [...keyedGroups(store)].map((group) => ({ key: group.key.slice(), row: writer.write(group) }));
}

function storeOf(rows: readonly GroupBytes[]): Store {
  const store = new Store(new Map(), true);
  const kept = new GroupRowReader().read(rows);
  if (kept instanceof Fault) throw new Error(kept.message);
  const restoring = store.restoring(kept);
  while (restoring.step());
  return store;
}

function withOneByteChanged(row: Uint8Array, dice: Dice): Uint8Array {
  const changed = row.slice();
  changed[dice.below(row.length)] = dice.below(256);
  return changed;
}

function readInSlices(reader: GroupRowReader, group: GroupBytes, sizeBytes: number) {
  const fault = reader.begin(group);
  if (fault !== null) return fault;
  for (;;) {
    const read = reader.readOn(sizeBytes);
    if (read !== MORE) return read;
  }
}

describe(`groups as rows (ROW_SEED=${seed})`, () => {
  test("a store that is made of the rows of another one has the same rows", async () => {
    const rows = await pushedRows();
    expect(rowsOf(storeOf(rows))).toEqual(rows);
    expect(rows.length).toBeGreaterThan(5);
  });

  test("a row that is read in slices, of any size, is what it is when it is read at once, whole or broken", async () => {
    const reader = new GroupRowReader();
    const dice = new Dice(seed);
    for (const { key, row } of (await pushedRows()).slice(0, 40))
      for (const one of [row, ...Array.from({ length: 5 }, () => withOneByteChanged(row, dice))])
        for (const sizeBytes of [1, 100, 1e6])
          expect(readInSlices(reader, { key, row: one }, sizeBytes)).toEqual(reader.read([{ key, row: one }]));
  });

  test("a row that is cut short anywhere, or has something behind it, is a Fault that names the group", async () => {
    const reader = new GroupRowReader();
    const rows = await pushedRows();
    const added = rows.filter(({ key }) => Buffer.from(key).includes("added"));
    expect(added).toHaveLength(3);
    for (const { key, row } of [...rows.slice(0, 3), ...added]) {
      const named = `reading the row of the group {${Buffer.from(key)}}: `;
      for (const broken of [...row.keys()].map((size) => row.subarray(0, size)).concat(Buffer.concat([row, row]))) {
        const read = reader.read([{ key, row: broken }]);
        expect(read instanceof Fault ? read.message : "").toStartWith(named);
      }
      expect(reader.read([{ key, row }])).not.toBeInstanceOf(Fault);
    }
  });
});
