import { expect, test } from "bun:test";
import { sortInTurns } from "../../src/bytes/sort-in-turns.ts";
import { MetricType } from "../../src/model/metric-type.ts";
import { Family } from "../../src/store/table/families.ts";
import { FamilyOrder } from "../../src/store/table/family-order.ts";
import type { Snapshot } from "../../src/store/table/snapshot.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { keyOf, TextStore } from "./stored.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** All that a scrape would show of a snapshot. */
function shown(snapshot: Snapshot): unknown[] {
  return Array.from(snapshot.eachFamily(), ({ name, type, help, filled, pages }) => {
    const texts = pages.map(({ bytes, used }) => Buffer.from(bytes.subarray(0, used)).toString());
    return [name, type, help === null ? null : Buffer.from(help).toString(), filled, texts];
  });
}

function change(stored: TextStore, random: () => number): void {
  const job = `j${Math.floor(random() * 20)}`;
  if (random() < 0.2) return void stored.store.delete(keyOf({ job }));
  const families = Array.from({ length: 1 + Math.floor(random() * 5) }, () => Math.floor(random() * 40));
  const body = [...new Set(families)].map((i) => {
    const help = random() < 0.5 ? `# HELP f${i} ${Math.floor(random() * 3)}\n` : "";
    return `${help}f${i}{x="${"y".repeat(random() * 900)}"} ${Math.floor(random() * 1e6)}\n`;
  });
  stored.push({ job }, body.join(""), random() < 0.3);
}

test(`snapshots that are read late show what they would have shown at once (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const stored = new TextStore();
  const held: { snapshot: Snapshot; expected: unknown[] }[] = [];
  for (let step = 0; step < 2_000; step++) {
    change(stored, random);
    if (random() < 0.05) {
      const snapshot = stored.store.snapshot();
      held.push({ snapshot, expected: shown(snapshot) });
    }
    if (held.length === 0 || random() > 0.06) continue;
    const [one] = held.splice(Math.floor(random() * held.length), 1);
    if (one === undefined) continue;
    expect(shown(one.snapshot)).toEqual(one.expected);
    one.snapshot.release();
  }
  for (const { snapshot, expected } of held) expect(shown(snapshot)).toEqual(expected);
});

test(`families come and go in the order of their names, and a reader sees those of its moment (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const order = new FamilyOrder();
  const model = new Map<string, Family>();
  const names = (blocks: ReturnType<FamilyOrder["read"]>) =>
    blocks.flatMap(({ families }) => families.map((f) => f.name));
  let reading = { blocks: order.read(), expected: [] as string[] };
  for (let step = 0; step < 12_000; step++) {
    const name = `n${Math.floor(random() * 4_000)}`;
    const known = model.get(name);
    if (known === undefined) {
      const family = new Family(step, name, Buffer.from(name), MetricType.gauge);
      order.add(family);
      model.set(name, family);
    } else if (random() < (step > 8_000 ? 1 : 0.3)) {
      order.remove(known);
      model.delete(name);
    }
    if (step % 500 !== 0) continue;
    expect(names(reading.blocks)).toEqual(reading.expected);
    reading = { blocks: order.read(), expected: [...model.keys()].sort() };
    expect(names(reading.blocks)).toEqual(reading.expected);
  }
  for (const family of model.values()) order.remove(family);
  expect(order.read()).toEqual([]);
});

test.each([0, 1, 255, 256, 257, 5_000])("sorting %d rows in turns sorts them, and only the first so many", (count) => {
  const random = seededRandom(seed);
  const values = Array.from({ length: count }, () => random());
  const rows = Int32Array.from({ length: count + 3 }, (_, i) => (i < count ? i : -i));
  const compare = (a: number, b: number) => (values[a] as number) - (values[b] as number);
  const expected = [...rows.subarray(0, count).toSorted(compare), ...rows.subarray(count)];
  for (const _ of sortInTurns(rows, count, compare));
  expect([...rows]).toEqual(expected);
});
