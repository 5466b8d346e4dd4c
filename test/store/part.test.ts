import { expect, test } from "bun:test";
import type { GroupReach } from "../../src/model/principal.ts";
import { NotedPart } from "../../src/store/table/noted-part.ts";
import type { HelpOf, PartFamily, StorePart } from "../../src/store/table/part.ts";
import { reachedPart } from "../../src/store/table/part-of.ts";
import { ScannedPart, selectedTerms } from "../../src/store/table/scanned-part.ts";
import type { Table } from "../../src/store/table/table.ts";
import { Dice } from "../fuzz/dice.ts";
import { keyOf, TextStore } from "./stored.ts";
import { verifyStore } from "./verify.ts";

const seed = Number(process.env.PART_SEED ?? Math.floor(Math.random() * 2 ** 31));

type Shown = readonly (readonly [name: string, type: number, help: string | null, lines: string])[];

const textOf = (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString();

/** What a full scrape has of some groups now, chunk by chunk, with its help texts or the first of these groups. */
function expectedOf({ store }: TextStore, groups: ReadonlySet<number>, helpOf: HelpOf): Shown {
  const table: Table = Reflect.get(store, "table");
  const snapshot = store.snapshot();
  const shown = Array.from(snapshot.eachFamily(), ({ name, type, help, pages }) => {
    let lines = "";
    let first: Uint8Array | null = null;
    for (const page of pages)
      for (let slot = 0, offset = 0; slot < page.count; offset += page.sizeOf(slot++)) {
        const chunk = page.slots[slot] as number;
        if (chunk < 0 || !groups.has(table.chunks.group(chunk)) || page.sizeOf(slot) === 0) continue;
        lines += textOf(page.bytes, offset, offset + page.sizeOf(slot));
        first ??= table.helpText(table.helpIdOf(chunk));
      }
    const told = helpOf === "all" ? help : first;
    return [name, type, told === null ? null : Buffer.from(told).toString(), lines] as const;
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

/** The reach of the jobs whose digits add up to an even number, or to one that three divides. */
const REACHES: readonly GroupReach[] = [2, 3].map((divisor) => ({
  covers: (key) =>
    [...(/\d+/.exec(Buffer.from(key).toString())?.[0] ?? "")].reduce((sum, d) => sum + +d, 0) % divisor === 0,
}));

interface Kind {
  readonly name: string;
  readonly helpOf: HelpOf;
  readonly make: (table: Table, ids: Int32Array) => StorePart;
}

const KINDS: readonly Kind[] = (["all", "shown"] as const).flatMap((helpOf) => [
  { name: `places are noted, help of ${helpOf}`, helpOf, make: (table, ids) => new NotedPart(table, ids, helpOf) },
  {
    name: `pages are gone through, help of ${helpOf}`,
    helpOf,
    make: (table, ids) => new ScannedPart(table, selectedTerms(table, ids, helpOf)),
  },
]);

const idsOf = (table: Table, isWanted: (id: number) => boolean): number[] =>
  Array.from({ length: table.groups.table.limit }, (_, id) => id).filter(
    (id) => table.groups.table.has(id) && isWanted(id),
  );

/** A help text of the shown groups may be newer than the lines. */
const settled = (shown: Shown, helpOf: HelpOf): Shown =>
  helpOf === "all" ? shown : shown.map(([name, type, , lines]) => [name, type, null, lines]);

/** Parts that are made, prepared and read with changes in between, the last ones after all of it. */
function readLate(
  stored: TextStore,
  dice: Dice,
  helpOf: HelpOf,
  make: () => { part: StorePart; expected: Shown },
): void {
  const held: { part: StorePart; expected: Shown; shown: () => Shown }[] = [];
  const read = ({ part, expected, shown }: (typeof held)[number]) => {
    expect(settled(shown(), helpOf)).toEqual(settled(expected, helpOf));
    part.release();
    part.release();
  };
  for (let step = 0; step < 1_500; step++) {
    change(stored, dice);
    if (dice.chance(0.1)) {
      const { part, expected } = make();
      const isCalm = dice.chance(0.3);
      const prepared = part.prepare();
      let next = prepared.next();
      for (; !next.done; next = prepared.next()) if (!isCalm) change(stored, dice);
      const families = next.value;
      if (isCalm) expect(shownOf(families)).toEqual(expected);
      held.push({ part, expected, shown: () => shownOf(families) });
    }
    if (held.length > 0 && dice.chance(0.1)) held.splice(dice.below(held.length), 1).forEach(read);
  }
  held.forEach(read);
  expect(stored.store.stats.snapshots).toBe(0);
  verifyStore(stored.store);
}

test.each([...KINDS])(
  `what some groups hold is that of one moment however late it is read: $name (PART_SEED=${seed})`,
  ({ helpOf, make }) => {
    const dice = new Dice(seed);
    const stored = new TextStore();
    readLate(stored, dice, helpOf, () => {
      const table: Table = Reflect.get(stored.store, "table");
      const ids = idsOf(table, () => dice.chance(0.4));
      const expected = expectedOf(stored, new Set(ids), helpOf);
      return { part: make(table, Int32Array.from(ids)), expected };
    });
  },
);

/** Deflates what can be kept deflated, as a reader does that asks for gzip. */
function deflateSome(part: StorePart, dice: Dice): void {
  const prepared = part.prepare();
  let next = prepared.next();
  while (!next.done) next = prepared.next();
  for (const { pages } of next.value)
    for (const page of pages) if (dice.chance(0.5)) page.deflated = [new Uint8Array(dice.below(100))];
  part.release();
}

test(`what a reach covers is what each of its groups holds, whatever pages keep of it (PART_SEED=${seed})`, () => {
  const dice = new Dice(seed);
  const stored = new TextStore();
  const table: Table = Reflect.get(stored.store, "table");
  const judged = () => {
    const reach = dice.pick(REACHES);
    const steps = table.groups.reaches.judged(reach, (reached) => reached);
    let step = steps.next();
    while (!step.done) step = steps.next();
    return { reach, reached: step.value };
  };
  const made = () => {
    const { reach, reached } = judged();
    const ids = idsOf(table, (id) => reach.covers(table.groups.table.key(id)));
    expect([...reached.ids()]).toEqual(ids);
    const expected = expectedOf(stored, new Set(ids), "shown");
    const terms = { groups: reached.bits(), helpOf: "shown", owner: reached } as const;
    if (dice.chance(0.5)) deflateSome(new ScannedPart(table, terms), dice);
    return { part: dice.chance(0.3) ? reachedPart(table, reached) : new ScannedPart(table, terms), expected };
  };
  readLate(stored, dice, "shown", made);
});

test("of more reaches than are remembered each is still told what it covers", () => {
  const stored = new TextStore();
  const table: Table = Reflect.get(stored.store, "table");
  for (let n = 0; n < 300; n++) stored.push({ job: `j${n}` }, "a 1\n");
  const reaches = Array.from({ length: 100 }, (_, n): GroupReach => {
    return { covers: (key) => Buffer.from(key).toString() === `job="j${n}"` };
  });
  const all = reaches.map((reach) => table.groups.reaches.judged(reach, (reached) => [...reached.ids()]));
  const found: number[][] = [];
  for (let left = all.length; left > 0; )
    for (const [n, steps] of all.entries()) {
      if (found[n] !== undefined) continue;
      const step = steps.next();
      if (!step.done) continue;
      found[n] = step.value;
      left--;
    }
  expect(found).toEqual(reaches.map((_, n) => [n]));
  verifyStore(stored.store);
});

test("chunks that go while pages are gone through give their rows back, also if nobody goes on", () => {
  const stored = new TextStore();
  for (let n = 0; n < 50; n++) stored.push({ job: `j${n}` }, "a 1\nb 2\n");
  const table: Table = Reflect.get(stored.store, "table");
  const part = new ScannedPart(table, selectedTerms(table, Int32Array.of(0, 1), "all"));
  for (let n = 0; n < 50; n++) stored.store.delete(keyOf({ job: `j${n}` }));
  expect(table.chunks.count).toBe(0);
  part.release();
  verifyStore(stored.store);
  expect(stored.store.stats.heldBytes).toBe(0);
});
