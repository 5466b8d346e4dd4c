import { expect, test } from "bun:test";
import { LargeGroups } from "../../src/store/table/large-groups.ts";
import { Dice } from "../fuzz/dice.ts";

const seed = Number(process.env.LARGE_GROUPS_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`chunks of large groups are found as in a map, whatever comes and goes (LARGE_GROUPS_SEED=${seed})`, () => {
  const dice = new Dice(seed);
  const groups = new LargeGroups();
  const known = new Map<string, number>();
  const { sizeBytes } = groups;
  const lists = [groups.begin(3), groups.begin(4)];
  for (let step = 0; step < 60_000; step++) {
    const [list, family] = [dice.pick(lists), dice.below(20_000)];
    const key = `${list} ${family}`;
    if (dice.chance(step < 40_000 ? 0.2 : 0.8)) {
      groups.remove(list, family);
      known.delete(key);
    } else {
      groups.set(list, family, step);
      known.set(key, step);
    }
    if (step % 97 === 0) expect(groups.find(list, family)).toBe(known.get(key) ?? -1);
    if (step % 20_000 === 0) groups.verify(known.size);
  }
  groups.verify(known.size);
  for (const [key, chunk] of known) {
    const [list = 0, family = 0] = key.split(" ").map(Number);
    expect(groups.find(list, family)).toBe(chunk);
    groups.remove(list, family);
  }
  groups.verify(0);
  expect(groups.sizeBytes).toBe(sizeBytes);
});

test("no addition moves more than a few thousand of a million entries", () => {
  const groups = new LargeGroups();
  const list = groups.begin(0);
  let most = 0;
  const before = { sizeBytes: groups.sizeBytes };
  for (let family = 0; family < 1_000_000; family++) {
    groups.set(list, family, family);
    most = Math.max(most, groups.sizeBytes - before.sizeBytes);
    before.sizeBytes = groups.sizeBytes;
  }
  // What a table grows by is what it was before: twelve bytes an entry, two thirds full.
  expect(most / 12).toBeLessThan(8_192 + 1);
});
