import { expect, test } from "bun:test";
import { MetricType } from "../../src/model/metric-type.ts";
import type { Family } from "../../src/store/table/families.ts";
import { PAGE_BYTES } from "../../src/store/table/page.ts";
import { Pages } from "../../src/store/table/pages.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { contentOf, NamedTable, TextStore } from "./stored.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

function randomSize(random: () => number): number {
  const kind = random();
  if (kind < 0.1) return 0;
  if (kind < 0.85) return Math.floor(random() * 300);
  return Math.floor(random() * (kind < 0.97 ? 5_000 : 40_000));
}

/**
 * What a family's pages must be, whatever they hold: gapless, in the list under their index, each chunk on one page.
 */
function checkPages(family: Family): void {
  family.pages.forEach((page, index) => {
    expect(page.index).toBe(index);
    expect(page.used).toBeLessThanOrEqual(page.bytes.length);
    let used = 0;
    for (let slot = 0; slot < page.count; slot++) used += page.sizeOf(slot);
    expect(used).toBe(page.used);
    expect(page.count).toBeGreaterThan(0);
  });
}

test(`random chunks of 0 bytes to 40 KiB, inserted, changed and removed, stay as an array has them (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const named = new NamedTable();
  const family = named.family("m", MetricType.gauge);
  const model = new Map<number, Uint8Array>();
  // One chunk keeps the family in being.
  named.put(named.group("keeper"), family, contentOf(Buffer.from("keeper")));
  for (let step = 0; step < 6_000; step++) {
    const group = named.group(`job ${Math.floor(random() * 300)}`);
    const bytes = new Uint8Array(randomSize(random)).fill(Math.floor(random() * 256));
    if (random() < (step < 4_000 ? 0.2 : 0.8)) {
      named.table.removeGroup(group);
      model.delete(group);
      continue;
    }
    named.put(group, family, contentOf(bytes));
    model.set(group, bytes);
    if (step % 200 === 0) checkPages(family);
  }
  checkPages(family);
  for (const [group, bytes] of model)
    expect(Buffer.compare(named.table.linesOf(named.table.chunkOf(group, family.id)), bytes)).toBe(0);
  const total = [...model.values()].reduce((sum, { length }) => sum + length, "keeper".length);
  expect(named.table.chunkBytes).toBe(total);
  expect(named.table.pages.sizeBytes).toBe(family.pages.reduce((sum, { bytes }) => sum + bytes.length, 0));
});

test("a chunk larger than a page has a page of its own, and leaves it when it becomes small", () => {
  const named = new NamedTable();
  const family = named.family("m", MetricType.gauge);
  const group = named.group("j");
  named.put(named.group("k"), family, contentOf(new Uint8Array(100)));
  named.put(group, family, contentOf(new Uint8Array(10 * PAGE_BYTES)));
  expect(family.pages.map(({ count }) => count)).toEqual([1, 1]);
  expect(named.table.pages.sizeBytes).toBeGreaterThan(10 * PAGE_BYTES);
  named.put(group, family, contentOf(new Uint8Array(50)));
  expect(named.table.pages.sizeBytes).toBeLessThanOrEqual(PAGE_BYTES);
});

test("once everything is removed no page is left", () => {
  const named = new NamedTable();
  const groups = Array.from({ length: 2_000 }, (_, i) => named.group(String(i)));
  for (const group of groups)
    named.put(group, named.family(`m${group % 7}`, MetricType.gauge), contentOf(new Uint8Array(200)));
  expect(named.table.pages.sizeBytes).toBeGreaterThan(400_000);
  for (const group of groups) named.table.removeGroup(group);
  expect(named.table.pages.sizeBytes).toBe(0);
  expect(named.table.chunkBytes).toBe(0);
  expect(named.table.familyCount).toBe(0);
});

test("pages that were half emptied are filled again before new ones are taken", () => {
  const named = new NamedTable();
  const family = named.family("m", MetricType.gauge);
  const put = (i: number) => named.put(named.group(String(i)), family, contentOf(new Uint8Array(500)));
  for (let i = 0; i < 1_500; i++) put(i);
  const before = family.pages.length;
  for (let i = 0; i < 1_500; i++) if (i % 15 > 3) named.table.removeGroup(named.group(String(i)));
  expect(family.pages.length).toBe(before);
  for (let i = 0; i < 1_000; i++) put(2_000 + i);
  expect(family.pages.length).toBeLessThanOrEqual(before + 1);
});

test("groups that come and go for ever do not make the list of pages with room grow", () => {
  const random = seededRandom(7);
  const named = new NamedTable();
  const family = named.family("m", MetricType.gauge);
  const put = (i: number) => named.put(named.group(String(i)), family, contentOf(new Uint8Array(1_000)));
  const living = Array.from({ length: 200 }, (_, i) => i);
  for (const i of living) put(i);
  for (let i = 200; i < 20_000; i++) {
    const at = Math.floor(random() * living.length);
    named.table.removeGroup(named.group(String(living[at])));
    living[at] = i;
    put(i);
  }
  expect(family.roomyCount).toBeLessThanOrEqual(2 * family.pages.length + 16);
  expect(named.table.pages.sizeBytes).toBeLessThan(2 * 200_000);
});

test("a page that a snapshot holds is copied once, not written; released, it is written in place", () => {
  const pages = new Pages();
  const page = pages.create(0, PAGE_BYTES);
  const list = [page];
  page.index = 0;
  page.used = 100;
  const epoch = pages.hold();
  const copy = pages.writable(page, list);
  expect(copy).not.toBe(page);
  expect(list).toEqual([copy]);
  expect(pages.writable(copy, list)).toBe(copy);
  expect(pages.copiedBytes).toBe(100);
  pages.release(epoch);
  expect(pages.writable(copy, list)).toBe(copy);
  expect(pages.heldBySnapshots).toBe(0);
});

test("the buffer of a page that a snapshot holds is not used for another page", () => {
  const pages = new Pages();
  const held = pages.create(0, PAGE_BYTES);
  const epoch = pages.hold();
  pages.drop(held);
  expect(pages.create(0, PAGE_BYTES).bytes).not.toBe(held.bytes);
  pages.release(epoch);
  const free = pages.create(0, PAGE_BYTES);
  pages.drop(free);
  expect(pages.create(0, PAGE_BYTES).bytes).toBe(free.bytes);
});

const body = (value: number) => ["a", "b", "c"].map((name) => `# TYPE ${name} gauge\n${name} ${value}\n`).join("");

/** A store of so many groups with three families each. */
function storeOf(groupCount: number): TextStore {
  const stored = new TextStore();
  for (let i = 0; i < groupCount; i++) stored.push({ job: `job ${i}` }, body(i));
  return stored;
}

for (const groupCount of [10, 300, 5_000]) {
  const job = `job ${Math.floor(groupCount / 2)}`;

  test(`a steady push of three families writes to at most five pages among ${groupCount} groups`, () => {
    const stored = storeOf(groupCount);
    const mark: Uint8Array[] = [];
    for (const page of stored.pages()) page.deflated = mark;
    stored.push({ job }, body(0.12345));
    const touched = stored.pages().filter(({ deflated }) => deflated !== mark);
    expect(touched.length).toBeGreaterThan(0);
    expect(touched.length).toBeLessThanOrEqual(5);
  });

  test(`a push during a scrape copies at most the five pages that it writes to among ${groupCount} groups`, () => {
    const stored = storeOf(groupCount);
    const snapshot = stored.store.snapshot();
    const before = new Set(snapshot.families.flatMap(({ pages }) => pages));
    stored.push({ job }, body(0.12345));
    stored.push({ job }, body(0.5));
    const copied = stored.pages().filter((page) => !before.has(page));
    expect(copied.length).toBeLessThanOrEqual(5);
    expect(stored.store.stats.snapshots).toBe(1);
    snapshot.release();
    expect(stored.store.stats.snapshots).toBe(0);
  });
}

test("a push of the very same lines touches no page of its families", () => {
  const stored = storeOf(50);
  const mark: Uint8Array[] = [];
  for (const page of stored.pages()) page.deflated = mark;
  stored.push({ job: "job 7" }, body(7));
  expect(stored.pages("a", "b", "c").filter(({ deflated }) => deflated !== mark)).toEqual([]);
});
