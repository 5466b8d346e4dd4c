import { describe, expect, test } from "bun:test";
import { FirstByNumber } from "../../src/store/search/first-by-number.ts";
import { GroupTexts } from "../../src/store/table/group-texts.ts";
import { Dice } from "../fuzz/dice.ts";

const seed = Number(process.env.SEARCH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const GROUPS = 5_000;

const ORDERS: readonly { what: string; numberOf: (i: number, dice: Dice) => number }[] = [
  { what: "rise", numberOf: (i) => i },
  { what: "fall", numberOf: (i) => -i },
  { what: "are all the same", numberOf: () => 7 },
  { what: "are few", numberOf: (_, dice) => dice.below(5) },
  { what: "come in any order", numberOf: (_, dice) => dice.below(1e9) },
];

describe.each([1, 51, 501, GROUPS + 1])(`the first %d of ${GROUPS} groups (SEARCH_SEED=${seed})`, (limit) => {
  test.each(ORDERS)("are those with the smallest numbers, in order, where these $what", ({ numberOf }) => {
    const dice = new Dice(seed);
    const texts = new GroupTexts();
    const numbers = Array.from({ length: GROUPS }, (_, i) => numberOf(i, dice));
    for (let id = 0; id < GROUPS; id++) texts.add(id, Buffer.from(`job="j${id}"`));
    const first = new FirstByNumber((id) => numbers[id] ?? 0, texts, limit);
    for (let id = 0; id < GROUPS; id++) first.offer(id, id);
    const all = numbers.map((value, id) => ({ value, id })).sort((a, b) => a.value - b.value || a.id - b.id);
    expect(first.taken()).toEqual(all.slice(0, limit));
  });

  test("are without those that are gone meanwhile", () => {
    const texts = new GroupTexts();
    for (let id = 0; id < GROUPS; id++) texts.add(id, Buffer.from(`job="j${id}"`));
    const first = new FirstByNumber((id) => id, texts, limit);
    for (let id = 0; id < GROUPS; id++) first.offer(id, id);
    texts.remove(0);
    expect(first.taken().map(({ id }) => id)).toEqual(
      Array.from({ length: Math.min(limit, GROUPS) - 1 }, (_, i) => i + 1),
    );
  });
});
