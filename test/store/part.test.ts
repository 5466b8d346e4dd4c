import { expect, test } from "bun:test";
import { NotedPart } from "../../src/store/table/noted-part.ts";
import type { PartFamily, StorePart } from "../../src/store/table/part.ts";
import { ScannedPart } from "../../src/store/table/scanned-part.ts";
import type { Table } from "../../src/store/table/table.ts";
import { Dice } from "../fuzz/dice.ts";
import { keyOf, TextStore } from "./stored.ts";
import { verifyStore } from "./verify.ts";

const seed = Number(process.env.PART_SEED ?? Math.floor(Math.random() * 2 ** 31));

type Shown = readonly (readonly [name: string, type: number, help: string | null, lines: string])[];

const textOf = (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString();

/** What a full scrape has of some groups now, chunk by chunk. */
function expectedOf({ store }: TextStore, groups: ReadonlySet<number>): Shown {
  const table: Table = Reflect.get(store, "table");
  const snapshot = store.snapshot();
  const shown = Array.from(snapshot.eachFamily(), ({ name, type, help, pages }) => {
    let lines = "";
    for (const page of pages)
      for (let slot = 0, offset = 0; slot < page.count; offset += page.sizeOf(slot++)) {
        const chunk = page.slots[slot] as number;
        if (chunk >= 0 && groups.has(table.chunks.group(chunk)))
          lines += textOf(page.bytes, offset, offset + page.sizeOf(slot));
      }
    return [name, type, help === null ? null : Buffer.from(help).toString(), lines] as const;
  });
  snapshot.release();
  return shown.filter(([, , , lines]) => lines !== "");
}

const shownOf = (families: readonly PartFamily[]): Shown =>
  families.map(({ name, type, help, pages }) => [
    name,
    type,
    help === null ? null : Buffer.from(help).toString(),
    pages.map(({ bytes, used }) => textOf(bytes, 0, used)).join(""),
  ]);

function change(stored: TextStore, dice: Dice): void {
  const job = `j${dice.below(30)}`;
  if (dice.chance(0.3)) return void stored.store.delete(keyOf({ job }));
  const names = Array.from({ length: 1 + dice.below(6) }, () => dice.below(40));
  const body = [...new Set(names)].map((n) => {
    const help = dice.chance(0.5) ? `# HELP f${n} ${dice.below(3)}\n` : "";
    if (dice.chance(0.1)) return `${help}# TYPE f${n} untyped\n`;
    return `${help}f${n}{x="${"y".repeat(dice.size(9_000))}"} ${dice.below(1e6)}\n`;
  });
  stored.push({ job }, body.join(""), dice.chance(0.3));
}

const KINDS: readonly [string, new (table: Table, groups: Int32Array) => StorePart][] = [
  ["places are noted", NotedPart],
  ["pages are gone through", ScannedPart],
];

test.each(KINDS)(
  `what some groups hold is that of one moment however late it is read: %s (PART_SEED=${seed})`,
  (_, kind) => {
    const dice = new Dice(seed);
    const stored = new TextStore();
    const held: { part: StorePart; expected: Shown; shown: () => Shown }[] = [];
    for (let step = 0; step < 1_500; step++) {
      change(stored, dice);
      if (dice.chance(0.1)) {
        const table: Table = Reflect.get(stored.store, "table");
        const ids = Array.from({ length: table.groups.table.limit }, (_, id) => id).filter(
          (id) => table.groups.table.has(id) && dice.chance(0.4),
        );
        const expected = expectedOf(stored, new Set(ids));
        const part = new kind(table, Int32Array.from(ids));
        const prepared = part.prepare();
        let next = prepared.next();
        for (; !next.done; next = prepared.next()) change(stored, dice);
        const families = next.value;
        held.push({ part, expected, shown: () => shownOf(families) });
      }
      if (held.length === 0 || !dice.chance(0.1)) continue;
      for (const { part, expected, shown } of held.splice(dice.below(held.length), 1)) {
        expect(shown()).toEqual(expected);
        part.release();
        part.release();
      }
    }
    for (const { part, expected, shown } of held) {
      expect(shown()).toEqual(expected);
      part.release();
    }
    expect(stored.store.stats.snapshots).toBe(0);
    verifyStore(stored.store);
  },
);

test("chunks that go while pages are gone through give their rows back, also if nobody goes on", () => {
  const stored = new TextStore();
  for (let n = 0; n < 50; n++) stored.push({ job: `j${n}` }, "a 1\nb 2\n");
  const table: Table = Reflect.get(stored.store, "table");
  const part = new ScannedPart(table, Int32Array.of(0, 1));
  for (let n = 0; n < 50; n++) stored.store.delete(keyOf({ job: `j${n}` }));
  expect(table.chunks.count).toBe(0);
  part.release();
  verifyStore(stored.store);
  expect(stored.store.stats.heldBytes).toBe(0);
});
