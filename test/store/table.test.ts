import { expect, test } from "bun:test";
import { MetricType } from "../../src/model/metric-type.ts";
import { verifyTable } from "../../src/store/table/verify.ts";
import { seededRandom } from "../telemetry/fixtures.ts";
import { contentOf, NamedTable, TextStore } from "./stored.ts";

const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

interface Cell {
  readonly text: string;
  readonly lineCount: number;
  readonly help: string;
}

function enterHelp(named: NamedTable, text: string): number {
  const bytes = Buffer.from(text);
  return named.table.helps.enter(bytes, 0, bytes.length);
}

test(`random cells are found again, counted and described, whatever was filled and emptied before (MODEL_SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const named = new NamedTable();
  const model = new Map<string, Map<string, Cell>>();
  for (let step = 0; step < 8_000; step++) {
    const job = `j${below(20)}`;
    if (step % 200 === 0) verifyTable(named.table);
    if (random() < 0.1) {
      if (model.delete(job)) named.table.removeGroup(named.group(job));
      continue;
    }
    const name = `m${below(12)}`;
    const lineCount = below(5);
    const text = "x".repeat(below(200)) + job + "\n".repeat(lineCount);
    const cell = { text, lineCount, help: `help ${below(6)}` };
    const content = contentOf(Buffer.from(cell.text), { lineCount, help: enterHelp(named, cell.help) });
    named.put(named.group(job), named.family(name, MetricType.gauge), content);
    model.set(job, (model.get(job) ?? new Map()).set(name, cell));
  }
  const cells = [...model.values()].flatMap((families) => [...families.values()]);
  expect(named.table.seriesCount).toBe(cells.reduce((sum, { lineCount }) => sum + lineCount, 0));
  expect(named.table.chunks.count).toBe(cells.length);
  expect(named.table.groups.count).toBe(model.size);
  for (const [job, families] of model)
    for (const [name, { text, help }] of families) {
      const chunk = named.table.chunkOf(named.group(job), named.family(name, MetricType.gauge).id);
      expect(Buffer.from(named.table.linesOf(chunk)).toString()).toBe(text);
      expect(Buffer.from(named.table.helpText(named.table.helpIdOf(chunk)) ?? []).toString()).toBe(help);
    }
});

test("what text cannot say moves with its chunk from page to page", () => {
  const named = new NamedTable();
  const family = named.family("m", MetricType.histogram);
  const group = named.group("j");
  const side = Uint8Array.of(1, 2, 3);
  const sideNow = () => {
    const chunk = named.table.chunkOf(group, family.id);
    return named.table.pageOf(chunk).sides?.get(chunk) ?? null;
  };
  named.put(group, family, contentOf(new Uint8Array(7_000), { side }));
  named.put(named.group("k"), family, contentOf(new Uint8Array(600)));
  named.put(group, family, contentOf(new Uint8Array(8_000), { side }));
  expect(family.pages).toHaveLength(2);
  expect(sideNow()).toBe(side);
  named.put(group, family, contentOf(new Uint8Array(8_000)));
  expect(sideNow()).toBeNull();
});

test("the help text of a chunk that is pushed without one goes with its last user", () => {
  const named = new NamedTable();
  const family = named.family("m", MetricType.gauge);
  const help = enterHelp(named, "text");
  for (const job of ["j", "k"]) named.put(named.group(job), family, contentOf(Buffer.from("x"), { help }));
  named.put(named.group("j"), family, contentOf(Buffer.from("x")));
  expect(family.help).toBe(help);
  named.put(named.group("k"), family, contentOf(Buffer.from("x")));
  expect(family.help).toBe(-1);
  expect(enterHelp(named, "another")).toBe(help);
});

test("a wipe leaves an empty store; a snapshot from before it keeps what it holds", () => {
  const stored = new TextStore();
  for (let i = 0; i < 500; i++) stored.push({ job: `j${i}` }, `m{text="${"x".repeat(200)}"} ${i}\n`);
  const snapshot = stored.store.snapshot();
  const before = snapshot.families.map(({ pages }) => pages.map(({ bytes, used }) => bytes.slice(0, used)));
  stored.store.wipe();
  expect(stored.store.stats).toMatchObject({
    groups: 0,
    families: 0,
    series: 0,
    chunkBytes: 0,
    pageBytes: 0,
    snapshots: 0,
    lookups: 0,
    conflictingFamilies: 0,
  });
  expect([...stored.store.groups()]).toEqual([]);
  expect(stored.push({ job: "j1" }, "m 2\n")).toBeNull();
  expect(stored.lines("m")).toEqual(['m{instance="",job="j1"} 2']);
  expect(snapshot.families.map(({ pages }) => pages.map(({ bytes, used }) => bytes.slice(0, used)))).toEqual(before);
  snapshot.release();
  snapshot.release();
  expect(stored.store.stats.snapshots).toBe(0);
});
