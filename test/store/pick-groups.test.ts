import { describe, expect, test } from "bun:test";
import { readSelector, type Selector } from "../../src/match/selector.ts";
import { Rejection } from "../../src/model/rejection.ts";
import { type PickedGroups, pickGroups } from "../../src/store/search/pick-groups.ts";
import { Groups } from "../../src/store/table/groups.ts";
import { keyOf } from "./stored.ts";

const JOBS = 10;
const GROUPS = 2_000;

function selectorOf(text: string): Selector {
  const selector = readSelector(text);
  if (selector instanceof Rejection) throw new Error(selector.message);
  return selector;
}

/** Picks groups, with changes in between. */
function picked(groups: Groups, texts: readonly string[], between: () => void = () => {}): PickedGroups {
  const picking = pickGroups(groups, { selectors: texts.map(selectorOf), reach: null }, (all) => all);
  for (;;) {
    const step = picking.next();
    if (step.done) return step.value;
    between();
  }
}

function filled(): Groups {
  const groups = new Groups();
  for (let n = 0; n < GROUPS; n++) groups.add(keyOf({ job: `j${n % JOBS}`, n: `${n}` }));
  return groups;
}

describe("of the groups that selectors may select", () => {
  const CASES: readonly (readonly [texts: readonly string[], found: number, lookedAt: number])[] = [
    [['{job="j3"}'], GROUPS / JOBS, GROUPS / JOBS],
    [['{job="j3",n="13"}'], 1, GROUPS / JOBS],
    [['{job="j3"}', '{job="j4"}'], (2 * GROUPS) / JOBS, (2 * GROUPS) / JOBS],
    [['{job="absent"}'], 0, 0],
    [['{n="13"}'], 1, 1],
    [['{job=~"j3"}'], GROUPS / JOBS, GROUPS],
  ];

  test.each([...CASES])("%j: %d are found, %d looked at", (texts, found, lookedAt) => {
    const { ids, ...end } = picked(filled(), texts);
    expect({ found: new Set(ids).size, ...end }).toEqual({ found, isPartial: false, lookedAt });
  });

  test("those are picked that are there at the end, and no others, whatever came and went meanwhile", () => {
    const groups = filled();
    let n = GROUPS;
    const { ids } = picked(groups, ['{job=~"j.+"}'], () => {
      groups.remove(n - GROUPS);
      groups.add(keyOf({ job: "other", n: `${n}` }));
      groups.add(keyOf({ job: "j3", n: `${n++}` }));
    });
    expect(n).toBeGreaterThan(GROUPS);
    const keys = Array.from(ids, (id) => Buffer.from(groups.table.key(id)).toString());
    const expected = Array.from({ length: groups.table.limit }, (_, id) => id)
      .filter((id) => groups.table.has(id))
      .map((id) => Buffer.from(groups.table.key(id)).toString())
      .filter((key) => key.includes('job="j'));
    expect(keys.sort()).toEqual(expected.sort());
  });
});
